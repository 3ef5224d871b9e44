#!/usr/bin/python3
"""escapes.py [SECONDS] [CLIENTS] [SEED]: sessions store, append, fetch, list, rename, copy, delete and
remove through directories and names that another process exchanges, all the time, with links to the
outside; one directory leaves the home and comes back. Afterwards everything outside is as it was, and
no byte of it was ever seen by a client. Exit status 1 when anything of that is not so.

The outside belongs to the server's own user: nothing but containment is in the way. One user has
nothing special, the other one a rule by path, so that the server resolves links itself: what lies
beneath `never` is as far out of its reach as the outside."""

import contextlib
import ctypes
import json
import os
import pwd
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from sallyport_lab import canaries  # noqa: E402
from sallyport_lab.certificates import Authority  # noqa: E402
from sallyport_lab.control import Refused  # noqa: E402
from sallyport_lab.daemon import (IS_ROOT, PASSWORD, SERVICE_USER, Server,  # noqa: E402
                                  ensure_service_user)
from sallyport_lab.ports import PortBlock  # noqa: E402

USERS = ("plain", "strict")
AWAY_GRACE_S = 0.03  # a system call that was on its way when the directory left has ended


# --- the one who swaps -------------------------------------------------------------------------------

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def exchange(one, other):
    """Both names change what they lead to in the same instant."""
    return libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other),
                          RENAME_EXCHANGE) == 0


def names_below(folder):
    """Not through links, which a session may have given any name."""
    if os.path.islink(folder):
        return set()
    return {os.path.join(parent, name) for parent, directories, files in os.walk(folder)
            for name in directories + files}


class Swapper:
    """A process of its own, as the server's user. Whatever it makes is made in `staging` and renamed
    to its place, so that it never writes through a link itself."""

    def __init__(self, folder, seed):
        self.folder = Path(folder)
        self.staging = self.folder / "staging"
        self.away = self.folder / "away"
        self.rng = random.Random(seed)
        self.n_made = self.n_exchanged = self.n_travels = 0
        self.wrong = []
        self.stops = threading.Event()

    def goal(self):
        return self.rng.choice(["never", "never/dir", "../never", "../victim", "../victim/dir", "..", "../..", "/",
                                str(self.folder / "outside"), "/proc/self/root"])

    def make(self, path, kind):
        """A directory with a file and a directory in it, a file, or a link."""
        self.n_made += 1
        new = self.staging / str(self.n_made)
        if kind == "directory":
            (new / "dir").mkdir(parents=True)
            for name in ("file", "key", "dir/key"):
                (new / name).write_bytes(b"inside " * 20_000)
        elif kind == "file":
            new.write_bytes(b"inside")
        else:
            os.symlink(self.goal() if kind == "link" else
                       self.rng.choice(["../victim/key", "never/key", "never/new"]), new)
        os.rename(new, path)

    def repair(self, pair, kind, link):
        """Sessions remove and rename what they find: one of the two is real, one a link."""
        for name, other in (pair, pair[::-1]):
            if os.path.lexists(name):
                continue
            self.make(name, kind if os.path.islink(other) else link)
        if os.path.islink(pair[0]) == os.path.islink(pair[1]):
            os.rename(pair[1], self.staging / f"old-{self.n_made}")

    def swap(self, pair, kind, link):
        for _ in range(8):
            if not exchange(*pair):
                break
            self.n_exchanged += 1
        with contextlib.suppress(OSError):  # a session may be faster
            self.repair(pair, kind, link)

    def swap_below(self, home):
        """One level down; a session may have made a link of the upper one, which is not ours to
        follow."""
        with contextlib.suppress(OSError):  # a file may have the name
            (home / "way").mkdir(exist_ok=True)
            way = os.open(home / "way", os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                self.swap((Path(f"/proc/self/fd/{way}/of"), home / "of.other"), "directory", "link")
            finally:
                os.close(way)

    def travel(self, home):
        """A directory leaves the home, beyond the data root: no name may be made in it there."""
        inside, outside = home / "traveller", self.away / home.name
        try:
            if not inside.exists():
                self.make(inside, "directory")
            os.rename(inside, outside)
        except OSError:
            return
        self.stops.wait(AWAY_GRACE_S)
        before = names_below(outside)
        self.stops.wait(self.rng.uniform(0, 0.03))
        new = names_below(outside) - before
        if new:
            self.wrong.append(f"made in a directory that had left its home: {sorted(new)}")
        self.n_travels += 1
        try:
            os.rename(outside, inside)
        except OSError:  # a session has made something of that name
            os.rename(outside, self.staging / f"came-back-{self.n_travels}")

    def run(self):
        threading.Thread(target=lambda: (sys.stdin.read(), self.stops.set()), daemon=True).start()
        homes = [self.folder / "data" / user for user in USERS]
        while not self.stops.is_set():
            for home in homes:
                self.swap((home / "door", home / "door.other"), "directory", "link")
                self.swap((home / "name", home / "name.other"), "file", "link to a file")
                self.swap_below(home)
            if self.rng.random() < 0.1:
                self.travel(self.rng.choice(homes))
        print(json.dumps({"exchanged": self.n_exchanged, "travels": self.n_travels,
                          "wrong": self.wrong}), flush=True)


def start_swapper(server, seed):
    def become_the_server():
        if IS_ROOT:
            entry = pwd.getpwnam(SERVICE_USER)
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)

    return subprocess.Popen([sys.executable, __file__, "--swap", server.folder, str(seed)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                            preexec_fn=become_the_server)


# --- the sessions ------------------------------------------------------------------------------------

FILES = ["door/file", "door/key", "door/dir/key", "door/new", "door/dir/new", "name", "way/of/file",
         "way/of/key", "way/of/dir/key", "way/of/new", "traveller/file", "traveller/new",
         "traveller/dir/new", "door/victim/key", "door/outside/key", "mine", "name"]
DIRECTORIES = ["door", "door/dir", "door/empty", "door/made", "way/of", "way/of/dir", "way",
               "traveller", "traveller/dir", "traveller/made", ".", "door.other", "way/of/made"]


class Client(threading.Thread):
    def __init__(self, server, number, seed, deadline):
        super().__init__(daemon=True)
        self.server, self.deadline = server, deadline
        self.user = USERS[number % len(USERS)]
        self.rng = random.Random(f"{seed}-{number}")
        self.counts = {"tried": 0, "done": 0}
        self.wrong = []
        self.steps = [self.store, self.store, self.fetch, self.show, self.pair, self.copy, self.change]
        self.problem = None

    def run(self):
        try:
            with self.server.login(self.user, tls=self.rng.random() < 0.2) as self.control:
                self.control.expect("TYPE I", 200)
                while time.monotonic() < self.deadline:
                    self.rng.choice(self.steps)()
                self.control.expect("NOOP", 200)
        except Exception as problem:  # shown by the main thread
            self.problem = problem

    def see(self, line, code, *told):
        self.counts["tried"] += 1
        self.counts["done"] += 200 <= code < 300
        for data in told:
            if canaries.leaks(data):
                self.wrong.append(f"{self.user}: {line} told of the outside: {data[:200]!r}")

    def ask(self, line):
        reply = self.control.command(line)
        self.see(line, reply.code, reply.text.encode("utf-8", "surrogateescape"))
        return reply.code

    def move(self, line, payload=None):
        try:
            running = self.control.start(line)
        except Refused as refused:
            self.see(line, refused.reply.code)
            return
        if payload:  # in two pieces: something happens in between
            with contextlib.suppress(OSError):  # the server may have refused the file
                running.data.sendall(payload[:len(payload) // 2])
            payload = payload[len(payload) // 2:]
        done = running.finish(payload)
        self.see(line, done.code, done.data, done.final.text.encode("utf-8", "surrogateescape"))

    def store(self):
        if self.rng.random() < 0.2:
            self.ask(f"REST {self.rng.randrange(10)}")
        verb = self.rng.choice(["STOR", "STOR", "APPE", "STOU"])
        self.move(f"{verb} {self.rng.choice(FILES)}", b"evil" * self.rng.choice((1, 50_000)))

    def fetch(self):
        path = self.rng.choice(FILES)
        self.move(f"RETR {path}")
        self.ask(f"{self.rng.choice(['SIZE', 'MDTM', 'HASH', 'MLST', 'XMD5'])} {path}")

    def show(self):
        verb = self.rng.choice(["LIST", "LIST -R", "NLST", "MLSD", "LIST -aR"])
        path = self.rng.choice(DIRECTORIES)
        self.move(f"{verb} {path}")
        self.ask(f"STAT {path}")
        self.ask(f"DSIZ {path}")

    def pair(self):
        kinds = self.rng.choice((FILES, FILES, DIRECTORIES))
        self.ask(f"RNFR {self.rng.choice(kinds)}")
        self.ask(f"RNTO {self.rng.choice(kinds)}")

    def copy(self):
        self.ask(f"SITE CPFR {self.rng.choice(FILES)}")
        self.ask(f"SITE CPTO {self.rng.choice(FILES)}")

    def change(self):
        file, directory = self.rng.choice(FILES), self.rng.choice(DIRECTORIES)
        self.ask(self.rng.choice([
            f"DELE {file}", f"MKD {directory}", f"RMD {directory}", f"SITE RMDIR -r {directory}",
            f"SITE RMDIR -r {directory}", f"SITE MKDIR -p {directory}/made/deep",
            f"MFMT 20200101000000 {file}", f"SITE CHMOD 600 {file}",
            f"MFF UNIX.mode=0640; {file}", f"SITE SYMLINK /mine {file}",
            f"SITE SYMLINK /never/key {file}", f"SITE SYMLINK /never {directory}",
            f"SITE UTIME 20200101000000 {file}", f"CWD {directory}", "CWD /", "CWD /"]))


# --- all of it ---------------------------------------------------------------------------------------


def prepare(server):
    for name in ("away", "staging"):
        (server.folder / name).mkdir()
        canaries.own(server.folder / name)
    server.add_user("plain")
    server.add_user("strict", PASSWORD, "--rule", "/never=none")
    return [canaries.make(folder) for folder in (
        server.data_root / "victim", server.folder / "outside", server.home("strict") / "never")]


def judge(server, watched, before, clients, report):
    wrong = report["wrong"] + [x for client in clients for x in client.wrong]
    wrong += [f"a session ended: {c.problem!r}" for c in clients if c.problem]
    wrong += canaries.differences(before, canaries.look(*watched))
    if sorted(os.listdir(server.data_root)) != sorted((*USERS, "victim")):
        wrong.append(f"new beside the homes: {os.listdir(server.data_root)}")
    if os.listdir(server.folder / "away"):
        wrong.append(f"left behind: {os.listdir(server.folder / 'away')}")
    return wrong


def escapes(seconds, n_clients=6, seed=None, ports=None, authority=None):
    """(what is wrong, figures)."""
    seed = seed if seed is not None else random.randrange(1 << 32)
    server = Server(ports, authority, plain_ftp=True, failed_login_delay=0, workers=2)
    server.start()
    try:
        watched = prepare(server)
        before = canaries.look(*watched)
        swapper = start_swapper(server, seed)
        deadline = time.monotonic() + seconds
        clients = [Client(server, number, seed, deadline) for number in range(n_clients)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(seconds + 60)
        report = json.loads(swapper.communicate(timeout=30)[0])
        wrong = judge(server, watched, before, clients, report)
        figures = {"seed": seed, "exchanged": report["exchanged"], "travels": report["travels"],
                   **{key: sum(c.counts[key] for c in clients) for key in ("tried", "done")}}
    finally:
        server.stop()
    return wrong, figures


def main():
    if sys.argv[1:2] == ["--swap"]:
        Swapper(sys.argv[2], int(sys.argv[3])).run()
        return 0
    seconds, n_clients, seed = (int(x) for x in (sys.argv[1:] + ["60", "6", "-1"][len(sys.argv) - 1:]))
    ensure_service_user()
    folder = Path(f"/tmp/sallyport-escapes-{os.getpid()}")
    folder.mkdir()
    try:
        wrong, figures = escapes(seconds, n_clients, None if seed < 0 else seed, PortBlock(),
                                 Authority(folder))
    finally:
        shutil.rmtree(folder)
    print(", ".join(f"{key} {value}" for key, value in figures.items()))
    for line in wrong:
        print(f"WRONG: {line}")
    print("nothing outside was read or changed" if not wrong else f"{len(wrong)} ways out")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
