"""LIST as ls -l, which is what clients parse (RFC 959 4.1.3 leaves the form open), and the switches and
wildcards that they send."""

import os
import re
import time

import pytest

from specification import Row, dialogues, rfc

LINE = re.compile(
    r"([-dlp])((?:[r-][w-][xsS-]){2}[r-][w-][xtT-]) +(\d+) (\S+) +(\S+) +(\d+) "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ 123]\d) (\d\d:\d\d| \d{4}) (.+)")
FILES = {"file": b"content", "folder/inner": b"12", "folder/deep/er": b"", ".hidden": b"",
         "with blank": b"", " lead": b"", "-dash": b"", "[a]": b"", "b.txt": b"1", "c.txt": b"22"}
TOP = {"file", "folder", "with blank", " lead", "-dash", "[a]", "b.txt", "c.txt"}


def parse(line):
    match = LINE.fullmatch(line)
    assert match, f"no line of ls -l: {line!r}"
    return match.groups()


def entries(control, command="LIST"):
    lines = [line for line in control.listing(command) if not line.startswith("total ")]
    return {parse(line)[-1]: parse(line) for line in lines}


def names(control, command):
    return set(entries(control, command))


@rfc("959 4.1.3", "Every line has the columns of ls -l, the name is what is left.")
def test_columns(gate):
    gate.fill(FILES)
    listed = entries(gate.login())
    assert set(listed) - {".hidden"} == TOP
    assert listed["file"][0] == "-"
    assert listed["file"][5] == "7"
    assert listed["folder"][0] == "d"


@pytest.mark.parametrize("mode, shown", [(0o644, "rw-r--r--"), (0o755, "rwxr-xr-x"),
                                         (0o600, "rw-------"), (0o000, "---------"), (0o777, "rwxrwxrwx")])
@rfc("959 4.1.3", "The permission bits are those of the file.")
def test_modes(gate, mode, shown):
    gate.put("file").chmod(mode)
    assert entries(gate.login())["file"][1] == shown


DAY = 86400


@pytest.mark.parametrize("age_days, has_time", [(0, True), (1, True), (100, True), (180, True),
                                                (190, False), (400, False), (-2, False), (-400, False)])
@rfc("959 4.1.3", "Within the last six months the time of day, else the year; in UTC.")
def test_six_months(gate, age_days, has_time):
    when = time.time() - age_days * DAY
    gate.put("file", b"", when)
    date = time.gmtime(when)
    _, _, _, _, _, _, month, day, rest, _ = entries(gate.login())["file"]
    assert month == time.strftime("%b", date)
    assert int(day) == date.tm_mday
    assert rest == (time.strftime("%H:%M", date) if has_time else f" {date.tm_year}")


@pytest.mark.parametrize("year, mtime", [(1970, 0), (2000, 951_782_400), (2038, 2**31 + 5),
                                         (2100, 4_102_444_800), (2106, 2**32 + 10)])
@rfc("959 4.1.3", "Years before and after all limits of 32 bits.")
def test_years(gate, year, mtime):
    gate.put("file", b"", mtime)
    assert entries(gate.login())["file"][8] == f" {year}"


@pytest.mark.parametrize("size", [0, 2**31, 2**32 + 1, 3 * 2**40])
@rfc("959 4.1.3", "Sizes beyond 32 bits.")
def test_sizes(gate, size):
    gate.put_sparse("file", size)
    assert entries(gate.login())["file"][5] == str(size)


SWITCHES = {
    "LIST": TOP,
    "LIST -l": TOP,
    "LIST -a": TOP | {".hidden", ".", ".."},
    "LIST -la": TOP | {".hidden", ".", ".."},
    "LIST -al": TOP | {".hidden", ".", ".."},
    "LIST -a -l": TOP | {".hidden", ".", ".."},
    "LIST -a .": TOP | {".hidden", ".", ".."},
    "LIST -la /": TOP | {".hidden", ".", ".."},
    "LIST .": TOP,
    "LIST /": TOP,
    "LIST -t": TOP,
    "LIST -1": TOP,
    "LIST folder": {"inner", "deep"},
    "LIST folder/": {"inner", "deep"},
    "LIST -l folder": {"inner", "deep"},
    "LIST *.txt": {"b.txt", "c.txt"},
    "LIST -l *.txt": {"b.txt", "c.txt"},
    "LIST ?.txt": {"b.txt", "c.txt"},
    "LIST [bx].txt": {"b.txt"},
    "LIST folder/i*": {"inner"},
    "LIST [a]": {"[a]"},
    "LIST file": {"file"},
    "LIST with blank": {"with blank"},
    "LIST -- -dash": {"-dash"},
    "LIST ./-dash": {"-dash"},
    "LIST -dash": {"-dash"},
    "LIST *.none": set(),
    "LIST .h*": {".hidden"},
}


@pytest.mark.parametrize("command", SWITCHES)
@rfc("1123 4.1.2.7", "The switches of ls that clients send, wildcards, and names that look like either.")
def test_switches(gate, command):
    gate.fill(FILES)
    control = gate.login()
    if not SWITCHES[command]:
        done = control.transfer(command)
        assert done.data == b"" or done.code in (450, 550)
        return
    listed = {os.path.basename(name) for name in names(control, command)}
    # Hidden files may be shown without being asked for; "." and ".." may be left out.
    assert listed - {".hidden", ".", ".."} == SWITCHES[command] - {".hidden", ".", ".."}
    if ".hidden" in SWITCHES[command]:
        assert ".hidden" in listed


@rfc("959 4.1.3", "LIST -a has the directory itself and its parent first.")
def test_dots(gate):
    gate.fill(FILES)
    listed = entries(gate.login(), "LIST -a")
    assert listed["."][0] == listed[".."][0] == "d"


@rfc("959 4.1.3", "Files whose names begin with a dot are shown the same way in all listings.")
def test_hidden_files(gate):
    gate.fill(FILES)
    control = gate.login()
    assert (".hidden" in names(control, "LIST")) == (".hidden" in control.listing("NLST"))


@rfc("959 4.1.3", "LIST -R: each directory under a heading, as ls -lR has it.")
def test_recursive(gate):
    gate.fill(FILES)
    lines = gate.login().listing("LIST -R")
    headings = [line for line in lines if line.endswith(":") and not LINE.fullmatch(line)]
    assert any(heading.rstrip(":").endswith("folder") for heading in headings), lines
    assert any(heading.rstrip(":").endswith("folder/deep") for heading in headings), lines
    found = [parse(line)[-1] for line in lines if LINE.fullmatch(line)]
    assert {"inner", "er", "file"} <= set(found)


@rfc("959 4.1.3", "LIST -d of a directory: the directory itself.")
def test_directory_itself(gate):
    gate.fill(FILES)
    listed = names(gate.login(), "LIST -d folder")
    assert {os.path.basename(name) for name in listed} == {"folder"}


NLST = {
    "NLST": TOP, "NLST -1": TOP, "NLST -a": TOP | {".hidden"}, "NLST *.txt": {"b.txt", "c.txt"},
    "NLST folder": {"folder/inner", "folder/deep"}, "NLST folder/": {"folder/inner", "folder/deep"},
    "NLST /folder": {"/folder/inner", "/folder/deep"}, "NLST file": {"file"},
    "NLST folder/i*": {"folder/inner"}, "NLST -- -dash": {"-dash"}, "NLST -la": TOP | {".hidden"},
}


@pytest.mark.parametrize("command", NLST)
@rfc("1123 4.1.2.7", "NLST answers names alone, with the path that was asked for.")
def test_nlst(gate, command):
    gate.fill(FILES)
    listed = set(gate.login().listing(command))
    assert listed - {".hidden", ".", ".."} == NLST[command] - {".hidden"}


@rfc("959 4.1.3", "Links: inside the home what they lead to, others never tell where they lead.")
def test_links(gate):
    gate.fill(FILES)
    os.symlink("file", gate.home / "inside")
    os.symlink("/etc/passwd", gate.home / "outside")
    os.symlink("nowhere", gate.home / "dangling")
    control = gate.login()
    lines = control.listing("LIST")
    assert not any("/etc/passwd" in line for line in lines)
    listed = {parse(line)[-1].split(" -> ")[0] for line in lines}
    assert {"inside", "outside", "dangling"} <= listed
    assert control.transfer("RETR outside").code == 550
    assert control.transfer("RETR dangling").code == 550
    control.expect("TYPE I", 200)
    assert control.download("inside") == b"content"


@rfc("959 4.1.3", "A directory that is empty: 226 and nothing (or a total).")
def test_empty_directory(gate):
    gate.put("empty", None)
    control = gate.login()
    assert control.listing("LIST empty") in ([], ["total 0"])
    assert control.listing("NLST empty") == []


@rfc("959 4.1.3", "Files of users that have no name show the number.")
def test_owners_without_names(gate):
    path = gate.put("file")
    if os.geteuid() == 0:
        os.chown(path, 54321, 54321)
        assert entries(gate.login())["file"][3:5] == ("54321", "54321")


test_rights = dialogues(
    Row("959 5.4", "list-without-right", "Who may not list: 550 for all that lists.", """
        LIST -> 550/450
        NLST -> 550/450
        MLSD -> 550
        MLST file -> 550
        STAT / -> 550/450
        SIZE file -> 550
        MDTM file -> 550
        """, user="dropper", files={"file": b""}),
    Row("959 5.4", "no-rights-at-all", "Each command that needs a right says 550; the others work.", """
        RETR file -> 550
        STOR new -> 550/553
        STOR file -> 550/553
        APPE file -> 550/553
        STOU -> 550/553
        DELE file -> 550
        RNFR file -> 550
        MKD new -> 550
        RMD a -> 550
        LIST -> 550/450
        NOOP -> 200
        PWD -> 257
        CWD a -> 250/550
        """, user="nobody", files={"file": b"", "a/": None}),
    Row("959 5.4", "no-overwriting", "Who may upload but not overwrite.", """
        STOR file -> 550/553
        APPE file -> 550/553
        """, user="keeper", files={"file": b"kept"}),
)
