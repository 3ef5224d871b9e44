"""A parked session is a small struct: no thread, no buffers."""

import pytest

from sallyport_lab.swarm import Swarm
from sallyport_lab.wait import eventually

SESSIONS = 2000
LIMIT_MIB = 60


def pss_mib(server):
    total = 0
    for pid in server.pids():
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total / 1024


def threads(server):
    return sum(int(next(line for line in open(f"/proc/{pid}/status")
                        if line.startswith("Threads:")).split()[1]) for pid in server.pids())


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_2000_parked_ftps_sessions_cost_under_60_mib_and_no_thread_each(start_server):
    server = start_server()
    server.add_user()
    with server.login() as one:
        one.listing()  # what is set up once (OpenSSL, pools) is there before we measure
    eventually(lambda: server.status()["sessions"] == 0)
    idle_mib, idle_threads = pss_mib(server), threads(server)

    sources = [f"127.2.0.{n}" for n in range(1, 101)]
    with Swarm(server, sources, sessions_each=SESSIONS // 100, transfers=0) as swarm:
        swarm.wait_until_logged_in()
        eventually(lambda: not any(s["running"] for s in server.sessions()), what="all are parked")
        assert server.status()["sessions"] == SESSIONS
        cost = pss_mib(server) - idle_mib
        more_threads = threads(server) - idle_threads
    each_kib = cost * 1024 / SESSIONS
    print(f"\n{SESSIONS} parked FTPS sessions: {cost:.1f} MiB ({each_kib:.1f} KiB each), "
          f"{more_threads} more threads")
    assert cost < LIMIT_MIB
    assert more_threads < 200, "the pool may grow for the logins, not with the sessions"
