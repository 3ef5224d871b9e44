#!/usr/bin/python3
"""torture.py [SECONDS] [CLIENTS] [SEED]: clients upload, overwrite, break off, resume, rename and
delete while workers, the manager and the supervisor are killed with -9 at random. Afterwards every
file for which 226 was seen is byte-exact, no file is half new and half old, the quotas' figures are
those of a recount and of the files on disk, and the database opens clean. Exit status 1 when anything of that is not so.

Each client has names of its own, and knows of each what it may contain: one content after a 226, the
old one or the new one when the server died before it answered. Some names are shared by all: they
must hold one whole content of somebody."""

import collections
import datetime
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from sallyport_lab.certificates import Authority  # noqa: E402
from sallyport_lab.control import break_off  # noqa: E402
from sallyport_lab.daemon import PASSWORD, SALLYPORTD, Log, Server, ensure_service_user  # noqa: E402
from sallyport_lab.ports import PortBlock  # noqa: E402
from sallyport_lab.wait import eventually  # noqa: E402

OWN_NAMES, SHARED_NAMES = 5, 3
LARGEST = 600_000


def content_of(label):
    """The bytes that belong to this label; their size, too."""
    rng = random.Random(label)
    head = f"{label}\n".encode()
    return head + rng.randbytes(rng.choice((0, 100, 20_000, 300_000, LARGEST)))


def label_of(content):
    return content.split(b"\n", 1)[0].decode("ascii", "replace")


class TortureServer(Server):
    """One that comes back when its supervisor was killed."""

    def start_again(self):
        self.process.wait()
        self.log.join()

        def is_back():
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(
                    [SALLYPORTD, "--config", self.config], stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                self.log = Log(self.process.stderr,
                               self.folder / f"daemon.log.{self.process.pid}")
            try:
                return self.status()["workers"]
            except (OSError, ValueError, TypeError, KeyError):
                return False
        eventually(is_back, 60, "the server serves again")


class Lost(Exception):
    """The server went away before it answered."""


class Client(threading.Thread):
    def __init__(self, server, number, seed, deadline):
        super().__init__(daemon=True)
        self.server, self.number, self.deadline = server, number, deadline
        self.rng = random.Random(f"{seed}-{number}")
        self.control = None
        self.versions = 0
        self.files = {f"own-{number}-{i}": None for i in range(OWN_NAMES)}  # name: label
        self.clean = {name: True for name in self.files}  # no partial of another content
        self.counts = {"226": 0, "resumed": 0, "lost": 0, "refused": 0}
        self.problem = None
        self.history = collections.deque(maxlen=60)  # what led to a problem

    def run(self):
        try:
            while time.monotonic() < self.deadline:
                self.one_step()
        except Exception as problem:  # shown by the main thread
            self.problem = problem
            self.remember("problem", problem)

    def remember(self, *words):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%H:%M:%S.%f")[:-3]
        port = self.control.sock.getsockname()[1] if self.control else "-"
        self.history.append(f"{now} port {port}: {' '.join(map(str, words))}")

    # Sessions

    def log_in(self):
        while self.control is None:
            try:
                self.control = self.server.login(tls=self.rng.random() < 0.3, timeout=20)
                self.control.expect("TYPE I", 200)
            except (OSError, AssertionError):
                self.drop()
                if time.monotonic() > self.deadline + 60:
                    raise
                threading.Event().wait(0.05)  # between two attempts, as a client does

    def drop(self):
        if self.control:
            self.control.close()
        self.control = None

    def ask(self, line):
        try:
            reply = self.control.command(line)
        except (OSError, AssertionError) as error:
            self.remember(line, "lost", repr(error))
            raise Lost from None
        self.remember(line, reply)
        if reply.code == 421:
            raise Lost
        return reply

    def transfer(self, command, payload, breaks_at=None):
        """The final reply."""
        try:
            done = None
            if breaks_at is None:
                done = self.control.transfer(command, payload).final
            else:
                running = self.control.start(command)
                try:
                    running.data.sendall(payload[:breaks_at])
                finally:
                    break_off(running.data)
                done = self.control.read_reply()
        except Exception as error:
            self.remember(command, len(payload), breaks_at, "lost", repr(error))
            raise Lost from None
        self.remember(command, len(payload), breaks_at, done)
        if done.code == 421:
            raise Lost
        return done

    # Steps

    def one_step(self):
        self.log_in()
        step = self.rng.choices((self.store, self.store_and_resume, self.store_shared, self.rename,
                                 self.delete, self.read), (6, 4, 3, 2, 1, 2))[0]
        try:
            step()
        except Lost:
            self.counts["lost"] += 1
            self.drop()

    def new_label(self, name):
        self.versions += 1
        return f"{name}/{self.number}/{self.versions}"

    def settle(self, name, *labels):
        """After a death: what is there must be one of these, whole."""
        path = self.server.home() / name
        content = path.read_bytes() if path.exists() else None
        for label in labels:
            if content == (None if label is None else content_of(label)):
                self.files[name] = label
                return
        raise AssertionError(f"{name} holds {content and label_of(content)!r} and "
                             f"{content and len(content)} bytes; it may be {labels}")

    def store(self):
        name = self.rng.choice(list(self.files))
        label = self.new_label(name)
        old = self.files[name]
        try:
            done = self.transfer(f"STOR {name}", content_of(label))
        except Lost:
            self.settle(name, old, label)
            if self.clean[name] and self.files[name] != label:
                self.resume(name, label)
            else:
                self.clean[name] = self.files[name] == label
            raise
        self.note(name, label, done)

    def note(self, name, label, done):
        if done.code == 226:
            self.files[name] = label
            self.clean[name] = True
            self.counts["226"] += 1
        else:
            self.clean[name] = False
            self.counts["refused"] += 1
            self.settle(name, self.files[name])

    def resume(self, name, label):
        """On a new connection, with nothing but the name."""
        self.clean[name] = False
        self.drop()
        self.log_in()
        answer = self.ask(f"SIZE .{name}.sallyport-part")
        if answer.code == 213:
            self.go_on(name, label, int(answer.text.split()[1]))

    def go_on(self, name, label, at):
        old = self.files[name]
        self.clean[name] = False
        try:
            if self.ask(f"REST {at}").code != 350:
                return
            done = self.transfer(f"STOR {name}", content_of(label)[at:])
        except Lost:
            self.settle(name, old, label)
            raise
        self.note(name, label, done)
        self.counts["resumed"] += done.code == 226

    def store_and_resume(self):
        name = self.rng.choice(list(self.files))
        label = self.new_label(name)
        content = content_of(label)
        old = self.files[name]
        was_clean = self.clean[name]
        try:
            done = self.transfer(f"STOR {name}", content, self.rng.randrange(len(content)))
        except Lost:
            self.clean[name] = False
            self.settle(name, old, label)
            raise
        if done.code == 226:  # all had gone out before the reset
            raise AssertionError(f"{name}: 226 for an upload that was broken off")
        self.clean[name] = False
        self.settle(name, old)
        kept = re.search(r"(\d+) bytes are kept", done.text)
        if kept:
            self.go_on(name, label, int(kept[1]))
        else:
            self.clean[name] = was_clean and "Nothing" in done.text

    def store_shared(self):
        name = f"shared-{self.rng.randrange(SHARED_NAMES)}"
        done = self.transfer(f"STOR {name}", content_of(self.new_label(name)))
        self.counts["226" if done.code == 226 else "refused"] += 1

    def rename(self):
        source, target = self.rng.sample(list(self.files), 2)
        if self.files[source] is None:
            return
        before = dict(self.files)
        self.clean[source] = self.clean[target] = False
        if self.ask(f"RNFR {source}").code != 350:
            raise AssertionError(f"{source} is not there")
        try:
            answer = self.ask(f"RNTO {target}")
        except Lost:
            self.settle(source, before[source], None)
            self.settle(target, before[target], before[source])
            if (self.files[source] is None) != (self.files[target] == before[source]):
                raise AssertionError(f"{source} was lost on its way to {target}") from None
            raise
        if answer.code != 250:
            raise AssertionError(f"RNTO {target}: {answer}")
        self.files[source], self.files[target] = None, before[source]

    def delete(self):
        name = self.rng.choice(list(self.files))
        old = self.files[name]
        try:
            answer = self.ask(f"DELE {name}")
        except Lost:
            self.clean[name] = False
            self.settle(name, old, None)
            raise
        if old is not None and answer.code != 250:
            raise AssertionError(f"DELE {name}: {answer}")
        self.files[name] = None
        self.clean[name] = True

    def read(self):
        name = self.rng.choice(list(self.files))
        if self.files[name] is None:
            return
        try:
            done = self.control.transfer(f"RETR {name}")
        except Exception:
            raise Lost from None
        if done.code == 226 and done.data != content_of(self.files[name]):
            raise AssertionError(f"RETR {name} brought other bytes than {self.files[name]}")


class Killer(threading.Thread):
    """Kills until the deadline, and starts the server again when it was the supervisor's turn."""

    def __init__(self, server, seed, deadline):
        super().__init__(daemon=True)
        self.server, self.deadline = server, deadline
        self.rng = random.Random(seed)
        self.kills = {"worker": 0, "manager": 0, "supervisor": 0}
        self.problem = None

    def run(self):
        try:
            while time.monotonic() < self.deadline:
                threading.Event().wait(self.rng.uniform(0.02, 0.4))
                self.kill_one()
        except Exception as problem:  # shown by the main thread
            self.problem = problem

    def kill_one(self):
        kind = self.rng.choices(list(self.kills), (12, 4, 1))[0]
        try:
            status = self.server.status()
            pids = {"worker": [w["pid"] for w in status["workers"]],
                    "manager": [status["manager_pid"]], "supervisor": [self.server.process.pid]}
            victim = self.rng.choice(pids[kind])
            os.kill(victim, signal.SIGKILL)
        except (OSError, ValueError, TypeError, KeyError, IndexError):
            return  # somebody is just dead
        self.kills[kind] += 1
        if kind == "supervisor":
            self.server.start_again()


def judge_quotas(server):
    """The user's and its group's figures against the disk, which the last sessions may still change,
    and against a recount."""
    def read(method, path):
        def answered():
            """Not while nobody serves: after so many deaths a worker's next start is delayed."""
            try:
                code, answer = server.request(method, path, timeout=60)
            except OSError:
                return None
            items = answer["quotas"] if code == 200 else []
            return None if any(item.get("error") == "Broken pipe" for item in items) else items
        return eventually(answered, 60, f"a worker has answered {path}")

    def on_disk():
        sizes = [file.stat().st_size for file in server.home().rglob("*") if file.is_file()]
        return {"bytes": sum(sizes), "files": len(sizes)}

    def is_settled():
        try:
            return len(server.sessions()) == 0
        except (OSError, ValueError, TypeError, KeyError):
            return False
    eventually(is_settled, 60, "the last session has ended")
    disk, wrong = on_disk(), []
    for method, path in (("GET", "/quotas"), ("POST", "/quotas/recount")):
        items = read(method, path)
        if len(items) != 2:
            wrong.append(f"{path}: {items}")
            continue
        for item in items:
            for figures in (item["used"], item.get("before", item["used"])):
                if figures != disk:
                    wrong.append(f"the quota of {item['kind']} {item['name']}: {path} says "
                                 f"{figures} ({item.get('error', 'no error')}), the disk {disk}")
    return wrong


def judge(server, clients):
    """Everything that is wrong with the files and the database."""
    wrong = []
    for client in clients:
        for name, label in client.files.items():
            path = server.home() / name
            content = path.read_bytes() if path.exists() else None
            if content != (None if label is None else content_of(label)):
                wrong.append(f"{name} is not {label}: {content and label_of(content)!r}")
    for path in server.home().iterdir():
        if path.name.startswith("shared-"):
            content = path.read_bytes()
            if content != content_of(label_of(content)):
                wrong.append(f"{path.name} is not one whole content: {label_of(content)!r}")
        elif path.name.startswith(".") and "sallyport-" not in path.name:
            wrong.append(f"{path.name} is nobody's")
    with sqlite3.connect(server.folder / "state" / "accounts.db") as database:
        answer = database.execute("PRAGMA integrity_check").fetchone()[0]
        if answer != "ok":
            wrong.append(f"the database: {answer}")
    return wrong


def tell_histories(server, clients):
    """What the clients and the server's log know of what went wrong."""
    log = sorted(line for path in server.folder.glob("daemon.log*")
                 for line in path.read_text(errors="replace").splitlines())
    for client in clients:
        print(*client.history, sep="\n")
        ports = {line.split(" port ")[1].split(":")[0] for line in client.history}
        sessions = {found[1] for line in log for found in [re.search(r" session=(\d+) ", line)]
                    if found and any(f":{port} " in line for port in ports)}
        began = client.history[0][:8]
        told = [line for line in log if line[11:19] >= began and (
            " supervisor " in line
            or (found := re.search(r" session=(\d+) ", line)) and found[1] in sessions)]
        print(*told[-400:], sep="\n")


def torture(seconds, n_clients=8, seed=None, ports=None, authority=None):
    """(what is wrong, figures)"""
    seed = seed if seed is not None else random.SystemRandom().randrange(1 << 32)
    with tempfile.TemporaryDirectory(prefix="sallyport-torture-", dir="/tmp") as folder:
        ensure_service_user()
        server = TortureServer(ports or PortBlock(), authority or Authority(folder), plain_ftp=True,
                               uploads="atomic")
        server.expected_exits = 1 << 30
        server.start()
        # Counted, but never in the way.
        server.cli("group", "add", "crowd", "--quota-bytes", "1T")
        server.add_user("alice", PASSWORD, "--group", "crowd", "--quota-bytes", "1T",
                        "--quota-files", "1000000")
        deadline = time.monotonic() + seconds
        clients = [Client(server, number, seed, deadline) for number in range(n_clients)]
        killer = Killer(server, seed, deadline)
        for thread in [*clients, killer]:
            thread.start()
        for thread in [killer, *clients]:
            thread.join()
        wrong = [f"{type(t.problem).__name__}: {t.problem}" for t in [killer, *clients]
                 if t.problem]
        tell_histories(server, [c for c in clients if c.problem])
        for client in clients:
            if client.control:
                client.control.close()
        wrong += judge_quotas(server)
        server.terminate()
        wrong += judge(server, clients)
        figures = {"seed": seed, "kills": sum(killer.kills.values()), **killer.kills}
        for key in clients[0].counts:
            figures[key] = sum(client.counts[key] for client in clients)
        server.stop()
    return wrong, figures


def main():
    numbers = [int(word) for word in sys.argv[1:]]
    wrong, figures = torture(*(numbers or [60]))
    print(" ".join(f"{key}={value}" for key, value in figures.items()))
    for line in wrong:
        print(f"WRONG: {line}")
    print("something is wrong" if wrong else "no file was lost, none is mixed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
