"""`sallyport doctor simulate`: healthy walls let real clients work, and each cause shows the client
what it would see behind the real wall."""

import contextlib
import ftplib
import io
import json
import socket
import ssl
import subprocess
import time

import pytest

from sallyport_lab.clients import Curl, Ftplib, Lftp, Rclone, Target, run
from sallyport_lab.control import Closed, Control
from sallyport_lab.daemon import PASSWORD, SALLYPORT
from sallyport_lab.trees import fingerprints, make_tree
from sallyport_lab.wall import wall

BIG = b"0123456789abcdef" * 20000  # 320 kB


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, listen="127.0.0.1", data_timeout=3)
    server.add_user()
    server.put("hello.txt", b"hello")
    server.put("big.bin", BIG)
    return server


@pytest.fixture(scope="module")
def tree(lab_folder):
    return make_tree(f"{lab_folder}/simulate-tree")


class Session:
    """ftplib through a wall."""

    def __init__(self, through, mode="plain", timeout=4, context=None):
        target = Target(through, mode, host=through.host, password=PASSWORD)
        self.ftp = Ftplib().open(target, context=context, timeout=timeout)

    def __enter__(self):
        return self.ftp

    def __exit__(self, *_):
        self.ftp.close()


def fetch(ftp, name="big.bin"):
    content = io.BytesIO()
    ftp.retrbinary(f"RETR {name}", content.write)
    return content.getvalue()


def greeting(through, timeout=5):
    with socket.create_connection((through.host, through.port), timeout) as plain:
        return plain.makefile("rb").readline()


def replies(through, *commands, timeout=5):
    """The final reply to each, in clear; None where the connection ended."""
    with contextlib.closing(Control(through.host, through.port, timeout=timeout)) as control:
        control.expect_reply(220)
        return [control.command(command) for command in commands]


def trust(through):
    return ssl.create_default_context(cafile=str(through.root))


# Healthy

@pytest.mark.sanitize
@pytest.mark.parametrize("client", (Curl(), Lftp(), Ftplib(), Rclone()), ids=lambda c: c.name)
@pytest.mark.parametrize("mode", ("plain", "explicit", "implicit"))
def test_a_healthy_wall_lets_clients_work(server, tree, tmp_path, client, mode):
    """With TLS the wall reads the dialogue to announce its own ports, and clients trust it."""
    options = ["--intercept"] if mode != "plain" else []
    with wall(server, "none", *options, implicit=mode == "implicit") as through:
        target = Target(through, mode)
        remote = f"healthy-{client.name}-{mode}"
        client.upload(target, tree, remote)
        client.download(target, remote, sorted(fingerprints(tree)), tmp_path)
        assert fingerprints(tmp_path) == fingerprints(tree)
        assert fingerprints(server.home() / remote) == fingerprints(tree)


def test_tls_passes_untouched_over_the_servers_own_ports(server, tmp_path):
    ports = f"{server.passive_ports[0]}-{server.passive_ports[-1]}"
    with wall(server, "none", "--passive-ports", ports, listen="127.0.0.2:0") as through:
        target = Target(through, "explicit", host="127.0.0.2")
        Curl().download(target, ".", ["big.bin"], tmp_path)
        assert (tmp_path / "big.bin").read_bytes() == BIG
        with Session(through, "explicit") as ftp:  # the server's own certificate
            assert fetch(ftp) == BIG


def test_what_tls_hides_is_said_at_once(server, tmp_path):
    """At the start, where the client may still speak in clear; when one has begun TLS; and with
    --implicit nothing is begun that cannot be played."""
    command = [SALLYPORT, "doctor", "simulate", "D-20", "--server", f"127.0.0.1:{server.explicit}"]
    refused = subprocess.run([*command, "--implicit"], capture_output=True, text=True, check=False,
                             timeout=20)
    assert refused.returncode != 0 and "--intercept" in refused.stderr, refused
    with open(tmp_path / "said", "w+", encoding="utf-8") as said:
        process = subprocess.Popen([*command, "--json"], text=True, stdout=subprocess.PIPE, stderr=said)
        told = json.loads(process.stdout.readline())
        assert "--passive-ports" in told["note"] and "--intercept" in told["note"]
        host, port = told["listen"].rsplit(":", 1)
        with contextlib.closing(Control(host, int(port))) as control:
            control.expect_reply(220)
            control.expect("AUTH TLS", 234)
        process.terminate()
        assert process.wait(timeout=20) == 0
        said.seek(0)
        assert "has begun TLS" in (words := said.read()) and "--intercept" in words
    process.stdout.close()


def test_what_can_be_played_needs_no_warning(server):
    for cause, *options in (("none",), ("D-20", "--intercept"), ("D-61",), ("D-46",)):
        with wall(server, cause, *options) as through:
            assert "note" not in through.told


@pytest.mark.sanitize
def test_no_command_overtakes_a_data_connection(start_server):
    """The server has one port for all: a connection that came too late for its own transfer would be
    taken for the one of the next."""
    server = start_server(passive_ports=1, plain_ftp=True, listen="127.0.0.1")
    server.add_user()
    with wall(server, "none") as through:
        with contextlib.closing(Control(through.host, through.port)) as control:
            control.expect_reply(220)
            control.log_in("alice", PASSWORD)
            for _ in range(100):
                with contextlib.closing(control.dial(control.epsv())):
                    control.sock.sendall(b"RETR missing\r\nEPSV\r\n")
                    control.expect_reply(550)
                    control.expect_reply(229)
                assert control.listing() is not None


@pytest.mark.parametrize("client", (Lftp(), Ftplib()), ids=lambda c: c.name)
@pytest.mark.parametrize("mode", ("plain", "explicit"))
def test_active_mode_works_through_a_healthy_wall(server, tree, tmp_path, client, mode):
    options = ["--intercept"] if mode != "plain" else []
    with wall(server, "none", *options) as through:
        target = Target(through, mode, is_active=True)
        client.upload(target, tree, f"active-{client.name}-{mode}")
        assert fingerprints(server.home() / f"active-{client.name}-{mode}") == fingerprints(tree)


# The command connection

def test_a_dropped_port_is_silent_and_a_rejected_one_is_not(server):
    with wall(server, "D-10") as through, pytest.raises(TimeoutError):
        greeting(through, 1)
    with wall(server, "D-11") as through, pytest.raises(ConnectionRefusedError):
        greeting(through)


def test_what_answers_is_no_ftp_server(server):
    with wall(server, "D-14") as through:
        assert greeting(through) == b""
    with wall(server, "D-15") as through:
        assert greeting(through).startswith(b"421 ")
    with wall(server, "D-18") as through:
        assert greeting(through).startswith(b"SSH-2.0-")
    with wall(server, "D-17") as through, pytest.raises(TimeoutError):
        greeting(through, 1)


def test_a_late_greeting_comes_late(server):
    with wall(server, "D-70", "--seconds", 2) as through:
        begin = time.monotonic()
        assert greeting(through).startswith(b"220 ")
        assert time.monotonic() - begin > 1.9


def test_an_inspecting_firewall_masks_and_refuses(server):
    with wall(server, "D-19") as through:
        assert greeting(through).startswith(b"220 ****")
        feat, auth = replies(through, "FEAT", "AUTH TLS")
        assert "AUTH" not in feat.text and "XXXX" in feat.text
        assert auth.code == 502


def test_reset_after_auth_tls_and_alerts(server):
    for cause, expected in (("D-19a", ConnectionResetError), ("D-43", ssl.SSLError),
                            ("D-44", ssl.SSLError)):
        with wall(server, cause) as through, pytest.raises(expected) as caught:
            Session(through, "explicit", context=trust(through))
        if cause == "D-43":
            assert "PROTOCOL_VERSION" in str(caught.value).upper()
        if cause == "D-44":
            assert "HANDSHAKE_FAILURE" in str(caught.value).upper()


def test_strict_inspection_resets_unknown_verbs(server):
    with wall(server, "D-19b") as through, pytest.raises((OSError, Closed)):
        replies(through, "NOOP", "CLNT test")


def test_tls_1_3_is_reset_and_1_2_passes(server):
    with wall(server, "D-45") as through:
        with pytest.raises(ConnectionResetError):
            Session(through, "explicit", context=trust(through))
        old = trust(through)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with Session(through, "explicit", context=old) as ftp:
            assert ftp.pwd() == "/"


@pytest.mark.parametrize("cause, words", (
    ("D-46", "expired"), ("D-47", "self-signed"), ("D-48", "unable to get local issuer"),
    ("D-49", "mismatch")))
def test_certificates_that_clients_refuse(server, cause, words):
    with wall(server, cause) as through, pytest.raises(ssl.SSLCertVerificationError, match=words):
        Session(through, "explicit", context=trust(through))


def test_an_intercepting_box_is_trusted_only_with_its_authority(server):
    with wall(server, "D-50") as through:
        with pytest.raises(ssl.SSLCertVerificationError):
            Session(through, "explicit", context=server.trust())
        with Session(through, "explicit", context=trust(through)) as ftp:
            assert fetch(ftp) == BIG


def test_data_connections_show_another_certificate(server):
    with wall(server, "D-56") as through:
        with Session(through, "explicit", context=trust(through)) as ftp:
            data = ftp.transfercmd("RETR hello.txt")
            assert data.getpeercert(True) != ftp.sock.getpeercert(True)
            data.close()


def test_a_client_certificate_is_wanted(server):
    with wall(server, "D-58b") as through, pytest.raises((ssl.SSLError, OSError)):
        Session(through, "explicit", context=trust(through))


# Data connections

@pytest.mark.parametrize("cause, expected", (
    ("D-20", TimeoutError), ("D-21", ConnectionRefusedError), ("D-27", ConnectionRefusedError)))
def test_passive_ports_that_do_not_answer(server, cause, expected):
    with wall(server, cause) as through, Session(through, timeout=2) as ftp:
        assert ftp.pwd() == "/"  # the command connection is fine
        if cause == "D-27":
            ftp.sendcmd("PASV")
            ftp.af = socket.AF_INET  # PASV, whose reply is rewritten
        with pytest.raises(expected):
            fetch(ftp)


def test_a_dropped_range_under_tls(server):
    ports = f"{server.passive_ports[0]}-{server.passive_ports[-1]}"
    with wall(server, "D-20", "--passive-ports", ports, listen="127.0.0.2:0") as through:
        done = subprocess.run(["curl", "--silent", "--ssl-reqd", "--cacert", server.authority.root,
                               "--max-time", "3", "--ftp-skip-pasv-ip", "--disable-epsv",
                               f"ftp://alice:{PASSWORD.replace(' ', '%20')}@127.0.0.2:"
                               f"{through.port}/big.bin"], capture_output=True, timeout=60,
                              check=False)
        assert done.returncode == 28, done.stderr


def test_a_range_that_is_partly_open(server):
    first, last = server.passive_ports[0], server.passive_ports[-1]
    middle = (first + last) // 2
    with wall(server, "D-23", "--passive-ports", f"{first}-{last}", "--open",
              f"{first}-{middle}", listen="127.0.0.2:0"):
        for port, is_open in ((first, True), (middle, True), (middle + 1, False), (last, False)):
            with socket.socket() as probe:
                probe.settimeout(1)
                with contextlib.nullcontext() if is_open else pytest.raises(TimeoutError):
                    probe.connect(("127.0.0.2", port))


@pytest.mark.parametrize("cause, address", (("D-25", "192,168,77,10"), ("D-26", "198,51,100,77")))
def test_pasv_tells_a_wrong_address(server, cause, address):
    with wall(server, cause) as through, Session(through) as ftp:
        assert f"({address}," in ftp.sendcmd("PASV")
        ftp.trust_server_pasv_ipv4_address = False  # what lenient clients do
        assert fetch(ftp) == BIG


def test_epsv_leads_nowhere_and_pasv_works(server):
    with wall(server, "D-29") as through, Session(through, timeout=2) as ftp:
        assert fetch(ftp) == BIG
        ftp.af = socket.AF_INET6  # ftplib takes EPSV then
        with pytest.raises(TimeoutError):
            fetch(ftp)


def test_another_source_address_is_refused_by_the_server(server):
    with wall(server, "D-31") as through, Session(through, timeout=8) as ftp:
        with pytest.raises(ftplib.Error, match="425"):
            fetch(ftp)


def test_a_balancer_resets_data_connections(server):
    with wall(server, "D-32") as through, Session(through, timeout=8) as ftp:
        with pytest.raises((OSError, ftplib.Error)):
            fetch(ftp)


def test_the_second_of_two_transfers_fails(server):
    with wall(server, "D-82a") as through, Session(through) as one, Session(through) as two:
        first = one.transfercmd("STOR second-of-two.bin")  # it stands until we end it
        first.sendall(b"x")
        with pytest.raises((OSError, ftplib.Error)):
            fetch(two)
        first.close()


@pytest.mark.sanitize
@pytest.mark.tsan
def test_after_many_data_connections_everything_is_dropped(server):
    with wall(server, "D-34a", "--limit", 3) as through, Session(through, timeout=2) as ftp:
        for _ in range(3):
            assert fetch(ftp, "hello.txt") == b"hello"
        with pytest.raises(OSError):
            fetch(ftp, "hello.txt")
        with pytest.raises(TimeoutError):
            greeting(through, 1)


def test_uploads_stall_and_downloads_pass(server):
    with wall(server, "D-34b") as through, Session(through, timeout=2) as ftp:
        assert fetch(ftp) == BIG
        with pytest.raises(OSError):
            ftp.storbinary("STOR stalled.bin", io.BytesIO(BIG * 100))


@pytest.mark.sanitize
@pytest.mark.tsan
def test_transfers_that_stall_are_killed_or_slow(server):
    with wall(server, "D-78") as through, Session(through, timeout=2) as ftp:
        with pytest.raises(TimeoutError):
            fetch(ftp)
    with wall(server, "D-82") as through, Session(through, timeout=4) as ftp:
        with pytest.raises(ConnectionResetError):
            fetch(ftp)
    with wall(server, "D-81", "--rate", 4 * len(BIG) // 10) as through:
        with Session(through) as ftp:
            begin = time.monotonic()
            assert fetch(ftp) == BIG
            assert time.monotonic() - begin > 1.5


def test_large_packets_vanish(server):
    with wall(server, "D-79") as through, Session(through, timeout=2) as ftp:
        assert fetch(ftp, "hello.txt") == b"hello"
        with pytest.raises(TimeoutError):
            fetch(ftp)
    with wall(server, "D-79") as through, pytest.raises(TimeoutError):
        Session(through, "explicit", timeout=2, context=trust(through))


def test_an_upload_is_cut_short_without_a_word(server):
    with wall(server, "D-93") as through, Session(through, timeout=8) as ftp:
        with contextlib.suppress(OSError):
            ftp.storbinary("STOR cut.bin", io.BytesIO(BIG))
        assert (server.home() / "cut.bin").stat().st_size == 65536


@pytest.mark.sanitize
@pytest.mark.tsan
def test_tls_data_connections_must_resume(server):
    with wall(server, "D-52") as through:
        context = trust(through)
        with Session(through, "explicit", context=context) as ftp:
            with pytest.raises((ssl.SSLError, OSError, ftplib.Error)):
                fetch(ftp)
        assert "hello" in Lftp().script(Target(through, "explicit"), "cat hello.txt")
        done = subprocess.run(["curl", "--silent", "--ssl-reqd", "--cacert", through.root,
                               "--no-sessionid", "--user", f"alice:{PASSWORD}",
                               f"ftp://127.0.0.1:{through.port}/hello.txt"], timeout=60,
                              capture_output=True, check=False)
        assert done.returncode != 0


def test_tickets_are_used_up(server):
    with wall(server, "D-53", "--limit", 2) as through:
        with Session(through, "explicit", context=trust(through)) as ftp:
            for _ in range(2):
                assert fetch(ftp, "hello.txt") == b"hello"
            with pytest.raises((OSError, ftplib.Error)):
                fetch(ftp, "hello.txt")


def test_the_tail_of_an_upload_is_lost(server):
    with wall(server, "D-58") as through, Session(through, timeout=8) as ftp:
        with pytest.raises((OSError, ftplib.Error)):
            ftp.storbinary("STOR lost.bin", io.BytesIO(BIG))


@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
                         ids=lambda version: version.name)
def test_the_tail_is_lost_however_quickly_the_server_reads(server, version):
    """Under TLS that the box cannot read: this client leaves the server all the time there is to read
    its close_notify, and ends the connection only when the server has answered."""
    ports = f"{server.passive_ports[0]}-{server.passive_ports[-1]}"
    with wall(server, "D-58", "--passive-ports", ports, listen="127.0.0.2:0") as through:
        context = server.trust()
        context.maximum_version = version
        with Session(through, "explicit", timeout=20, context=context) as ftp:
            data = ftp.transfercmd(f"STOR lost-{version.name}.bin")
            data.sendall(BIG)
            with contextlib.suppress(OSError):
                data.unwrap()
            with pytest.raises(ftplib.Error):
                ftp.voidresp()
            data.close()


def test_a_download_without_close_notify(server):
    with wall(server, "D-57") as through:
        context = trust(through)
        context.options &= ~0x80  # SSL_OP_IGNORE_UNEXPECTED_EOF, which Python sets
        with Session(through, "explicit", context=context) as ftp:
            data = ftp.transfercmd("RETR hello.txt")
            data.suppress_ragged_eofs = False
            with pytest.raises(ssl.SSLError, match="UNEXPECTED_EOF"):
                while data.recv(100):
                    pass
            data.close()


# Active mode

def test_active_mode_behind_walls(server):
    for cause, code in (("D-35", "425"), ("D-36", "50"), ("D-39", "502")):
        with wall(server, cause) as through, Session(through, timeout=20) as ftp:
            ftp.set_pasv(False)
            with pytest.raises(ftplib.Error, match=code):
                fetch(ftp, "hello.txt")
    with wall(server, "D-40") as through:
        assert [r.code for r in replies(through, "EPRT |1|127.0.0.1|40000|")] == [500]


# Replies

@pytest.mark.parametrize("cause, code", (
    ("D-60", 530), ("D-61", 530), ("D-63", 421), ("D-64", 530), ("D-65", 530), ("D-66", 530),
    ("D-67", 451), ("D-68", 421), ("D-69", 530)))
@pytest.mark.parametrize("mode", ("plain", "explicit"))
def test_logins_that_fail(server, cause, code, mode):
    with wall(server, cause) as through, pytest.raises(ftplib.Error, match=str(code)):
        Session(through, mode, context=trust(through))


def test_an_account_is_asked_for(server):
    with wall(server, "D-71") as through:
        assert [r.code for r in replies(through, "USER alice", "PASS x")] == [331, 332]


def test_plain_logins_are_refused_and_tls_passes(server):
    with wall(server, "D-59") as through:
        with pytest.raises(ftplib.error_perm, match="530"):
            Session(through)
        with Session(through, "explicit", context=trust(through)) as ftp:
            assert ftp.pwd() == "/"


@pytest.mark.parametrize("cause, code", (("D-88", 452), ("D-89", 552), ("D-90", 550),
                                         ("D-91", 553), ("D-92", 450)))
def test_uploads_that_are_refused(server, cause, code):
    with wall(server, cause) as through:
        with Session(through, "explicit", context=trust(through)) as ftp:
            with pytest.raises(ftplib.Error, match=str(code)):
                ftp.storbinary("STOR refused.bin", io.BytesIO(b"x"))
    assert not (server.home() / "refused.bin").exists()


@pytest.mark.parametrize("cause, command, code", (
    ("D-30", "PASV", 425), ("D-33", "EPSV", 425), ("D-95", "SIZE hello.txt", 550),
    ("D-95", "REST 1", 501), ("D-54", "LIST", 522)))
def test_commands_that_are_refused(server, cause, command, code):
    with wall(server, cause) as through, Session(through) as ftp:
        with pytest.raises(ftplib.Error, match=str(code)):
            ftp.sendcmd(command)


# Silence

def test_silent_command_connections_end(server):
    with wall(server, "D-73", "--seconds", 1) as through, Session(through) as ftp:
        assert ftp.getline().startswith("421 ")
    with wall(server, "D-76", "--seconds", 1) as through, Session(through) as ftp:
        with pytest.raises(ConnectionResetError):
            ftp.getline()
    with wall(server, "D-74", "--seconds", 1) as through, Session(through, timeout=3) as ftp:
        with pytest.raises(TimeoutError):
            ftp.getline()
        with pytest.raises(OSError):
            ftp.voidcmd("NOOP")


def test_a_late_download_begins_late(server):
    with wall(server, "D-82b", "--seconds", 2) as through, Session(through, timeout=10) as ftp:
        begin = time.monotonic()
        assert fetch(ftp, "hello.txt") == b"hello"
        assert time.monotonic() - begin > 1.9


# The command line

def test_the_causes_are_listed():
    causes = json.loads(run([SALLYPORT, "--json", "doctor", "simulate", "--list"]))["causes"]
    assert causes[0]["id"] == "none" and len(causes) > 60
    assert "D-20" in run([SALLYPORT, "doctor", "simulate", "--list"])


def test_wrong_words_are_usage_errors():
    for arguments in ((), ("D-1000",), ("D-20",), ("D-20", "--server", "x:y"),
                      ("D-20", "--server", "localhost:21", "--listen", "nowhere"),
                      ("D-74", "--server", "localhost:21", "--seconds", "0")):
        done = subprocess.run([SALLYPORT, "doctor", "simulate", *arguments], capture_output=True,
                              timeout=30, check=False)
        assert done.returncode == 2, arguments
