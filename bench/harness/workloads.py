"""What is measured: each workload is one call of ftpload and gives one or several rows of figures."""

import resource
from dataclasses import dataclass, field

from .site import SMALL_SIZE

TLS_MODES = ("none", "explicit")
PLAIN, TLS = TLS_MODES
SESSION_STEPS = (1, 10, 100, 1000, 10000)
TRANSFER_STEPS = (1, 4, 16, 64, 256)

# All TLS is 1.3 with AES-128-GCM (or its likeness in 1.2), whatever a server would prefer.
CIPHERS = ["--suites", "TLS_AES_128_GCM_SHA256", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"]


@dataclass
class Effort:
    """How long everything takes."""
    repetitions: int
    budget_s: float  # no repetition is begun that would not end within
    rounds: dict  # of the 1 GiB downloads and uploads of one stream, by TLS mode
    seconds: float  # of small files and logins
    command_seconds: float
    list_rounds: int
    idle_sessions: int  # Pure-FTPd admits half as many as it has passive ports
    most_sessions: int  # of the plot against sessions
    parked_sessions: int
    growth_repetitions: int
    settle_s: float  # before memory is read
    parts: int = 1  # the files of 4 streams are cut into so many, one of which is moved


FULL = Effort(repetitions=5, budget_s=85 * 60, rounds={PLAIN: 3, TLS: 2}, seconds=2.0,
              command_seconds=0.5, list_rounds=2, idle_sessions=1600, most_sessions=10000,
              parked_sessions=18000, growth_repetitions=5, settle_s=1.0)
QUICK = Effort(repetitions=2, budget_s=9 * 60, rounds={PLAIN: 2, TLS: 1}, seconds=0.6,
               command_seconds=0.15, list_rounds=1, idle_sessions=500, most_sessions=1000,
               parked_sessions=18000, growth_repetitions=1, settle_s=0.5, parts=4)
SMOKE = Effort(repetitions=1, budget_s=60, rounds={PLAIN: 1, TLS: 1}, seconds=0.1,
               command_seconds=0.05, list_rounds=1, idle_sessions=20, most_sessions=10,
               parked_sessions=20, growth_repetitions=1, settle_s=0.1)


@dataclass
class Workload:
    name: str
    kind: str  # bulk, small, login, command, list, idle or growth: which figures it gives
    arguments: list = field(default_factory=list)
    clients: int = 1
    is_upload: bool = False
    servers: tuple = ("own", "peer", "limit")  # the kinds of server that do it
    is_growth: bool = False


def _all():
    yield Workload("get1", "bulk", ["--workload", "get"])
    yield Workload("get4", "bulk", ["--workload", "get"], 4)
    yield Workload("put1", "bulk", ["--workload", "put"], is_upload=True)
    yield Workload("put4", "bulk", ["--workload", "put"], 4, is_upload=True)
    yield Workload("small-get8", "small", ["--workload", "small-get"], 8)
    yield Workload("small-put8", "small", ["--workload", "small-put"], 8, is_upload=True)
    yield Workload("login8", "login", ["--workload", "login"], 8)
    yield Workload("commands1", "command", ["--workload", "commands"])
    yield Workload("commands8", "command", ["--workload", "commands"], 8)
    yield Workload("pipelined1", "command", ["--workload", "commands", "--pipeline", "32"])
    yield Workload("pipelined8", "command", ["--workload", "commands", "--pipeline", "32"], 8)
    yield Workload("list", "list", ["--workload", "list", "--folder", "list"])
    yield Workload("idle", "idle", ["--workload", "idle"])
    yield Workload("parked", "idle", ["--workload", "idle", "--sample", "2000"], servers=("own",))
    for count in SESSION_STEPS:
        yield Workload(f"sessions-{count}", "idle", ["--workload", "idle"], count,
                       servers=("own", "limit"), is_growth=True)
    for count in TRANSFER_STEPS:
        yield Workload(f"transfers-{count}", "growth", ["--workload", "get", "--path", "part.bin"],
                       count, servers=("own", "limit"), is_growth=True)


WORKLOADS = {workload.name: workload for workload in _all()}


def sessions_of(workload, effort):
    """How many sessions an idle workload opens; the generator needs a descriptor for each."""
    wanted = {"idle": effort.idle_sessions, "parked": effort.parked_sessions}
    room = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500
    return min(wanted.get(workload.name, workload.clients), room)


def is_too_much(workload, effort):
    return workload.name.startswith("sessions-") and workload.clients > effort.most_sessions


def ftpload_arguments(workload, effort, server):
    """What ftpload is called with, but for the program and the server's address."""
    site, kind, more = server.site, workload.kind, list(workload.arguments)
    clients = sessions_of(workload, effort) if kind == "idle" else workload.clients
    more += ["--clients", str(clients)]
    if kind == "bulk" and workload.clients == 1:
        more += ["--rounds", str(effort.rounds[server.tls])]
    if workload.is_upload:
        more += ["--source", site.source(is_small=kind == "small")]
    if kind == "bulk" and workload.clients > 1 and effort.parts > 1:
        more += ["--path", site.add_part(effort.parts), "--size", str(site.big // effort.parts)]
    elif kind == "bulk":
        more += ["--size", str(site.big)]
    elif kind == "small":
        more += ["--size", str(SMALL_SIZE)]
    if kind in ("small", "login"):
        more += ["--seconds", str(effort.seconds)]
    if kind == "login":
        more += ["--settle-ms", "300"]  # processes of sessions end by then
    if kind == "command":
        more += ["--seconds", str(effort.command_seconds), "--settle-ms", "80"]
    if kind == "list":
        more += ["--rounds", str(effort.list_rounds), "--lists", ",".join(server.adapter.LISTS),
                 "--expected-lines", str(site.entries)]
    if kind == "idle":
        more += ["--timeout", "120", "--settle-ms", "300"]
        if clients > 5000:  # more than one address has ports for
            more += ["--source-addresses", "8"]
        if workload.is_growth:
            more += ["--sample", str(clients)]  # a NOOP on each
    if server.tls != PLAIN:
        more += CIPHERS
    return more
