"""A session that waits (for the first byte of an upload, for a data connection, its handshake, the
answer to a login) hears its client and its administrator all the same, and leaves nothing behind."""

import os
import signal
import socket
import struct
import time

import pytest

from sallyport_lab.control import Background, Closed
from sallyport_lab.daemon import PASSWORD
from sallyport_lab.wait import eventually

pytestmark = [pytest.mark.sanitize, pytest.mark.tsan]

PROMPT = 0.7  # seconds: a session that is only looked at by the sweep takes one


@pytest.fixture(scope="module", params=["direct", "atomic"])
def server(request, start_module_server):
    server = start_module_server(plain_ftp=True, uploads=request.param, workers=1,
                                 handshake_timeout=20, stall_timeout=5, failed_login_delay=0)
    server.add_user()
    return server


@pytest.fixture(autouse=True)
def nothing_is_left(server):
    yield
    eventually(lambda: not server.sessions(), 10, "all sessions have ended")
    assert os.listdir(server.home()) == []


@pytest.fixture
def control(server):
    with server.login(tls=False) as control:
        control.expect("TYPE I", 200)
        yield control


def codes(control, n):
    return [control.read_reply().code for _ in range(n)]


def codes_until_end(control):
    told = []
    try:
        while True:
            told.append(control.read_reply().code)
    except Closed:
        return told


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def quickest(measure, tries=3):
    """Seconds of the quickest try: the machine may be busy."""
    times = []
    for _ in range(tries):
        begin = time.monotonic()
        measure()
        times.append(time.monotonic() - begin)
    return min(times)


@pytest.mark.parametrize("behind, told", [
    (b"ABOR\r\n", [426, 226]),
    (b"NOOP\r\nABOR\r\n", [200, 426, 226]),
    (b"PWD\r\nABOR\r\n", [426, 257, 226]),
    (b"NOOP\r\n" * 1000 + b"ABOR\r\n", [200] * 1000 + [426, 226]),
], ids=["abor", "noop-abor", "pwd-abor", "more-than-a-read"])
def test_what_comes_together_with_stor_is_heard_at_once(server, control, behind, told):
    def abort():
        with control.dial(control.epsv()):
            control.send_raw(b"STOR new\r\n" + behind)
            assert codes(control, 1 + len(told)) == [150, *told]

    assert quickest(abort) < PROMPT


def test_an_abor_deep_in_a_tls_record_is_heard(server):
    with server.login() as control, control.dial(control.epsv()):
        control.send_raw(b"STOR new\r\n" + b"NOOP\r\n" * 1500 + b"ABOR\r\n")
        told = codes(control, 1503)
    assert sorted(told) == [150] + [200] * 1500 + [226, 426]  # no 425 for want of a handshake


@pytest.mark.parametrize("command, code", [("NOOP", 200), ("STAT", 213)])
def test_a_parked_upload_answers(server, control, command, code):
    running = control.start("STOR new")

    def ask():
        assert control.command(command).code in (code, 211)
    assert quickest(ask) < PROMPT
    assert running.finish(b"content").code == 226
    assert control.download("new") == b"content"
    control.expect("DELE new", 250)


def test_a_parked_upload_is_aborted(server, control):
    def abort():
        running = control.start("STOR new")
        control.send("ABOR")
        assert codes(control, 2) == [426, 226]
        running.data.close()
    assert quickest(abort) < PROMPT


def test_a_parked_upload_is_kicked(server, control):
    running = control.start("STOR new")
    server.cli("session", "kick", server.session_of(control)["id"])
    assert codes(control, 2) == [426, 421]
    assert control.is_closed()
    running.data.close()


def test_a_parked_upload_ends_with_its_user(server, control):
    running = control.start("STOR new")
    server.cli("user", "disable", "alice")
    try:
        assert codes(control, 2) == [426, 421]
        assert control.is_closed()
    finally:
        server.cli("user", "enable", "alice")
    running.data.close()


@pytest.mark.parametrize("leave", [
    lambda control: control.sock.shutdown(socket.SHUT_WR),
    lambda control: reset(control.sock),
], ids=["half-closed", "reset"])
def test_a_parked_upload_ends_with_its_client(server, control, leave):
    running = control.start("STOR new")
    leave(control)
    eventually(lambda: not server.sessions(), 10, "the session has ended")
    running.data.close()


def test_a_parked_upload_whose_data_connection_is_reset_leaves_nothing(server, control):
    running = control.start("STOR new")
    reset(running.data)
    control.expect_reply(426)
    control.expect("NOOP", 200)


def test_a_parked_upload_that_never_begins_stalls(server, control):
    running = control.start("STOR new")
    assert "[D-78]" in control.expect_reply(426).text
    control.expect("NOOP", 200)
    running.data.close()


def test_a_parked_upload_outlives_a_reload(server, control):
    running = control.start("STOR new")
    server.reload()
    assert running.finish(b"content").code == 226
    control.expect("DELE new", 250)


def test_commands_behind_an_upload_wait_for_its_end(server, control):
    data = control.dial(control.epsv())
    control.send_raw(b"STOR new\r\nDELE new\r\nREIN\r\nUSER alice\r\nPASS " + PASSWORD.encode()
                     + b"\r\nPWD\r\nQUIT\r\n")
    control.expect_reply(150)
    data.sendall(b"content")
    data.close()
    assert codes(control, 7) == [226, 250, 220, 331, 230, 257, 221]
    assert control.is_closed()


def test_a_wait_for_a_data_connection_is_aborted_and_kicked(server, control):
    control.epsv()
    control.send_raw(b"STOR new\r\nABOR\r\n")
    assert codes(control, 2) == [426, 226]
    control.epsv()
    control.send("STOR new")
    server.cli("session", "kick", server.session_of(control)["id"])
    assert codes_until_end(control)[-1] == 421


def test_a_wait_for_a_data_handshake_is_aborted(server):
    with server.login() as control, control.dial(control.epsv()):
        control.send("STOR new")
        control.expect_reply(150)
        control.send("ABOR")
        assert codes(control, 2) == [426, 226]


def test_a_login_that_waits_for_the_manager_hears_its_client_afterwards(server):
    password = b"PASS " + PASSWORD.encode() + b"\r\n"
    manager = server.status()["manager_pid"]
    staying, leaving, half, quitting = (server.connect() for _ in range(4))
    for control in (staying, leaving, half, quitting):
        control.expect("USER alice", 331)
    os.kill(manager, signal.SIGSTOP)
    try:
        for control in (leaving, half, quitting):
            control.send_raw(password + b"QUIT\r\n")
        staying.send_raw(password)
        staying.send_raw(b"PWD\r\nNOOP\r\n")
        leaving.close()
        half.sock.shutdown(socket.SHUT_WR)
        assert not staying.has_reply()
    finally:
        os.kill(manager, signal.SIGCONT)
    assert codes(staying, 3) == [230, 257, 200]
    for control in (half, quitting):
        assert codes(control, 2) == [230, 221]
        assert control.is_closed()
    staying.close()


def whole_session(server, half_closes):
    with server.connect(banner=False) as control:
        control.send_raw(b"USER alice\r\nPASS " + PASSWORD.encode()
                         + b"\r\nTYPE I\r\nPWD\r\nEPSV\r\nNOOP\r\nQUIT\r\n")
        if half_closes:
            control.sock.shutdown(socket.SHUT_WR)
        return codes_until_end(control)


@pytest.mark.parametrize("half_closes", [False, True], ids=["open", "half-closed"])
def test_whole_sessions_in_one_packet_get_all_their_replies(server, half_closes):
    running = [Background(whole_session, server, half_closes) for _ in range(40)]
    for one in running:
        assert one.result() == [220, 331, 230, 200, 257, 229, 200, 221]


def test_timeouts_hold_after_the_last_session_and_its_events(start_server):
    server = start_server(plain_ftp=True, workers=1, login_timeout=5)
    server.add_user()
    with server.login(tls=False) as control:
        control.send_raw(b"MKD made\r\nRMD made\r\nQUIT\r\n")
        assert codes(control, 3) == [257, 250, 221]
    eventually(lambda: len(server.cli_json("transfer", "list")["transfers"]) == 2, 10, "recorded")
    with server.connect() as control:
        assert "No login within 5 seconds" in control.expect_reply(421).text


def test_all_that_wait_are_told_when_the_server_ends(start_server):
    server = start_server(plain_ftp=True, workers=1)
    server.add_user()
    parked, waiting = server.login(tls=False), server.login(tls=False)
    in_tls = server.login()
    running = [parked.start("STOR a"), in_tls.start("STOR b")]
    waiting.epsv()
    waiting.send("STOR c")
    assert server.terminate() == 0
    for control in (parked, in_tls, waiting):
        assert codes_until_end(control)[-1] == 421
    for one in running:
        one.data.close()
    assert os.listdir(server.home()) == []
