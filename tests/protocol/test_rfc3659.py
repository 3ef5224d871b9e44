"""RFC 3659: MDTM, SIZE, REST STREAM, TVFS, MLST and MLSD."""

import os

import pytest

import mlst
from specification import Row, dialogues, rfc

OLD = 1_000_000_000  # 2001-09-09 01:46:40 UTC
TWO_38, TWO_2100 = 2**31 + 5, 4_102_444_800

test_mdtm = dialogues(
    Row("3659 3", "mdtm-missing", "MDTM of what is not there: 550.", "MDTM nothing -> 550"),
    Row("3659 3", "mdtm-of-a-directory", "MDTM of a directory: a time or 550.", "MDTM a -> 213/550",
        files={"a/": None}),
    Row("3659 3", "mdtm-before-login", "MDTM needs a login: 530.", "MDTM file -> 530", state="ready"),
    Row("3659 3", "mdtm-in-type-a", "MDTM does not depend on the type.", """
        TYPE A -> 200
        MDTM file -> 213
        TYPE I -> 200
        MDTM file -> 213
        """, files={"file": b""}),
    Row("3659 3", "mdtm-format", "213 and 14 digits.", r"MDTM file -> 213 ^213 \d{14}(\.\d+)?$",
        files={"file": b""}),
)


@pytest.mark.parametrize("mtime, expected", [
    (OLD, "20010909014640"), (0, "19700101000000"), (951_782_400, "20000229000000"),
    (TWO_38, "20380119031413"), (TWO_2100, "21000101000000")],
    ids=["2001", "1970", "leap-day", "2038", "2100"])
@rfc("3659 2.3", "Times are in UTC, YYYYMMDDHHMMSS.")
def test_times(gate, mtime, expected):
    gate.put("file", b"", mtime)
    control = gate.login()
    assert control.expect("MDTM file", 213).text == f"213 {expected}"
    assert mlst.one(control, "file").modify == expected
    assert mlst.listing(control)["file"].modify == expected


test_size = dialogues(
    Row("3659 4", "size", "SIZE: 213 and the bytes that RETR would send.", """
        TYPE I -> 200
        SIZE file -> 213 ^213 7$
        SIZE empty -> 213 ^213 0$
        """, files={"file": b"content", "empty": b""}),
    Row("3659 4", "size-missing", "SIZE of what is not there: 550.", """
        TYPE I -> 200
        SIZE nothing -> 550
        SIZE folder -> 550
        """, files={"folder/": None}),
    Row("3659 4", "size-in-type-a", "In TYPE A: what would be sent, or 550.", """
        TYPE A -> 200
        SIZE file -> 550
        """, files={"file": b"one\ntwo\n"}),
    Row("3659 4", "size-before-login", "SIZE needs a login: 530.", "SIZE file -> 530", state="ready"),
)


@pytest.mark.parametrize("size", [2**31 - 1, 2**31, 2**32 - 1, 2**32 + 7, 5 * 2**40])
@rfc("3659 4", "Sizes beyond 32 bits are told as they are.")
def test_large_sizes(gate, size):
    gate.put_sparse("file", size)
    control = gate.login()
    control.expect("TYPE I", 200)
    assert control.expect("SIZE file", 213).text == f"213 {size}"
    assert mlst.one(control, "file").size == str(size)


@rfc("3659 5", "REST beyond 4 GiB, both ways.")
def test_rest_of_large_files(gate):
    path = gate.put_sparse("file", 2**32 + 10)
    with open(path, "r+b") as file:
        file.seek(2**32 + 4)
        file.write(b"abcdef")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect(f"REST {2**32 + 4}", 350)
    assert control.download("file") == b"abcdef"
    control.expect(f"REST {2**32 + 6}", 350)
    control.upload("file", b"XY")
    with open(path, "rb") as file:
        file.seek(2**32 + 4)
        assert file.read() == b"abXY"


test_rest = dialogues(
    Row("3659 5.1", "rest-stream", "FEAT says REST STREAM.", r"FEAT -> 211 \n REST STREAM\n"),
    Row("3659 5.3", "rest-zero", "REST 0 takes a REST back.", """
        TYPE I -> 200
        REST 4 -> 350
        REST 0 -> 350
        RETR file -> 150 226
        """, files={"file": b"abc"}),
    Row("3659 5.4", "rest-before-login", "REST needs a login: 530.", "REST 0 -> 530", state="ready"),
)


@rfc("3659 5.2", "Between REST and the transfer PASV or PORT and TYPE may stand.")
@pytest.mark.parametrize("means", ["pasv", "epsv", "port", "eprt"])
def test_rest_before_pasv(gate, means):
    gate.put("file", b"0123456789")
    control = gate.login()
    control.expect("REST 0", 350)
    control.expect("TYPE I", 200)
    control.expect("REST 7", 350)
    assert control.download("file", mode=means) == b"789"


# MLST and MLSD


TREE = {"file": b"content", "folder/inner": b"12", "with blank": b"", "empty/": None}


@rfc("3659 7.2", "Each entry follows the grammar; the names are those of the directory.")
def test_mlsd_grammar(gate):
    gate.fill(TREE)
    entries = mlst.listing(gate.login())
    assert set(entries) - {".", ".."} == {"file", "folder", "with blank", "empty"}
    assert entries["file"].type.lower() == "file"
    assert entries["folder"].type.lower() == "dir"
    assert entries["file"].size == "7"


@rfc("3659 7.5.1", "cdir is the listed directory, once at most; pdir its parent.")
def test_types_of_directories(gate):
    gate.fill(TREE)
    control = gate.login()
    types = [entry.type.lower() for entry in mlst.listing(control, "MLSD folder").values()]
    assert types.count("cdir") <= 1
    assert types.count("pdir") <= 1
    assert types.count("file") == 1
    assert "dir" not in types


@rfc("3659 7.5.1.1", "MLST of a directory is of type dir or cdir.")
def test_mlst_of_directories(gate):
    gate.fill(TREE)
    control = gate.login()
    assert mlst.one(control, "folder").type.lower() in ("dir", "cdir")
    assert mlst.one(control).type.lower() in ("dir", "cdir")
    assert mlst.one(control, "/").type.lower() in ("dir", "cdir")


@rfc("3659 7.2", "The path that MLST names is fully qualified when it can be.")
def test_mlst_names(gate):
    gate.fill(TREE)
    control = gate.login()
    control.expect("CWD folder", 250)
    assert mlst.one(control, "inner").name == "/folder/inner"
    assert mlst.one(control, "/file").name == "/file"
    assert mlst.one(control).name == "/folder"


test_mlsx_errors = dialogues(
    Row("3659 7.2", "mlsd-of-a-file", "MLSD of a file: 501.", "MLSD file -> 501", files=TREE),
    Row("3659 7.2", "mlsd-missing", "MLSD of what is not there: 550.", "MLSD nothing -> 550"),
    Row("3659 7.2", "mlst-missing", "MLST of what is not there: 550.", "MLST nothing -> 550"),
    Row("3659 7.2", "no-wildcards", "MLSD and MLST know no wildcards.", """
        MLST f* -> 550/501
        MLSD f* -> 550/501
        """, files=TREE),
    Row("3659 7.2", "no-switches", "MLSD knows no switches: -la is a name.", "MLSD -la -> 550/501"),
    Row("3659 7", "mlst-before-login", "MLST and MLSD need a login: 530.", """
        MLST -> 530
        MLSD -> 530
        """, state="ready"),
    Row("3659 7.2", "mlsd-marks", "150, then 226.", "MLSD -> 150/125 226/250"),
)


@rfc("3659 7.2", "MLST of a directory whose files look like switches and wildcards.")
def test_mlst_of_odd_names(gate):
    control = gate.login()
    for name in ("-la", "a*b", "a;b", "a=b", "type=dir; x", " lead", "trail ", '"q"'):
        gate.put(name, b"12345")
        assert mlst.one(control, name).name == "/" + name
    assert {"-la", "a*b", "a;b", "a=b", "type=dir; x", " lead", "trail ", '"q"'} <= set(
        mlst.listing(control))


@rfc("3659 7.5.2", "unique is the same for two names of one file, and different for two files.")
def test_unique(gate):
    path = gate.put("one")
    gate.put("two")
    os.link(path, gate.home / "three")
    entries = mlst.listing(gate.login())
    assert entries["one"].unique == entries["three"].unique
    assert entries["one"].unique != entries["two"].unique


PERMS = {  # letters of a file, letters of a directory, letters that its user must not see
    "alice": ("adfrw", "cdeflmp", ""),
    "reader": ("r", "el", "acdfmpw"),
    "keeper": ("r", "celm", "adfpw"),
    "eraser": ("d", "delp", "acfmrw"),
}


@pytest.mark.parametrize("user", PERMS)
@rfc("3659 7.5.5", "perm tells what this user may do, neither more nor less.")
def test_perm(gate, user):
    gate.fill(TREE)
    of_file, of_directory, never = PERMS[user]
    control = gate.login(user)
    entries = mlst.listing(control)
    assert set(entries["file"].perm) == set(of_file)
    assert set(entries["empty"].perm) == set(of_directory)
    for entry in entries.values():
        assert not set(entry.perm) & set(never), entry


@pytest.mark.parametrize("user, letter, command", [
    (user, letter, command)
    for user in ("alice", "reader", "keeper", "eraser")
    for letter, command in (("r", "RETR file"), ("w", "STOR file"), ("a", "APPE file"),
                            ("d", "DELE file"), ("f", "RNFR file"))])
@rfc("3659 7.5.5", "A letter is there when its command works, and is missing when it is refused.")
def test_perm_of_files_is_true(gate, user, letter, command):
    gate.fill(TREE)
    control = gate.login(user)
    has_letter = letter in mlst.one(control, "file").perm
    if command.split()[0] in ("RETR", "STOR", "APPE"):
        works = control.transfer(command, b"" if "RETR" not in command else None).code == 226
    else:
        works = control.command(command).code in (250, 350)
    assert works == has_letter


@pytest.mark.parametrize("user, letter, command", [
    (user, letter, command)
    for user in ("alice", "reader", "keeper", "eraser")
    for letter, command in (("c", "STOR empty/new"), ("m", "MKD empty/new"), ("d", "RMD empty"),
                            ("f", "RNFR empty"), ("e", "CWD empty"), ("l", "NLST empty"))])
@rfc("3659 7.5.5", "The same for the letters of a directory.")
def test_perm_of_directories_is_true(gate, user, letter, command):
    gate.fill(TREE)
    control = gate.login(user)
    has_letter = letter in mlst.one(control, "empty").perm
    if command.split()[0] in ("STOR", "NLST"):
        works = control.transfer(command, b"" if "STOR" in command else None).code == 226
    else:
        works = control.command(command).code in (250, 257, 350)
    assert works == has_letter


@rfc("3659 7.5.5", "The letters tell what the system allows, too: an unreadable file has no r.")
def test_perm_knows_the_file_system(gate):
    path = gate.put("locked", b"content")
    path.chmod(0)
    control = gate.login()
    perm = mlst.one(control, "locked").perm
    assert control.transfer("RETR locked").code == 550
    assert "r" not in perm


# FEAT and OPTS


def chosen(control):
    line = next(x for x in control.expect("FEAT", 211).lines if x.startswith(" MLST "))
    return {fact[:-1].lower() for fact in line[6:].split(";") if fact.endswith("*")}


@rfc("3659 7.8", "FEAT says MLST with every fact, a semicolon behind each and a star at the chosen.")
def test_feat(gate):
    control = gate.ready()
    line = next(x for x in control.expect("FEAT", 211).lines if x.startswith(" MLST "))
    facts = line.removeprefix(" MLST ")
    assert facts.endswith(";")
    names = [fact.rstrip("*").lower() for fact in facts[:-1].split(";")]
    assert {"type", "size", "modify", "create", "perm", "unique", "unix.mode", "unix.owner",
            "unix.group"} <= set(names)
    assert {"type", "size", "modify", "perm", "unique"} <= chosen(control)
    assert "MLSD" not in [x.strip() for x in control.expect("FEAT", 211).lines]


@pytest.mark.parametrize("asked, answer", [
    ("type;size;", {"type", "size"}),
    ("Type;SIZE;", {"type", "size"}),
    ("type;bogus;modify;", {"type", "modify"}),
    ("unique;", {"unique"}),
    ("type;size;modify;create;perm;unique;UNIX.mode;UNIX.owner;UNIX.group;",
     {"type", "size", "modify", "create", "perm", "unique", "unix.mode", "unix.owner", "unix.group"}),
], ids=["two", "any-case", "unknown-ones", "one", "all"])
@rfc("3659 7.9", "OPTS MLST chooses the facts; 200 repeats those that will be sent.")
def test_opts_mlst(gate, asked, answer):
    gate.put("file", b"content")
    control = gate.login()
    reply = control.expect(f"OPTS MLST {asked}", 200)
    assert reply.text.startswith("200 MLST OPTS"), reply
    told = reply.text.removeprefix("200 MLST OPTS").strip()
    assert {fact.lower() for fact in told.split(";") if fact} == answer
    assert chosen(control) == answer
    entry = mlst.one(control, "file")
    assert set(entry.facts) >= answer - {"create"}
    assert set(entry.facts) <= answer
    assert set(mlst.listing(control)["file"].facts) == set(entry.facts)


@pytest.mark.parametrize("asked", ["OPTS MLST", "OPTS MLST ;", "OPTS MLST bogus;"])
@rfc("3659 7.9", "An empty choice: entries are a blank and the name.")
def test_no_facts(gate, asked):
    gate.put("file", b"content")
    control = gate.login()
    reply = control.expect(asked, 200)
    assert reply.text.rstrip() == "200 MLST OPTS"
    assert chosen(control) == set()
    assert " file" in control.listing("MLSD")
    assert control.expect("MLST file", 250).lines[1] == "  /file"


@rfc("3659 7.9", "OPTS MLST needs no login, and what was chosen holds.")
def test_opts_mlst_before_login(gate):
    control = gate.ready()
    control.expect("OPTS MLST type;", 200)
    assert chosen(control) == {"type"}


@rfc("3659 6", "TVFS: slashes part names, . and .. are what they are elsewhere, and FEAT says it.")
def test_tvfs(gate):
    gate.fill({"a/b/c": b"content"})
    control = gate.login()
    assert " TVFS" in control.expect("FEAT", 211).lines
    for path in ("/a/b/c", "a/b/c", "a//b/c", "./a/./b/c", "a/b/../b/c", "a/../a/b/c", "/../a/b/c"):
        control.expect(f"MLST {path}", 250)
    assert mlst.one(control, "a/../a//b/./c").name == "/a/b/c"


@pytest.mark.parametrize("name", ["line\nend", "return\rend"], ids=["lf", "cr"])
@rfc("3659 2.2", "A name with a line end cannot forge an entry.")
def test_names_with_line_ends(gate, name):
    gate.put(name, b"x")
    gate.put("fine", b"x")
    control = gate.login()
    assert set(mlst.listing(control)) - {".", ".."} == {"fine"}
    assert control.listing("NLST") == ["fine"]
    assert len(control.listing("LIST")) == 1


@rfc("3659 7.3", "A directory with many entries comes whole, each entry once.")
def test_many_entries(gate):
    folder = gate.put("many", None)
    for number in range(3000):
        (folder / f"{number:05d} {'x' * 60}").touch()
    control = gate.login()
    assert len(set(mlst.listing(control, "MLSD many")) - {".", ".."}) == 3000
