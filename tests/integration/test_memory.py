"""A parked session is a small struct: no thread, no buffers."""

import pytest

from sallyport_lab.swarm import Swarm
from sallyport_lab.wait import eventually

SESSIONS = 2000
# In the workers, without the kernel's part: 1.4 and 17 KiB are what it takes; nearly all of TLS is
# OpenSSL's. The manager keeps what logins need, of all together.
WORKERS_KIB = {"plain": 2, "TLS": 19}
MANAGER_MIB = 10


def pss_mib(*pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total / 1024


def threads(server):
    return sum(int(next(line for line in open(f"/proc/{pid}/status")
                        if line.startswith("Threads:")).split()[1]) for pid in server.pids())


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", WORKERS_KIB)
def test_2000_parked_sessions_cost_a_few_kib_and_no_thread_each(start_server, kind):
    is_tls = kind == "TLS"
    server = start_server(plain_ftp=not is_tls)
    server.add_user()
    with server.login(tls=is_tls) as one:
        one.listing()  # what is set up once (OpenSSL, pools) is there before we measure
    eventually(lambda: server.status()["sessions"] == 0)
    manager, workers = server.status()["manager_pid"], [w["pid"] for w in server.workers()]
    workers_mib, manager_mib, idle_threads = pss_mib(*workers), pss_mib(manager), threads(server)

    sources = [f"127.2.0.{n}" for n in range(1, 101)]
    with Swarm(server, sources, sessions_each=SESSIONS // 100, transfers=0, tls=is_tls) as swarm:
        swarm.wait_until_logged_in()
        assert server.status()["sessions"] == SESSIONS
        each_kib = (pss_mib(*workers) - workers_mib) * 1024 / SESSIONS
        manager_mib = pss_mib(manager) - manager_mib
        more_threads = threads(server) - idle_threads
        # Afterwards: the list of all of them needs memory of its own in the manager.
        eventually(lambda: not any(s["running"] for s in server.sessions()), what="all are parked")
    print(f"\n{SESSIONS} parked sessions, {kind}: {each_kib:.2f} KiB each in the workers, "
          f"{manager_mib:.1f} MiB in the manager, {more_threads} more threads")
    assert each_kib < WORKERS_KIB[kind]
    assert manager_mib < MANAGER_MIB
    assert more_threads < 200, "the pool may grow for the logins, not with the sessions"
