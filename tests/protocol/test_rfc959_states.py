"""RFC 959 5.4: every command in every state gets a reply, and one that the section lists for it.

RFC 1123 4.1.2.11 lets a server use another code where it is needed; those stand in MORE, with why."""

import pytest

from specification import MODES

# Command, an example that succeeds when logged in, its success, and all codes of RFC 959 5.4.
CREATE = "110 125 150 226 250 425 426 450 451 452 500 501 530 532 551 552 553"
SIMPLE = "421 500 501 502 530"
COMMANDS = {
    "USER": ("USER alice", "230 331 332", "500 501 530"),
    "PASS": ("PASS wrong", "202 230 332", "500 501 503 530"),
    "ACCT": ("ACCT any", "202 230", "500 501 503 530"),
    "CWD": ("CWD folder", "250", SIMPLE + " 550"),
    "CDUP": ("CDUP", "200 250", SIMPLE + " 550"),
    "SMNT": ("SMNT folder", "202 250 502", SIMPLE + " 550"),
    "QUIT": ("QUIT", "221", "500"),
    "REIN": ("REIN", "120 220", "500 502"),
    "PORT": ("PORT 127,0,0,1,200,10", "200", "500 501 530"),
    "PASV": ("PASV", "227", SIMPLE),
    "TYPE": ("TYPE I", "200", "500 501 504 530"),
    "STRU": ("STRU F", "200", "500 501 504 530"),
    "MODE": ("MODE S", "200", "500 501 504 530"),
    "ALLO": ("ALLO 100", "200 202", "500 501 504 530"),
    "REST": ("REST 0", "350", SIMPLE),
    "RETR": ("RETR missing", "550 450", SIMPLE + " 425 426 450 451 550"),
    "STOR": ("STOR folder", "553 550", SIMPLE + " 425 " + CREATE),
    "STOU": ("STOU", "425", SIMPLE + " 425 " + CREATE),
    "APPE": ("APPE folder", "550 553", SIMPLE + " 425 550 " + CREATE),
    "LIST": ("LIST", "425", SIMPLE + " 425 426 450 451"),
    "NLST": ("NLST", "425", SIMPLE + " 425 426 450 451"),
    "STAT": ("STAT", "211 212 213", SIMPLE + " 450"),
    "RNFR": ("RNFR file", "350", SIMPLE + " 450 550"),
    "RNTO": ("RNTO renamed", "503", SIMPLE + " 503 532 553"),
    "DELE": ("DELE file", "250", SIMPLE + " 450 550"),
    "RMD": ("RMD folder", "250", SIMPLE + " 550"),
    "MKD": ("MKD made", "257", SIMPLE + " 550"),
    "PWD": ("PWD", "257", SIMPLE + " 550"),
    "ABOR": ("ABOR", "225 226", "500 501 502"),
    "SITE": ("SITE HELP", "200 202 214", "500 501 530"),
    "SYST": ("SYST", "215", "500 501 502"),
    "HELP": ("HELP", "211 214", "500 501 502"),
    "NOOP": ("NOOP", "200", "500"),
}
MORE = {
    "USER": "503",  # logged in already: a bad sequence, as 5.4 has it for PASS
    "STOR": "550",  # no such folder, no right: what RETR says for the same reason
    "STOU": "550",
    "ABOR": "530",  # before login there is nothing to abort
    "REIN": "530",  # in clear where TLS is wanted: there is nothing to forget
    "LIST": "550",
    "NLST": "550",
}
# What may be said before a login; everything else waits for it.
BEFORE_LOGIN = {"USER", "PASS", "ACCT", "REIN", "QUIT", "SYST", "HELP", "NOOP"}
# What a client in clear may say where TLS is wanted.
IN_CLEAR = {"QUIT", "SYST", "HELP", "NOOP"}


def numbers(text):
    return {int(code) for code in text.split()}


def succeeds(verb):
    return numbers(COMMANDS[verb][1])


def allowed(verb):
    _, good, bad = COMMANDS[verb]
    return numbers(good) | numbers(bad) | numbers(MORE.get(verb, "")) | {421}


def matrix(name, verbs=COMMANDS, modes=MODES):
    """One check per mode and command."""
    return pytest.mark.parametrize("gate, verb", [
        pytest.param(mode, verb, id=f"{mode}-959-5.4:{verb}-{name}")
        for verb in verbs for mode in modes], indirect=["gate"])


def say(control, verb):
    reply = control.command(COMMANDS[verb][0])
    assert reply.code in allowed(verb), f"{verb}: {reply}"
    return reply


@pytest.fixture
def files(gate):
    gate.fill({"file": b"content", "folder/": None})


@matrix("before-login")
def test_before_login(gate, verb):
    """What needs a login says 530, and the rest of the commands work."""
    code = say(gate.ready(), verb).code
    if verb not in BEFORE_LOGIN:
        assert code == 530
    elif verb == "PASS":
        assert code == 503
    else:
        assert code in succeeds(verb)


@matrix("in-clear-where-tls-is-wanted", modes=("explicit",))
def test_in_clear_where_tls_is_wanted(gate, verb):
    reply = say(gate.connect(), verb)
    if verb in IN_CLEAR:
        assert reply.code in succeeds(verb)
    else:
        assert reply.code == 530
        assert "AUTH TLS" in reply.text


@matrix("after-USER")
def test_after_user(gate, verb):
    """Between USER and PASS nobody is logged in."""
    control = gate.named()
    code = say(control, verb).code
    if verb not in BEFORE_LOGIN:
        assert code == 530
    if verb == "PASS":
        assert code == 530, "the password is wrong"


@matrix("logged-in")
def test_logged_in(gate, files, verb):
    code = say(gate.login(), verb).code
    if verb == "USER":
        assert code in (230, 331, 503, 530)
    elif verb == "PASS":
        assert code in (202, 230, 503)
    else:
        assert code in succeeds(verb)


@matrix("mid-rename")
def test_mid_rename(gate, files, verb):
    """RNFR must be followed by RNTO at once; other commands work, and the rename is forgotten."""
    control = gate.login()
    control.expect("RNFR file", 350)
    code = say(control, verb).code if verb != "RNTO" else control.command("RNTO renamed").code
    if verb == "RNTO":
        assert code == 250
    elif verb not in ("QUIT", "REIN", "NOOP", "RNFR", "USER"):
        control.expect("RNTO renamed", 503)


@matrix("after-REST")
def test_after_rest(gate, files, verb):
    """REST changes what the next transfer does, and no other command."""
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("REST 3", 350)
    code = say(control, verb).code
    if verb not in ("USER", "PASS", "STOU"):
        assert code in succeeds(verb) | numbers(MORE.get(verb, "0")) | {554}


@matrix("during-a-transfer")
def test_during_a_transfer(gate, files, verb):
    """STAT, ABOR and NOOP are answered at once; everything else when the transfer is over."""
    control = gate.login()
    control.expect("TYPE I", 200)
    running = control.start("STOR upload")
    running.data.sendall(b"begin")
    if verb in ("STAT", "NOOP"):
        assert say(control, verb).code in succeeds(verb)
        assert running.finish(b"end").final.code == 226
        return
    control.send(COMMANDS[verb][0])
    if verb == "ABOR":
        assert control.read_reply().code == 426
        assert control.read_reply().code in (225, 226)
        running.data.close()
        return
    assert running.finish(b"end").final.code == 226, "the transfer is complete first"
    reply = control.read_reply()
    assert reply.code in allowed(verb), reply
    assert (gate.home / "upload").read_bytes() == b"beginend"


@matrix("after-REIN")
def test_after_rein(gate, verb):
    """REIN leaves the session as it was after the greeting."""
    control = gate.login()
    control.expect("REIN", 220, 120)
    code = say(control, verb).code
    if verb not in BEFORE_LOGIN:
        assert code == 530
    elif verb == "PASS":
        assert code == 503
    else:
        assert code in succeeds(verb)


@matrix("after-AUTH", modes=("explicit",))
def test_after_auth(gate, verb):
    """RFC 4217 4.1: who was named before AUTH is not any more."""
    control = gate.connect()
    control.auth_tls()
    code = say(control, verb).code
    assert code == (503 if verb == "PASS" else 530) or verb in BEFORE_LOGIN


@matrix("with-no-argument", verbs=[
    "USER", "CWD", "SMNT", "PORT", "TYPE", "STRU", "MODE", "ALLO", "REST", "RETR", "STOR", "APPE",
    "RNFR", "DELE", "RMD", "MKD", "SITE"])
def test_a_missing_argument_is_501(gate, verb):
    reply = gate.login().expect(verb, 501) if verb != "USER" else gate.ready().expect(verb, 501)
    assert reply.code in allowed(verb)


@matrix("with-an-argument-it-has-not", verbs=["CDUP", "REIN", "PASV", "PWD", "ABOR", "SYST"])
def test_an_argument_too_many_is_501(gate, verb):
    gate.login().expect(f"{verb} surplus", 501)
