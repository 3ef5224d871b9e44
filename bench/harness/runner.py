"""Runs the workloads: all servers side by side, in turn within each repetition, so that whatever else
happens on the machine hits all of them alike."""

import importlib
import json
import os
import subprocess
import threading
import time

from . import machine, peers
from .figures import LOUD, WORKLOADS, foreign_share, of_run
from .report import number
from .server import PASSIVE_FIRST, PASSIVE_LAST, Context, Failed, Server
from .table import wanted
from .workloads import ftpload_arguments, is_too_much, sessions_of

SERVERS = ("sallyport", "vsftpd", "pureftpd", "proftpd", "pyftpd", "limit")
FIRST_PORT = 7300
LIMIT_S = 240  # of one measurement
MEMORY_SHARE = 0.5  # of what is free: more an idle workload may not need


class Field:
    """The servers that take part, running."""

    def __init__(self, lab, names, tls_modes, say):
        self.lab, self.say = lab, say
        self.described, self.missing, self.live = {}, {}, []
        span = min(5000, (PASSIVE_LAST - PASSIVE_FIRST) // len(names))
        for place, name in enumerate(names):
            first = PASSIVE_FIRST + place * span
            self._add(name, tls_modes, FIRST_PORT + 100 * place, range(first, first + span))

    def _add(self, name, tls_modes, port, passive):
        adapter = importlib.import_module("adapters." + name)
        try:
            peer = (peers.peer(name, self.lab.peers, self.say) if adapter.KIND == "peer" else None)
            self.described[name] = {
                "title": adapter.TITLE, "kind": adapter.KIND, "set": adapter.SET,
                "what": " ".join(adapter.__doc__.split()),
                "processes_per_session": adapter.PROCESSES_PER_SESSION,
                "versions": peer.versions if peer else {}}
            for tls in tls_modes:
                log = os.path.join(self.lab.logs, f"{name}-{tls}.log")
                server = Server(adapter, name, tls, self.lab.site, self.lab.build, peer,
                                self.lab.group_kind, port + tls_modes.index(tls), passive, log)
                self.live.append(server)
                server.start()
        except (peers.Unavailable, Failed, OSError, subprocess.CalledProcessError) as problem:
            self.missing[name] = str(problem)
            self.described.pop(name, None)
            self.say(f"{name} is left out: {problem}")
            for server in [server for server in self.live if server.name == name]:
                server.stop()
                self.live.remove(server)

    def of(self, tls, workload, repetition):
        """Those that do this workload, in the order of this repetition."""
        fit = [server for server in self.live
               if server.tls == tls and server.adapter.KIND in workload.servers]
        turn = repetition % len(fit) if fit else 0
        return fit[turn:] + fit[:turn]

    def stop(self):
        for server in self.live:
            server.stop()


class MemoryPeak:
    """The most memory that a group uses while the body of the with statement runs."""

    def __init__(self, group):
        self.group, self.bytes = group, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self._over.wait(0.02):
            self.bytes = max(self.bytes, self.group.memory_bytes())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._over.set()
        self._thread.join()


def last_json(output, error, status):
    """What ftpload said, or that it said nothing."""
    try:
        return json.loads(output.strip().splitlines()[-1])
    except (IndexError, ValueError):
        reason = (error or output or f"ftpload ended with {status}").strip()[-300:]
        return {"ok": False, "error_texts": [reason], "phases": []}


class Generator:
    """ftpload, in a control group of its own."""

    def __init__(self, program, group):
        self.program, self.group = program, group

    def command(self, server, arguments):
        command = [self.program, "--host", Context.host, "--port", str(server.port), "--user",
                   Context.user, "--pass", Context.password, "--tls", server.tls, "--limit-s",
                   str(LIMIT_S)]
        if server.group.cpu_folder:
            command += ["--cpu-folder", server.group.cpu_folder]
        return command + arguments

    def start(self, server, arguments):
        return subprocess.Popen(self.command(server, arguments), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                preexec_fn=self.group.join)

    def finish(self, process, said=""):
        output, error = process.communicate("\n")
        return last_json(output or said, error, process.returncode)

    def run(self, server, arguments):
        return self.finish(self.start(server, arguments))


class Runner:
    def __init__(self, lab, effort, effort_name, say, be_patient=True):
        self.lab, self.effort, self.effort_name, self.say = lab, effort, effort_name, say
        self.generator = Generator(lab.ftpload, lab.group_kind("generator"))
        self.patience_s = 4 if be_patient else 0
        self.kib_per_session = {}
        self.runs = []
        self.meta = None

    def result(self):
        """What has been measured so far; None before the servers run."""
        return {"meta": self.meta, "runs": self.runs} if self.meta and self.runs else None

    def run(self, rows, names, busy_share):
        plan = wanted(rows)
        tls_modes = tuple(dict.fromkeys(tls for tls, _ in plan))
        field = Field(self.lab, names, tls_modes, self.say)
        began = time.monotonic()
        meta = self.meta = {
            "machine": machine.describe(), "effort": self.effort_name, "servers": field.described,
            "rows": [row.name for row in rows], "accounting": self.lab.group_kind.what,
            "busy_share": busy_share, "missing": field.missing, "repetitions": 0, "took_s": 0}
        try:
            longest = 0
            for repetition in range(self.effort.repetitions):
                spent = time.monotonic() - began
                if repetition and spent + longest > self.effort.budget_s:
                    self.say(f"stopping after {repetition} of {self.effort.repetitions} repetitions:"
                             f" another would take more than {self.effort.budget_s / 60:.0f} minutes"
                             " in all")
                    break
                meta["repetitions"] = repetition + 1
                self._repeat(repetition, plan, field, began)
                longest = max(longest, time.monotonic() - began - spent)
        finally:
            meta["took_s"] = time.monotonic() - began
            field.stop()
            self.generator.group.remove()

    def _repeat(self, repetition, plan, field, began):
        for step, (tls, name) in enumerate(plan):
            workload = WORKLOADS[name]
            if (is_too_much(workload, self.effort)
                    or workload.is_growth and repetition >= self.effort.growth_repetitions):
                continue
            for server in field.of(tls, workload, repetition):
                run = self._measure(server, workload, repetition)
                self.say(f"{time.monotonic() - began:5.0f} s  repetition {repetition + 1} of"
                         f" {self.effort.repetitions}, step {step + 1:2d} of {len(plan)}:"
                         f" {'plain' if tls == 'none' else 'TLS':5s} {name:16s}"
                         f" {server.adapter.TITLE:10s} {_brief(run)}")

    def _measure(self, server, workload, repetition):
        """One measurement, and once more when others disturbed it."""
        for _ in range(2):
            if not server.is_alive():
                self.say(f"{server.name} had ended and is started again; see {server.log}")
                server.stop()
                server.start()
            run = self._attempt(server, workload)
            run |= {"server": server.name, "tls": server.tls, "workload": workload.name,
                    "repetition": repetition}
            self.runs.append(run)
            if foreign_share(run) <= LOUD or not self.patience_s or workload.kind == "idle":
                break
        return run

    def _attempt(self, server, workload):
        arguments = ftpload_arguments(workload, self.effort, server)
        machine.wait_for_calm(self.patience_s)
        group, own = server.group, self.generator.group
        before = machine.busy_cpu_s(), group.cpu_s(), own.cpu_s(), time.monotonic()
        if workload.kind == "idle":
            run = self._idle(server, workload, arguments)
            group = server.group
        elif workload.is_growth:
            with MemoryPeak(group) as peak:
                run = {"load": self.generator.run(server, arguments)}
            run["peak"] = peak.bytes
        else:
            run = {"load": self.generator.run(server, arguments)}
        after = machine.busy_cpu_s(), group.cpu_s(), own.cpu_s(), time.monotonic()
        machine_s, server_s, own_s, run["wall_s"] = (b - a for a, b in zip(before, after))
        run["foreign_cpu_s"] = (0 if workload.kind == "idle"
                                else max(0, machine_s - server_s - own_s))
        if not server.group.cpu_folder:
            self._estimate_cpu(run, server_s)
        if workload.is_upload:
            self.lab.site.remove_uploads()
        return run

    @staticmethod
    def _estimate_cpu(run, server_s):
        """Without control groups ftpload cannot see the CPU time: all of it, spread over the phases by
        their length, logins included."""
        phases = run["load"].get("phases", [])
        wall = sum(phase["wall_s"] for phase in phases)
        for phase in phases:
            phase["srv_cpu_s"] = server_s * phase["wall_s"] / wall if wall else 0

    def _idle(self, server, workload, arguments):
        """Opens sessions on a server that has just been started, and sees how its memory grows."""
        count = sessions_of(workload, self.effort)
        each = self.kib_per_session.get((server.name, server.tls), 0)
        if each * count * 1024 > MEMORY_SHARE * machine.meminfo_bytes("MemAvailable"):
            reason = f"{count} sessions would need {each * count / 1024:.0f} MiB"
            return {"skipped": reason, "load": {"ok": False, "error_texts": [reason]}}
        server.stop()
        server.start()
        self.generator.run(server, ["--workload", "idle", "--clients", "8"])  # first-use memory
        time.sleep(self.effort.settle_s)
        before = server.group.memory()
        process = self.generator.start(server, arguments)
        said = process.stdout.readline()
        run = {}
        if said.startswith("READY") and int(said.split()[1]):
            time.sleep(self.effort.settle_s)
            run = {"sessions": int(said.split()[1]), "before": before,
                   "after": server.group.memory()}
            run["growth"] = {key: run["after"][key] - before[key] for key in before}
            each = run["growth"]["used"] / run["sessions"] / 1024
            self.kib_per_session[server.name, server.tls] = max(0, each)
        run["load"] = self.generator.finish(process, said)
        return run


def _brief(run):
    if not run["load"].get("ok"):
        return "FAILED: " + "; ".join(run["load"].get("error_texts", [])[:1])
    parts = []
    for phase, figures in list(of_run(run).items())[:4]:
        shown = [f"{key} {number(figures[key])}" for key in
                 ("rate", "time_s", "cpu", "kib", "noop_p99_ms") if key in figures]
        parts.append((phase + " " if phase else "") + ", ".join(shown[:2]))
    return "; ".join(parts)
