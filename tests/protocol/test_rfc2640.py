"""RFC 2640 and names in general: UTF-8, other bytes, and what no name may hold."""

import os

import pytest

import mlst
from specification import Row, dialogues, rfc

NAMES = {
    "umlauts": "Grüße", "cyrillic": "файл", "japanese": "日本語", "emoji": "📁",
    "combining": "e\u0301", "arabic": "ملف", "quotes": '"quoted"', "one-quote": 'a"b', "blanks": "a  b",
    "lead": "  lead", "trail": "trail  ", "dash": "-rf", "dash-switch": "-la", "star": "*", "question": "?",
    "brackets": "[a-z]", "backslash": "a\\b", "tab": "a\tb", "escape": "a\x1bb", "percent": "%s%n",
    "tilde": "~", "dots": "...", "hidden": ".hidden", "semicolon": "type=dir;",
    "latin-1": "gr\udcfc\udcdf", "0xff": "\udcff\udcff",
    "lone-surrogate": "\udced\udca0\udc80", "long": "x" * 255, "arrow": "a -> b",
    "control-1": "a\x01b", "delete": "a\x7fb",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@rfc("2640 2.2", "A name is any bytes: it is stored, listed, read, renamed and deleted as it came.")
def test_names_pass_unharmed(gate, name):
    control = gate.login()
    control.expect("TYPE I", 200)
    wire = name.encode("utf-8", "surrogateescape").replace(b"\xff", b"\xff\xff")  # Telnet doubles 255
    assert run(control, b"STOR " + wire, b"content")[1] == 226
    assert os.listdir(os.fsencode(gate.home)) == [os.fsencode(name)]
    assert control.listing("NLST") == [name]
    assert name in mlst.listing(control)
    assert control.listing("LIST")[0].endswith(" " + name)
    assert run(control, b"RETR " + wire) == (b"content", 226)
    for command, code in ((b"RNFR " + wire, 350), (b"RNTO other", 250), (b"RNFR other", 350),
                          (b"RNTO " + wire, 250), (b"SIZE " + wire, 213), (b"DELE " + wire, 250)):
        control.expect(command, code)


def run(control, command, payload=None):
    """A transfer whose command is bytes."""
    data = control.dial(control.epsv())
    control.send(command)
    control.expect_reply(150)
    if control.is_protected:
        data = control.protect_data(data)
    got = b""
    if payload is None:
        while piece := data.recv(4096):
            got += piece
    else:
        data.sendall(payload)
        if control.is_protected:
            data.unwrap()
    data.close()
    return got, control.read_reply().code


test_utf8 = dialogues(
    Row("2640 3.2", "feat-utf8", "FEAT says UTF8.", r"FEAT -> 211 \n UTF8\n", state="ready"),
    Row("2640 3.2", "opts-utf8", "OPTS UTF8, as clients send it though no RFC knows it.", """
        OPTS UTF8 ON -> 200
        OPTS UTF-8 ON -> 200
        OPTS UTF8 -> 200
        OPTS UTF8 NLST -> 200
        OPTS UTF8 OFF -> 200/501/504
        OPTS UTF8 MAYBE -> 501/504
        """),
    Row("2640 2.2", "utf8-in-replies", "Names come back in replies in the bytes that they have.", """
        MKD Grüße -> 257 ^257 "/Grüße"
        CWD Grüße -> 250
        PWD -> 257 ^257 "/Grüße"
        """),
    Row("2640 4", "lang", "LANG is not implemented, or answers.", "LANG -> 200/500/502/504"),
)


@rfc("2640 2.2", "Bytes that are not UTF-8 come back in replies as they are.")
def test_other_bytes_in_replies(gate):
    control = gate.login()
    assert control.expect(b"MKD gr\xfcn", 257).text.startswith('257 "/gr\udcfcn"')
    control.expect(b"CWD gr\xfcn", 250)
    assert '"/gr\udcfcn"' in control.expect("PWD", 257).text


@pytest.mark.parametrize("line", [b"MKD a\rb", b"MKD a\x00b", b"RETR a\rb", b"STOR a\x00b",
                                  b"CWD a\r\x00b"],
                         ids=["cr", "nul", "retr-cr", "stor-nul", "cr-nul"])
@rfc("2640 2.2", "A name cannot hold a line end or NUL: 501 or 553, and nothing is made.")
def test_forbidden_bytes(gate, line):
    control = gate.login()
    control.expect(line, 500, 501, 550, 553)
    assert os.listdir(gate.home) == []
    control.expect("NOOP", 200)


@pytest.mark.parametrize("length, code", [(255, 257), (256, 553)])
@rfc("959 5.4", "A name is as long as the file system allows, else 553.")
def test_long_names(gate, length, code):
    gate.login().expect("MKD " + "n" * length, code, 550 if code == 553 else code)


@rfc("959 5.4", "A path may be long as long as each of its names is good.")
def test_long_paths(gate):
    control = gate.login()
    for _ in range(12):
        control.expect("MKD " + "p" * 250, 257)
        control.expect("CWD " + "p" * 250, 250)
    assert len(control.expect("PWD", 257).text) > 12 * 250
    control.expect("CWD " + "/".join(["q" * 250] * 20), 550, 553)


@rfc("2640 2.2", "Clients of a legacy charset, by a setting: their bytes on the wire, UTF-8 on disk.")
def test_legacy_charset(open_gate, gate):
    old = open_gate(gate.mode, charset="ISO-8859-1")
    control = old.login()
    control.expect(b"MKD gr\xfcn", 257)
    assert os.listdir(old.home) == ["grün"]
    assert control.listing("NLST") == ["gr\udcfcn"]
    control.expect("OPTS UTF8 ON", 200)
    assert control.listing("NLST") == ["grün"]
