#!/usr/bin/python3
"""Measures Sallyport and other FTP servers side by side; ./dev bench builds everything and calls it.

  ./dev bench [--quick] [--only ROW,...] [--servers a,b]     measure, then print the table
  ./dev bench report [FILE]                                  the tables of a result once more
  ./dev bench --write-docs [FILE]                            write docs/performance.md from a result
  ./dev bench accept-storm | million-entries | slow-clients | peak | scale [--quick]
                                                             one of the scale scenarios, or all

The results (JSON, Markdown, SVG) and the logs of the servers lie in build/bench; those of a run with
--only or --servers in build/bench/partial."""

import argparse
import json
import os
import signal
import sys

from harness import charts, docs, machine, report, scenarios
from harness.lab import Lab
from harness.runner import SERVERS, Runner
from harness.site import MIB
from harness.table import ALL
from harness.workloads import FULL, QUICK, SMOKE

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOO_BUSY = 0.25  # cores
NEEDED_GIB = 8  # on tmpfs and for the servers


def say(text):
    print(text, file=sys.stderr, flush=True)


def names_of(text, known, what):
    names = [name for name in text.split(",") if name] or list(known)
    for name in names:
        if name not in known:
            sys.exit(f"bench: there is no {what} \"{name}\"; there are: {', '.join(known)}")
    return names


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="run",
                        choices=["run", "report", "scale", *scenarios.SCENARIOS])
    parser.add_argument("file", nargs="?", help="a result for report and --write-docs")
    parser.add_argument("--quick", action="store_true", help="under 10 minutes instead of 90")
    parser.add_argument("--smoke", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", metavar="ROW,...",
                        help="of: " + ", ".join(ALL))
    parser.add_argument("--servers", default="", metavar="NAME,...",
                        help="of: " + ", ".join(SERVERS))
    parser.add_argument("--repetitions", type=int, help="instead of 5, or 2 with --quick")
    parser.add_argument("--busy-anyway", action="store_true",
                        help="measure although others use the machine")
    parser.add_argument("--write-docs", nargs="?", const="", metavar="FILE",
                        help="write docs/performance.md and its plots from this result")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "gcc"),
                        help="where the programs are built")
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "bench"),
                        help="where the results go")
    return parser.parse_args()


def result_file(arguments, name):
    return name or os.path.join(arguments.out, "result.json")


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as problem:
        sys.exit(f"bench: {path}: {problem.strerror}; ./dev bench makes one")
    except ValueError:
        sys.exit(f"bench: {path} is no result of ./dev bench")


def check_machine(arguments):
    """How busy the machine is; ends the program where measuring makes no sense."""
    if os.geteuid() != 0:
        sys.exit("bench: must be root: it makes control groups and servers that change their user")
    if not os.path.exists(os.path.join(arguments.build, "bench", "ftpload")):
        sys.exit(f"bench: {arguments.build}/bench/ftpload is not built; use ./dev bench")
    if not arguments.smoke and machine.meminfo_bytes("MemAvailable") < NEEDED_GIB << 30:
        sys.exit(f"bench: less than {NEEDED_GIB} GiB of memory are available")
    busy = machine.busy_share(1 if arguments.smoke else 3)
    if busy > TOO_BUSY and not arguments.busy_anyway:
        sys.exit(f"bench: the machine is busy: others use {busy:.2f} of its cores. Rates would say"
                 " nothing. --busy-anyway measures all the same.")
    return busy


def save(result, folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "result.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=0)
    os.replace(path + ".new", path)
    text = report.markdown(result)
    with open(os.path.join(folder, "result.md"), "w", encoding="utf-8") as file:
        file.write(text)
    charts.write_all(result, folder)
    return path, text


def measure(arguments):
    rows = [ALL[name] for name in names_of(arguments.only, ALL, "row")]
    servers = names_of(arguments.servers, SERVERS, "server")
    effort, name = ((SMOKE, "smoke") if arguments.smoke else (QUICK, "quick") if arguments.quick
                    else (FULL, "full"))
    if arguments.repetitions:
        effort.repetitions = arguments.repetitions
    busy = check_machine(arguments)
    sizes = {"big": 4 * MIB, "entries": 200, "wait_s": 200} if arguments.smoke else {}
    with Lab(arguments.build, arguments.out, **sizes) as lab:
        say(f"accounting: {lab.group_kind.what}")
        if not arguments.smoke:
            machine.touch_memory(lab.site.base, NEEDED_GIB)
        runner = Runner(lab, effort, name, say, not arguments.smoke and not arguments.busy_anyway)
        try:
            runner.run(rows, servers, busy)
        except BaseException:
            if runner.result():
                save(runner.result(), arguments.out + "/interrupted")
                say(f"what was measured until here lies in {arguments.out}/interrupted")
            raise
    is_whole = not arguments.only and not arguments.servers
    path, text = save(runner.result(), arguments.out + ("" if is_whole else "/partial"))
    print(text)
    say(f"written: {path}, result.md and the plots beside it")
    if is_whole:
        say("./dev bench --write-docs makes docs/performance.md of it")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    arguments = parse()
    if arguments.write_docs is not None:
        docs.write(ROOT, load(result_file(arguments, arguments.write_docs)))
    elif arguments.command == "report":
        print(report.markdown(load(result_file(arguments, arguments.file))))
    elif arguments.command == "run":
        measure(arguments)
    else:
        check_machine(arguments)
        chosen = (list(scenarios.SCENARIOS) if arguments.command == "scale"
                  else [arguments.command])
        with Lab(arguments.build, arguments.out, entries=1000) as lab:
            sys.exit(scenarios.run(lab, chosen, arguments.quick, say))


try:
    main()
except KeyboardInterrupt:
    sys.exit("bench: interrupted; the servers are stopped and the files are removed")
