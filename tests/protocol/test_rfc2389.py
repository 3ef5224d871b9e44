"""RFC 2389: FEAT and OPTS."""

import re

import pytest

from specification import Row, dialogues, rfc

# Every feature that the server has, and what proves it: a command that is not "unknown".
FEATURES = {
    "EPRT": "EPRT", "EPSV": "EPSV", "HASH": "HASH x", "MDTM": "MDTM x", "MFMT": "MFMT",
    "MFF": "MFF", "MLST": "MLST", "RANG": "RANG 1 0", "REST": "REST 0", "SIZE": "SIZE x",
    "AVBL": "AVBL", "DSIZ": "DSIZ", "CLNT": "CLNT x", "CSID": "CSID Name=x;", "XCRC": "XCRC x",
    "XMD5": "XMD5 x", "XSHA1": "XSHA1 x", "XSHA256": "XSHA256 x", "XSHA512": "XSHA512 x",
    "HOST": "HOST", "AUTH": "AUTH x", "PBSZ": "PBSZ", "PROT": "PROT", "MODE": "MODE Z",
    "PASV": "PASV",
}


def features(control):
    reply = control.expect("FEAT", 211)
    return [line[1:] for line in reply.lines[1:-1]]


@rfc("2389 3.2", "First 211-text, then each feature on a line behind one blank, then 211 End.")
def test_the_form_of_feat(gate):
    reply = gate.login().expect("FEAT", 211)
    assert re.fullmatch(r"211-[\x20-\x7e]*", reply.lines[0])
    assert re.fullmatch(r"211 [Ee][Nn][Dd]", reply.lines[-1])
    for line in reply.lines[1:-1]:
        assert re.fullmatch(r" [\x21-\x7e]+( [\x20-\x7e]+)?", line), line


@rfc("2389 3.2", "A feature is there once, and its name is the first word.")
def test_each_feature_once(gate):
    lines = features(gate.login())
    assert len(set(lines)) == len(lines)
    names = [line.split()[0] for line in lines]
    assert len(set(names)) == len(names), names


@pytest.mark.parametrize("name", FEATURES)
@rfc("2389 3.2", "What FEAT names is implemented.")
def test_what_feat_names_is_there(gate, name):
    control = gate.login()
    names = {line.split()[0] for line in features(control)}
    assert name in names
    assert control.command(FEATURES[name]).code not in (500, 502)


@rfc("2389 3.2", "FEAT names nothing beyond what is known here.")
def test_no_unknown_features(gate):
    names = {line.split()[0] for line in features(gate.login())}
    assert names - set(FEATURES) <= {"UTF8", "TVFS", "LANG", "CCC", "SITE", "MFCT"}


@rfc("2389 3.1", "FEAT needs no login, and says the same after it.")
def test_feat_before_login(gate):
    control = gate.ready()
    before = features(control)
    control.log_in("alice", "correct horse battery")
    assert features(control) == before


test_feat_and_opts = dialogues(
    Row("2389 3.1", "feat-has-no-arguments", "FEAT takes no argument: 501.", "FEAT all -> 501"),
    Row("2389 4", "opts-without-argument", "OPTS wants a command's name: 501.", "OPTS -> 501"),
    Row("2389 4", "opts-unknown", "OPTS of a command that knows no options: 501.", """
        OPTS XYZZY on -> 501
        OPTS NOOP on -> 501
        OPTS RETR x -> 501
        """),
    Row("2389 4", "opts-any-case", "Commands are known in any case.", """
        OPTS utf8 on -> 200
        opts Mlst type; -> 200
        """),
    Row("2389 4", "opts-before-login", "OPTS needs no login.", "OPTS UTF8 ON -> 200", state="ready"),
    Row("2389 4", "opts-keeps-nothing-on-error", "A refused OPTS changes nothing.", """
        OPTS HASH SHA-512 -> 200
        OPTS HASH NONSENSE -> 501/504
        OPTS HASH -> 200 SHA-512
        """),
)
