"""RFC 2228 and RFC 4217: security by TLS."""

import socket
import ssl
import warnings

import pytest

from sallyport_lab.daemon import PASSWORD
from specification import TLS, Row, dialogues, rfc

CLEAR = ("plain", "explicit")

test_auth_refusals = dialogues(
    Row("2228 3", "auth-unknown", "An unknown mechanism: 504.", """
        AUTH KERBEROS_V4 -> 504
        AUTH GSSAPI -> 504
        AUTH TLSX -> 504
        """, state="connected", modes=CLEAR),
    Row("2228 3", "auth-without-mechanism", "AUTH wants its argument: 501.", "AUTH -> 501",
        state="connected", modes=CLEAR),
    Row("2228 3", "auth-twice", "Under TLS, AUTH again is refused (503 or 534).", """
        AUTH TLS -> 503/534
        NOOP -> 200
        """, state="ready", modes=TLS),
    Row("2228 3", "commands-of-other-mechanisms", "ADAT, MIC, CONF, ENC are not TLS's.", """
        ADAT abcd -> 500/502/503
        MIC abcd -> 500/502/503/533/537
        CONF abcd -> 500/502/503/533/537
        ENC abcd -> 500/502/503/533/537
        """),
)

test_protection = dialogues(
    Row("2228 3", "pbsz-before-auth", "PBSZ without a security exchange: 503.", "PBSZ 0 -> 503",
        state="connected", modes=CLEAR),
    Row("2228 3", "prot-before-auth", "PROT without PBSZ: 503.", "PROT P -> 503",
        state="connected", modes=CLEAR),
    Row("4217 9", "prot-before-pbsz", "PROT must be preceded by PBSZ: 503.", "PROT P -> 503",
        state="ready", modes=TLS),
    Row("4217 8", "pbsz", "PBSZ 0 is answered with 200.", "PBSZ 0 -> 200", state="ready", modes=TLS),
    Row("4217 8", "pbsz-other", "Another size is answered with PBSZ=0.", "PBSZ 1024 -> 200 PBSZ=0",
        state="ready", modes=TLS),
    Row("2228 3", "pbsz-nonsense", "The size is a decimal number of 32 bits.", """
        PBSZ -> 501
        PBSZ x -> 501
        PBSZ -1 -> 501
        PBSZ 4294967296 -> 501
        """, state="ready", modes=TLS),
    Row("4217 9", "prot-p", "PROT P: 200.", """
        PBSZ 0 -> 200
        PROT P -> 200
        PROT p -> 200
        """, state="ready", modes=TLS),
    Row("4217 9", "prot-s-e", "TLS has no levels S and E: 536.", """
        PBSZ 0 -> 200
        PROT S -> 536
        PROT E -> 536
        """, state="ready", modes=TLS),
    Row("2228 3", "prot-nonsense", "A level that nobody knows: 504 or 501.", """
        PBSZ 0 -> 200
        PROT X -> 504/501
        PROT PP -> 504/501
        PROT -> 501
        """, state="ready", modes=TLS),
    Row("2228 3", "prot-c-by-policy", "Where data must be protected PROT C is refused: 534.", """
        PBSZ 0 -> 200
        PROT C -> 534
        """, state="ready", modes=TLS),
    Row("2228 3", "ccc-in-clear", "CCC where nothing is protected: 533.", "CCC -> 500/502/503/533/534",
        modes=("plain",)),
    Row("2228 3", "ccc-by-policy", "CCC is off: 534 (or 502).", """
        CCC -> 502/534
        NOOP -> 200
        """, modes=TLS),
    Row("4217 4", "before-login", "PBSZ and PROT may come before the login, and hold after it.", """
        PBSZ 0 -> 200
        PROT P -> 200
        USER alice -> 331
        PASS correct horse battery -> 230
        """, state="ready", modes=TLS),
)


@pytest.mark.parametrize("mechanism", ["TLS", "tls", "TLS-C", "SSL", "TLS-P", "Ssl"])
@rfc("4217 17", "AUTH TLS and its older names: 234, then the handshake.", modes=CLEAR)
def test_auth(gate, mechanism):
    control = gate.connect()
    control.expect(f"AUTH {mechanism}", 234)
    control.start_tls()
    assert control.sock.version() in ("TLSv1.2", "TLSv1.3")
    control.log_in("alice", PASSWORD)


@pytest.mark.parametrize("mechanism", ["SSL", "TLS-P"])
@rfc("4217 17", "AUTH SSL and TLS-P imply PROT P.", modes=CLEAR)
def test_auth_that_implies_protection(gate, mechanism):
    control = gate.connect()
    control.expect(f"AUTH {mechanism}", 234)
    control.start_tls()
    control.log_in("alice", PASSWORD)
    control.is_protected = True
    control.listing("NLST")


@rfc("4217 4.1", "Until PROT P data is not protected, and by policy refused.", modes=TLS)
def test_unprotected_data_is_refused(gate):
    gate.put("file", b"content")
    control = gate.login(protect=False)
    control.pasv()
    for command in ("RETR file", "STOR new", "LIST", "NLST", "MLSD", "APPE file", "STOU"):
        control.expect(command, 521, 522)
    assert not (gate.home / "new").exists()


@rfc("4217 9", "PROT C where the policy allows it: data in clear, and PROT P again.", modes=TLS)
def test_prot_c(open_gate, gate):
    lenient = open_gate(gate.mode, require_data_tls=False)
    lenient.put("file", b"content")
    control = lenient.login(protect=False)
    assert control.download("file") == b"content", "the default is PROT C"
    control.protect()
    assert control.download("file") == b"content"
    control.expect("PROT C", 200)
    control.is_protected = False
    assert control.download("file") == b"content"


@rfc("2228 3", "AUTH forgets who was logged in: the login starts over.", modes=("plain",))
def test_auth_after_login(gate):
    control = gate.login()
    control.auth_tls()
    control.expect("PWD", 530)
    control.expect("PASS correct horse battery", 503)
    control.log_in("alice", PASSWORD)
    control.expect("PWD", 257)


@rfc("2228 3", "AUTH between USER and PASS forgets USER.", modes=("plain",))
def test_auth_after_user(gate):
    control = gate.named()
    control.auth_tls()
    control.expect("PASS correct horse battery", 503)


@pytest.mark.parametrize("injected", [b"NOOP\r\n", b"USER alice\r\nPASS x\r\n", b"PWD",
                                      b"QUIT\r\n"], ids=["a-line", "a-login", "half-a-line", "quit"])
@rfc("4217 15", "What was sent in clear behind AUTH is not taken for protected (CVE-2011-0411).",
     modes=CLEAR)
def test_injection_behind_auth(gate, injected):
    control = gate.connect()
    control.send_raw(b"AUTH TLS\r\n" + injected)
    control.expect_reply(234)
    control.start_tls()
    control.expect("SYST", 215)  # the first answer under TLS is that of the first command under TLS


@rfc("4217 4", "A failed handshake after AUTH ends the connection.", modes=CLEAR)
def test_failed_handshake(gate):
    control = gate.connect()
    control.expect("AUTH TLS", 234)
    control.send_raw(b"GET / HTTP/1.0\r\n\r\n")
    assert control.is_closed()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@rfc("4217 2", "TLS 1.2 and 1.3 are served, on control and data connections.", modes=TLS)
def test_versions(gate, version):
    gate.put("file", b"content")
    chosen = ssl.TLSVersion[version]
    control = gate.login(context=gate.server.trust(chosen, chosen))
    assert control.download("file") == b"content"


@rfc("4217 2", "Older versions are refused.", modes=TLS)
def test_old_versions_are_refused(gate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    control = gate.connect() if gate.mode == "explicit" else None
    raw = control.sock if control else socket.create_connection((gate.server.host,
                                                                 gate.server.implicit), 10)
    if control:
        control.expect("AUTH TLS", 234)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(raw)
    raw.close()


@rfc("4217 10", "The data connection may resume the TLS session of the control connection.", modes=TLS)
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_resumption(gate, version):
    chosen = ssl.TLSVersion[version]
    control = gate.login(context=gate.server.trust(chosen, chosen))
    control.expect("NOOP", 200)  # brings the tickets of TLS 1.3
    assert control.transfer("NLST").resumed
    control.expect("NOOP", 200)
    assert control.transfer("NLST").resumed


@rfc("4217 10", "Where resumption is demanded, a data connection without it: 522.", modes=TLS)
def test_resumption_is_demanded(open_gate, gate):
    strict = open_gate(gate.mode, data_session_reuse="require")
    control = strict.login()
    control.expect("NOOP", 200)
    control.listing("NLST")
    control.resumes = False
    assert control.transfer("NLST").final.code in (522, 425)
    control.resumes = True
    control.expect("NOOP", 200)
    control.listing("NLST")


@rfc("4217 10", "A session of somebody else's control connection is not the one demanded.", modes=TLS)
def test_resumption_of_another_session(open_gate, gate):
    strict = open_gate(gate.mode, data_session_reuse="require")
    context = strict.server.trust()
    victim, thief = strict.login(context=context), strict.login(context=context)
    victim.expect("NOOP", 200)
    thief.expect("NOOP", 200)
    data = thief.dial(thief.pasv())
    thief.send("NLST")
    thief.expect_reply(150)
    try:
        thief.protect_data(data, session=victim.sock.session).recv(1)
    except OSError:
        pass
    thief.expect_reply(522, 425)
    data.close()


@rfc("4217 10", "A download ends with close_notify.", modes=TLS)
def test_close_notify_after_a_download(gate):
    gate.put("file", b"content" * 1000)
    control = gate.login()
    control.expect("TYPE I", 200)
    for command in ("RETR file", "LIST", "NLST", "MLSD"):
        done = control.transfer(command)
        assert done.clean_end, command
        assert done.final.code == 226


@pytest.mark.parametrize("verb", ["STOR", "APPE", "STOU"])
@rfc("4217 10", "An upload that ends without close_notify is cut short: 426 or 451.", modes=TLS)
def test_truncated_upload(gate, verb):
    control = gate.login()
    control.expect("TYPE I", 200)
    running = control.start(verb if verb == "STOU" else f"{verb} file")
    running.data.sendall(b"half of it")
    socket.socket.shutdown(running.data, socket.SHUT_WR)
    control.expect_reply(426, 451)
    running.data.close()
    control.expect("NOOP", 200)


@rfc("4217 10", "The same where the setting tolerates clients that never send it.", modes=TLS)
def test_truncated_upload_is_tolerated(open_gate, gate):
    lenient = open_gate(gate.mode, require_close_notify=False)
    control = lenient.login()
    control.expect("TYPE I", 200)
    running = control.start("STOR file")
    running.data.sendall(b"all of it")
    socket.socket.shutdown(running.data, socket.SHUT_WR)
    control.expect_reply(226)
    running.data.close()
    assert (lenient.home / "file").read_bytes() == b"all of it"


@rfc("4217 10", "A data connection on which no TLS begins: 425 and no file.", modes=TLS)
def test_no_handshake_on_the_data_connection(gate):
    control = gate.login()
    data = control.dial(control.pasv())
    control.send("STOR file")
    control.expect_reply(150)
    data.sendall(b"not a handshake, certainly\r\n" * 10)
    control.expect_reply(425, 426, 522)
    data.close()
    assert not (gate.home / "file").exists()


@rfc("4217 13", "QUIT under TLS ends with close_notify.", modes=TLS)
def test_close_notify_after_quit(gate):
    control = gate.login()
    control.expect("QUIT", 221)
    control.sock.suppress_ragged_eofs = False
    assert control.sock.recv(1) == b""


@rfc("2228 3", "CCC, where it is turned on: 200, and the dialogue goes on in clear.", modes=TLS)
def test_ccc(open_gate, gate):
    open_minded = open_gate(gate.mode, clear_command_channel=True)
    control = open_minded.login()
    control.expect("CCC", 200)
    control.sock = control.sock.unwrap()
    control.expect("NOOP", 200)
    control.expect("PWD", 257)


@rfc("2228 3", "CCC before the login is refused, also where it is turned on.", modes=TLS)
def test_ccc_before_login(open_gate, gate):
    open_minded = open_gate(gate.mode, clear_command_channel=True)
    open_minded.ready().expect("CCC", 530, 503, 534)


@rfc("2228 8", "A server that demands TLS refuses USER in clear with 530 (or 534) that says so.",
     modes=("explicit",))
def test_user_in_clear(gate):
    control = gate.connect()
    assert "AUTH TLS" in control.expect("USER alice", 530, 534, 550).text


@rfc("4217 3", "FEAT says AUTH TLS, PBSZ and PROT, before and after AUTH.")
def test_feat(gate):
    control = gate.connect()
    for _ in range(2):
        lines = control.expect("FEAT", 211).lines
        assert {" AUTH TLS", " PBSZ", " PROT"} <= set(lines)
        if gate.mode == "explicit" and not control.is_tls:
            control.auth_tls()
