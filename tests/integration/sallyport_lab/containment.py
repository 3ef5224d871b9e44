"""A home, what lies around it, and a session that tries to get there: what tests/integration/containment use.

What lies outside belongs to the server's own user and may be written by all, so that nothing but
containment is in the way: `victim` is another home beneath the same data root, which the sandbox does
not tell from ours; `outside` lies beyond it. Both are looked at before and after, in every detail,
and no byte of them may be in a reply or on a data connection."""

import os
import shutil
import socket
import stat

import pytest

from . import canaries
from .canaries import CONTENT, own
from .daemon import IS_ROOT


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
