"""How many system calls the server's processes make for a file, a command, a login: a regression check
of speed that needs no clock. All of them count, on the workers, the manager and the supervisor.

The bounds lie a third or more above what was counted when they were set: whether a thread finds the next
command before it parks the session depends on how busy the machine is, and parking is four calls more.
Whoever makes the server do less lowers them."""

import json
import re
import subprocess

import pytest
from sallyport_lab.daemon import BUILD, PASSWORD
from sallyport_lab.wait import eventually

FTPLOAD = BUILD / "bench" / "ftpload"
TRIES = 4
FEW, MANY = 10, 110  # the difference between two runs leaves out what a run costs by itself
CALL = re.compile(r"^\d+ +([a-z_0-9]+)\(", re.MULTILINE)

SMALL_GET = ["--workload", "small-get", "--folder", "small", "--small-files", "4"]
SMALL_PUT = ["--workload", "small-put", "--dest", "DEST", "--source", "SOURCE"]
LOGIN = ["--workload", "login"]


def command(verb, pipeline=1, path="small/f00000"):
    return ["--workload", "commands", "--commands", verb, "--size-path", path,
            "--pipeline", str(pipeline)]


# (what, TLS mode, arguments of ftpload, operations in one, bound for one)
BOUNDS = [
    ("download of 10 KiB", "none", SMALL_GET, 1, 55),
    ("download of 10 KiB", "explicit", SMALL_GET, 1, 65),
    ("upload of 10 KiB", "none", SMALL_PUT, 1, 38),
    ("upload of 10 KiB", "explicit", SMALL_PUT, 1, 65),
    ("login", "none", LOGIN, 1, 43),
    ("login", "explicit", LOGIN, 1, 72),
    ("NOOP", "none", command("NOOP"), 1, 7),
    ("PWD", "none", command("PWD"), 1, 7),
    ("CWD", "none", command("CWD"), 1, 8),
    ("SIZE", "none", command("SIZE"), 1, 10),
    ("SIZE in the home", "none", command("SIZE", path="file"), 1, 8),
    ("NOOP", "explicit", command("NOOP"), 1, 8),
    ("NOOP, pipelined", "none", command("NOOP", 32), 32, 0.6),
    ("PWD, pipelined", "none", command("PWD", 32), 32, 0.6),
    ("CWD, pipelined", "none", command("CWD", 32), 32, 1.8),
    ("SIZE, pipelined", "none", command("SIZE", 32), 32, 4.5),
    ("SIZE in the home, pipelined", "none", command("SIZE", 32, "file"), 32, 1.8),
]


class Traced:
    """A server whose system calls are written to a file."""

    def __init__(self, start_server):
        def prepare(server):
            self.trace = server.folder / "strace.out"
            # -D: the daemon is our child and gets our signals, strace stands beside it.
            server.wrapper = ["strace", "-D", "-f", "-qq", "-o", str(self.trace)]
        self.server = start_server(prepare, plain_ftp=True, workers=1, password_cache="1h",
                                   passive_ports=200)
        self.server.add_user()
        self.round = 0
        for number in range(4):
            self.server.put(f"small/f{number:05d}", b"x" * 10240)
        self.server.put("file", b"x" * 10240)
        self.source = self.server.folder / "source"
        self.source.write_bytes(b"x" * 10240)
        self.calls_of("none", SMALL_GET, 4)  # what only the first session costs
        self.calls_of("explicit", SMALL_GET, 4)

    def calls_of(self, tls, arguments, operations):
        """{system call: how often} while ftpload does so many operations."""
        began = self.trace.stat().st_size
        self.round += 1  # every upload makes a new file
        words = {"SOURCE": str(self.source), "DEST": f"up{self.round}"}
        arguments = [words.get(word, word) for word in arguments]
        done = subprocess.run(
            [FTPLOAD, "--port", str(self.server.explicit), "--user", "alice", "--pass", PASSWORD,
             "--tls", tls, "--operations", str(operations), "--limit-s", "60", *arguments],
            capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["phases"][0]["ops"] >= operations
        eventually(lambda: not self.server.sessions(), 10, "all sessions have ended")
        with open(self.trace, encoding="utf-8", errors="replace") as file:
            file.seek(began)
            calls = CALL.findall(file.read())
        return {name: calls.count(name) for name in set(calls)}

    def cost_of_one(self, tls, arguments, batch):
        few, many = (self.calls_of(tls, arguments, count) for count in (FEW, MANY))
        each = {name: (many.get(name, 0) - few.get(name, 0)) / (MANY - FEW) / batch
                for name in {*few, *many}}
        return {name: count for name, count in each.items() if abs(count) >= 0.02}


@pytest.fixture(scope="module")
def traced(start_module_server):
    assert FTPLOAD.exists(), f"{FTPLOAD} is not built: ninja -C {BUILD} bench"
    return Traced(start_module_server)


@pytest.mark.parametrize("what, tls, arguments, batch, bound", BOUNDS,
                         ids=[f"{row[0]} {row[1]}".replace(" ", "-") for row in BOUNDS])
def test_system_calls_stay_below_the_bound(traced, what, tls, arguments, batch, bound):
    # Other work on the machine costs calls, too: threads are started, sessions parked, records stored
    # one by one. It does not do so each time; what the code costs is there each time.
    for _ in range(TRIES):
        each = traced.cost_of_one(tls, arguments, batch)
        if sum(each.values()) <= bound:
            break
    listed = ", ".join(f"{name} {count:.2f}" for name, count in
                       sorted(each.items(), key=lambda pair: -pair[1]))
    total = sum(each.values())
    print(f"{what} ({tls}): {total:.2f} system calls: {listed}")
    assert total <= bound, f"{what} ({tls}): {total:.2f} system calls, {bound} at most: {listed}"
