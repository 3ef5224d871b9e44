"""The rows of the results, and what each of them must show."""

from dataclasses import dataclass, field

from .workloads import PLAIN, SESSION_STEPS, TLS, TRANSFER_STEPS

# Which way a figure is better.
HIGHER, LOWER = "higher", "lower"
BETTER = {"rate": HIGHER, "cpu": LOWER, "time_s": LOWER, "first_byte_ms": LOWER, "kib": LOWER,
          "noop_p99_ms": LOWER, "total_mib": LOWER}


@dataclass
class Target:
    """At most (or at least) this often the best peer, the best of the peers with processes for each
    session, the limit; or simply this value."""
    figure: str
    against: str  # peer, processes, limit or value
    bound: float
    text: str = ""

    @property
    def sign(self):
        return "≥" if BETTER[self.figure] == HIGHER else "≤"

    def is_reached(self, value):
        return value >= self.bound if BETTER[self.figure] == HIGHER else value <= self.bound


@dataclass
class Cell:
    """One measurement: a phase of a workload in one TLS mode."""
    title: str
    tls: str
    workload: str
    phase: str = ""
    targets: list = field(default_factory=list)
    figures: tuple = ("rate", "cpu")


@dataclass
class Row:
    name: str
    title: str
    cells: list
    units: dict


GIB = {"rate": "GiB/s", "cpu": "CPU s/GiB"}
FILES = {"rate": "files/s", "cpu": "CPU s/1,000"}
LOGINS = {"rate": "logins/s", "cpu": "CPU s/1,000"}
COMMANDS = {"rate": "commands/s", "cpu": "CPU µs each"}
LISTING = {"time_s": "s", "first_byte_ms": "ms to the first byte"}
MEMORY = {"kib": "KiB per session"}
PARKED = {"noop_p99_ms": "ms, p99 of NOOP", "total_mib": "MiB in all"}


def ratios(rate, cpu, limit_cpu):
    return [Target("rate", "peer", rate), Target("cpu", "peer", cpu),
            Target("cpu", "limit", limit_cpu)]


def bulk(word, workload, tls, targets):
    return [Cell(f"{word}, {count} stream{'s' if count > 1 else ''}", tls, f"{workload}{count}",
                 targets=targets) for count in (1, 4)]


def small(tls, targets):
    return [Cell("downloads", tls, "small-get8", targets=targets),
            Cell("uploads", tls, "small-put8", targets=targets)]


def commands(workload, targets):
    return [Cell(f"{verb}, {count} session{'s' if count > 1 else ''}", PLAIN,
                 f"{workload}{count}", verb, targets(count))
            for count in (1, 8) for verb in ("NOOP", "PWD", "CWD", "SIZE")]


def one_by_one(count):
    return [Target("rate", "peer", 1.0 if count == 1 else 1.25), Target("cpu", "limit", 1.3)]


def pipelined(_count):
    return [Target("rate", "peer", 4), Target("rate", "limit", 0.5)]


def listings():
    for verb in ("LIST", "MLSD", "NLST"):
        targets = [Target("time_s", "peer", 1.0 if verb == "NLST" else 0.65)]
        if verb != "NLST":
            targets += [Target("time_s", "limit", 1.3)]
        targets += [Target("first_byte_ms", "value", 10)]
        yield Cell(verb, PLAIN, "list", verb, targets, ("time_s", "first_byte_ms"))


def memory():
    for title, tls, bound in (("plain", PLAIN, 8), ("TLS", TLS, 24)):
        yield Cell(title, tls, "idle", "", [
            Target("kib", "peer", 1.0), Target("kib", "processes", 1 / 40, "1/40"),
            Target("kib", "value", bound)], ("kib",))


ROWS = [
    Row("downloads", "1 GiB download, plain",
        bulk("download", "get", PLAIN, ratios(1.0, 1.0, 1.10)), GIB),
    Row("uploads", "1 GiB upload, plain",
        bulk("upload", "put", PLAIN, ratios(1.1, 0.85, 1.15)), GIB),
    Row("tls", "1 GiB down and up, TLS 1.3 with AES-128-GCM",
        bulk("download", "get", TLS, ratios(1.0, 1.0, 1.05))
        + bulk("upload", "put", TLS, ratios(1.0, 1.0, 1.05)), GIB),
    Row("small", "files of 10 KiB, plain, 8 sessions", small(PLAIN, ratios(1.3, 0.65, 1.4)), FILES),
    Row("small-tls", "files of 10 KiB, TLS, 8 sessions", small(TLS, ratios(1.2, 0.75, 1.2)), FILES),
    Row("logins", "logins, plain, 8 clients",
        [Cell("login", PLAIN, "login8", "", [Target("rate", "peer", 1.3),
                                             Target("cpu", "limit", 2.5)])], LOGINS),
    Row("logins-tls", "logins, TLS, 8 clients",
        [Cell("login", TLS, "login8", "", [Target("rate", "peer", 1.2),
                                           Target("cpu", "limit", 1.4)])], LOGINS),
    Row("commands", "commands one by one, plain", commands("commands", one_by_one), COMMANDS),
    Row("pipelined", "commands pipelined by 32, plain", commands("pipelined", pipelined), COMMANDS),
    Row("listings", "listing of 100,000 entries, plain", list(listings()), LISTING),
    Row("memory", "memory of an idle session", list(memory()), MEMORY),
    Row("parked", "18,000 idle FTPS sessions",
        [Cell("parked", TLS, "parked", "", [Target("noop_p99_ms", "value", 50),
                                            Target("total_mib", "value", 600)],
              ("noop_p99_ms", "total_mib"))], PARKED),
]

# No row of the table but two plots.
GROWTH = Row("growth", "cost against sessions and transfers",
             [Cell(f"{n} sessions", TLS, f"sessions-{n}") for n in SESSION_STEPS]
             + [Cell(f"{n} transfers", tls, f"transfers-{n}")
                for n in TRANSFER_STEPS for tls in (PLAIN, TLS)], {})

ALL = {row.name: row for row in [*ROWS, GROWTH]}


def wanted(rows):
    """The (TLS mode, workload) pairs that these rows need, each once, in their order."""
    return list(dict.fromkeys((cell.tls, cell.workload) for row in rows for cell in row.cells))
