"""RFC 959 5.3 and RFC 854: how a line becomes a command, or does not."""

import pytest

from specification import Row, dialogues, rfc

test_lines = dialogues(
    Row("959 5.3", "any-case", "Verbs are equal in upper and lower case.", """
        noop -> 200
        NoOp -> 200
        pWd -> 257
        """),
    Row("959 5.3", "unknown", "An unknown command: 500 (or 502).", """
        XYZZY -> 500/502
        XYZZY with argument -> 500/502
        A -> 500
        RETRX file -> 500/502
        """),
    Row("959 5.3", "too-long-verb", "Verbs are short.", "ABCDEFGHIJKLMNOPQRSTUVWXYZ -> 500"),
    Row("959 5.3", "no-verb", "What begins with no letter is no command: 500.", """
        123 -> 500
        / -> 500
        -la -> 500
        "PWD" -> 500
        """),
    Row("959 5.3", "not-ascii", "Verbs are ASCII.", "ŃOOP -> 500"),
    Row("959 5.3", "tab-is-no-blank", "Between verb and argument stands one blank.",
        "CWD\ta -> 500", files={"a/": None}),
    Row("959 5.3", "argument-begins-after-one-blank", "Further blanks belong to the argument.",
        "CWD  a -> 250", files={" a/": None}),
    Row("959 5.3", "blanks-at-the-end", "Blanks at the end belong to the argument.",
        "CWD a  -> 550", files={"a/": None}),
    Row("959 5.3", "trailing-blank-without-argument", "A blank behind a verb that has no argument.", """
        PWD  -> 257
        NOOP  -> 200
        SYST  -> 215
        PASV  -> 227
        """),
    Row("959 5.3", "http", "Other protocols get 500.", """
        GET / HTTP/1.1 -> 500/502
        Host: example -> 500/502
        """, state="ready"),
    Row("959 5.3", "format-characters", "What a client says is not interpreted.", """
        %s%s%n -> 500
        CWD %n%n%n -> 550
        """),
)


@rfc("959 5.3", "An empty line is no command: 500, or nothing at all.")
def test_empty_line(gate):
    control = gate.login()
    control.send_raw(b"\r\nNOOP\r\n")
    reply = control.read_reply()
    if reply.code == 500:
        reply = control.read_reply()
    assert reply.code == 200


@rfc("959 5.3", "Blanks before the verb are passed over, or 500.")
def test_leading_blanks(gate):
    gate.login().expect("   NOOP", 200, 500)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["crlf", "lf"])
@rfc("854", "Lines end in CRLF; a lone LF is taken as well.")
def test_line_ends(gate, end):
    control = gate.login()
    control.send_raw(b"NOOP" + end + b"PWD" + end)
    control.expect_reply(200)
    control.expect_reply(257)


@pytest.mark.parametrize("line", [b"NO\x00OP", b"NOOP\x00", b"CWD a\x00b", b"NOOP\rNOOP", b"CWD a\rb",
                                  b"CWD a\r\x00b", b"\x00", b"\x00NOOP"],
                         ids=["nul-inside", "nul-behind", "nul-in-argument", "cr-inside",
                              "cr-in-argument", "cr-nul", "nul-alone", "nul-first"])
@rfc("854", "NUL and CR are in no command: 500 or 501, one reply, and the session goes on.")
def test_nul_and_cr(gate, line):
    control = gate.login()
    control.expect(line, 500, 501, 550)
    control.expect("PWD", 257)


@pytest.mark.parametrize("line, code", [
    (b"\xff\xf4\xff\xf2NOOP", 200),  # IP, DM
    (b"NO\xff\xf1OP", 200),  # NOP inside
    (b"NOOP\xff\xfa\x01\x02\xff\xf0", 200),  # a subnegotiation behind
    (b"\xff\xfc\x01\xff\xfe\x01PWD", 257),  # WONT, DONT
    (b"CWD a\xff\xffb", 250),  # a doubled 255 is the byte 255
], ids=["ip-dm", "nop", "subnegotiation", "wont-dont", "iac-iac"])
@rfc("854", "Telnet sequences are taken out of the line; IAC IAC is the byte 255.")
def test_telnet(gate, line, code):
    gate.put("a\udcffb", None)
    gate.login().expect(line, code)


@pytest.mark.parametrize("length", [4000, 8000])
@rfc("959 5.3", "Long lines are taken up to a limit.")
def test_long_lines(gate, length):
    control = gate.login()
    control.expect("CWD " + "/" * length, 250)


@pytest.mark.parametrize("length", [9000, 100_000, 1_000_000])
@rfc("959 5.3", "A line beyond the limit: 500 once, and the next line is a command again.")
def test_too_long_lines(gate, length):
    control = gate.login()
    control.send(b"CWD " + b"x" * length)
    control.expect_reply(500)
    control.expect("PWD", 257)


@rfc("959 5.3", "A flood without line ends does not go on for ever: 421 or 500, and the session ends.")
def test_flood(gate):
    control = gate.login()
    try:
        for _ in range(200):
            control.send_raw(b"x" * 65536)
    except OSError:
        pass
    assert control.is_closed()


@rfc("959 5.3", "A last line without its end is no command.")
def test_line_without_end(gate):
    control = gate.login()
    control.send_raw(b"MKD unfinished")
    control.sock.close()
    again = gate.login()
    again.expect("CWD unfinished", 550)


@rfc("959 5.3", "The secret of a mistyped PASS comes back in no reply.")
def test_secrets_do_not_come_back(gate):
    control = gate.ready()
    for line in ("PASSsecretword", "PASS secretword", "XPASS secretword", "PAS secretword"):
        assert "secretword" not in control.command(line).text
