"""Data connections are bound to their control session: a hundred transfers in one TLS session, by
clients that resume and clients that do not, under the policies prefer and require."""

import ssl

import pytest

from sallyport_lab import clients
from sallyport_lab.clients import Target
from sallyport_lab.control import Background, NEW_SESSION_TICKET

COUNT = 100
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = [pytest.param(V13, id="tls1.3"), pytest.param(V12, id="tls1.2")]


def make(start, policy):
    server = start(data_session_reuse=policy)
    server.add_user()
    server.add_user("mallory")
    for number in range(COUNT):
        server.put(f"many/{number:03d}.txt", f"file {number}\n".encode() * (number + 1))
    return server


@pytest.fixture(scope="module")
def prefer(start_module_server):
    return make(start_module_server, "prefer")


@pytest.fixture(scope="module")
def require(start_module_server):
    return make(start_module_server, "require")


@pytest.fixture(params=["prefer", "require"])
def either(request):
    return request.getfixturevalue(request.param)


def session(server, version, resumes):
    control = server.login(context=server.trust(version, version))
    control.resumes = resumes
    control.expect("TYPE I", 200)
    return control


# Clients that resume: under both policies


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.sanitize
@pytest.mark.tsan
def test_a_resuming_client_makes_100_transfers_in_one_session(either, version):
    with session(either, version, resumes=True) as control:
        for number in range(COUNT // 2):
            path, payload = f"resumed-{number}", f"{number}".encode() * 1000
            up = control.upload(path, payload)
            assert up.resumed, f"transfer {number} made a full handshake"
            assert up.tickets == 0
            assert control.download(path) == payload
            control.expect(f"DELE {path}", 250)


def test_lftp_makes_100_transfers_in_one_session(either, tmp_path):
    clients.Lftp().script(Target(either), f"mirror --parallel=1 many {tmp_path}")
    assert len(list(tmp_path.iterdir())) == COUNT


def curl_many(server, folder, version):
    curl, target = clients.Curl(), Target(server)
    curl.transfer(target, [
        (f'output = "{folder}/{n:03d}"', f'url = "{curl.url(target, f"many/{n:03d}.txt")}"')
        for n in range(COUNT)], f"tls-max = {version}", "create-dirs", "max-time = 280")
    assert (folder / "099").read_bytes() == b"file 99\n" * 100
    return len(list(folder.iterdir()))


@pytest.mark.timeout(300)
def test_curl_makes_100_transfers_in_one_session(prefer, require, tmp_path):
    """All ways at the same time: between its steps this curl (7.88) often waits for a fifth of a
    second, or a whole one, because it does not poll the socket that the answer comes on."""
    running = [Background(curl_many, server, tmp_path / f"{number}-{version}", version)
               for number, server in enumerate((prefer, require)) for version in ("1.3", "1.2")]
    assert [one.result(290) for one in running] == [COUNT] * 4


def test_ftplib_with_session_reuse_makes_100_transfers(either):
    with clients.Ftplib(resumes=True).open(Target(either)) as ftp:
        for number in range(COUNT):
            got = []
            ftp.retrbinary(f"RETR many/{number:03d}.txt", got.append)
            assert b"".join(got) == f"file {number}\n".encode() * (number + 1)


# Clients that do not resume


@pytest.mark.parametrize("version", VERSIONS)
def test_under_prefer_a_client_that_never_resumes_makes_100_transfers(prefer, version):
    with session(prefer, version, resumes=False) as control:
        for number in range(COUNT):
            done = control.transfer(f"RETR many/{number:03d}.txt")
            assert done.code == 226
            assert done.resumed is False
            assert done.tickets == 0


def test_under_prefer_plain_ftplib_makes_100_transfers(prefer):
    with clients.Ftplib().open(Target(prefer)) as ftp:
        for number in range(COUNT):
            got = []
            ftp.retrbinary(f"RETR many/{number:03d}.txt", got.append)
            assert b"".join(got) == f"file {number}\n".encode() * (number + 1)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.sanitize
def test_under_require_a_client_that_does_not_resume_is_told_why(require, version):
    with session(require, version, resumes=False) as control:
        for command in ("RETR many/000.txt", "MLSD", "STOR refused.bin"):
            done = control.transfer(command, b"" if command.startswith("STOR") else None)
            assert done.code in (522, 425), done
            assert "D-52" in done.final.text
            assert "resum" in done.final.text.lower() or "reuse" in done.final.text.lower()
            assert not done.data
        assert not (require.home() / "refused.bin").exists()
        control.resumes = True
        assert control.download("many/000.txt") == b"file 0\n", "the session lives on"


@pytest.mark.parametrize("version", VERSIONS)
def test_under_require_the_session_of_another_login_does_not_count(require, version):
    context = require.trust(version, version)
    with require.login(context=context) as mine, require.login("mallory", context=context) as other:
        other.listing()  # has resumed once: her session is a good one
        ticket_of_other = other.sock.session
        data = mine.dial(mine.epsv())
        mine.expect("RETR many/000.txt", 150)
        try:
            data = mine.protect_data(data, session=ticket_of_other)
            assert data.recv(100) == b""
        except (ssl.SSLError, OSError):
            pass
        reply = mine.read_reply()
        assert reply.code in (522, 425), reply
        data.close()


def test_under_off_every_data_connection_is_a_full_handshake(start_server):
    server = make(start_server, "off")
    with session(server, V13, resumes=False) as control:
        assert control.transfer("MLSD").code == 226


# Tickets


@pytest.mark.parametrize("resumes", [True, False])
def test_no_ticket_is_sent_on_a_data_connection(prefer, resumes):
    with session(prefer, V13, resumes) as control:
        for command, payload in (("RETR many/050.txt", None), ("STOR up.bin", b"x" * 50_000),
                                 ("MLSD", None)):
            done = control.transfer(command, payload)
            assert done.code == 226
            assert done.tickets == 0, command
            assert done.clean_end, f"{command}: close_notify is missing"


def test_fresh_tickets_come_on_the_control_connection_before_they_run_out(prefer):
    """A client that uses each ticket once, as RFC 8446 C.4 asks, never runs dry."""
    context = prefer.trust(V13, V13)
    tickets = 0

    def watch(connection, direction, _version, content_type, message_type, _data):
        nonlocal tickets
        if (direction == "read" and content_type == 22 and message_type == NEW_SESSION_TICKET
                and connection.getpeername()[1] == prefer.explicit):
            tickets += 1
    context._msg_callback = watch  # what is made from the context afterwards reports to it
    with prefer.login(context=context) as control:
        for number in range(30):
            assert tickets > number, "a ticket for each transfer so far, and one to go on"
            data = control.dial(control.epsv())
            control.expect(f"RETR many/{number:03d}.txt", 150)
            data = control.protect_data(data)
            assert data.session_reused
            while data.recv(65536):
                pass
            data.close()
            control.expect_reply(226)


# Versions and protection


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_1_1_is_refused(prefer):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(prefer.authority.root)
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    control = prefer.connect()
    control.expect("AUTH TLS", 234)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        control.start_tls(old)


@pytest.mark.parametrize("version", VERSIONS)
def test_only_modern_ciphers_are_negotiated(prefer, version):
    with session(prefer, version, resumes=True) as control:
        name, _, bits = control.sock.cipher()
        assert bits >= 128
        assert "GCM" in name or "CHACHA20" in name
        if version == V12:
            assert name.startswith("ECDHE-"), "forward secrecy"


def test_without_prot_p_a_data_connection_is_refused(prefer):
    with prefer.connect() as control:
        control.auth_tls()
        control.log_in("alice", "correct horse battery")
        control.epsv()
        reply = control.command("MLSD")
        assert reply.code in (521, 522, 534), reply
        assert "PROT P" in reply.text
        control.expect("PBSZ 0", 200)
        control.expect("PROT C", 534, 521, 536)
        control.protect()
        assert control.listing()


def test_prot_c_is_served_when_the_setting_allows_it(start_server):
    server = start_server(require_data_tls=False)
    server.add_user()
    server.put("open.txt", b"readable")
    with server.login() as control:
        control.expect("PROT C", 200)
        control.is_protected = False
        assert control.download("open.txt") == b"readable"


def test_pbsz_and_prot_know_their_sequence_and_levels(prefer):
    with prefer.connect() as control:
        control.expect("PBSZ 0", 503)
        control.expect("PROT P", 503)
        control.auth_tls()
        control.expect("PROT P", 503)
        control.expect("PBSZ 0", 200)
        for level in ("S", "E"):
            control.expect(f"PROT {level}", 536, 504)
        control.expect("PROT X", 504)
        control.expect("AUTH TLS", 503, 534)
        control.expect("AUTH GSSAPI", 503, 504, 534)


def test_auth_ssl_is_an_alias_and_other_mechanisms_are_504(prefer):
    with prefer.connect() as control:
        control.expect("AUTH GSSAPI", 504)
        control.expect("AUTH SSL", 234)
        control.start_tls()
        control.log_in("alice", "correct horse battery")


@pytest.mark.sanitize
def test_implicit_tls_needs_no_auth_and_greets_inside(prefer):
    with prefer.login(implicit=True) as control:
        control.expect("AUTH TLS", 503, 534)
        assert control.listing()


def test_the_complete_chain_is_sent_on_control_and_data(prefer):
    with session(prefer, V13, resumes=False) as control:
        leaf = control.sock.getpeercert(binary_form=True)
        running = control.start("MLSD")
        assert running.data.getpeercert(binary_form=True) == leaf
        assert running.finish().code == 226
