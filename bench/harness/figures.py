"""From the raw runs to figures: what one run says, medians over repetitions, and the verdicts."""

import statistics

from .table import ALL, BETTER, HIGHER
from .workloads import WORKLOADS

GIB = 1 << 30
LOUD = 0.35  # share of one core that others took: the rates of such a run mean little
QUIET_ONLY = ("rate", "time_s", "first_byte_ms", "noop_p99_ms")


def foreign_share(run):
    return run.get("foreign_cpu_s", 0) / max(run.get("wall_s", 1), 0.1)


def _idle(run):
    phases = {phase["name"]: phase for phase in run["load"]["phases"]}
    opened, touched = phases.get("open"), phases.get("noop")
    if not opened or not opened["ops"] or "growth" not in run:
        return {}
    figures = {"kib": run["growth"]["used"] / run["sessions"] / 1024,
               "kernel_kib": run["growth"]["kernel"] / run["sessions"] / 1024,
               "total_mib": run["after"]["used"] / (1 << 20),
               "growth_mib": run["growth"]["used"] / (1 << 20),
               "sessions": run["sessions"],
               "open_cpu_s": opened.get("srv_cpu_s", 0)}
    if touched and touched["ops"]:
        figures |= {"noop_p99_ms": touched["latency"]["p99_us"] / 1000,
                    "noop_cpu_s": touched.get("srv_cpu_s", 0)}
    return {"": figures}


def _phase(kind, phase):
    wall, cpu, count = phase["wall_s"], phase.get("srv_cpu_s", 0), phase["ops"]
    if kind == "list":
        return {"time_s": wall / count, "cpu": cpu / count,
                "first_byte_ms": phase["first_byte"]["p50_us"] / 1000}
    if kind in ("bulk", "growth"):
        count = phase["bytes"] / GIB
    figures = {"rate": count / wall, "p99_ms": phase["latency"]["p99_us"] / 1000,
               "gen_cpu": phase["gen_cpu_s"] / count}
    scale = {"bulk": 1, "growth": 1, "command": 1e6}.get(kind, 1000)
    figures["cpu"] = cpu / count * scale
    if kind == "growth":
        figures["cpu_s"] = cpu
    return figures


def of_run(run):
    """{phase: {figure: value}}; the phase has a name only where a workload has several."""
    load, kind = run.get("load", {}), WORKLOADS[run["workload"]].kind
    if not load.get("ok"):
        return {}
    if kind == "idle":
        return _idle(run)
    found = {}
    for phase in load["phases"]:
        if phase["ops"]:
            name = phase["name"] if kind in ("command", "list") else ""
            found[name] = _phase(kind, phase)
            if "peak" in run:
                found[name]["peak_mib"] = run["peak"] / (1 << 20)
    return found


def _least_disturbed(runs):
    """Of several attempts at one measurement, the one that others disturbed least."""
    best = {}
    for run in runs:
        key = run["tls"], run["workload"], run["server"], run["repetition"]
        if key not in best or foreign_share(run) < foreign_share(best[key]):
            best[key] = run
    return list(best.values())


class Summary:
    """Medians by (TLS mode, workload, phase), server and figure."""

    def __init__(self, result):
        self.servers = result["meta"]["servers"]
        self.values = {}
        runs = _least_disturbed(result["runs"])
        self.run_count = len(runs)
        self.loud_count = sum(foreign_share(run) > LOUD for run in runs)
        self.is_disturbed = self.loud_count > self.run_count / 2
        self.failures = [run for run in runs if not run.get("load", {}).get("ok")]
        for run in runs:
            for phase, figures in of_run(run).items():
                place = self.values.setdefault((run["tls"], run["workload"], phase), {})
                for figure, value in figures.items():
                    samples = place.setdefault(run["server"], {}).setdefault(figure, [])
                    samples.append((foreign_share(run) > LOUD, value))

    def samples(self, key, server, figure):
        """Times and rates of calm runs when there are two of them; all other figures of all runs."""
        found = self.values.get(key, {}).get(server, {}).get(figure, [])
        calm = [value for is_loud, value in found if not is_loud]
        if figure in QUIET_ONLY and len(calm) >= 2:
            return calm
        return [value for _, value in found]

    def median(self, key, server, figure):
        samples = self.samples(key, server, figure)
        return statistics.median(samples) if samples else None

    def of_kind(self, kind):
        return [name for name, server in self.servers.items() if server["kind"] == kind]

    def own(self):
        return next(iter(self.of_kind("own")), None)

    def best(self, key, figure, names):
        """(name, median) of the best of them, or (None, None)."""
        known = [(name, self.median(key, name, figure)) for name in names]
        known = [pair for pair in known if pair[1] is not None]
        pick = max if BETTER[figure] == HIGHER else min
        return pick(known, key=lambda pair: pair[1]) if known else (None, None)


def check(summary, cell, target):
    """{ratio or value, of whom, reached}; None when something of it was not measured."""
    key = cell.tls, cell.workload, cell.phase
    own = summary.median(key, summary.own(), target.figure) if summary.own() else None
    if own is None:
        return None
    if target.against == "value":
        return {"ratio": own, "than": None, "reached": target.is_reached(own)}
    names = summary.of_kind("limit" if target.against == "limit" else "peer")
    if target.against == "processes":
        names = [name for name in names if summary.servers[name]["processes_per_session"]]
    than, value = summary.best(key, target.figure, names)
    if not value:
        return None
    return {"ratio": own / value, "than": than, "reached": target.is_reached(own / value)}


def table(result):
    """The table as plain data, a line for each figure of each cell that was measured."""
    summary = Summary(result)
    lines = []
    for name in result["meta"]["rows"]:
        row = ALL[name]
        for cell in row.cells if row.units else []:
            key = cell.tls, cell.workload, cell.phase
            for figure in cell.figures:
                medians = {server: summary.median(key, server, figure)
                           for server in summary.servers}
                if all(value is None for value in medians.values()):
                    continue
                samples = summary.samples(key, summary.own(), figure) if summary.own() else []
                checks = [dict(against=target.against, sign=target.sign, bound=target.bound,
                               text=target.text, **(check(summary, cell, target) or
                                                    {"ratio": None, "than": None, "reached": None}))
                          for target in cell.targets if target.figure == figure]
                lines.append({"row": name, "title": row.title, "cell": cell.title, "figure": figure,
                              "unit": row.units[figure], "medians": medians, "checks": checks,
                              "spread": [min(samples), max(samples)] if samples else None,
                              "samples": len(samples),
                              "disturbed": summary.is_disturbed and figure in QUIET_ONLY})
    return lines
