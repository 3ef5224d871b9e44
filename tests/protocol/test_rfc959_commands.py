"""RFC 959: the commands one by one, as dialogues."""

import re

from specification import Row, dialogues, rfc

HELLO = {"hello.txt": b"Hello.\r\n"}

test_access = dialogues(
    Row("959 5.4", "greeting", "The server greets with 220 when the connection is made.",
        "NOOP -> 200", state="connected"),
    Row("959 4.1.1", "login", "USER identifies the user, PASS completes the login.", """
        USER alice -> 331
        PASS correct horse battery -> 230
        PWD -> 257 "/"
        """, state="ready"),
    Row("959 4.1.1", "pass-follows-user", "PASS must be immediately preceded by USER.", """
        PASS correct horse battery -> 503
        USER alice -> 331
        NOOP -> 200
        """, state="ready"),
    Row("959 4.1.1", "wrong-password", "A refused login leaves the user not logged in.", """
        USER alice -> 331
        PASS wrong -> 530
        PWD -> 530
        """, state="ready"),
    Row("959 4.1.1", "unknown-user", "Unknown names are answered like known ones (RFC 2577 5).", """
        USER no-such-user -> 331
        PASS correct horse battery -> 530
        """, state="ready"),
    Row("959 4.1.1", "pass-again-after-failure", "After 530 the login starts with USER again.", """
        USER alice -> 331
        PASS wrong -> 530
        PASS correct horse battery -> 503
        USER alice -> 331
        PASS correct horse battery -> 230
        """, state="ready"),
    Row("959 4.1.1", "user-twice", "A second USER before PASS replaces the first.", """
        USER no-such-user -> 331
        USER alice -> 331
        PASS correct horse battery -> 230
        """, state="ready"),
    Row("959 4.1.1", "empty-password", "PASS without a password is a wrong one, no crash.", """
        USER alice -> 331
        PASS -> 530/501
        """, state="ready"),
    Row("959 4.1.1", "acct-is-superfluous", "ACCT where none is needed: 202.", "ACCT any -> 202"),
    Row("959 4.1.1", "rein-forgets", "REIN flushes all account information; USER may follow.", """
        REIN -> 220
        PWD -> 530
        USER alice -> 331
        PASS correct horse battery -> 230
        """),
    Row("959 4.1.1", "rein-resets", "REIN resets all parameters to the default settings.", """
        TYPE I -> 200
        CWD sub -> 250
        REST 5 -> 350
        REIN -> 220
        USER alice -> 331
        PASS correct horse battery -> 230
        PWD -> 257 "/"
        STAT -> 211 (TYPE|Type) A
        """, files={"sub/": None}),
    Row("959 4.1.1", "smnt", "There is one file structure: SMNT is refused, the session goes on.", """
        SMNT / -> 202/502/504
        NOOP -> 200
        """),
)

test_directories = dialogues(
    Row("959 II", "pwd", "257 has the path in double quotes.", 'PWD -> 257 ^257 "/"'),
    Row("959 4.1.1", "cwd", "CWD changes the directory; PWD tells it.", """
        CWD a/b -> 250
        PWD -> 257 "/a/b"
        """, files={"a/b/": None}),
    Row("959 4.1.1", "cwd-absolute", "A path that begins with a slash is taken from the root.", """
        CWD a/b -> 250
        CWD /a -> 250
        PWD -> 257 "/a"
        CWD / -> 250
        PWD -> 257 "/"
        """, files={"a/b/": None}),
    Row("959 4.1.1", "cwd-missing", "CWD to what is not there: 550, and nothing changes.", """
        CWD nowhere -> 550
        PWD -> 257 "/"
        """),
    Row("959 4.1.1", "cwd-to-a-file", "CWD to a file: 550.", "CWD hello.txt -> 550", files=HELLO),
    Row("959 4.1.1", "cwd-trailing-slash", "A slash at the end changes nothing.", """
        CWD a/ -> 250
        PWD -> 257 "/a"
        """, files={"a/": None}),
    Row("959 4.1.1", "cdup", "CDUP changes to the parent directory.", """
        CWD a/b -> 250
        CDUP -> 200/250
        PWD -> 257 "/a"
        """, files={"a/b/": None}),
    Row("959 4.1.1", "cdup-at-the-root", "Above the root is the root.", """
        CDUP -> 200/250/550
        PWD -> 257 "/"
        """),
    Row("959 4.1.1", "cwd-above-the-root", "No path leads above the root.", """
        CWD ../../../etc -> 550
        CWD /../../.. -> 250
        PWD -> 257 "/"
        """),
    Row("959 4.1.3", "mkd", "MKD makes the directory; 257 names it absolutely.", """
        MKD made -> 257 ^257 "/made"
        CWD made -> 250
        MKD inner -> 257 ^257 "/made/inner"
        """),
    Row("959 4.1.3", "mkd-twice", "MKD of what is there: 550 (521 of RFC 959 II).", """
        MKD made -> 257
        MKD made -> 550/521
        """),
    Row("959 4.1.3", "mkd-of-a-file", "MKD where a file is: 550.", "MKD hello.txt -> 550/521",
        files=HELLO),
    Row("959 4.1.3", "mkd-without-parent", "MKD where the parent is missing: 550.", "MKD a/b/c -> 550"),
    Row("959 4.1.3", "rmd", "RMD removes the directory.", """
        RMD a -> 250
        CWD a -> 550
        """, files={"a/": None}),
    Row("959 4.1.3", "rmd-not-empty", "RMD of a directory that is not empty: 550, and it stays.", """
        RMD a -> 550
        CWD a -> 250
        """, files={"a/file": b""}),
    Row("959 4.1.3", "rmd-of-a-file", "RMD of a file: 550, and it stays.", """
        RMD hello.txt -> 550
        SIZE hello.txt -> 213/550
        """, files=HELLO),
    Row("959 4.1.3", "rmd-of-the-root", "RMD of the root: 550.", "RMD / -> 550"),
    Row("775", "xcommands", "XMKD, XCWD, XPWD, XCUP, XRMD do what their successors do.", """
        XMKD old -> 257 "/old"
        XCWD old -> 250
        XPWD -> 257 "/old"
        XCUP -> 200/250
        XRMD old -> 250
        """),
)

test_quoting = dialogues(
    Row("959 II", "quotes-are-doubled", "Double quotes inside the path are doubled.", """
        MKD a"b -> 257 ^257 "/a""b"
        CWD a"b -> 250
        PWD -> 257 ^257 "/a""b"
        """),
    Row("959 II", "only-quotes", "A name of double quotes alone.", """
        MKD "" -> 257 ^257 "/"{4}"( |$)
        CWD "" -> 250
        PWD -> 257 ^257 "/"{4}"( |$)
        """),
    Row("959 II", "spaces", "Blanks inside and at both ends belong to the name.", """
        MKD  a  b  -> 257
        """),
    Row("959 II", "backslash", "A backslash is a byte like others.", r"""
        MKD a\b -> 257 ^257 "/a\\b"
        """),
    Row("959 II", "percent", "What a printf would eat comes back as it was.", """
        MKD 100%s%n -> 257 ^257 "/100%s%n"
        """),
)

test_files = dialogues(
    Row("959 4.1.3", "dele", "DELE deletes the file.", """
        DELE hello.txt -> 250
        DELE hello.txt -> 550
        """, files=HELLO),
    Row("959 4.1.3", "dele-of-a-directory", "DELE of a directory: 550, and it stays.", """
        DELE a -> 550
        CWD a -> 250
        """, files={"a/": None}),
    Row("959 4.1.3", "rename", "RNFR and RNTO rename.", """
        RNFR hello.txt -> 350
        RNTO bye.txt -> 250
        DELE hello.txt -> 550
        DELE bye.txt -> 250
        """, files=HELLO),
    Row("959 4.1.3", "rename-a-directory", "Directories are renamed like files.", """
        RNFR a -> 350
        RNTO b -> 250
        CWD b -> 250
        """, files={"a/": None}),
    Row("959 4.1.3", "rename-moves", "RNTO may name another directory.", """
        RNFR hello.txt -> 350
        RNTO a/hello.txt -> 250
        DELE a/hello.txt -> 250
        """, files=HELLO | {"a/": None}),
    Row("959 4.1.3", "rnfr-missing", "RNFR of what is not there: 550, and RNTO is out of order.", """
        RNFR nothing -> 550/450
        RNTO something -> 503
        """),
    Row("959 4.1.3", "rnto-alone", "RNTO without RNFR: 503.", "RNTO something -> 503"),
    Row("959 4.1.3", "rnto-twice", "A rename is good for once.", """
        RNFR hello.txt -> 350
        RNTO one -> 250
        RNTO two -> 503
        """, files=HELLO),
    Row("959 4.1.3", "rnto-refused", "After a refused RNTO the rename is over.", """
        RNFR hello.txt -> 350
        RNTO no/such/folder -> 553/550
        RNTO other -> 503
        """, files=HELLO),
    Row("959 4.1.3", "rnfr-again", "The last RNFR counts.", """
        RNFR one -> 350
        RNFR two -> 350
        RNTO three -> 250
        DELE one -> 250
        DELE two -> 550
        """, files={"one": b"", "two": b""}),
    Row("959 4.1.3", "rename-into-itself", "A directory cannot move into itself.", """
        RNFR a -> 350
        RNTO a/b -> 553/550
        """, files={"a/": None}),
    Row("959 4.1.3", "rename-of-the-root", "The root has no other name.", "RNFR / -> 550"),
)

test_parameters = dialogues(
    Row("959 4.1.2", "type-a", "TYPE A, non-print by default, and spelled out.", """
        TYPE A -> 200
        TYPE A N -> 200
        """),
    Row("959 4.1.2", "type-i", "TYPE I.", "TYPE I -> 200"),
    Row("959 4.1.2", "type-l", "TYPE L takes a byte size; 8 is ours.", """
        TYPE L 8 -> 200
        TYPE L 36 -> 504
        TYPE L -> 501/504
        TYPE L 0 -> 501/504
        TYPE L 256 -> 501/504
        """),
    Row("959 4.1.2", "type-e", "EBCDIC is not served: 504.", "TYPE E -> 504"),
    Row("959 4.1.2", "type-carriage-control", "ASA carriage control is not served: 504.",
        "TYPE A C -> 504"),
    Row("959 4.1.2", "type-nonsense", "What RFC 959 does not know is 501 or 504.", """
        TYPE X -> 501/504
        TYPE AN -> 501/504
        TYPE I N -> 501/504
        TYPE A N N -> 501/504
        """),
    Row("959 5.3.2", "type-any-case", "Letters of arguments are equal in both cases.", """
        TYPE i -> 200
        TYPE a n -> 200
        TYPE l 8 -> 200
        STRU f -> 200
        MODE s -> 200
        """),
    Row("959 4.1.2", "stru", "STRU F is served; R and P are known and refused with 504.", """
        STRU F -> 200
        STRU R -> 504
        STRU P -> 504
        STRU X -> 501/504
        STRU FF -> 501/504
        """),
    Row("959 4.1.2", "mode", "MODE S is served; B and C are known and refused with 504.", """
        MODE S -> 200
        MODE B -> 504
        MODE C -> 504
        MODE X -> 501/504
        MODE SS -> 501/504
        """),
    Row("959 5.4", "refused-type-changes-nothing", "A refused TYPE leaves the type as it was.", """
        TYPE I -> 200
        TYPE E -> 504
        SIZE hello.txt -> 213 8
        """, files=HELLO),
    Row("959 4.1.3", "allo", "ALLO with a size, and with a record size.", """
        ALLO 1000 -> 200/202
        ALLO 1000 R 10 -> 200/202
        ALLO 0 -> 200/202
        """),
    Row("959 4.1.3", "allo-nonsense", "ALLO takes decimal integers.", """
        ALLO many -> 501
        ALLO -1 -> 501
        ALLO 10 R -> 501
        ALLO 10 X 10 -> 501
        """),
    Row("959 4.1.3", "allo-too-much", "More than there is room for is refused.",
        "ALLO 9000000000000000000 -> 504/552"),
)

test_ports = dialogues(
    Row("959 4.1.2", "port", "PORT h1,h2,h3,h4,p1,p2.", "PORT 127,0,0,1,200,10 -> 200"),
    *[Row("959 5.3.2", f"port-{name}", "Each of the six is a decimal number from 0 to 255.",
          f"PORT {argument} -> 501") for name, argument in {
              "five-numbers": "127,0,0,1,200",
              "seven-numbers": "127,0,0,1,200,10,1",
              "above-255": "127,0,0,1,256,10",
              "octet-above-255": "327,0,0,1,200,10",
              "negative": "127,0,0,1,-1,10",
              "hexadecimal": "0x7f,0,0,1,200,10",
              "dots": "127.0.0.1.200.10",
              "blanks": "127, 0, 0, 1, 200, 10",
              "empty-number": "127,,0,1,200,10",
              "comma-at-the-end": "127,0,0,1,200,10,",
              "letters": "a,b,c,d,e,f",
              "port-zero": "127,0,0,1,0,0",
          }.items()],
    Row("959 4.1.2", "refused-port", "After a refused PORT the session goes on.", """
        PORT 127,0,0,1,256,10 -> 501
        NOOP -> 200
        """),
    Row("959 4.1.2", "pasv", "227 says (h1,h2,h3,h4,p1,p2).",
        r"PASV -> 227 ^227 [^(]*\(\d{1,3}(,\d{1,3}){5}\)"),
    Row("959 4.1.2", "pasv-again", "PASV may be said again; the last one counts.", """
        PASV -> 227
        PASV -> 227
        LIST -> 150/125 226
        """),
)

test_information = dialogues(
    Row("959 4.1.3", "syst", "215 begins with a name of the list of assigned numbers.",
        "SYST -> 215 ^215 UNIX Type: L8"),
    Row("959 4.1.3", "syst-before-login", "SYST needs no login.", "SYST -> 215", state="ready"),
    Row("959 4.1.3", "noop", "NOOP: 200.", "NOOP -> 200"),
    Row("959 4.1.3", "help", "HELP names the commands.", "HELP -> 214 RETR.*STOR"),
    Row("959 4.1.3", "help-before-login", "HELP may be asked before USER.", "HELP -> 214 RETR",
        state="ready"),
    Row("959 4.1.3", "help-of-a-command", "HELP with a command tells about it.", """
        HELP RETR -> 214 RETR
        HELP retr -> 214 RETR
        HELP SITE -> 214 SITE
        """),
    Row("959 4.1.3", "help-of-nothing", "HELP of what is no command: 501, 502 or 504.",
        "HELP XYZZY -> 501/502/504"),
    Row("959 4.1.3", "site-help", "SITE HELP names the SITE commands.", "SITE HELP -> 214/200 CHMOD"),
    Row("959 4.1.3", "site-nonsense", "An unknown SITE command: 500 to 504.",
        "SITE XYZZY -> 500/501/502/504"),
    Row("959 4.1.3", "stat", "STAT without an argument tells the session's parameters.", """
        TYPE I -> 200
        STAT -> 211 alice.*TYPE I
        """),
    Row("959 4.1.3", "stat-of-a-directory", "STAT of a path lists it over the control connection.",
        "STAT folder -> 212/213 one.*two", files={"folder/one": b"", "folder/two": b""}),
    Row("959 4.1.3", "stat-of-a-file", "STAT of a file.", "STAT hello.txt -> 213/212 hello.txt",
        files=HELLO),
    Row("959 4.1.3", "stat-of-nothing", "STAT of what is not there: 450 (or 550).",
        "STAT nothing -> 450/550"),
    Row("959 4.1.3", "stat-with-a-wildcard", "STAT takes what LIST takes.",
        "STAT folder/o* -> 212/213 one", files={"folder/one": b"", "folder/two": b""}),
)


@rfc("959 4.2", "Multi-line replies begin with code and hyphen and end with code and blank.")
def test_multi_line_replies(gate):
    control = gate.login()
    gate.put("211 End")
    gate.put("213 End")
    gate.put("212 End")
    for command in ("HELP", "STAT", "FEAT", "MLST /", "STAT /", "SITE HELP"):
        reply = control.command(command)
        code = str(reply.code)
        assert len(reply.lines) > 1, command
        assert reply.lines[0].startswith(code + "-")
        assert reply.lines[-1].startswith(code + " ")
        for line in reply.lines[1:-1]:
            assert not re.match(r"\d\d\d ", line), f"{command}: looks like the last line: {line}"
        control.expect("NOOP", 200)


@rfc("959 4.2", "A reply is three digits, a blank and text, on a line that ends in CRLF.")
def test_replies_are_lines(gate):
    control = gate.login()
    for command in ("NOOP", "PWD", "SYST", "XYZZY", "RETR nothing", "TYPE E", "PORT 1"):
        control.send(command)
        line = control.read_line()  # refuses a line without CR
        assert re.fullmatch(r"[1-5][0-5]\d [\x20-\x7e]+", line), line


@rfc("959 5.1", "QUIT is answered with 221, then the server closes the connection.")
def test_quit(gate):
    control = gate.login()
    control.expect("QUIT", 221)
    assert control.is_closed()


@rfc("959 5.1", "QUIT before the login closes as well.")
def test_quit_before_login(gate):
    control = gate.ready()
    control.expect("QUIT", 221)
    assert control.is_closed()


@rfc("959 5.3", "Replies come in the order of the commands, however many are sent ahead.")
def test_pipelined(gate):
    control = gate.login()
    control.send_raw(b"NOOP\r\nPWD\r\nXYZZY\r\nSYST\r\nTYPE I\r\nNOOP\r\n")
    assert [control.read_reply().code for _ in range(6)] == [200, 257, 500, 215, 200, 200]
