"""What goes on when a process dies, the configuration is read again, or the server must stop."""

import hashlib
import os
import pwd
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

from sallyport_lab.control import Background, Closed
from sallyport_lab.daemon import IS_ROOT, SALLYPORTD, SERVICE_USER
from sallyport_lab.wait import eventually

SIZE = 32 * 1024 * 1024


@pytest.fixture
def server(start_server):
    server = start_server(plain_ftp=True)
    server.add_user()
    content = random.Random(7).randbytes(1 << 20) * (SIZE >> 20)
    server.put("big.bin", content)
    server.digest = hashlib.sha256(content).hexdigest()
    return server


class SlowDownload:
    """A client that takes a little, then waits to be told to go on."""

    def __init__(self, server, tls):
        self.control = server.login(tls=tls)
        self.control.expect("TYPE I", 200)
        self.running = self.control.start("RETR big.bin")
        self.running.read()
        self.worker = server.worker_of(self.control)

    def finish(self):
        done = self.running.finish()
        return done.final.code, hashlib.sha256(done.data).hexdigest()


def downloads_in_two_workers(server):
    """{pid: [downloads]}, at least two in each; who accepts a connection is up to the kernel."""
    by_worker = {}
    for _ in range(10):
        starting = [Background(SlowDownload, server, number % 2 == 0) for number in range(8)]
        for download in [one.result() for one in starting]:
            by_worker.setdefault(download.worker, []).append(download)
        if len(by_worker) == 2 and all(len(group) >= 2 for group in by_worker.values()):
            return by_worker
    raise AssertionError("80 connections all went to one worker")


def login_at_once(server, limit=1.0):
    """Retries like a client; the first success must come within the limit."""
    begin = time.monotonic()

    def try_it():
        try:
            return server.login()
        except (AssertionError, OSError):
            return None
    control = eventually(try_it, 10, "a new login")
    taken = time.monotonic() - begin
    assert taken < limit, f"a login worked only after {taken:.2f} s"
    return control


@pytest.mark.tsan
def test_a_killed_worker_takes_only_its_own_sessions_along(server):
    server.expected_exits = 1
    by_worker = downloads_in_two_workers(server)
    victim, survivor = by_worker
    os.kill(victim, signal.SIGKILL)

    for download in by_worker[survivor]:
        assert download.finish() == (226, server.digest)
    for download in by_worker[victim]:
        with pytest.raises((Closed, OSError, AssertionError)):
            assert download.finish() == (226, server.digest)

    eventually(lambda: len(server.workers()) == 2, 2, "a new worker")
    assert server.status()["worker_restarts"] == 1
    assert victim not in [worker["pid"] for worker in server.workers()]
    eventually(lambda: server.status()["sessions"] == len(by_worker[survivor]), 5,
               "the board forgets the sessions of the dead")


def test_sessions_spread_over_the_workers(server):
    """Also when nothing hurries: else one crash, or one busy processor, would be everybody's."""
    sessions = [server.login(tls=False) for _ in range(40)]
    counts = [worker["sessions"] for worker in server.workers()]
    assert sum(counts) == len(sessions)
    assert min(counts) >= 10, counts


def test_new_logins_work_within_a_second_of_a_worker_crash(server):
    server.expected_exits = 4
    for _ in range(4):
        os.kill(server.workers()[0]["pid"], signal.SIGKILL)
        for _ in range(6):
            login_at_once(server).close()
        eventually(lambda: len(server.workers()) == 2, 5, "both workers serve")


def test_the_passive_ports_of_a_dead_worker_can_be_used_again(start_server):
    server = start_server(plain_ftp=True, passive_ports=1)
    server.expected_exits = 1
    server.add_user()
    control = server.login(tls=False)
    control.epsv()
    os.kill(server.worker_of(control), signal.SIGKILL)
    again = login_at_once(server)
    assert again.listing("MLSD") is not None


@pytest.mark.tsan
def test_a_killed_manager_stops_no_transfer_and_nothing_hangs(server):
    server.expected_exits = 1
    running = [SlowDownload(server, tls=True), SlowDownload(server, tls=False)]
    parked = server.login()
    manager = server.status()["manager_pid"]
    os.kill(manager, signal.SIGKILL)

    waiting = [Background(login_or_421, server) for _ in range(5)]
    for download in running:
        assert download.finish() == (226, server.digest)
    parked.expect("NOOP", 200)
    for login in waiting:
        assert login.result(20) in (230, 421, 451, "closed")

    def manager_is_back():
        try:
            return server.status()["manager_pid"] != manager
        except OSError:
            return False
    eventually(manager_is_back, 5, "a new manager")
    assert server.status()["manager_restarts"] == 1
    login_at_once(server).close()


def login_or_421(server):
    with server.connect() as control:
        try:
            control.auth_tls()
            control.expect("USER alice", 331)
            return control.command("PASS correct horse battery").code
        except Closed:
            return "closed"


# Reload


@pytest.mark.tsan
@pytest.mark.sanitize
def test_a_reload_serves_new_sessions_anew_and_lets_old_ones_finish(server):
    old = SlowDownload(server, tls=True)
    parked = server.login()
    server.write_config(banner="Freshly loaded")
    server.reload()
    with server.connect() as new:
        assert "Freshly loaded" in new.banner.text
    assert old.finish() == (226, server.digest)
    old.control.upload("after-reload", b"the old session works on")
    parked.expect("PWD", 257)
    assert len(server.workers("draining")) >= 1
    old.control.close()
    parked.close()
    eventually(lambda: not server.workers("draining"), 10, "old workers leave with their sessions")


def test_passive_ports_work_across_generations(start_server):
    """Old and new workers share the one port of the range."""
    server = start_server(plain_ftp=True, passive_ports=1)
    server.add_user()
    server.put("x", b"content")
    old = server.login(tls=False)
    server.reload()
    new = server.login(tls=False)
    for _ in range(5):
        assert old.download("x") == b"content"
        assert new.download("x") == b"content"


def test_listening_sockets_never_refuse_during_ten_reloads(server):
    stop = threading.Event()

    def knock(port):
        count = 0
        while not stop.is_set():
            with socket.create_connection((server.host, port), 5) as sock:
                if port == server.explicit:
                    assert sock.recv(4) == b"220 "
            count += 1
        return count

    knockers = [Background(knock, port) for port in (server.explicit, server.implicit)]
    for _ in range(10):
        server.reload()
    stop.set()
    for knocker in knockers:
        assert knocker.result() > 10
    eventually(lambda: not server.workers("draining"), 20)


def test_a_bad_configuration_is_refused_and_the_old_one_stays(server):
    good = server.config.read_text()
    server.config.write_text(good + "\n[ftp]\nidle_timeot = 5\n")
    generation = server.status()["generation"]
    position = server.log.position()
    server.process.send_signal(signal.SIGHUP)
    server.log.wait_for("reload-failed", since=position)
    status = server.status()
    assert status["generation"] == generation
    assert "idle_timeot" in status["last_reload_error"]
    assert f"{server.config}:" in status["last_reload_error"]
    server.login().close()
    server.config.write_text(good)
    server.reload()
    assert not server.status()["last_reload_error"]


def test_ports_come_and_go_with_a_reload(server, ports):
    extra = ports.take()
    server.write_config(explicit_ports=f"{server.explicit}, {extra}")
    server.reload()
    with socket.create_connection((server.host, extra), 5) as sock:
        assert sock.recv(4) == b"220 "
    server.write_config(explicit_ports=server.explicit)
    server.reload()

    def is_refused():
        try:
            socket.create_connection((server.host, extra), 5).close()
        except ConnectionRefusedError:
            return True
        return False
    eventually(is_refused, 10, "the port that left the configuration is closed")


def test_a_renewed_certificate_is_served_after_a_reload(server):
    before = server.login()
    chain, key = server.authority.issue("renewed")
    server.write_config(certificate=chain, private_key=key)
    server.reload()
    after = server.login()
    assert (before.sock.getpeercert()["serialNumber"]
            != after.sock.getpeercert()["serialNumber"])
    before.listing()
    after.listing()


# The end


@pytest.mark.sanitize
@pytest.mark.tsan
def test_sigterm_tells_each_session_421_and_ends_with_0(server):
    sessions = [server.login(), server.login(tls=False), server.connect()]
    assert server.terminate() == 0
    for control in sessions:
        control.expect_reply(421)
        assert control.is_closed()
    assert not (server.run_directory / "manager.sock").exists()
    assert not (server.run_directory / "sallyportd.pid").exists()


def test_sigterm_ends_a_transfer_that_does_not_move_within_the_grace(start_server):
    server = start_server(plain_ftp=True, shutdown_grace=1)
    server.add_user()
    path = server.put("endless.bin")
    with open(path, "r+b") as file:
        file.truncate(1 << 30)
    control = server.login(tls=False)
    running = control.start("RETR endless.bin")
    running.read()
    assert server.terminate(within=10) == 0
    codes = []
    try:
        while True:
            codes.append(control.read_reply().code)
    except Closed:
        pass
    assert set(codes) <= {426, 421} and codes


def test_a_second_daemon_on_the_same_run_directory_is_refused(server):
    second = subprocess.run([SALLYPORTD, "--config", server.config], capture_output=True, text=True,
                            timeout=20)
    assert second.returncode != 0
    assert "sallyportd" in second.stderr
    server.login().close()


def test_children_run_without_privileges(server):
    if not IS_ROOT:
        pytest.skip("only a daemon started as root has privileges to drop")
    uid = str(pwd.getpwnam(SERVICE_USER).pw_uid)
    for pid in server.pids():
        with open(f"/proc/{pid}/status") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        assert status["Uid"].split() == [uid] * 4
        if pid != server.process.pid:
            assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
            assert status["NoNewPrivs"].strip() == "1"
