"""RFC 7151: HOST, which says by what name the client knows the server."""

import pytest

from conftest import SERVER_NAME
from specification import Row, dialogues, rfc

test_host = dialogues(
    Row("7151 3.1", "host", "HOST with the server's name: 220; then the login goes on.", f"""
        HOST {SERVER_NAME} -> 220
        USER alice -> 331
        PASS correct horse battery -> 230
        """, state="ready"),
    Row("7151 3.1", "any-case", "Names are known in any case.", f"HOST {SERVER_NAME.upper()} -> 220",
        state="ready"),
    Row("7151 3.2.2", "unknown", "A name that is not served here: 504; the session goes on.", """
        HOST no-such-name.example.test -> 504
        USER alice -> 331
        PASS correct horse battery -> 230
        """, state="ready"),
    Row("7151 3.1", "no-argument", "HOST wants a name: 501.", "HOST -> 501", state="ready"),
    *[Row("7151 3.1", f"syntax-{name}", "What is neither name nor address: 501 (or 504).",
          f"HOST {argument} -> 501/504", state="ready") for name, argument in {
              "two-words": "one two", "slash": "a/b", "empty-brackets": "[]", "bad-ipv6": "[::g]",
              "unbracketed-ipv6": "::1", "port": "ftp.example.test:21", "zone": "[fe80::1%lo]",
              "prefix": "192.0.2.0/24", "too-long": "x" * 300}.items()],
    Row("7151 3.1", "address", "An address literal, IPv6 in brackets: 220 or 504.", """
        HOST 127.0.0.1 -> 220/504
        HOST [::1] -> 220/504
        """, state="ready"),
    Row("7151 3.3", "after-user", "HOST after USER is out of order: 503.",
        f"HOST {SERVER_NAME} -> 503", state="named"),
    Row("7151 3.3", "after-login", "HOST after the login: 503, and the login stays.", f"""
        HOST {SERVER_NAME} -> 503
        PWD -> 257
        """),
    Row("7151 3.3", "after-rein", "After REIN, HOST may be said again.", f"""
        REIN -> 220
        HOST {SERVER_NAME} -> 220
        """),
    Row("7151 3.2.1", "twice", "The last HOST before USER counts.", f"""
        HOST {SERVER_NAME} -> 220
        HOST {SERVER_NAME} -> 220
        """, state="ready"),
    Row("7151 3.1", "in-clear", "HOST may come before AUTH, so that the server knows the certificate.",
        f"HOST {SERVER_NAME} -> 220", state="connected", modes=("explicit", "plain")),
    Row("7151 3.1", "help", "HELP knows HOST.", "HELP HOST -> 214 HOST"),
)


@pytest.mark.parametrize("when", ["before", "after"])
@rfc("7151 3.1", "FEAT says HOST.")
def test_feat(gate, when):
    control = gate.ready() if when == "before" else gate.login()
    assert " HOST" in control.expect("FEAT", 211).lines
