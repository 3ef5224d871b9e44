"""Transfers go on whatever the manager does: while many ask it, while it stands still, when it dies."""

import contextlib
import hashlib
import os
import signal
import threading

import pytest

from sallyport_lab.wait import eventually

SIZE = 32 << 20  # far more than sockets hold
PIECE = 1 << 20
CLIENTS = 8
QUESTIONS = ["/users", "/transfers?limit=1000", "/events?limit=1000", "/overview", "/sessions", "/connectivity",
             "/users/export?format=json", "/quotas"]


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True)
    content = os.urandom(PIECE) * (SIZE // PIECE)
    (server.add_user() / "big").write_bytes(content)
    server.digest = hashlib.sha256(content).hexdigest()
    return server


@contextlib.contextmanager
def many_clients(server):
    """Ask the manager without a pause; each is answered all the time."""
    is_over = threading.Event()
    answers = [[] for _ in range(CLIENTS)]

    def ask(n):
        while not is_over.is_set():
            answers[n].append(server.raw_request("GET", QUESTIONS[n])[0])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: all(answers), 30, "each client has an answer")
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert all(set(statuses) == {200} for statuses in answers)


@contextlib.contextmanager
def stopped_manager(server):
    manager = server.status()["manager_pid"]
    os.kill(manager, signal.SIGSTOP)
    try:
        yield
        with open(f"/proc/{manager}/stat") as stat:
            assert stat.read().rsplit(")", 1)[1].split()[0] == "T", "it still stands"
    finally:
        os.kill(manager, signal.SIGCONT)


@contextlib.contextmanager
def dying_manager(server):
    manager = server.status()["manager_pid"]
    os.kill(manager, signal.SIGKILL)
    server.expected_exits += 1
    yield
    eventually(lambda: manager_of(server) not in (None, manager), 30, "there is another manager")


def manager_of(server):
    try:
        return server.status()["manager_pid"]
    except (OSError, KeyError):
        return None


@pytest.mark.sanitize
@pytest.mark.tsan
@pytest.mark.parametrize("trouble", [many_clients, stopped_manager, dying_manager])
@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_transfers_go_on(server, tls, trouble):
    with server.login(tls=tls) as control:
        control.expect("TYPE I", 200)
        running = control.start("RETR big")
        digest = hashlib.sha256()
        digest.update(running.data.recv(PIECE))
        with trouble(server):
            moved = 0
            while moved < SIZE // 2:
                piece = running.data.recv(PIECE)
                assert piece, "bytes go on to flow"
                digest.update(piece)
                moved += len(piece)
            done = running.finish()
            digest.update(done.data)
            assert done.code == 226, done.final
            assert digest.hexdigest() == server.digest
            # What a session does next needs no manager either.
            control.upload("small", b"content")
            assert control.download("small") == b"content"


def test_records_of_the_time_without_a_manager_are_kept(server):
    """They wait with the worker, and are stored by the next one."""
    with server.login() as control:
        session = server.session_of(control)["id"]
        with dying_manager(server):
            control.expect("TYPE I", 200)
            control.upload("kept", b"content")
        eventually(lambda: [r for r in server.get("/transfers?path=/kept")["transfers"] if r["session"] == session],
                   20, "the record of the upload")
