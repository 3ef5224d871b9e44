"""Several hosts on one server (RFC 7151, SNI): each with its certificate, greeting, files and
character set; and names for clients from before UTF-8."""

import contextlib
import os
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

import pytest

from sallyport_lab.control import Control
from sallyport_lab.daemon import IS_ROOT, PASSWORD, SALLYPORT, SALLYPORTD, SERVICE_USER
from sallyport_lab.wait import eventually

MAIN, OWN, SHARED, LATIN = "ftp.main.test", "ftp.own.test", "ftp.shared.test", "ftp.latin.test"
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = [pytest.param(V13, id="tls1.3"), pytest.param(V12, id="tls1.2")]


class NamedControl(Control):
    """A client that connects by address, but knows the server by a name."""

    name = None  # in the ClientHello of the control connection
    data_name = None  # in those of data connections

    def start_tls(self, context=None):
        self.context = context or self.context
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.name)
        self.is_tls = True

    def protect_data(self, data, session=None, context=None):
        session = session or (self.sock.session if self.resumes else None)
        return self.context.wrap_socket(data, server_hostname=self.data_name, session=session,
                                        suppress_ragged_eofs=False)


class Lab:
    def __init__(self, start, authority):
        self.certificates = {MAIN: authority.issue("main", [f"DNS:{MAIN}", "IP:127.0.0.1"]),
                             OWN: authority.issue("own", [f"DNS:{OWN}", "DNS:alias.own.test"])}
        self.authority = authority
        chain, key = self.certificates[MAIN]
        own_chain, own_key = self.certificates[OWN]
        self.server = start(
            server_name=MAIN, banner="The main gate", certificate=chain, private_key=key,
            data_session_reuse="require", require_data_tls=False,
            hosts={OWN: {"certificate": own_chain, "private_key": own_key, "banner": "The own gate",
                         "aliases": "Alias.Own.Test., other.own.test",
                         "data_root": "/tmp/placeholder"},
                   SHARED: {"banner": "The shared gate"},
                   LATIN: {"charset": "ISO-8859-1"}})

    def context(self, name, version=None):
        """Verifies the chain, and the name where one is given."""
        context = self.server.trust(version, version)
        context.check_hostname = name is not None
        return context

    @contextlib.contextmanager
    def connect(self, name=None, tls=True, implicit=False, host=None, version=None):
        """A client that says this name in its handshake, after HOST if that is given."""
        server = self.server
        control = NamedControl("127.0.0.1", server.implicit if implicit else server.explicit,
                               context=self.context(name, version))
        control.name = control.data_name = name
        with control:
            if implicit:
                control.start_tls()
            control.banner = control.expect_reply(220)
            if host:
                control.banner = control.expect(f"HOST {host}", 220)
            if tls and not implicit:
                control.auth_tls()
            yield control

    def log_in(self, control):
        control.log_in("alice", PASSWORD)
        if control.is_tls:
            control.protect()
        control.expect("TYPE I", 200)


def names_of(control):
    """The names in the certificate that the client has got."""
    return [value for kind, value in control.sock.getpeercert()["subjectAltName"] if kind == "DNS"]


@pytest.fixture(scope="module")
def lab(start_module_server, authority):
    folder = Path(tempfile.mkdtemp(prefix="sallyport-hosts-", dir="/tmp"))
    folder.chmod(0o755)  # the daemon's user passes through
    root = folder / "own"

    def start(**settings):
        settings["hosts"][OWN]["data_root"] = root
        return start_module_server(**settings)

    lab = Lab(start, authority)
    lab.own_root = root
    lab.server.add_user()
    home = root / "alice"
    home.mkdir(exist_ok=True)
    if IS_ROOT:
        shutil.chown(home, SERVICE_USER, SERVICE_USER)
    (home / "where.txt").write_text("own")
    lab.server.put("where.txt", b"main")
    yield lab
    shutil.rmtree(folder, ignore_errors=True)


# The name in the handshake


@pytest.mark.sanitize
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name, shown, where", [
    (None, MAIN, b"main"), (MAIN, MAIN, b"main"), (OWN, OWN, b"own"),
    ("alias.own.test", OWN, b"own"),
])
@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
def test_the_name_in_the_handshake_is_the_host(lab, implicit, name, shown, where, version):
    with lab.connect(name, implicit=implicit, version=version) as control:
        assert shown in names_of(control)
        if implicit:
            assert (control.banner.text == "220 The own gate") == (shown == OWN)
        lab.log_in(control)
        assert control.download("where.txt") == where


def test_an_unknown_name_gets_the_default_certificate(lab):
    context = lab.context(None)
    with NamedControl("127.0.0.1", lab.server.explicit, context=context) as control:
        control.name = "stranger.test"
        control.expect_reply(220)
        control.auth_tls()
        assert names_of(control) == [MAIN]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("data_name", [None, OWN, MAIN, "127.0.0.1"])
def test_data_connections_have_the_certificate_of_their_control_connection(lab, data_name, version):
    with lab.connect(OWN, version=version) as control:
        lab.log_in(control)
        control.data_name = data_name
        control.context.check_hostname = False
        transfer = control.transfer("RETR where.txt")  # under data_session_reuse = require
        assert (transfer.code, transfer.data, transfer.resumed) == (226, b"own", True)


def test_a_session_of_one_host_proves_nothing_for_another(lab):
    with lab.connect(MAIN, version=V12) as first:
        session, context = first.sock.session, first.context
        context.check_hostname = True
        with NamedControl("127.0.0.1", lab.server.explicit, context=context) as control:
            control.expect_reply(220)
            control.expect("AUTH TLS", 234)
            control.sock = context.wrap_socket(control.sock, server_hostname=OWN, session=session)
            assert not control.sock.session_reused
            assert OWN in names_of(control)


def test_openssl_and_curl_reach_the_host_that_they_name(lab, tmp_path):
    server = lab.server
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.explicit}", "-starttls", "ftp",
         "-servername", OWN, "-CAfile", server.authority.root, "-verify_return_error",
         "-verify_hostname", OWN], input="QUIT\r\n", capture_output=True, text=True, timeout=30)
    assert "Verify return code: 0 (ok)" in shown.stdout, shown.stdout + shown.stderr
    upload = tmp_path / "from-curl.txt"
    upload.write_text("curl was here")
    for port, url in ((server.explicit, "ftp"), (server.implicit, "ftps")):
        subprocess.run(
            ["curl", "-sS", "--fail", "--ssl-reqd", "--cacert", server.authority.root, "--resolve",
             f"{OWN}:{port}:127.0.0.1", "-u", f"alice:{PASSWORD}", "-T", upload,
             f"{url}://{OWN}:{port}/{url}.txt"], check=True, timeout=30)
        assert (lab.own_root / "alice" / f"{url}.txt").read_text() == "curl was here"
        assert not (server.home() / f"{url}.txt").exists()


# HOST


@pytest.mark.sanitize
def test_host_before_auth_chooses_certificate_greeting_and_files(lab):
    with lab.connect(None, tls=False) as control:
        assert control.banner.text == "220 The main gate"
        assert control.expect(f"HOST {OWN.upper()}.", 220).text == "220 The own gate"
        control.auth_tls()
        assert OWN in names_of(control)
        lab.log_in(control)
        assert control.download("where.txt") == b"own"


def test_the_name_in_the_handshake_wins_over_host(lab):
    with lab.connect(OWN, host=SHARED) as control:
        assert OWN in names_of(control)
        lab.log_in(control)
        assert control.download("where.txt") == b"own"


def test_a_host_without_own_settings_has_those_of_the_default_one(lab):
    with lab.connect(None, host=SHARED) as control:
        assert control.banner.text == "220 The shared gate"
        assert names_of(control) == [MAIN]
        lab.log_in(control)
        assert control.download("where.txt") == b"main"
    with lab.connect(None, host=LATIN) as control:
        assert control.banner.text == "220 The main gate"


def test_host_after_the_handshake_cannot_change_what_was_proven(lab):
    with lab.connect(MAIN) as control:
        assert "certificate" in control.expect(f"HOST {OWN}", 503).text
        assert control.expect(f"HOST {SHARED}", 220).text == "220 The shared gate"
        lab.log_in(control)
        assert control.download("where.txt") == b"main"
    with lab.connect(OWN) as control:
        control.expect(f"HOST {SHARED}", 503)
        control.expect("HOST other.own.test", 220)


@pytest.mark.parametrize("argument, code", [
    ("stranger.test", 504), ("192.0.2.77", 504), ("[2001:db8::77]", 504), ("", 501), ("a b", 501),
    ("a..b", 501), ("[::1", 501), ("::1", 501), (f"{MAIN}:21", 501), ("café.test", 501),
    (MAIN, 220), ("127.0.0.1", 220), ("[127.0.0.1]", 220), (OWN, 220), ("other.own.test", 220),
])
def test_host_knows_its_names(lab, argument, code):
    with lab.connect(tls=False) as control:
        control.expect(f"HOST {argument}", code)


def test_host_comes_before_user_and_rein_begins_anew(lab):
    with lab.connect(host=SHARED) as control:
        control.expect("USER alice", 331)
        control.expect(f"HOST {MAIN}", 503)
        control.expect(f"PASS {PASSWORD}", 230)
        control.expect(f"HOST {MAIN}", 503)
        assert control.expect("STAT", 211).lines[0] == f"211-{SHARED} FTP server status:"
        control.expect("REIN", 220)
        control.log_in("alice", PASSWORD)
        assert control.expect("STAT", 211).lines[0] == f"211-{MAIN} FTP server status:"
        assert " HOST" in control.expect("FEAT", 211).lines


def test_the_log_names_the_host(lab):
    log = lab.server.log
    since = log.position()
    with lab.connect(OWN, implicit=True) as control:
        lab.log_in(control)
        log.wait_for(rf" connected .*host={OWN}", since=since)
        log.wait_for(rf" login .*user=alice .*host={OWN}", since=since)
    since = log.position()
    with lab.connect(host=SHARED) as control:
        lab.log_in(control)
        log.wait_for(rf" connected .*host={MAIN}", since=since)
        log.wait_for(rf" login .*user=alice .*host={SHARED}", since=since)


# Character sets


def latin(reply_or_lines):
    """What was read as UTF-8 with surrogates, as a client of ISO-8859-1 shows it."""
    text = getattr(reply_or_lines, "text", None) or "\n".join(reply_or_lines)
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


@pytest.fixture
def old_client(lab):
    home = lab.server.home()
    with lab.connect(host=LATIN) as control:
        lab.log_in(control)
        control.expect("MKD old", 257)
        control.expect("CWD old", 250)
        yield control
        control.close()
    shutil.rmtree(home / "old")


def stored(lab):
    return sorted(os.listdir(os.fsencode(lab.server.home() / "old")))


def transfer(control, command, payload=None):
    """A transfer whose command is bytes."""
    raw = control.dial(control.epsv())
    control.send(command)
    control.expect_reply(150)
    data = control.protect_data(raw)
    got = b""
    if payload is None:
        while piece := data.recv(4096):
            got += piece
        with contextlib.suppress(OSError):
            data.unwrap()
    else:
        data.sendall(payload)
        data.unwrap()
    data.close()
    return got, control.read_reply()


@pytest.mark.sanitize
def test_names_of_an_old_client_are_utf8_on_disk(lab, old_client):
    _, done = transfer(old_client, b"STOR caf\xe9.txt", b"un caf\xe9")
    assert done.code == 226
    assert stored(lab) == ["café.txt".encode()]
    assert transfer(old_client, b"RETR caf\xe9.txt")[0] == b"un caf\xe9"  # content passes as it is
    assert transfer(old_client, b"RETR " + "café.txt".encode())[1].code == 226
    for command in ("LIST", "NLST", "MLSD"):
        listing = transfer(old_client, command)[0]
        assert b"caf\xe9.txt\r\n" in listing and "é".encode() not in listing
    assert transfer(old_client, b"NLST caf\xe9.txt")[0] == b"caf\xe9.txt\r\n"
    assert "café.txt" in latin(old_client.expect(b"MLST caf\xe9.txt", 250))
    assert "café.txt" in latin(old_client.expect("STAT .", 212))
    assert '"/old/gr\xfcn"' in latin(old_client.expect(b"MKD gr\xfcn", 257))
    assert "\xfcber" in latin(old_client.expect(b"DELE \xfcber", 550))


def test_a_client_that_turns_utf8_on_gets_it(lab, old_client):
    transfer(old_client, b"STOR caf\xe9.txt", b"")
    old_client.expect("OPTS UTF8 ON", 200)
    assert "café.txt".encode() in transfer(old_client, "NLST")[0]
    assert "café.txt" in old_client.expect("MLST café.txt", 250).text
    old_client.expect("OPTS UTF8 OFF", 200)
    assert transfer(old_client, "NLST")[0] == b"caf\xe9.txt\r\n"
    old_client.expect("OPTS UTF8 ON", 200)
    old_client.expect("REIN", 220)
    old_client.expect(f"HOST {LATIN}", 220)
    lab.log_in(old_client)
    assert transfer(old_client, "NLST old")[0] == b"old/caf\xe9.txt\r\n"


def test_what_the_character_set_does_not_hold_is_a_question_mark(lab, old_client):
    old_client.expect("MKD 日本€", 257)
    assert stored(lab) == ["日本€".encode()]
    assert transfer(old_client, "NLST")[0] == b"???\r\n"
    lab.server.put("old/\udcff\udcfe", b"")  # a name that is no UTF-8 at all
    assert b"??\r\n" in transfer(old_client, "NLST")[0]


def test_the_byte_255_survives_telnet(lab, old_client):
    old_client.expect(b"MKD \xff\xffel", 257)  # IAC is doubled on the control connection
    assert stored(lab) == ["ÿel".encode()]
    assert transfer(old_client, "NLST")[0] == b"\xffel\r\n"
    assert "/old/ÿÿel" in latin(old_client.expect(b"MLST \xff\xffel", 250))
    assert "ÿÿel" in latin(old_client.expect("STAT .", 212))


def test_large_listings_are_converted_whole(lab, old_client):
    names = [f"é{number:04d}-{'ü' * 60}" for number in range(300)]
    for name in names:
        lab.server.put(f"old/{name}", b"")
    assert sorted(transfer(old_client, "NLST")[0].decode("latin-1").split()) == names


def test_without_a_character_set_bytes_pass_unharmed(lab):
    with lab.connect(host=SHARED) as control:
        lab.log_in(control)
        control.expect("MKD plain", 257)
        control.expect("CWD plain", 250)
        control.expect(b"MKD caf\xe9", 257)
        assert os.listdir(os.fsencode(lab.server.home() / "plain")) == [b"caf\xe9"]
        assert transfer(control, "NLST")[0] == b"caf\xe9\r\n"
        control.expect(b"RMD caf\xe9", 250)
        control.expect("RMD /plain", 250)


# Configuration


def test_a_reload_serves_the_new_certificate_and_keeps_old_sessions(start_server, authority):
    def issue(name):
        return authority.issue(name, [f"DNS:{OWN}", f"DNS:{name}.test"])

    chain, key = issue("before")
    server = start_server(hosts={OWN: {"certificate": chain, "private_key": key}})
    server.add_user()

    def connect():
        control = NamedControl("127.0.0.1", server.implicit, context=server.trust())
        control.name = control.data_name = OWN
        control.start_tls()
        control.expect_reply(220)
        return control

    with connect() as old:
        assert "before.test" in names_of(old)
        old.log_in("alice", PASSWORD)
        old.protect()
        chain, key = issue("after")
        server.write_config(hosts={OWN: {"certificate": chain, "private_key": key},
                                   SHARED: {"banner": "A new host"}})
        server.reload()

        def sees_new():
            with connect() as new:
                return "after.test" in names_of(new)
        eventually(sees_new, 5, "the new certificate")
        old.upload("kept.txt", b"still here")
        assert "before.test" in names_of(old)
    with server.connect(implicit=False) as control:
        assert control.expect(f"HOST {SHARED}", 220).text == "220 A new host"


@pytest.mark.parametrize("section, line, words", [
    ("[host a b]", 5, ["a b", "host name"]),
    (f"[host {OWN}]\nbaner = x", 6, ["baner", "banner"]),
    (f"[host {OWN}]\nidle_timeout = 5", 6, ["idle_timeout", "[ftp]"]),
    (f"[host {OWN}]\ncharset = KLINGON", 6, ["KLINGON"]),
    (f"[host {OWN}]\n[host {OWN.upper()}]", 6, ["second time"]),
    (f"[host {OWN}]\n[host other.test]\naliases = {OWN}", 7, [OWN, "already"]),
    (f"[host {OWN}]\ncertificate = /nowhere.pem", 6, ["/nowhere.pem", "No such file"]),
])
def test_mistakes_are_named_by_file_and_line(tmp_path, authority, section, line, words):
    config = tmp_path / "sallyport.conf"
    config.write_text(f"[tls]\ncertificate = {authority.chain}\nprivate_key = {authority.key}\n\n"
                      f"{section}\n")
    done = subprocess.run([SALLYPORT, "config", "check", config], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 1
    for word in [f"{config}:{line}: ", *words]:
        assert word in done.stderr, done.stderr
    done = subprocess.run([SALLYPORTD, "--config", config, "--check"], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode != 0 and words[0] in done.stderr


def test_show_tells_the_settings_of_hosts(tmp_path):
    config = tmp_path / "sallyport.conf"
    config.write_text(f"[host {OWN}]\nbanner = Hello\n")
    for options in ([], ["--all"], ["--json"]):
        done = subprocess.run([SALLYPORT, "--config", config, "config", "show", *options],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 and OWN in done.stdout and "Hello" in done.stdout, done.stdout
        if options != ["--json"]:
            assert f"{config}:2" in done.stdout
