"""Ways out of a home, each tried by every command that takes a path: none reads or writes outside.

What lies outside belongs to the server's own user and may be written by all, so that nothing but
containment is in the way: `victim` is another home beneath the same data root, which the sandbox does
not tell from ours; `outside` lies beyond it. Both are looked at before and after, in every detail,
and no byte of them may be in a reply or on a data connection."""

import contextlib
import os
import re
import shutil
import socket
import stat

import pytest

from sallyport_lab import canaries
from sallyport_lab.canaries import CONTENT, UNSEEN, own
from sallyport_lab.daemon import IS_ROOT, PASSWORD

pytestmark = pytest.mark.sanitize

# What users have: nothing special, or entries of a policy, whose homes follow no link by themselves.
KINDS = ("plain", "strict")


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, failed_login_delay=0, data_timeout=15)
    server.add_user("plain")
    server.add_user("strict", PASSWORD, "--rule", "/never=none", "--rule", "/ro=read-only")
    return server


def empty(folder):
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()


class World:
    """One home with something in it, and what lies around it."""

    def __init__(self, server, user):
        self.server, self.user = server, user
        self.home = server.home(user)
        self.victim = server.data_root / "victim"
        self.outside = server.folder / "outside"
        self.watched = [self.victim, self.outside]
        for tree in self.watched:
            if tree.exists():
                shutil.rmtree(tree)
            canaries.make(tree)
        empty(self.home)
        for name, content in {"mine": b"mine", "sub/file": b"file", "sub/deep/er/x": b"x",
                              "ro/file": b"read only", "never/file": CONTENT}.items():
            self.put(name, content)
        self.before = None

    def put(self, name, content):
        return self.server.put(name, content, self.user)

    def link(self, name, goal):
        os.symlink(goal, self.home / name)
        os.lchown(self.home / name, *_ids(self.home))

    def watch(self):
        """From here on nothing outside may change."""
        self.before = canaries.look(*self.watched)
        self.around = [sorted(os.listdir(x)) for x in (self.server.data_root, self.server.folder)]

    def check(self):
        assert canaries.differences(self.before, canaries.look(*self.watched)) == []
        assert self.around == [sorted(os.listdir(x))
                               for x in (self.server.data_root, self.server.folder)]

    def login(self, tls=False):
        spy = Spy(self.server.login(self.user, tls=tls))
        spy.expect("TYPE I", 200)
        return spy


def _ids(path):
    st = os.stat(path)
    return st.st_uid, st.st_gid


class Spy:
    """A session; all that it is told is searched for what it must not know."""

    def __init__(self, control):
        self.control = control

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control.close()

    @staticmethod
    def line(*words):
        return b" ".join(w.encode() if isinstance(w, str) else w for w in words)

    def look_at(self, data, words):
        assert not canaries.leaks(data), f"{words} told of the outside: {data[:300]!r}"

    def say(self, *words):
        reply = self.control.command(self.line(*words))
        self.look_at(reply.text.encode("utf-8", "surrogateescape"), words)
        return reply

    def expect(self, line, *codes):
        reply = self.say(line)
        assert reply.code in codes, f"{line}: wanted {codes}, got: {reply}"
        return reply

    def move(self, *words, content=None):
        """A transfer; its code."""
        done = self.control.transfer(self.line(*words), content)
        self.look_at(done.data, words)
        for reply in (done.first, done.final):
            self.look_at(reply.text.encode("utf-8", "surrogateescape"), words)
        return done

    def begin(self, *words):
        return self.control.start(self.line(*words))

    def begin_slowly(self, command):
        """The server has looked at the path and waits for TLS on the data connection: the socket."""
        data = self.control.dial(self.control.epsv())
        self.control.send(command)
        self.control.expect_reply(150)
        return data

    def check_use(self):
        """The session is as good as before."""
        self.expect("NOOP", 200)
        self.expect("CWD /", 250)
        assert self.move("STOR", "check", content=b"still here").code == 226
        assert self.move("RETR", "check").data == b"still here"
        self.expect("DELE check", 250)


@pytest.fixture(params=KINDS)
def world(server, request):
    return World(server, request.param)


@pytest.fixture
def plain(server):
    return World(server, "plain")


@pytest.fixture
def strict(server):
    return World(server, "strict")


# Every command with a path that leads out --------------------------------------------------------

# These tell or change something of what the path leads to: never of something outside.
ASKING = ["SIZE", "MDTM", "MLST", "HASH", "XCRC", "XMD5", "XSHA1", "XSHA256", "XSHA512", "SITE CPFR"]
CHANGING = ["MFMT 20200101000000", "MFF Modify=20200101000000;", "MFF UNIX.mode=0600;",
            "MDTM 20200101000000", "SITE CHMOD 600", "SITE UTIME 20200101000000"]
LISTING = ["LIST", "LIST -aR", "LIST -d", "NLST", "MLSD"]


def try_everything(spy, path):
    """All commands; what only tells comes first, what removes last."""
    for verb in ASKING + CHANGING:
        reply = spy.say(verb, path)
        assert reply.code >= 400, f"{verb} {path}: {reply}"
    assert spy.move("RETR", path).code >= 400
    assert spy.say("SITE UTIME", path, "20200101000000 20200101000000 20200101000000 UTC").code >= 400
    for verb in LISTING:
        spy.move(verb, path)
    spy.say("STAT", path)
    spy.say("DSIZ", path)
    spy.say("AVBL", path)
    if spy.say("CWD", path).code == 250:
        spy.move("NLST")
        spy.expect("CWD /", 250)
    for before, verb, content in (("NOOP", "STOR", b"evil"), ("NOOP", "APPE", b"evil"),
                                  ("REST 3", "STOR", b"evil"), ("RANG 2 3", "STOR", b"ev"),
                                  ("NOOP", "STOU", b"evil")):
        spy.say(before)
        spy.move(verb, path, content=content)
        spy.move(verb, spy.line(path) + b"/new", content=content)
    for first, second in (("SITE CPFR /mine", "SITE CPTO"), ("RNFR /sub/file", "RNTO"),
                          ("RNFR /sub/deep", "RNTO")):
        spy.say(first)
        spy.say(second, path)
        spy.say(first)
        spy.say(second, spy.line(path) + b"/new")
    for verb in ("MKD", "SITE MKDIR", "SITE MKDIR -p", "SITE SYMLINK /mine"):
        spy.say(verb, path)
        spy.say(verb, spy.line(path) + b"/new")
    spy.say("SITE SYMLINK", path, "/made")
    spy.move("RETR", "/made")
    spy.move("STOR", "/made/new", content=b"evil")
    spy.move("LIST", "/made")
    spy.say("RNFR", path)
    spy.say("RNTO /taken")
    spy.move("RETR", "/taken")
    for verb in ("SITE RMDIR", "RMD", "DELE", "SITE RMDIR -r"):
        spy.say(verb, path)


def outside_of(world):
    """Where the canary lies, as an absolute path without its first slash."""
    return str(world.outside / "key").lstrip("/")


TEXTS = {
    "dot dot": lambda w: "../victim/key",
    "dot dot after the root": lambda w: "/../victim/key",
    "dot dot to the root of the system": lambda w: "../" * 40 + outside_of(w),
    "dot dot from deep inside": lambda w: "sub/deep/er/../../../../victim/key",
    "dot dot behind a name that is not there": lambda w: "gone/../../victim/key",
    "dot dot behind a file": lambda w: "mine/../../victim/key",
    "dot dot with slashes doubled": lambda w: "..//..//victim///key",
    "dot dot with dots between": lambda w: "./.././././victim/./key",
    "dot dot at the end": lambda w: "sub/../../victim/dir/../key",
    "an absolute path": lambda w: "/" + outside_of(w),
    "an absolute path with two slashes": lambda w: "//" + outside_of(w),
    "the home's own absolute path": lambda w: f"{w.home}/../victim/key",
    "three dots": lambda w: ".../victim/key",
    "four dots": lambda w: "..../victim/key",
    "dots and a blank": lambda w: ".. /victim/key",
    "a blank and dots": lambda w: " ../victim/key",
    "dots and a tab": lambda w: "..\t/victim/key",
    "dots in quotes": lambda w: '"../victim/key"',
    "backslashes": lambda w: "..\\victim\\key",
    "backslashes and slashes": lambda w: "..\\../victim/key",
    "a drive letter": lambda w: "C:../victim/key",
    "percent signs": lambda w: "%2e%2e/victim/key",
    "percent signs for slashes": lambda w: "..%2fvictim%2fkey",
    "percent signs twice": lambda w: "%252e%252e%252fvictim%252fkey",
    "an address": lambda w: f"file:///{outside_of(w)}",
    "overlong UTF-8 slashes": lambda w: b"..\xc0\xafvictim\xc0\xafkey",
    "overlong UTF-8 dots": lambda w: b"\xc0\xae\xc0\xae/victim/key",
    "overlong UTF-8 of three bytes": lambda w: b"..\xe0\x80\xafvictim\xe0\x80\xafkey",
    "wide dots and slashes": lambda w: "\uff0e\uff0e\uff0fvictim\uff0fkey",
    "a division slash": lambda w: "..\u2215victim\u2215key",
    "half of a UTF-8 character": lambda w: b"..\xe2\x88/victim/key",
    "a NUL between the dots": lambda w: b".\x00./victim/key",
    "a NUL behind the path": lambda w: b"../victim/key\x00.txt",
    "a CR between the dots": lambda w: b".\r./victim/key",
    "a CR and a NUL between the dots": lambda w: b".\r\x00./victim/key",
    "Telnet's interrupt between the dots": lambda w: b".\xff\xf4./victim/key",
    "Telnet's negotiation between the dots": lambda w: b".\xff\xfc\x01./victim/key",
    "Telnet's doubled 255 between the dots": lambda w: b".\xff\xff./victim/key",
    "a backspace over a name": lambda w: b"x\x08../victim/key",
    "a home of somebody": lambda w: "~victim/key",
    "a home of one's own": lambda w: "~/../victim/key",
    "a variable": lambda w: "$HOME/../victim/key",
    "a command": lambda w: "`cat ../victim/key`",
    "braces": lambda w: "{..,.}/victim/key",
    "wildcards": lambda w: "*/../../victim/*",
    "wildcards for dots": lambda w: "[.][.]/victim/key",
    "question marks for dots": lambda w: "??/victim/k?y",
    "a wildcard above": lambda w: "../*/key",
    "switches": lambda w: "-la ../victim/key",
    "the processes' root": lambda w: f"/proc/self/root/{outside_of(w)}",
    "a descriptor": lambda w: "/dev/fd/3",
    "a name of 256 bytes": lambda w: "n" * 256 + "/../../victim/key",
    "a path of 5,000 bytes": lambda w: "sub/../" * 700 + "../victim/key",
    "more steps up than a path can hold": lambda w: "../" * 1300 + "victim/key",
}


@pytest.mark.parametrize("way", TEXTS)
def test_no_text_leads_out(world, way):
    world.watch()
    with world.login() as spy:
        try_everything(spy, TEXTS[way](world))
        spy.check_use()
        world.check()


def absolute(world):
    return world.outside / "key"


LINKS = {
    "absolute": lambda w: {"way": absolute(w)},
    "absolute, to a directory": lambda w: {"way": w.outside},
    "absolute, back into the home": lambda w: {"way": f"{w.home}/../victim/key"},
    "relative": lambda w: {"way": "../victim/key"},
    "relative, to a directory": lambda w: {"way": "../victim"},
    "relative, through the home": lambda w: {"way": "sub/../../victim/key"},
    "to the directory above": lambda w: {"way": ".."},
    "to the root": lambda w: {"way": "/"},
    "with a slash at the end": lambda w: {"way": "../victim/"},
    "with a dot at the end": lambda w: {"way": "../victim/."},
    "in a chain": lambda w: {"way": "one", "one": "sub/two", "sub/two": "../three",
                             "three": "../victim"},
    "in a chain that ends absolute": lambda w: {"way": "one", "one": "two", "two": absolute(w)},
    "of which one leads up and one out": lambda w: {"sub/deep/up": "../..",
                                                    "way": "sub/deep/up/../victim"},
    "in a circle": lambda w: {"way": "way"},
    "in a circle of two": lambda w: {"way": "other", "other": "way"},
    "in a chain of fifty": lambda w: {"way": "l0", "l49": "../victim/key"}
                                     | {f"l{i}": f"l{i + 1}" for i in range(49)},
    "as long as a path": lambda w: {"way": "sub/../" * 500 + "../victim/key"},
    "to what is not there": lambda w: {"way": "../victim/new"},
    "to what is not there, absolute": lambda w: {"way": w.outside / "new"},
    "magic, to the root": lambda w: {"way": f"/proc/self/root/{outside_of(w)}"},
    "magic, to the working directory": lambda w: {"way": "/proc/self/cwd"},
    "magic, to a descriptor": lambda w: {"way": "/proc/self/fd/3"},
    "magic, to the program": lambda w: {"way": "/proc/self/exe"},
    "magic, to the supervisor's root": lambda w: {
        "way": f"/proc/{w.server.process.pid}/root/{outside_of(w)}"},
    "to the environment of a process": lambda w: {"way": "/proc/self/environ"},
    "to the standard input": lambda w: {"way": "/dev/stdin"},
    "to a device": lambda w: {"way": "/dev/zero"},
    "to the server's key": lambda w: {"way": w.server.authority.key},
    "to the accounts": lambda w: {"way": w.server.folder / "state" / "accounts.db"},
}


@pytest.mark.parametrize("way", LINKS)
def test_no_link_leads_out(world, way):
    for name, goal in LINKS[way](world).items():
        world.link(name, goal)
    world.watch()
    with world.login() as spy:
        for below in ("/key", "/dir/key"):
            try_everything(spy, "way" + below)
        assert world.home.joinpath("way").is_symlink(), "nothing below can remove the link itself"
        try_everything(spy, "way")
        spy.check_use()
        world.check()


def test_a_listing_shows_a_link_and_not_where_it_leads(world):
    for name, goal in {"a": world.outside, "b": "../victim/key", "c": "..", "d": "d"}.items():
        world.link(name, goal)
    world.watch()
    with world.login() as spy:
        for command in ("LIST", "LIST -R", "NLST", "NLST -R", "MLSD", "LIST a", "MLSD b", "LIST c/"):
            listed = spy.move(command).data
            assert str(world.outside).encode() not in listed
            assert f"size={len(CONTENT)}".encode() not in listed.lower()
        spy.say("STAT /")
        spy.say("STAT a")
    world.check()


# Links that a client makes itself ----------------------------------------------------------------


@pytest.mark.parametrize("goal", ["../victim/key", "/../victim/key", "..", "/", ".", "../../..",
                                  "sub/../../victim", "/proc/self/root"])
def test_a_link_of_a_client_leads_inside(world, goal):
    world.watch()
    with world.login() as spy:
        for at in ("made", "sub/made", "sub/deep/er/made"):
            spy.say("SITE SYMLINK", goal, at)
            spy.move("RETR", at)
            spy.move("RETR", f"{at}/key")
            spy.move("RETR", f"{at}/../victim/key")
            spy.move("STOR", f"{at}/victim/new", content=b"evil")
            spy.move("LIST", at)
            if os.path.lexists(world.home / at):
                real = os.path.realpath(world.home / at)
                assert real == str(world.home) or real.startswith(f"{world.home}/")
        spy.check_use()
    world.check()


def test_a_link_made_through_a_link_is_as_deep_as_it_lies(world):
    """sub/deep/er/up is the root: a link below that path lies in the root itself."""
    world.link("sub/deep/er/up", "../../..")
    world.watch()
    with world.login() as spy:
        spy.expect("SITE SYMLINK /victim/key sub/deep/er/up/made", 200)
        assert os.readlink(world.home / "made") == "victim/key"
        assert spy.move("RETR", "made").code == 550
    world.check()


def test_a_link_that_is_moved_upwards_is_refused_when_it_is_followed(world):
    world.watch()
    with world.login() as spy:
        spy.expect("SITE SYMLINK /victim/key sub/deep/er/made", 200)
        spy.expect("RNFR sub/deep/er/made", 350)
        spy.expect("RNTO sub/made", 250)  # as text it is ../../../victim/key
        assert spy.move("RETR", "sub/made").code == 550
        assert spy.move("STOR", "sub/made", content=b"evil").code == 550
        spy.check_use()
    world.check()


# Hard links --------------------------------------------------------------------------------------


def test_a_hard_link_in_the_home_is_a_file_of_the_home(world):
    """Whoever put it there has given the file away: it is read like any other. What is written goes
    to a file of its own, so that the other name keeps its content."""
    (world.outside / "given").write_bytes(b"given to read")
    own(world.outside / "given")
    for name in ("stor", "appe", "rest", "rang", "copy", "dele", "rename"):
        os.link(world.outside / "given", world.home / name)
    world.watch()
    with world.login() as spy:
        assert spy.move("RETR", "stor").data == b"given to read"
        assert spy.move("STOR", "stor", content=b"new").code == 226
        assert spy.move("APPE", "appe", content=b", and more").code == 226
        spy.expect("REST 5", 350)
        assert spy.move("STOR", "rest", content=b"!").code == 226
        spy.expect("RANG 0 4", 350)
        assert spy.move("STOR", "rang", content=b"taken").code == 226
        spy.expect("SITE CPFR mine", 350)
        spy.expect("SITE CPTO copy", 250)
        spy.check_use()
    assert (world.home / "appe").read_bytes() == b"given to read, and more"
    assert (world.home / "rest").read_bytes() == b"given!"
    assert (world.home / "rang").read_bytes() == b"taken to read"
    assert (world.outside / "given").read_bytes() == b"given to read"
    # The number of its names is all that has changed.
    changed = canaries.differences(world.before, canaries.look(*world.watched))
    assert all(re.search(r"/given: (links|changed) ", line) for line in changed), changed


def test_no_client_makes_a_hard_link(world):
    world.watch()
    with world.login() as spy:
        for line in ("LINK ../victim/key x", "SITE LINK ../victim/key x", "SITE HARDLINK mine x",
                     "SITE LN ../victim/key x", "SITE CPFR ../victim/key"):
            assert spy.say(line).code >= 500, line
    world.check()


# What stands where a file is expected ------------------------------------------------------------


def plant(kind, path, world):
    path = str(path)
    if kind == "fifo":
        os.mkfifo(path, 0o666)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as there:
            there.bind(path)
    elif kind == "device":
        if not IS_ROOT:
            pytest.skip("only root makes devices")
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero: a read never ends
    elif kind == "directory":
        os.mkdir(path)
    elif kind == "link":
        os.symlink("../victim/key", path)
    elif kind == "absolute link":
        os.symlink(world.outside / "key", path)
    elif kind == "dangling link":
        os.symlink("../victim/new", path)
    elif kind == "hard link":
        os.link(world.outside / "key", path)
    elif kind == "unreadable file":
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0))
        return  # stays somebody else's
    if not os.path.islink(path) and kind != "hard link":
        os.chmod(path, 0o666 | (0o111 if kind == "directory" else 0))
        own(path)


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_what_is_no_file_does_not_hold_a_session_up(world, kind):
    plant(kind, world.home / "odd", world)
    world.watch()
    with world.login() as spy:
        spy.control.sock.settimeout(10)
        for command in ("RETR odd", "STOR odd", "APPE odd"):
            assert spy.move(command, content=b"x").code == 550, command
        for command in ("SIZE odd", "HASH odd", "SITE CPFR odd", "CWD odd", "XCRC odd", "RMD odd"):
            spy.expect(command, 550)
        spy.expect("SITE CPFR mine", 350)
        spy.expect("SITE CPTO odd", 550)
        spy.move("LIST")
        spy.say("SITE CHMOD 600 odd")
        spy.say("MFMT 20200101000000 odd")
        spy.check_use()
        spy.expect("DELE odd", 250)
    world.check()


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "directory", "link", "absolute link",
                                  "dangling link", "hard link", "unreadable file"])
@pytest.mark.parametrize("settings", ["old", "new"])
def test_what_stands_at_the_name_of_a_partial_is_not_written_to(world, kind, settings):
    """The hidden name beside a file is known to all: an upload takes another one."""
    name = "mine" if settings == "old" else "fresh"
    plant(kind, world.home / f".{name}.sallyport-part", world)
    world.watch()
    with world.login() as spy:
        assert spy.move("STOR", name, content=b"whole").code == 226
        assert spy.move("APPE", name, content=b", and more").code == 226
        spy.expect("REST 5", 350)
        assert spy.move("STOR", name, content=b"!").code == 226
        assert (world.home / name).read_bytes() == b"whole!"
        spy.say("SIZE", f".{name}.sallyport-part")
        # One that breaks off: what is kept must not get at it either.
        broken = spy.begin("STOR", name)
        broken.data.sendall(b"half")
        spy.control.send("ABOR")
        broken.data.close()
        spy.control.read_reply()
        spy.control.read_reply()
        spy.expect(f"DELE {name}", 250)
        spy.check_use()
    if kind != "hard link":
        world.check()
    else:
        assert (world.outside / "key").read_bytes() == CONTENT


@pytest.mark.parametrize("verb", ["STOR", "APPE", "RETR", "DELE", "MKD", "RNFR", "SITE CPFR", "CWD",
                                  "RMD", "SITE RMDIR -r", "SITE CHMOD 777", "MFMT 20200101000000",
                                  "HASH", "MLST", "SITE SYMLINK /mine", "SITE MKDIR -p"])
def test_a_client_does_not_name_partials(world, verb):
    world.put(".mine.sallyport-part", CONTENT)
    world.put(".mine.1a2b3c4d.sallyport-temp", CONTENT)
    with world.login() as spy:
        for name in (".mine.sallyport-part", ".mine.1a2b3c4d.sallyport-temp",
                     "sub/../.mine.sallyport-part", "./.mine.sallyport-part/"):
            spy.expect(f"{verb} {name}", 553)
        for first in ("RNFR mine", "SITE CPFR mine"):
            spy.expect(first, 350)
            spy.expect(first.replace("FR", "TO").replace("mine", ".x.sallyport-part"), 553)
    assert (world.home / ".mine.sallyport-part").read_bytes() == CONTENT


# Things that change while a session is at work ---------------------------------------------------


@pytest.mark.parametrize("verb", ["STOR", "APPE", "REST"])
@pytest.mark.parametrize("goal", ["victim", "outside", "own"])
def test_a_link_put_at_the_name_during_an_upload_is_replaced(world, verb, goal):
    """The name was free, or a file, when the client asked; the data come later."""
    goals = {"victim": "../victim/key", "outside": world.outside / "key", "own": "ro/file"}
    world.watch()
    with world.login() as spy:
        if verb == "REST":
            spy.expect("REST 2", 350)
        upload = spy.begin("STOR" if verb == "REST" else verb, "mine")
        os.unlink(world.home / "mine")
        world.link("mine", goals[goal])
        upload.finish(b"evil")
        spy.check_use()
    if world.user == "strict":  # else the link leads to a file like any other
        assert (world.home / "ro/file").read_bytes() == b"read only"
    world.check()


@pytest.mark.parametrize("verb", ["STOR", "APPE", "STOU"])
def test_a_second_session_cannot_bend_an_upload_around_a_rule(strict, verb):
    """The server has said 150 to a name in a free place, and waits for the data connection; the same
    user then makes a link of that name to where nothing may be written."""
    with strict.login(tls=True) as spy, strict.login() as other:
        with spy.begin_slowly(f"{verb} sub/new") as data:
            for name in ("sub/new", *(f"sub/{x}" for x in os.listdir(strict.home / "sub"))):
                other.say(f"SITE SYMLINK /ro/file {name}")
                other.say(f"SITE SYMLINK /ro/made {name}")
            with spy.control.protect_data(data) as protected:
                protected.sendall(b"evil")
                with contextlib.suppress(OSError):
                    protected.unwrap()
        assert spy.control.read_reply().code == (226 if verb == "STOU" else 550)
        spy.check_use()
    assert (strict.home / "ro/file").read_bytes() == b"read only"
    assert os.listdir(strict.home / "ro") == ["file"]


@pytest.mark.parametrize("place", ["outside", "victim"])
@pytest.mark.parametrize("how", ["new", "replace", "append", "continue"])
def test_a_directory_that_leaves_the_home_during_an_upload_takes_no_file_along(
        world, place, how):
    """A file that is open stays open wherever it is moved; but no name is made there, nothing is
    replaced, and the client is told."""
    goal = (world.outside if place == "outside" else world.victim) / "moved"
    if how == "continue":
        world.put("sub/.file.sallyport-part", b"1234")
    with world.login() as spy:
        if how == "continue":
            spy.expect("REST 4", 350)
        name = "new" if how == "new" else "file"
        upload = spy.begin("APPE" if how == "append" else "STOR", f"sub/{name}")
        upload.data.sendall(b"some")
        os.rename(world.home / "sub", goal)
        world.watched = [world.victim / "dir", world.outside / "dir", goal / "deep"]
        world.watch()
        done = upload.finish(b" bytes")
        assert done.code in (550, 451), done.final
        spy.check_use()
        world.check()
    assert (goal / "file").read_bytes() == b"file"
    assert not (goal / "new").exists() or place == "outside", "the sandbox keeps us from removing it"
    kept = goal / ".file.sallyport-part"
    assert how != "continue" or kept.read_bytes() == b"1234", "what was there before stays"


def test_a_directory_that_moves_inside_the_home_takes_the_upload_along(world):
    with world.login() as spy, world.login() as other:
        upload = spy.begin("STOR", "sub/deep/new")
        upload.data.sendall(b"some")
        other.expect("RNFR sub", 350)
        other.expect("RNTO elsewhere", 250)
        assert upload.finish(b" bytes").code == 226
        assert (world.home / "elsewhere/deep/new").read_bytes() == b"some bytes"
        assert not (world.home / "sub").exists()


def test_a_file_that_leaves_the_home_during_a_download_is_still_that_file(world):
    world.put("sub/large", b"m" * 4_000_000)
    with world.login() as spy:
        download = spy.begin("RETR", "sub/large")
        download.read(1000)
        os.rename(world.home / "sub", world.outside / "moved")
        canaries.make(world.home / "sub")
        shutil.copyfile(world.home / "sub/key", world.home / "sub/large")
        assert download.finish().data == b"m" * 4_000_000
        shutil.rmtree(world.home / "sub")


@pytest.mark.parametrize("command", ["LIST sub", "LIST -R", "MLSD sub", "NLST sub"])
def test_a_directory_that_leaves_before_it_is_listed_is_not_listed(world, command):
    """The client asks, waits with its data connection, and the directory goes."""
    with world.login(tls=True) as spy:
        with spy.begin_slowly(command) as data:
            os.rename(world.home / "sub", world.victim / "moved")
            (world.victim / "moved" / UNSEEN).write_bytes(b"")
            with spy.control.protect_data(data) as protected:
                listed = b"".join(iter(lambda: protected.recv(65536), b""))
        assert UNSEEN.encode() not in listed
        assert spy.control.read_reply().code == (226 if "-R" in command else 550)
        spy.check_use()


@pytest.mark.parametrize("goal", ["../victim", "outside", ".."])
def test_a_working_directory_that_becomes_a_link(world, goal):
    with world.login() as spy:
        spy.expect("CWD sub", 250)
        os.rename(world.home / "sub", world.home / "was")
        world.link("sub", world.outside if goal == "outside" else goal)
        world.watch()
        for name in ("key", "dir/key", "victim/key"):
            try_everything(spy, name)
            spy.say("CWD /sub")
        spy.move("LIST")
        spy.say("CDUP")
        spy.check_use()
        world.check()


def test_a_working_directory_that_leaves_the_home(world):
    with world.login() as spy:
        spy.expect("CWD sub/deep", 250)
        os.rename(world.home / "sub", world.victim / "sub")
        world.watch()
        for line in ("SIZE er/x", "MKD new", "DELE er/x", "RNFR er", "CWD er", "MLST", "STAT ."):
            assert spy.say(line).code >= 400, line
        assert spy.move("STOR", "new", content=b"evil").code >= 400
        assert spy.move("LIST").code >= 400
        spy.check_use()
        world.check()


@pytest.mark.parametrize("first, second", [("RNFR sub/file", "RNTO taken"),
                                           ("SITE CPFR sub/file", "SITE CPTO taken")])
def test_what_was_named_first_becomes_a_link(world, first, second):
    world.link("other", "../victim")
    os.rename(world.victim / "key", world.victim / "file")
    world.watch()
    with world.login() as spy:
        spy.expect(first, 350)
        os.rename(world.home / "sub", world.home / "was")
        os.rename(world.home / "other", world.home / "sub")
        spy.expect(second, 550)
        spy.check_use()
    assert not (world.home / "taken").exists()
    world.check()


@pytest.mark.parametrize("first, second", [("RNFR mine", "RNTO sub/taken"),
                                           ("SITE CPFR mine", "SITE CPTO sub/taken")])
def test_where_it_was_to_go_becomes_a_link(world, first, second):
    world.watch()
    with world.login() as spy:
        spy.expect(first, 350)
        os.rename(world.home / "sub", world.home / "was")
        world.link("sub", "../victim")
        spy.expect(second, 550)
        spy.check_use()
    assert (world.home / "mine").exists()
    world.check()


def test_removing_a_tree_does_not_follow_its_links(world):
    world.link("sub/out", "../../victim")
    world.link("sub/deep/out", world.outside)
    world.link("sub/deep/er/key", "../../../../victim/key")
    world.watch()
    with world.login() as spy:
        spy.expect("SITE RMDIR -r sub", 200)
        world.link("sub", "../victim")
        for line in ("SITE RMDIR -r sub", "SITE RMDIR -r sub/dir", "RMD sub", "RMD sub/empty",
                     "DSIZ sub", "DELE sub/key"):
            assert spy.say(line).code >= 500, line
        spy.check_use()
    world.check()


def test_set_id_bits_cannot_be_set(world):
    with world.login() as spy:
        for mode in ("4777", "2777", "1777", "6755", "7777", "04755", "47777", "100777"):
            assert spy.say(f"SITE CHMOD {mode} mine").code >= 500, mode
            assert spy.say(f"MFF UNIX.mode={mode}; mine").code >= 500, mode
        os.chmod(world.home / "mine", 0o4755)
        assert spy.move("STOR", "mine", content=b"evil").code == 226
        assert not (world.home / "mine").stat().st_mode & 0o6000, "a new content, no old power"


# Virtual folders ---------------------------------------------------------------------------------


@pytest.fixture
def shared(server, strict):
    """A user with folders: /pub writable, /arch read-only, /both onto the directory of /arch."""
    pub, arch = server.data_root / "pub", server.data_root / "arch"
    for path in (pub, arch):
        if path.exists():
            shutil.rmtree(path)
        path.mkdir()
        own(path)
    (arch / "old").write_bytes(b"old")
    own(arch / "old")
    if "folders" not in server._users:
        server.add_user("folders", PASSWORD, "--folder", f"/pub={pub}", "--folder",
                        f"/arch={arch}:ro", "--folder", f"/in/side={arch}:ro")
    world = World(server, "folders")
    world.pub, world.arch = pub, arch
    world.watched.append(arch)
    return world


@pytest.mark.parametrize("path", ["pub/../../victim/key", "pub/../victim/key", "/pub/..//../victim/key",
                                  "in/side/../../../victim/key", "pub/out/key", "pub/up/victim/key",
                                  "pub/home/mine/../../victim/key", "pub/abs", "way/key", "way2/key"])
def test_no_path_leads_out_of_a_folder(shared, path):
    for name, goal in {"out": "../victim", "up": "..", "home": "../folders", "abs":
                       shared.outside / "key"}.items():
        os.symlink(goal, shared.pub / name)
    shared.link("way", "pub/out")
    shared.link("way2", "pub/../../victim")
    shared.watch()
    with shared.login() as spy:
        try_everything(spy, path)
        spy.check_use()
    shared.check()


def test_a_link_in_a_folder_does_not_lead_to_the_home(shared):
    os.symlink("../folders/mine", shared.pub / "home")
    os.symlink("../folders", shared.pub / "homes")
    shared.watch()
    with shared.login() as spy:
        for path in ("pub/home", "pub/homes/mine"):
            assert spy.move("RETR", path).code == 550
            assert spy.move("STOR", path, content=b"evil").code == 550
            spy.expect(f"SIZE {path}", 550)
        spy.check_use()
    assert (shared.home / "mine").read_bytes() == b"mine"
    shared.check()


def test_a_link_in_the_home_leads_to_a_folder_by_its_name_and_its_rights(shared):
    shared.link("way", "arch/old")
    shared.link("direct", "../arch/old")
    shared.watch()
    with shared.login() as spy:
        assert spy.move("RETR", "way").data == b"old"
        for path in ("way", "direct", "arch/old", "in/side/old", "in/../arch/old"):
            assert spy.move("STOR", path, content=b"evil").code == 550, path
            assert spy.move("APPE", path, content=b"evil").code == 550, path
            spy.expect(f"MFMT 20200101000000 {path}", 550)
            spy.expect(f"SITE CHMOD 600 {path}", 550)
        assert spy.move("RETR", "direct").code == 550
        spy.check_use()
    shared.check()


def test_nothing_is_renamed_across_the_edge_of_a_folder(shared):
    (shared.pub / "file").write_bytes(b"x")
    own(shared.pub / "file")
    shared.watch()
    with shared.login() as spy:
        for source, goal in (("mine", "pub/mine"), ("pub/file", "file"), ("arch/old", "old"),
                             ("arch/old", "pub/old"), ("mine", "arch/mine"), ("sub", "pub/sub"),
                             ("sub", "pub"), ("sub", "arch"), ("mine", "in/side"), ("pub", "x"),
                             ("in", "x"), ("in/side", "x"), ("mine", "pub/../../victim/mine")):
            spy.say(f"RNFR {source}")
            assert spy.say(f"RNTO {goal}").code >= 500, (source, goal)
        spy.expect("SITE SYMLINK /arch/old /link", 550)
        spy.expect("SITE SYMLINK /mine /pub/link", 550)
        for line in ("RMD pub", "SITE RMDIR -r pub", "SITE RMDIR -r in", "DELE pub", "RMD arch",
                     "SITE RMDIR -r arch", "SITE RMDIR -r /", "MKD pub", "SITE CHMOD 700 arch"):
            assert spy.say(line).code >= 500, line
        spy.check_use()
    shared.check()


@pytest.mark.parametrize("goal", ["victim", "../outside", "outside"])
def test_a_folder_whose_directory_became_a_link_is_left_out(shared, goal):
    """The directory of a folder may lie where another client can change names."""
    shutil.rmtree(shared.pub)
    os.symlink(shared.outside if goal == "outside" else goal, shared.pub)
    position = shared.server.log.position()
    shared.watch()
    try:
        with shared.login() as spy:
            assert spy.move("RETR", "pub/key").code == 550
            assert spy.move("STOR", "pub/key", content=b"evil").code == 550
            spy.move("LIST", "pub")
            spy.check_use()
        shared.check()
        shared.server.log.wait_for("folder-unavailable.*/pub", since=position)
    finally:
        os.unlink(shared.pub)


# Homes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", ["victim", "../outside", "outside", "."])
def test_a_home_that_became_a_link_lets_nobody_in(world, goal):
    away = world.server.folder / "away"
    os.rename(world.home, away)
    os.symlink(world.outside if goal == "outside" else goal, world.home)
    world.watch()
    try:
        with world.server.connect() as control:
            control.expect(f"USER {world.user}", 331)
            control.expect(f"PASS {PASSWORD}", 530)
        world.check()
    finally:
        os.unlink(world.home)
        os.rename(away, world.home)


def test_a_home_inside_another_home_cannot_be_bent_by_its_owner(server, plain):
    plain.put("guest", None)
    if "guest" not in server._users:
        server.cli("user", "add", "guest", "--password-stdin", "--home", "plain/guest",
                   text=PASSWORD + "\n")
        server._users.add("guest")
    server.login("guest", tls=False).close()
    with plain.login() as owner:
        owner.expect("RMD guest", 250)
        owner.expect("SITE SYMLINK /victim sub/guest", 200)  # ../victim
        owner.expect("RNFR sub/guest", 350)
        owner.expect("RNTO guest", 250)
    assert os.path.samefile(plain.home / "guest", plain.victim)
    plain.watch()
    with server.connect() as control:
        control.expect("USER guest", 331)
        control.expect(f"PASS {PASSWORD}", 530)
    plain.check()


def test_a_home_that_moves_stays_the_home_of_its_sessions(world):
    """It is the directory that was opened at the login; what takes its name is not looked at."""
    away = world.server.data_root / "away"
    with world.login() as spy:
        os.rename(world.home, away)
        os.symlink("victim", world.home)
        world.watch()
        try:
            assert spy.move("RETR", "mine").data == b"mine"
            assert spy.move("RETR", "key").code == 550
            assert spy.move("RETR", "../victim/key").code == 550
            assert spy.move("STOR", "new", content=b"x").code == 226
            spy.check_use()
            world.check()
        finally:
            os.unlink(world.home)
            os.rename(away, world.home)


# Sizes of names ----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [255, 256, 1000, 4090, 4096, 5000, 9000])
def test_names_of_any_length_are_answered(world, length):
    world.watch()
    with world.login() as spy:
        for name in ("n" * length, "n/" * (length // 2), "../" * (length // 3) + "victim/key"):
            for verb in ("SIZE", "MKD", "RMD", "DELE", "CWD", "RNFR", "MLST", "SITE MKDIR",
                         "SITE CHMOD 600", "MFMT 20200101000000"):
                spy.say(verb, name)
            spy.expect("CWD /", 250)
        spy.check_use()
    world.check()


def test_a_tree_deeper_than_any_path(world):
    """Each step is a name of its own; what cannot be named any more is refused."""
    name = "d" * 200
    world.watch()
    with world.login() as spy:
        for _ in range(30):
            spy.say(f"MKD {name}")
            if spy.say(f"CWD {name}").code != 250:
                break
        for line in ("MKD x", "SITE SYMLINK /mine x", "STAT .", "CWD ..", "MLST"):
            spy.say(line)
        spy.move("STOR", "../" * 60 + "victim/key", content=b"evil")
        spy.move("NLST")
        spy.check_use()
        with contextlib.suppress(AssertionError):
            spy.expect(f"SITE RMDIR -r /{name}", 200)
    world.check()
    shutil.rmtree(world.home / name, ignore_errors=True)


def test_there_are_more_than_sixty_of_them():
    assert len(TEXTS) + len(LINKS) >= 60
