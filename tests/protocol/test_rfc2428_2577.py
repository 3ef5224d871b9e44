"""RFC 2428: EPRT and EPSV. RFC 2577: what a server owes to the rest of the network."""

import socket

import pytest

from specification import Row, dialogues, rfc

test_eprt = dialogues(
    Row("2428 2", "eprt", "EPRT |1|address|port|: 200.", "EPRT |1|127.0.0.1|50000| -> 200"),
    Row("2428 2", "any-delimiter", "The delimiter is any printable character from ! to ~.", """
        EPRT !1!127.0.0.1!50000! -> 200
        EPRT ~1~127.0.0.1~50000~ -> 200
        EPRT a1a127.0.0.1a50000a -> 200
        """),
    Row("2428 2", "unknown-family", "An unknown protocol: 522 and those that are known.", """
        EPRT |3|127.0.0.1|50000| -> 522 \\(1,2\\)
        EPRT |0|127.0.0.1|50000| -> 522 \\(1,2\\)
        EPRT |99|x|50000| -> 522 \\(1,2\\)
        """),
    *[Row("2428 2", f"eprt-{name}", "What does not follow the syntax: 501.", f"EPRT {argument} -> 501")
      for name, argument in {
          "no-delimiters": "1 127.0.0.1 50000",
          "unfinished": "|1|127.0.0.1|50000",
          "too-short": "|1|127.0.0.1|",
          "too-long": "|1|127.0.0.1|50000|x|",
          "mixed-delimiters": "|1!127.0.0.1|50000|",
          "port-above-65535": "|1|127.0.0.1|65536|",
          "port-zero": "|1|127.0.0.1|0|",
          "negative-port": "|1|127.0.0.1|-1|",
          "port-of-letters": "|1|127.0.0.1|ftp|",
          "no-port": "|1|127.0.0.1||",
          "no-address": "|1||50000|",
          "host-name": "|1|localhost|50000|",
          "short-address": "|1|127.1|50000|",
          "ipv6-as-ipv4": "|1|::1|50000|",
          "ipv4-as-ipv6": "|2|127.0.0.1|50000|",
          "no-family": "||127.0.0.1|50000|",
          "family-of-letters": "|x|127.0.0.1|50000|",
          "letters-only": "nonsense",
      }.items()],
)

test_epsv = dialogues(
    Row("2428 3", "epsv", "229 says (|||port|), in exactly this form.",
        r"EPSV -> 229 ^229 [^(]*\(\|\|\|\d{1,5}\|\)\.?$"),
    Row("2428 3", "epsv-1", "EPSV 1 on a connection by IPv4.", "EPSV 1 -> 229"),
    Row("2428 3", "epsv-2", "A family that the connection has not: 522 and the one it has.",
        "EPSV 2 -> 522 \\(1\\)"),
    Row("2428 3", "epsv-unknown", "An unknown protocol: 522.", "EPSV 99 -> 522"),
    Row("2428 3", "epsv-nonsense", "What is neither number nor ALL: 501 (or 522).", """
        EPSV x -> 501/522
        EPSV -1 -> 501/522
        EPSV ALLX -> 501/522
        EPSV 1 2 -> 501/522
        """),
    Row("2428 4", "epsv-all", "After EPSV ALL every other way to a data connection is refused.", """
        EPSV ALL -> 200
        PORT 127,0,0,1,200,10 -> 501/503/520/522
        EPRT |1|127.0.0.1|50000| -> 501/503/520/522
        PASV -> 501/503/520/522
        EPSV -> 229
        EPSV 1 -> 229
        """),
    Row("2428 4", "epsv-all-any-case", "ALL in lower case.", "epsv all -> 200"),
    Row("2428 4", "epsv-all-works", "Transfers go on by EPSV.", """
        EPSV ALL -> 200
        NLST -> 150 226
        """),
)


@rfc("2428 4", "EPSV ALL ends with REIN.")
def test_epsv_all_ends_with_rein(gate):
    control = gate.login()
    control.expect("EPSV ALL", 200)
    control.expect("REIN", 220)
    control.log_in("alice", "correct horse battery")
    control.expect("PASV", 227)


@pytest.mark.parametrize("means", ["epsv", "eprt"])
@rfc("2428 2", "The same over IPv6.")
def test_ipv6(gate, means):
    gate.put("file", b"content")
    control = gate.login(host="::1")
    assert control.download("file", mode=means) == b"content"


@pytest.mark.parametrize("line, codes", [
    ("EPSV 2", (229,)), ("EPSV 1", (522,)), ("PASV", (425, 501, 522)), ("EPSV ALL", (200,)),
    ("PORT 127,0,0,1,200,10", (501, 522, 425)), ("EPRT |2|::1|50000|", (200,)),
    ("EPRT |1|127.0.0.1|50000|", (501, 522))])
@rfc("2428 3", "On a connection by IPv6.")
def test_families_over_ipv6(gate, line, codes):
    control = gate.login(host="::1")
    reply = control.expect(line, *codes)
    if reply.code == 522 and line.startswith("EPSV"):
        assert "(2)" in reply.text


@rfc("2428 3", "The port of 229 is in the range, and the connection is answered there.")
def test_epsv_port(gate):
    control = gate.login()
    _, port = control.epsv()
    assert port in gate.server.passive_ports


test_bounce = dialogues(
    *[Row("2577 3", name, "No data connection to a third machine, nor to a well-known port.",
          f"{line} -> 500/501/504") for name, line in {
              "port-to-another-host": "PORT 127,0,0,9,200,10",
              "port-to-the-internet": "PORT 192,0,2,1,200,10",
              "port-to-broadcast": "PORT 255,255,255,255,200,10",
              "port-to-ftp": "PORT 127,0,0,1,0,21",
              "port-to-smtp": "PORT 127,0,0,1,0,25",
              "port-1023": "PORT 127,0,0,1,3,255",
              "eprt-to-another-host": "EPRT |1|127.0.0.9|50000|",
              "eprt-to-smtp": "EPRT |1|127.0.0.1|25|",
              "eprt-to-ipv6": "EPRT |2|::1|50000|",
              "eprt-mapped": "EPRT |2|::ffff:192.0.2.1|50000|",
          }.items()],
    Row("2577 3", "port-1024", "From 1024 on ports are the client's.", "PORT 127,0,0,1,4,0 -> 200"),
)


@rfc("2577 3", "After a refused PORT the agreement before it does not stand for it.")
def test_refused_port_opens_nothing(gate):
    control = gate.login()
    with socket.create_server(("127.0.0.9", 0)) as listener:
        port = listener.getsockname()[1]
        control.expect(f"PORT 127,0,0,9,{port >> 8},{port & 255}", 500, 501, 504)
        control.expect("NLST", 425, 503)
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()


@rfc("2577 3", "0.0.0.0, which some clients send, is no third machine: it means the client.")
def test_unspecified_address(gate):
    control = gate.login()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        control.expect(f"PORT 0,0,0,0,{port >> 8},{port & 255}", 200, 501)
        first = control.command("NLST")
        if first.code == 150:
            listener.settimeout(10)
            listener.accept()[0].close()
            control.read_reply()
    control.expect("NOOP", 200)


@rfc("2577 4", "A data connection from another address gets nothing (port theft).")
def test_port_theft(gate):
    gate.put("file", b"secret")
    control = gate.login()
    address = control.pasv()
    thief = socket.create_connection(address, 10, ("127.0.0.9", 0))
    control.send("RETR file")
    data = control.dial(address)
    control.expect_reply(150)
    if gate.is_tls:
        data = control.protect_data(data)
    assert data.recv(100) == b"secret"
    assert data.recv(100) == b""
    data.close()
    control.expect_reply(226)
    thief.settimeout(10)
    try:
        assert thief.recv(100) == b""
    except ConnectionResetError:
        pass
    thief.close()


@rfc("2577 5", "Guessing passwords is slow and limited: 421 after too many.")
def test_guessing(gate):
    control = gate.ready()
    codes = []
    while not codes or codes[-1] == 530:
        control.expect("USER alice", 331)
        codes.append(control.command("PASS guess").code)
    assert codes == [530] * 4 + [421]
    assert control.is_closed()


@rfc("2577 6", "Known and unknown names are answered in the same words.")
def test_names_cannot_be_found_out(gate):
    answers = []
    for name in ("alice", "nobody-knows"):
        control = gate.ready()
        asked = control.command(f"USER {name}").text
        answers.append((asked, control.command("PASS wrong").text))
    assert answers[0] == answers[1]


@rfc("2577 8", "Ports of 227 cannot be foretold.")
def test_ports_are_random(gate):
    control = gate.login()
    ports = [control.pasv()[1] for _ in range(12)]
    steps = {b - a for a, b in zip(ports, ports[1:])}
    assert steps not in ({0}, {1}), ports


@rfc("2577 3", "FXP to a third machine only where a setting names it.", modes=("plain",))
def test_third_party_by_setting(open_gate, gate):
    other = open_gate(gate.mode, active_data_to="127.0.0.9")
    control = other.login()
    with socket.create_server(("127.0.0.9", 0)) as listener:
        port = listener.getsockname()[1]
        control.expect(f"PORT 127,0,0,9,{port >> 8},{port & 255}", 200)
        control.send("NLST")
        data, _ = listener.accept()
        data.close()
        control.expect_reply(150, 125)
        control.read_reply()
    control.expect("PORT 127,0,0,8,200,10", 500, 501)
