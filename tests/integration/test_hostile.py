"""Whatever arrives, the answer is the right 4xx or 5xx, or a clean end; nothing leaks, and the
server lives on."""

import os
import random
import socket
import ssl

import pytest

from sallyport_lab.control import Closed, Control
from sallyport_lab.wait import eventually


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, data_timeout=2, handshake_timeout=3)
    server.add_user()
    server.put("inside.txt", b"inside")
    return server


@pytest.fixture
def control(server):
    with server.login(tls=False) as control:
        yield control


@pytest.fixture(autouse=True)
def the_server_lives_and_no_worker_has_died(server):
    yield
    assert server.status()["worker_restarts"] == 0
    with server.login() as control:
        assert control.download("inside.txt") == b"inside"


def replies_until_end(control, limit=50):
    """Codes of all replies until the connection ends or is silent."""
    codes = []
    try:
        while len(codes) < limit and control.has_reply(1.0):
            codes.append(control.read_reply().code)
    except Closed:
        codes.append("closed")
    return codes


# Lines


@pytest.mark.sanitize
@pytest.mark.tsan
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_line_of_one_mebibyte_is_500_and_the_session_lives_or_is_closed(server, tls):
    with server.login(tls=tls) as control:
        try:
            control.send_raw(b"CWD " + b"A" * (1 << 20) + b"\r\n")
            codes = [control.read_reply().code]
            assert codes[0] in (500, 421)
            if codes[0] == 500:
                control.expect("NOOP", 200)
        except (Closed, ConnectionError, ssl.SSLError):
            pass  # closed in the middle of the flood: allowed


@pytest.mark.sanitize
def test_a_mebibyte_without_any_line_end_before_login_does_not_stay_in_memory(server):
    with server.connect() as control:
        try:
            for _ in range(64):
                control.send_raw(b"Z" * (1 << 14))
            control.send_raw(b"\r\n")
            assert control.read_reply().code in (500, 421)
        except (Closed, ConnectionError):
            pass


@pytest.mark.sanitize
@pytest.mark.parametrize("line", [
    b"\0\0\0\0", b"NOOP\0", b"PWD \0/etc", b"CWD /\0/etc", b"CWD a\rb", b"\x01\x02\x03", b"", b" ",
    b"CWD \xff\xfe", b"\x80\x81 x", b"%s%s%s%n", b"RETR %n%n%n%n"])
def test_strange_bytes_in_a_line_get_an_error_and_the_session_lives(control, line):
    control.send(line)
    assert 400 <= control.read_reply().code < 600
    control.expect("NOOP", 200)


def test_nothing_is_created_by_names_with_nul(server, control):
    control.send(b"MKD bad\0name")
    assert 500 <= control.read_reply().code < 600
    assert not (server.home() / "bad").exists()


@pytest.mark.sanitize
def test_telnet_sequences_are_taken_out_of_lines(control):
    """RFC 959 2.3: the control connection is Telnet; RFC 1123 4.1.2.10 asks to be ready for it."""
    control.send_raw(b"\xff\xf1NO\xff\xf1OP\r\n")  # IAC NOP in the middle
    control.expect_reply(200)
    control.send_raw(b"\xff\xfc\x01NOOP\r\n")  # IAC WONT ECHO
    assert control.read_reply().code in (200, 500)
    control.send_raw(b"\xff\xff\xff\xff\r\n")
    assert 400 <= control.read_reply().code < 600
    control.expect("PWD", 257)


def test_lines_arrive_byte_by_byte(control):
    control.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"PWD\r\nNOOP\r\n":
        control.send_raw(bytes([byte]))
    control.expect_reply(257)
    control.expect_reply(200)


def test_a_bare_line_feed_ends_a_line_too(control):
    control.send_raw(b"NOOP\nPWD\n")
    control.expect_reply(200)
    control.expect_reply(257)


@pytest.mark.sanitize
def test_a_flood_of_garbage_ends_with_421_or_500s_and_is_cut(server):
    rng = random.Random(8)
    with server.connect() as control:
        try:
            for _ in range(200):
                control.send_raw(rng.randbytes(5000).replace(b"\xff", b"\xfe") + b"\r\n")
        except (ConnectionError, TimeoutError):
            pass
        codes = replies_until_end(control)
        assert codes
        assert set(codes) <= {421, 500, 501, 502, 530, "closed"}, codes


def test_a_flood_of_unknown_commands_gets_500s_or_the_end(server, control):
    try:
        control.send_raw(b"XYZZY\r\n" * 3000)
        codes = set(replies_until_end(control, 3000))
        assert codes <= {500, 502, 421, "closed"}
    except ConnectionError:
        pass


def test_a_client_that_never_reads_replies_cannot_hold_memory(server, control):
    """Pipelines without reading until the server stops taking more, then goes away."""
    control.sock.settimeout(3)
    try:
        for _ in range(3000):
            control.send_raw(b"HELP\r\n" * 200)
    except (TimeoutError, ConnectionError):
        pass


# Out of the home


@pytest.mark.sanitize
@pytest.mark.parametrize("path", ["../../etc", "/../../../../etc", "..", "a/../../../etc",
                                  "/proc/self/root/etc", "....//....//etc", "~root", "~"])
def test_no_path_leads_out_of_the_home(control, path):
    reply = control.command(f"CWD {path}")
    assert reply.code in (250, 550)
    if reply.code == 250:
        assert '"/"' in control.expect("PWD", 257).text, "above the home is the home"
    assert control.transfer(f"RETR {path}/passwd").code == 550
    done = control.transfer(f"LIST {path}")
    assert b"passwd" not in done.data
    control.expect("CWD /", 250)


@pytest.mark.sanitize
def test_symbolic_links_out_of_the_home_lead_nowhere(server, control):
    home = server.home()
    secret = server.folder / "secret.txt"
    secret.write_text("secret")
    secret.chmod(0o666)
    outside = server.folder / "outside"
    outside.mkdir(mode=0o777, exist_ok=True)
    outside.chmod(0o777)
    for name, goal in (("to-etc", "/etc"), ("to-passwd", "/etc/passwd"), ("to-secret", secret),
                       ("relative", "../../secret.txt"), ("out", outside)):
        if not os.path.lexists(home / name):
            os.symlink(goal, home / name)
    control.expect("CWD to-etc", 550)
    for path in ("to-passwd", "to-etc/passwd", "to-secret", "relative"):
        assert control.transfer(f"RETR {path}").code == 550, path
        control.expect(f"SIZE {path}", 550)
        control.expect(f"MDTM {path}", 550)
    assert control.transfer("STOR to-secret", b"overwritten").code in (550, 553)
    assert control.transfer("STOR out/new", b"made").code in (550, 553)
    control.expect("MKD out/dir", 550)
    assert secret.read_text() == "secret"
    assert list(outside.iterdir()) == []
    done = control.transfer("MLSD to-etc")
    assert done.code in (550, 501) and not done.data
    for name in ("to-secret", "to-etc"):
        control.expect(f"DELE {name}", 250)  # the link itself is the user's own
    assert secret.exists()


def test_links_inside_the_home_work(server, control):
    server.put("real/file.txt", b"linked")
    os.symlink("real", server.home() / "alias")
    assert control.download("alias/file.txt") == b"linked"


# Bounce


@pytest.mark.sanitize
@pytest.mark.parametrize("line", [
    "PORT 127,0,0,2,200,1", "PORT 192,0,2,1,200,1",  # another host
    "PORT 127,0,0,1,0,22", "PORT 127,0,0,1,3,255", "PORT 127,0,0,1,0,0",  # a low port
    "EPRT |1|127.0.0.2|50000|", "EPRT |1|127.0.0.1|22|", "EPRT |2|::1|50000|",
    "PORT", "PORT 1,2", "PORT 127,0,0,1,200", "PORT 127,0,0,1,200,1,1", "PORT 127,0,0,1,256,1",
    "PORT a,b,c,d,e,f", "PORT 127,0,0,1,-1,5",
    "EPRT", "EPRT x", "EPRT |1|127.0.0.1|99999|", "EPRT |1|127.0.0.1|50000",
    "EPRT |1|localhost|50000|", "EPRT |1||50000|"])
def test_port_to_another_host_a_low_port_or_nonsense_is_refused(control, line):
    reply = control.command(line)
    assert 500 <= reply.code < 600, reply
    control.expect("NOOP", 200)
    assert control.command("LIST").code in (425, 503), "nothing was remembered"


def test_eprt_with_an_unknown_protocol_is_522_and_names_those_we_know(control):
    for number in (0, 3, 9):
        reply = control.expect(f"EPRT |{number}|127.0.0.1|50000|", 522)
        assert "(1,2)" in reply.text or "(1)" in reply.text


def test_active_data_to_permits_named_networks(start_server):
    server = start_server(plain_ftp=True, active_data_to="127.0.0.2/32")
    server.add_user()
    server.put("x", b"bounced on purpose")
    with server.login(tls=False) as control, socket.create_server(("127.0.0.2", 0)) as listener:
        port = listener.getsockname()[1]
        control.expect(f"PORT 127,0,0,2,{port >> 8},{port & 255}", 200)
        control.expect("RETR x", 150)
        data, _ = listener.accept()
        assert data.recv(100) == b"bounced on purpose"
        data.close()
        control.expect_reply(226)
        control.expect("PORT 127,0,0,3,200,1", 500, 501, 504)


@pytest.mark.sanitize
def test_a_data_connection_from_another_address_gets_nothing(server, control):
    address = control.epsv()
    thief = control.dial(address, source="127.0.0.2")
    assert thief.recv(100) == b"", "closed at once"
    control.send("RETR inside.txt")
    owner = control.dial(address)
    control.expect_reply(150, 125)
    assert owner.recv(100) == b"inside"
    owner.close()
    control.expect_reply(226)


def test_a_stolen_port_brings_425_when_the_owner_never_comes(server, control):
    address = control.epsv()
    thief = control.dial(address, source="127.0.0.2")
    assert thief.recv(100) == b""
    control.send("STOR stolen.bin")
    reply = control.read_reply()
    if reply.code < 200:
        reply = control.read_reply()
    assert reply.code == 425
    assert not (server.home() / "stolen.bin").exists()


def test_passive_data_from_permits_named_networks(start_server):
    server = start_server(plain_ftp=True, passive_data_from="127.0.0.2/32")
    server.add_user()
    server.put("x", b"from the other link")
    with server.login(tls=False) as control:
        data = control.dial(control.epsv(), source="127.0.0.2")
        control.expect("RETR x", 150)
        assert data.recv(100) == b"from the other link"
        data.close()
        control.expect_reply(226)


# TLS


@pytest.mark.sanitize
def test_commands_pipelined_behind_auth_tls_are_discarded(server):
    with server.connect() as control:
        control.send_raw(b"AUTH TLS\r\nMKD injected\r\nUSER alice\r\nPASS correct horse battery\r\n"
                         b"MKD injected\r\n")
        control.expect_reply(234)
        control.start_tls()
        control.expect("PWD", 530)
        assert not control.has_reply(0.2), "nothing that came before TLS is answered inside"
        control.log_in("alice", "correct horse battery")
        control.expect("CWD injected", 550)


def test_a_login_before_auth_tls_does_not_count_afterwards(server):
    with server.login(tls=False) as control:
        control.auth_tls()
        control.expect("PWD", 530)


@pytest.mark.parametrize("first", [b"\x16\x03\x01\x00\x05hello", b"GET / HTTP/1.1\r\n\r\n",
                                   b"\x00" * 300, b"\x80\x2e\x01\x00\x02"])
def test_garbage_instead_of_a_handshake_ends_the_connection(server, first):
    with server.connect() as control:
        control.expect("AUTH TLS", 234)
        control.send_raw(first)
        assert control.is_closed(15)
    with socket.create_connection((server.host, server.implicit), 15) as raw:
        raw.sendall(first)
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(15)
        try:
            while raw.recv(4096):
                pass
        except ConnectionError:
            pass


def test_a_tls_hello_on_the_explicit_port_is_answered_with_words_or_the_end(server):
    control = Control(server.host, server.explicit, context=server.trust())
    with pytest.raises((ssl.SSLError, ConnectionError, TimeoutError)):
        control.start_tls()


def test_garbage_on_a_data_connection_instead_of_tls_leaves_no_file(server):
    with server.login() as control:
        data = control.dial(control.epsv())
        control.expect("STOR no-tls.bin", 150)
        data.sendall(b"this is not TLS" * 100)
        assert control.read_reply().code in (425, 426, 522)
        data.close()
        assert not (server.home() / "no-tls.bin").exists()
        control.expect("NOOP", 200)


def test_a_connection_reset_in_the_middle_of_everything_is_survived(server):
    for step in ("connect", "user", "epsv", "transfer"):
        for _ in range(5):
            control = server.connect()
            if step != "connect":
                control.expect("USER alice", 331)
            if step in ("epsv", "transfer"):
                control.expect("PASS correct horse battery", 230)
                address = control.epsv()
            if step == "transfer":
                data = control.dial(address)
                control.send("RETR inside.txt")
                reset(data)
            reset(control.sock)
    eventually(lambda: not server.sessions(), 10, "all of these sessions are gone")


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    sock.close()
