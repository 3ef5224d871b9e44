"""The doctor against servers that are not ours: strange, broken, and hostile."""

import contextlib
import json
import os
import socket
import ssl
import struct
import threading
import time

import pytest

from sallyport_lab.doctor import doctor
from sallyport_lab.fake_ftp import FakeServer


@pytest.fixture
def fake():
    """fake(replies, certificate=..., implicit=...): a server that lives as long as the test."""
    running = []

    def start(replies=None, **options):
        server = FakeServer(replies, **options)
        running.append(server)
        return server

    yield start
    for server in running:
        server.__exit__()


def examine(server, *options, **more):
    return doctor("127.0.0.1", "--port", server.port, "--quick", *options, **more)


@pytest.mark.sanitize
@pytest.mark.tsan
def test_a_plain_server_that_offers_no_tls(fake):
    server = fake()
    seen = examine(server)
    assert seen.control()["login"] == "ok"
    for mode in "epsv", "pasv", "port", "eprt":
        for operation in "list", "upload", "download", "resume", "delete":
            assert seen.transfer(mode, operation)["result"] == "ok"
    assert server.files == {}
    assert server.logins == 1
    assert seen.evidence["clock_offset_s"] < -10**8


@pytest.mark.sanitize
def test_a_server_with_tls(fake, authority):
    server = fake(certificate=(authority.chain, authority.key))
    seen = examine(server, "--ca", authority.root)
    assert seen.transfer("pasv", "download")["tls"]["outcome"] == "ok"
    assert seen.transfer("pasv", "download")["end"] == "proven"
    assert seen.transfer("pasv", "download")["tls"]["fingerprint"] == \
        seen.control()["handshake"]["chain"][0]["fingerprint"]


# --- what answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("banner, answer", [
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "ssh"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http"),
    (b"220 mail.example.com ESMTP Postfix\r\n", "smtp"),
    (b"\x00\x01\x02\x03\x04garbage", "other"),
    (b"+OK POP3 ready\r\n", "other"),
])
def test_other_servers_are_recognised(fake, banner, answer):
    server = fake({"": banner})
    seen = examine(server)
    assert seen.doors[0]["answer"] == answer
    assert server.logins == 0
    assert not any("PASS" in command for command in server.verbs())


def test_silence_behind_an_open_port(fake):
    server = fake({"": b""})
    seen = examine(server)
    assert seen.doors[0]["answer"] == "silent"


def test_a_connection_that_is_closed_at_once():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def close_all():
            while True:
                try:
                    listener.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=close_all, daemon=True).start()
        seen = doctor("127.0.0.1", "--port", listener.getsockname()[1], "--quick")
        listener.shutdown(socket.SHUT_RDWR)
    assert seen.doors[0]["answer"] == "closed"


def test_a_slow_banner_is_waited_for(fake):
    def slowly(session, _):
        del session
        time.sleep(3)
        return b"220 at last\r\n"

    seen = examine(fake({"": slowly}))
    assert seen.doors[0]["answer"] == "ftp"
    assert seen.doors[0]["first_byte_ms"] >= 2900


def test_greetings_that_are_late_twice_are_waited_for_twice(fake):
    def slowly(session, _):
        del session
        time.sleep(6)
        return b"220 at last\r\n"

    seen = examine(fake({"": slowly}))
    assert seen.doors[0]["first_byte_ms"] >= 5900
    assert seen.control()["login"] == "ok"


def test_a_refusal_of_the_password_may_take_its_time(fake):
    def slowly(session, _):
        del session
        time.sleep(6)
        return b"530 Login incorrect\r\n"

    seen = examine(fake({"PASS": slowly}))
    assert seen.control()["login"] == "refused"
    assert seen.replies("PASS")[0]["code"] == 530


def test_a_full_server(fake):
    seen = examine(fake({"": b"421 Too many connections\r\n"}))
    assert seen.doors[0]["banner"]["code"] == 421
    assert seen.transfers == []


def test_plain_ftp_on_a_port_of_implicit_tls(fake):
    server = fake()
    seen = examine(server, "--tls", "implicit")
    assert seen.doors[0]["answer"] == "ftp"
    assert server.logins == 0


# --- inspecting boxes -----------------------------------------------------------------------------


def test_masked_words_keep_the_password_back(fake):
    server = fake({"FEAT": b"211-Features\r\n XXXX XXXXX\r\n211 End\r\n",
                   "AUTH": b"500 XXXX\r\n"})
    seen = examine(server)
    assert seen.replies("FEAT", "look")[0]["is_masked"]
    assert seen.control()["login"] == "withheld"
    assert server.logins == 0


def reset(session, _):
    session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    session.sock.close()
    return b""


def test_a_reset_behind_auth_is_seen(fake):
    server = fake({"AUTH": reset})
    seen = examine(server)
    assert seen.replies("AUTH", "look")[0]["outcome"] in ("reset", "closed")
    assert seen.control("gentle")


def test_a_reset_instead_of_the_handshake(fake, authority):
    def agree_and_reset(session, argument):
        session.say(b"234 Go on\r\n")
        session.sock.recv(1)
        return reset(session, argument)

    server = fake({"AUTH": agree_and_reset}, certificate=(authority.chain, authority.key))
    seen = examine(server)
    assert seen.control("look")["handshake"]["outcome"] == "reset"
    assert seen.control("older_tls")["handshake"]["maximum"] == "TLSv1.2"
    assert server.logins == 0


# --- passive replies ------------------------------------------------------------------------------


def test_a_private_address_is_not_dialled_and_told(fake):
    def lie(session, _):
        port = session._listen()
        return b"227 Entering Passive Mode (10,99,88,77,%d,%d)\r\n" % divmod(port, 256)

    seen = examine(fake({"PASV": lie}))
    strict = seen.transfer("pasv", "list", is_lenient=False)
    assert strict["result"] == "elsewhere"
    assert strict["announced"].startswith("10.99.88.77:")
    assert "attempt" not in strict or "outcome" not in strict["attempt"]
    assert seen.transfer("pasv", "list", is_lenient=True)["result"] == "ok"
    assert seen.transfer("epsv", "list")["result"] == "ok"


def test_another_host_is_never_connected_to(fake):
    with socket.create_server(("127.0.0.9", 0)) as victim:
        port = victim.getsockname()[1]

        def lie(session, _):
            del session
            return b"227 Entering Passive Mode (127,0,0,9,%d,%d)\r\n" % divmod(port, 256)

        examine(fake({"PASV": lie}))
        victim.settimeout(0.1)
        with pytest.raises(TimeoutError):
            victim.accept()
        victim.settimeout(None)
        threading.Thread(target=lambda: victim.accept()[0].close(), daemon=True).start()
        seen = examine(fake({"PASV": lie}), "--follow")
        assert seen.transfer("pasv", "list")["attempt"]["outcome"] == "ok"


@pytest.mark.parametrize("pasv, result", [
    (b"227 Entering Passive Mode\r\n", "setup_unreadable"),
    (b"227 (1,2,3)\r\n", "setup_unreadable"),
    (b"227 (127,0,0,1,0,0)\r\n", "setup_unreadable"),
    (b"227 (999,0,0,1,1,1)\r\n", "setup_unreadable"),
    (b"500 Unknown command\r\n", "setup_refused"),
    (b"229 Wrong reply (|||1|)\r\n", "setup_refused"),
])
def test_passive_replies_that_name_no_port(fake, pasv, result):
    seen = examine(fake({"PASV": pasv, "EPSV": b"502 No\r\n"}))
    assert seen.transfer("pasv", "list")["result"] == result
    assert seen.transfer("epsv", "list")["result"] == "setup_refused"
    assert seen.transfer("port", "list")["result"] == "ok"


def test_a_passive_port_that_refuses(fake):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        closed = holder.getsockname()[1]
    seen = examine(fake({"EPSV": b"229 Here (|||%d|)\r\n" % closed,
                         "PASV": b"227 (127,0,0,1,%d,%d)\r\n" % divmod(closed, 256)}))
    for mode in "epsv", "pasv":
        assert seen.transfer(mode, "list")["result"] == "not_connected"
        assert seen.transfer(mode, "list")["failure"] == "refused"
    assert all(sample["attempt"]["outcome"] == "refused" for sample in seen.evidence["samples"])


# --- transfers ------------------------------------------------------------------------------------


def test_a_reply_instead_of_data_is_kept(fake):
    seen = examine(fake({"LIST": b"425 Cannot build data connection\r\n"}))
    transfer = seen.transfer("epsv", "list")
    assert transfer["result"] == "command_refused"
    assert transfer["preliminary"]["text"] == "425 Cannot build data connection"


def test_a_full_disk_is_a_reply(fake):
    seen = examine(fake({"STOR": b"552 Disk full\r\n"}))
    assert seen.transfer("epsv", "list")["result"] == "ok"
    assert seen.transfer("epsv", "upload")["preliminary"]["code"] == 552
    assert "is_left_behind" not in seen.evidence["probe_file"]


def test_ascii_changes_are_seen(fake):
    def store(session, name):
        sock = session.data()
        content = b""
        while piece := sock.recv(65536):
            content += piece
        session.server.files[name] = content.replace(b"\r\n", b"\n")
        sock.close()
        return b"226 Done\r\n"

    seen = examine(fake({"STOR": store}))
    assert seen.transfer("epsv", "download")["result"] in ("different", "cut")


def test_a_download_that_breaks_off(fake):
    def half(session, name):
        sock = session.data()
        sock.sendall(session.server.files[name][:100])
        sock.close()
        return b"226 Done\r\n"

    seen = examine(fake({"RETR": half}))
    assert seen.transfer("epsv", "download")["result"] == "cut"
    assert seen.transfer("epsv", "download")["moved_bytes"] == 100


def test_a_final_reply_that_never_comes(fake):
    def silent(session, _):
        session.data().close()
        return b""

    server = fake({"LIST": silent})
    seen = examine(server)
    assert seen.transfer("epsv", "list")["result"] == "no_reply"
    assert seen.transfer("epsv", "list")["final"]["outcome"] == "timed_out"


def test_the_probe_file_is_removed_in_a_new_session_when_the_others_break(fake):
    server = fake({"RETR": reset})
    seen = examine(server)
    assert "STOR" in server.verbs() and server.files == {}
    assert seen.control("clean_up")["login"] == "ok"
    assert "is_left_behind" not in seen.evidence["probe_file"]
    assert server.logins <= 5


def test_a_file_that_a_failed_upload_did_not_leave_is_not_missed(fake):
    stored = []

    def once(session, name):
        stored.append(name)
        if len(stored) == 1:
            return None
        session.data().close()
        return b"451 No more today\r\n"

    server = fake({"STOR": once})
    seen = examine(server)
    assert len(stored) > 1 and server.files == {}
    assert "is_left_behind" not in seen.evidence["probe_file"]


def test_a_probe_file_that_cannot_be_removed_is_named(fake):
    server = fake({"DELE": b"550 Permission denied\r\n"})
    seen = examine(server)
    [name] = server.files
    assert seen.evidence["probe_file"]["is_left_behind"]
    assert seen.evidence["probe_file"]["name"] == name
    assert "Permission denied" in seen.evidence["probe_file"]["reason"]
    shown = examine(fake({"DELE": b"550 Permission denied\r\n"}), json_output=False)
    assert "could not be removed" in shown.text


def test_a_session_that_a_mode_costs_its_life_gets_another(fake):
    server = fake({"EPSV": reset})
    seen = examine(server)
    assert seen.transfer("epsv", "list")["result"] == "setup_refused"
    assert seen.transfer("epsv", "list")["failure"] in ("reset", "closed")
    assert seen.transfer("pasv", "download")["result"] == "ok"
    assert server.logins <= 3


# --- hostile --------------------------------------------------------------------------------------


def endless(piece):
    def pour(session, _):
        while True:
            session.say(piece)

    return pour


def memory_of(function):
    """The most memory, in MiB, that the doctor took while function ran it."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    seen = function()
    return seen, max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


@pytest.mark.sanitize
@pytest.mark.parametrize("banner", [b"220-more\r\n", b"2" * 4096, b"\xff\xfd\x01" * 1000,
                                    b"120 wait\r\n", b"\r\n" * 1000, b"\0" * 4096],
                         ids=["lines", "one-line", "telnet", "preliminary", "empty", "zeros"])
def test_endless_banners(fake, banner):
    seen = examine(fake({"": endless(banner)}))
    assert seen.status in (1, 3)
    assert seen.seconds < 60


@pytest.mark.sanitize
@pytest.mark.parametrize("verb", ["FEAT", "USER", "PASS", "STAT", "EPSV", "LIST", "SYST"])
def test_endless_replies(fake, verb):
    seen = examine(fake({verb: endless(b"211-on and on\r\n" * 100)}))
    assert seen.status in (0, 1, 3)
    assert seen.seconds < 80


def test_replies_of_megabytes_take_no_memory(fake):
    huge = b"211-a feature\r\n" * 200_000 + b"211 End\r\n"
    seen, mebibytes = memory_of(lambda: examine(fake({"FEAT": huge})))
    reply = seen.replies("FEAT", "look")[0]
    assert reply["outcome"] == "ok"
    assert reply["size_bytes"] == len(huge)
    assert len(reply["text"]) < 2048
    if not os.environ.get("SALLYPORT_BUILD", "").endswith(("asan", "tsan")):
        assert mebibytes < 200


@pytest.mark.sanitize
def test_an_endless_listing_is_left(fake):
    def pour(session, _):
        sock = session.data()
        line = b"-rw-r--r-- 1 u g 1 Jan 1 2020 " + b"x" * 200 + b"\r\n"
        try:
            while True:
                sock.sendall(line * 100)
        except OSError:
            sock.close()
        return b"426 You left\r\n"

    seen = examine(fake({"LIST": pour}))
    transfer = seen.transfer("epsv", "list")
    assert transfer["failure"] == "too_much"
    assert transfer["moved_bytes"] < 8 * 1024 * 1024


@pytest.mark.sanitize
def test_tls_garbage(fake):
    def agree_and_babble(session, _):
        session.say(b"234 Go on\r\n")
        session.sock.recv(1)
        session.say(os.urandom(65536))
        return b""

    seen = examine(fake({"AUTH": agree_and_babble}))
    assert seen.control("look")["handshake"]["outcome"] in ("garbage", "closed", "reset")
    assert seen.transfers == []


@pytest.mark.sanitize
def test_random_bytes_for_every_verb(fake):
    def babble(session, _):
        del session
        return os.urandom(300) + b"\r\n"

    for verb in "FEAT", "AUTH", "USER", "PASS", "EPSV", "PASV", "LIST":
        seen = examine(fake({verb: babble}))
        assert seen.status in (0, 1, 3)
        json.dumps(seen.answer)


@pytest.mark.sanitize
def test_escape_sequences_do_not_reach_the_terminal(fake):
    server = fake({"": b"220 \x1b[2J\x1b]0;owned\x07 hello\r\n"})
    seen = examine(server, json_output=False)
    assert "\x1b" not in seen.text and "\x07" not in seen.text


def test_an_empty_file_is_stored_too(fake):
    seen = examine(fake())
    assert seen.transfer("epsv", "empty_upload")["result"] == "ok"


def test_a_slow_line_is_not_watched_to_the_end(fake):
    def slowly(session, name):
        content = session.server.files[name][session.offset:]
        sock = session.data()
        with contextlib.suppress(OSError):
            for at in range(0, len(content), 16384):
                sock.sendall(content[at:at + 16384])
                time.sleep(0.2 if len(content) > 65536 else 0)
        session.offset = 0
        session.finish(sock)
        return b""

    seen = examine(fake({"RETR": slowly}))
    large = seen.transfer("epsv", "large_download")
    assert (large["result"], large["failure"], large["end"]) == ("ok", "too_much", "ours")
    assert 4900 <= large["duration_ms"] < 7000
    assert 65536 < large["moved_bytes"] < 4 * 1024 * 1024
    assert seen.transfer("port", "list")["result"] == "ok"


def test_an_upload_that_moves_a_little_and_stalls_is_no_slow_line(fake):
    is_over = threading.Event()

    def swallow(session, name):
        sock = session.data()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        content = sock.recv(16384)
        while len(content) < 330000 and (piece := sock.recv(16384)):
            content += piece
            is_over.wait(0.1)  # so that the last pieces come in the middle of one write
        while len(content) > 65536 and not is_over.wait(20):
            pass
        session.server.files[name] = content
        session.finish(sock)
        return b""

    try:
        seen = examine(fake({"STOR": swallow}))
    finally:
        is_over.set()
    large = seen.transfer("epsv", "large_upload")
    assert (large["result"], large["failure"]) == ("stalled", "timed_out")
    assert finding(seen, "D-34b")["facts"]["direction"] == "upload"


def test_a_download_that_never_ends(fake):
    def pour(session, _):
        sock = session.data()
        try:
            while True:
                sock.sendall(b"x" * 65536)
        except OSError:
            sock.close()
        return b"426 You left\r\n"

    seen = examine(fake({"RETR": pour}))
    transfer = seen.transfer("epsv", "download")
    assert transfer["result"] == "different"
    assert transfer["moved_bytes"] < 10 * 1024 * 1024


# --- what can be told in a part of the cases only -------------------------------------------------


def finding(seen, cause):
    """Among the causes or the remarks."""
    found = [one for one in seen.answer["causes"] + seen.answer["remarks"] if one["id"] == cause]
    assert found, (cause, seen.answer["sentence"], [one["id"] for one in seen.answer["causes"]])
    return found[0]


@pytest.fixture(scope="module")
def other_certificate(authority):
    return authority.issue("first-host", ["DNS:www.example.test"])


def choosing(authority, other, names):
    """A server of several names: `other` is what it shows to clients that send none."""
    default = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    default.load_cert_chain(*other)
    chosen = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chosen.load_cert_chain(authority.chain, authority.key)

    def choose(connection, name, _context):
        if name is None:
            return None
        if name not in names:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = chosen
        return None

    default.sni_callback = choose
    return default


def test_clients_without_a_name_see_another_certificate(fake, authority, other_certificate):
    server = fake(certificate=(authority.chain, authority.key))
    server.context = choosing(authority, other_certificate, ["localhost"])
    seen = doctor("localhost", "--port", server.port, "--quick", "--ca", authority.root)
    told = finding(seen, "D-51")
    assert told["severity"] == "remark"
    assert told["facts"]["names"] == "DNS:www.example.test"
    assert seen.verdict == "healthy"


def test_a_name_that_the_server_does_not_know(fake, authority, other_certificate):
    server = fake(certificate=(authority.chain, authority.key))
    server.context = choosing(authority, other_certificate, ["ftp.example.test"])
    seen = doctor("localhost", "--port", server.port, "--quick", "--ca", authority.root)
    root = seen.answer["causes"][0]
    assert (root["id"], root["facts"]["alert"]) == ("D-51", 112)
    assert root["facts"]["names"] == "DNS:www.example.test"
    assert server.logins == 0


@pytest.mark.parametrize("password, cause", [
    ("correct horse ", "D-62"), ("pässwort", "D-62"), ("p%40ss", "D-62"), ("100% sure", "D-61")])
def test_passwords_that_may_have_changed_on_their_way(fake, password, cause):
    server = fake({"PASS": b"530 Login incorrect.\r\n"})
    seen = examine(server, password=password)
    root = seen.answer["causes"][0]
    assert root["id"] == cause
    assert password not in seen.text and password.strip() not in seen.text


def latin_1_names(speaks_utf8):
    """Lists a name in Latin-1, unless it can be told to do better."""
    def opts(session, argument):
        if not speaks_utf8:
            return b"501 Never heard of it.\r\n"
        session.is_asked = argument.upper() == "UTF8 ON"
        return b"200 Ok\r\n"

    def listing(session, _):
        name = "m\u00fcller.txt".encode("utf-8" if getattr(session, "is_asked", 0) else "latin-1")
        sock = session.data()
        sock.sendall(b"-rw-r--r-- 1 u g 5 Jan 1 2020 " + name + b"\r\n")
        session.finish(sock)
        return b""

    return {"OPTS": opts, "LIST": listing}


def test_names_that_are_no_utf8(fake):
    seen = examine(fake(latin_1_names(speaks_utf8=False)))
    assert finding(seen, "D-97")["facts"] == {"lines": 1, "foreign": 1}
    assert seen.verdict == "healthy"


def test_names_that_are_utf8_once_it_is_asked_for(fake):
    seen = examine(fake(latin_1_names(speaks_utf8=True)))
    assert "D-97" not in [one["id"] for one in seen.answer["causes"]]


def test_an_upload_that_fails_leaves_an_empty_file(fake):
    """The server makes the file, and then its data connection is refused for its TLS session."""
    server = fake()

    def store(session, name):
        server.files[name] = b""
        sock = session.data()
        while sock.recv(65536):
            pass
        sock.close()
        return b"426 Connection closed; transfer aborted.\r\n"

    server.replies = {"STOR": store,
                      "SIZE": lambda session, name: b"213 %d\r\n" % len(server.files[name])}
    seen = examine(server)
    assert seen.transfer("epsv", "upload")["has_left_file"]
    assert finding(seen, "D-85")["severity"] == "note"
    assert server.files == {}


IDLE = 3  # seconds


def ending_idle_sessions(noop):
    """NOOP is answered so; sessions end when they are idle, or the doctor would wait for minutes."""
    def password(session, _):
        session.sock.settimeout(IDLE)
        return b"230 Welcome\r\n"

    return {"PASS": password, "NOOP": noop}


@pytest.mark.parametrize("noop, fate", [
    (None, "late"), (b"", "lost"),
    (lambda session, _: session.sock.shutdown(socket.SHUT_RDWR) or b"", "breaks")],
    ids=["late", "lost", "breaks"])
def test_a_sign_of_life_during_a_transfer(fake, noop, fate):
    server = fake(ending_idle_sessions(noop))
    seen = examine(server, "--idle")
    assert seen.evidence["idle"]["noop"] == fate
    causes = [one["id"] for one in seen.answer["causes"]]
    assert ("D-77" in causes) == (fate != "late"), causes
    assert server.files == {}
