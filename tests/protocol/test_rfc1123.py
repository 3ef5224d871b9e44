"""RFC 1123 4.1: what the requirements for hosts add to RFC 959."""

import re

import pytest

from specification import Row, dialogues, rfc

IAC, DONT, DO, WONT, WILL, SB, SE, AYT, NOP = 255, 254, 253, 252, 251, 250, 240, 246, 241

test_points = dialogues(
    Row("1123 4.1.2.1", "local-8", "TYPE L 8 is served; it is TYPE I on a machine with 8-bit bytes.",
        "TYPE L 8 -> 200"),
    Row("1123 4.1.2.2", "type-t", "Who makes no distinction between N and T takes TYPE T like TYPE N.",
        "TYPE A T -> 200"),
    Row("1123 4.1.2.3", "page-structure", "Page structure is not recommended: 504.", "STRU P -> 504"),
    Row("1123 4.1.2.4", "record-structure", "Record structure is for hosts that have it: 504.",
        "STRU R -> 504"),
    Row("1123 4.1.2.6", "pasv-is-served", "A server must implement PASV.", "PASV -> 227"),
    Row("1123 4.1.2.8", "site", "SITE commands serve what is local; SITE HELP names them.",
        "SITE HELP -> 214/200"),
    Row("1123 4.1.2.11", "no-4yz-for-lasting-failures", "What cannot succeed later is 5yz.", """
        RETR nothing -> 550
        CWD nothing -> 550
        """),
    Row("1123 4.1.2.13", "minimum-parameters", "The least a server must have: A N, I, L 8, S, F.", """
        TYPE A N -> 200
        TYPE I -> 200
        TYPE L 8 -> 200
        MODE S -> 200
        STRU F -> 200
        """),
)

MINIMUM = ("USER PASS ACCT PORT PASV TYPE MODE STRU RETR STOR APPE RNFR RNTO DELE CWD CDUP RMD MKD PWD "
           "LIST NLST SYST STAT HELP NOOP QUIT").split()


@pytest.mark.parametrize("verb", MINIMUM)
@rfc("1123 4.1.2.13", "These commands must be implemented by every server.")
def test_minimum(gate, verb):
    assert gate.login().command(verb).code not in (500, 502), "not implemented"


@rfc("1123 4.1.2.7", "What NLST answers are paths that can be used as they are.")
@pytest.mark.parametrize("argument", ["", " folder", " folder/", " /folder", " ./folder", " folder/*"])
def test_nlst_names_are_usable(gate, argument):
    for name in ("plain", "with blank", "-dash", "ümlaut", "*star", " lead"):
        gate.put(f"folder/{name}", name.encode())
    control = gate.login()
    control.expect("TYPE I", 200)
    if argument == "":
        control.expect("CWD folder", 250)
    names = control.listing("NLST" + argument)
    assert len(names) == 6
    assert sorted(control.download(name).decode() for name in names) == sorted(
        ["plain", "with blank", "-dash", "ümlaut", "*star", " lead"])


@rfc("1123 4.1.2.7", "A file that NLST is asked about is answered by its own name.")
def test_nlst_of_a_file(gate):
    gate.put("folder/one", b"1")
    control = gate.login()
    assert control.listing("NLST folder/one") == ["folder/one"]


@pytest.mark.parametrize("type_of", ["A", "I"])
@rfc("1123 4.1.2.7", "Listings are text in TYPE A, whatever type is set.")
def test_listings_are_text(gate, type_of):
    gate.put("one")
    control = gate.login()
    control.expect(f"TYPE {type_of}", 200)
    for command in ("LIST", "NLST", "MLSD"):
        assert control.transfer(command).data.endswith(b"\r\n")


@pytest.mark.parametrize("means", ["pasv", "port"])
@rfc("1123 4.1.2.9", "STOU names the file in the mark: 125 FILE: pppp or 150 FILE: pppp.")
def test_stou(gate, means):
    control = gate.login()
    done = control.transfer("STOU", b"content", mode=means)
    match = re.fullmatch(r"1(25|50) FILE: (\S+)", done.first.text)
    assert match, done.first
    assert (gate.home / match[2]).read_bytes() == b"content"


@rfc("1123 4.1.2.10", "A command may come in any pieces: bytes one by one.")
def test_bytes_one_by_one(gate):
    control = gate.login()
    for byte in b"PWD\r\n":
        control.send_raw(bytes([byte]))
    control.expect_reply(257)


@pytest.mark.parametrize("cut", range(1, 6))
@rfc("1123 4.1.2.10", "A read may end anywhere, between CR and LF too.")
def test_lines_cut_anywhere(gate, cut):
    control = gate.login()
    lines = b"PWD\r\nSYST\r\n"
    control.send_raw(lines[:cut])
    assert not control.has_reply(0.02) or cut == 5
    control.send_raw(lines[cut:])
    assert control.expect_reply(257)
    assert control.expect_reply(215)


@rfc("1123 4.1.2.10", "One read may bring several commands.")
def test_several_commands_in_one_read(gate):
    control = gate.login()
    control.send_raw(b"PWD\r\n" * 50)
    assert [control.read_reply().code for _ in range(50)] == [257] * 50


@rfc("1123 4.1.2.11", "There are no spontaneous replies: one answer for each command.")
def test_no_spontaneous_replies(gate):
    control = gate.login()
    for command in ("NOOP", "PWD", "XYZZY", "PASV", "ABOR", "HELP"):
        control.command(command)
        assert not control.has_reply(0.01), command


@rfc("1123 4.1.2.12", "Active data connections use the address of the control connection.")
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_multihomed(gate, host):
    control = gate.login(host=host)
    with control.listen_active() as listener:
        control.send("NLST")
        data, peer = listener.accept()
        data.close()
        assert peer[0] == host


def telnet(gate, sent):
    """What the server sends for these bytes before the answer to NOOP."""
    control = gate.login()
    control.send_raw(bytes(sent) + b"NOOP\r\n")
    received = b""
    while not received.endswith(b"\n"):
        received += control.sock.recv(4096)
    answer, _, rest = received.partition(b"200")
    assert rest, received
    return answer


@pytest.mark.parametrize("asked, refusal", [
    ([IAC, DO, 1], [IAC, WONT, 1]),
    ([IAC, WILL, 3], [IAC, DONT, 3]),
    ([IAC, DO, 255], [IAC, WONT, 255]),
    ([IAC, DO, 1, IAC, WILL, 31], [IAC, WONT, 1, IAC, DONT, 31]),
], ids=["do", "will", "option-255", "two"])
@rfc("1123 4.1.2.12", "A server must accept and refuse Telnet negotiations (send DONT and WONT).")
def test_negotiations_are_refused(gate, asked, refusal):
    assert telnet(gate, asked) == bytes(refusal)


@pytest.mark.parametrize("sent", [
    [IAC, DONT, 1], [IAC, WONT, 1], [IAC, NOP], [IAC, SB, 1, 2, 3, IAC, SE]],
    ids=["dont", "wont", "nop", "subnegotiation"])
@rfc("1123 4.1.2.12", "What asks for nothing is passed over; the command behind it is answered.")
def test_other_telnet_commands_vanish(gate, sent):
    assert telnet(gate, sent) == b""


@rfc("1123 4.1.3.2", "The control connection works on while data moves.")
def test_control_during_data(gate):
    control = gate.login()
    running = control.start("STOR file")
    for _ in range(3):
        running.data.sendall(b"x")
        control.expect("NOOP", 200)
    assert running.finish(b"").final.code == 226


@rfc("1123 4.1.3.1", "An idle session ends with 421 by a time limit that can be set.")
def test_idle_timeout(open_gate, gate):
    impatient = open_gate(gate.mode, idle_timeout=1)
    control = impatient.login()
    control.expect_reply(421)
    assert control.is_closed()


@rfc("1123 4.1.4.1", "Names may hold any printable character.")
def test_names_with_all_printable_characters(gate):
    name = "".join(chr(c) for c in range(0x20, 0x7f) if chr(c) not in "/")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.upload(name, b"content")
    assert (gate.home / name).read_bytes() == b"content"
    assert control.listing("NLST") == [name]
    assert control.download(name) == b"content"
    control.expect(f"DELE {name}", 250)


