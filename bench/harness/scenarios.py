"""Scale: what happens to a running Sallyport when very many come, or very slow ones; a verdict each.

A scenario is a function of a Stage; it says what it saw, and its checks make the verdict."""

import time

import adapters.sallyport

from .figures import GIB
from .runner import FIRST_PORT, Generator
from .server import PASSIVE_FIRST, PASSIVE_LAST, Server
from .workloads import CIPHERS, TLS


class Stage:
    def __init__(self, lab, is_quick, say):
        self.lab, self.is_quick, self.say = lab, is_quick, say
        self.generator = Generator(lab.ftpload, lab.group_kind("generator"))
        self.server = Server(adapters.sallyport, "sallyport", TLS, lab.site, lab.build, None,
                             lab.group_kind, FIRST_PORT, range(PASSIVE_FIRST, PASSIVE_LAST + 1),
                             f"{lab.logs}/scenario.log")
        self.broken = []

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *unused):
        self.server.stop()
        self.generator.group.remove()

    def load(self, workload, *arguments):
        """One run of ftpload to its end; what failed in it counts against the verdict."""
        result = self.generator.run(self.server, ["--workload", workload, *map(str, arguments),
                                                  *CIPHERS])
        self.require(result["ok"], f"{workload} fails: {result.get('error_texts')}")
        return {phase["name"]: phase for phase in result["phases"]}

    def hold(self, workload, *arguments):
        """Starts ftpload and returns when its sessions are open: (process, sessions)."""
        process = self.generator.start(self.server, ["--workload", workload,
                                                     *map(str, arguments), *CIPHERS])
        said = process.stdout.readline().split()
        sessions = int(said[1]) if said[:1] == ["READY"] else 0
        return process, sessions

    def release(self, process):
        return self.generator.finish(process)

    def require(self, holds, otherwise):
        if not holds:
            self.broken.append(otherwise)

    def memory_mib(self):
        return self.server.group.memory_bytes() / (1 << 20)


def accept_storm(stage):
    """Thousands connect at the same moment over TLS, from 200 addresses, and log in."""
    clients = 2000 if stage.is_quick else 5000
    calm = stage.load("login", "--clients", 8, "--seconds", 1, "--settle-ms", 300)["login"]
    storm = stage.load("login", "--clients", clients, "--operations", clients, "--timeout", 120,
                       "--source-addresses", 200, "--settle-ms", 300)["login"]
    calm_ms, storm_ms = (phase["srv_cpu_s"] / max(1, phase["ops"]) * 1000
                         for phase in (calm, storm))
    stage.say(f"{storm['ops']} of {clients} were served in {storm['wall_s']:.1f} s"
              f" ({storm['ops'] / storm['wall_s']:.0f} logins/s, without the storm"
              f" {calm['ops'] / calm['wall_s']:.0f}); the last waited"
              f" {storm['latency']['max_us'] / 1e6:.1f} s; CPU {storm_ms:.2f} ms for a login, without"
              f" the storm {calm_ms:.2f} ms")
    stage.require(storm["ops"] == clients, "somebody was not served")
    stage.require(storm_ms <= 1.5 * calm_ms, "a login costs more than 1.5 times as much as in calm")


def million_entries(stage):
    """A directory of a million entries, and one of a tenth of it to compare with."""
    most = 200000 if stage.is_quick else 1000000
    for count in (most // 10, most):
        stage.say(f"making a directory of {count:,} entries")
        stage.lab.site.add_tree(f"entries-{count}", count)
    before = stage.memory_mib()
    seen = {count: stage.load("list", "--folder", f"entries-{count}", "--expected-lines", count)
            for count in (most // 10, most)}
    growth = stage.memory_mib() - before
    for verb in ("LIST", "MLSD", "NLST"):
        few, many = seen[most // 10][verb], seen[most][verb]
        first_ms = many["first_byte"]["p50_us"] / 1000
        stage.say(f"{verb}: {many['wall_s']:.2f} s, first byte after {first_ms:.1f} ms,"
                  f" CPU {many['srv_cpu_s']:.2f} s; a tenth of the entries {few['wall_s']:.2f} s,"
                  f" CPU {few['srv_cpu_s']:.2f} s")
        stage.require(many["srv_cpu_s"] <= 13 * max(few["srv_cpu_s"], 0.01),
                      f"{verb}: ten times the entries cost more than 13 times the CPU")
        stage.require(first_ms < 10, f"{verb}: the first byte takes {first_ms:.0f} ms")
    stage.say(f"memory grew by {growth:.0f} MiB")
    stage.require(growth < 32, "a listing of many entries takes memory")


def slow_clients(stage):
    """A thousand downloads that take one byte a second, and what the others notice of them."""
    clients = 300 if stage.is_quick else 1000

    def once():
        small = stage.load("small-get", "--clients", 8, "--seconds", 2, "--size", 10240)
        noop = stage.load("commands", "--commands", "NOOP", "--clients", 8, "--seconds", 1)
        return (small["small-get"]["ops"] / small["small-get"]["wall_s"],
                small["small-get"]["srv_cpu_s"] / max(1, small["small-get"]["ops"]) * 1000,
                noop["NOOP"]["latency"]["p99_us"] / 1000)

    def others():
        """The better of two, since other work on the machine only takes away."""
        return max(once(), once())

    before = others()
    process, open_count = stage.hold("slow", "--clients", clients, "--receive-buffer", 4096,
                                     "--source-addresses", 100)
    idle_from, began = stage.server.group.cpu_s(), time.monotonic()
    time.sleep(5)
    idle = (stage.server.group.cpu_s() - idle_from) / (time.monotonic() - began)
    during = others()
    memory = stage.memory_mib()
    process_result = stage.release(process)
    stage.say(f"{open_count} of {clients} slow downloads are open; they cost {idle * 100:.1f} % of a"
              f" core and the server has {memory:.0f} MiB")
    for when, (rate, cpu, noop) in (("without", before), ("with", during)):
        stage.say(f"{when:7s} them: {rate:,.0f} small files/s at {cpu:.2f} CPU ms each, NOOP p99"
                  f" {noop:.1f} ms")
    stage.require(open_count == clients, "not all slow downloads were served at the same time")
    stage.require(process_result["ok"], f"slow downloads fail: {process_result['error_texts']}")
    stage.require(during[0] >= 0.7 * before[0], "the others get less than 0.7 of their rate")
    stage.require(during[1] <= 1.3 * before[1], "the others' files cost more than 1.3 times the CPU")
    stage.require(during[2] < 50, "NOOP of the others takes more than 50 ms")


def peak(stage):
    """Memory after thousands of sessions and hundreds of transfers have gone."""
    sessions, transfers = (2000, 64) if stage.is_quick else (10000, 256)
    stage.load("get", "--path", "part.bin", "--clients", 4)
    before = stage.memory_mib()
    process, open_count = stage.hold("idle", "--clients", sessions, "--timeout", 120)
    held, transfers_open = stage.hold("slow", "--clients", transfers, "--receive-buffer", 4096)
    top = stage.memory_mib()
    for each in (process, held):
        stage.release(each)
    end = time.monotonic() + 60
    wanted = before + 0.15 * (top - before) + 4
    while stage.memory_mib() > wanted and time.monotonic() < end:
        time.sleep(1)
    after = stage.memory_mib()
    stage.say(f"{before:.0f} MiB before, {top:.0f} MiB with {open_count:,} sessions and"
              f" {transfers_open} transfers, {after:.0f} MiB after {60 - end + time.monotonic():.0f} s")
    stage.require(open_count == sessions and transfers_open == transfers, "not all were served")
    stage.require(after <= wanted, "more than 15 % of what the peak took stays")


SCENARIOS = {"accept-storm": accept_storm, "million-entries": million_entries,
             "slow-clients": slow_clients, "peak": peak}


def run(lab, names, is_quick, say):
    """The exit status: 0 when every verdict is good."""
    status = 0
    for name in names:
        say(f"\n{name}: {SCENARIOS[name].__doc__}")
        with Stage(lab, is_quick, lambda text: say("  " + text)) as stage:
            SCENARIOS[name](stage)
        for reason in stage.broken:
            say(f"  - {reason}")
        say(f"  verdict on {name}: " + ("NOT good" if stage.broken else "good"))
        status = status or int(bool(stage.broken))
    return status
