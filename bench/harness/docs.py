"""docs/performance.md, its plots, and the table of the README: all of them written from one result."""

import json
import os
import re

from . import charts, report
from .figures import table

README_MARKS = "<!-- written by ./dev bench --write-docs -->", "<!-- end of the table -->"

INTRO = """# Performance

Everything on this page but the text was written by `./dev bench --write-docs` from a result of
`./dev bench`; measure on your own machine before you believe it. The raw figures of every run are in
[performance/result.json](performance/result.json).

"""

METHOD = """
## How it is measured

- All servers run at the same time on 127.0.0.1 and serve the same files from tmpfs with the same
  certificate (ECDSA P-256). Only one is under load at a time, and they take turns within each
  repetition, in an order that changes: what disturbs the machine hits all of them.
- Sallyport runs as it is delivered: the sandbox, the ticket policy for data connections, the log line
  for every login and transfer and the record of every transfer are on. The others run with their logs,
  delays, lookups and isolation switched off, as below.
- The *limit* is no server but a program that does the least work that the kernel and OpenSSL allow for
  the same dialogue, without any check ([bench/limits/limftp.c](../bench/limits/limftp.c)).
- CPU is what all processes of the server used, those that have ended too, from the moment in which all
  clients are logged in to the last reply (for logins: everything), as the server's control group counts
  it. What the load generator uses is counted apart. On loopback a part of the sender's work is done in
  the receiver's context and the other way round, so that single figures of bulk transfers vary.
- Figures are medians. A measurement that others disturbed by more than 35 % of a core is repeated once;
  rates and times come from calm repetitions when there are at least two, CPU and memory from all.
- *Memory of a session* is the growth of the control group's memory over all idle sessions, divided by
  their number: the kernel's memory (sockets, stacks, page tables) is in it, the page cache of log files
  is not.
- TLS is 1.3 with TLS_AES_128_GCM_SHA256; data connections resume the session of their control
  connection.
- A line counts as reached when all of its conditions hold. "≥ 1.2" against the best peer means the best
  peer for that figure, which need not be the same for speed and CPU.

To repeat it: `./dev bench` (under 90 minutes) or `./dev bench --quick` (under 10), `--only ROW` for one
row, `--servers sallyport,limit` for some servers; `./dev bench scale` runs the scale scenarios (an accept
storm, a directory of a million entries, a thousand clients that read a byte a second, memory after a
peak). [bench/README.md](../bench/README.md) tells more.

## What stands between us and the limit

Seen with `perf record -g` on all processes of the server, `strace -c -f`, and
`valgrind --tool=callgrind` where instructions are counted (two servers in one program, the same client);
a row that is not reached below is one of these.

- *Bulk in plain.* A client on the same machine is as fast as the kernel: it takes what has come and sleeps
  until the next segment, and on a virtual machine each wake-up of another processor costs the sender tens
  of microseconds, more than the data. To a peer that is nearer than 100 µs (`TCP_INFO`) a file of more
  than a mebibyte goes out through a send buffer of 208 KiB (96 KiB over TLS) and in full segments
  (`TCP_CORK`): what is on its way stays in the processor's cache, and both sides wake each other less
  often. ProFTPD alone of the others sets `TCP_CORK`, and gets a part of it; the limit sets neither, so
  that we are ahead of it there. Farther away nothing of this is done.
- *Small downloads.* 13 to 14 system calls, no more than the limit's. What comes on top is the line of the
  log, the record in the database (about 7 % of the time, sixteen to a statement), and the reservation of
  the port. At eight sessions a fifth of both processors is idle: one of the two workers, or the client,
  waits for the others.
- *Small uploads.* 21 system calls into the home, 31 into a directory below it where a file of that name is
  there already, as here; the limit 14 to 18. The others look who may write there before data flows (3),
  make a new file in a directory that is opened beneath the home (2), lock it (2), see that its directory
  is still in the home and its name still its own (3), put it in the place of the old one, which is then
  freed (2), look for what a broken upload of that name has left (1), and write the log. The limit and
  Pure-FTPd open the path and write over the old content: whoever reads it meanwhile, or comes after a
  crash, finds a half of it. What could go is the directory that is opened twice; it is not kept while the
  client is awaited, since it may be moved away meanwhile.
- *Small files over TLS.* The handshake is OpenSSL's, as for everybody: 2.18 million instructions for a
  resumption here and in the limit. A client that has spent a ticket gets a fresh one with the next reply,
  another 0.2 million to serialize, derive and seal (about 45 µs), which neither the limit nor the others
  spend: without it a client that takes each ticket once, as RFC 8446 C.4 asks, runs out after two files.
  An upload has the system calls of a small upload on top. ProFTPD keeps both processors busy with a
  process per client, we leave about a seventh idle.
- *Logins.* The password is checked in another process that the worker cannot look into: two messages and
  a wake-up more, and three lines of the log. The manager answers a remembered password from memory as
  long as nobody has committed to the database. The TLS handshake of a login costs 2.52 million
  instructions, the limit's 2.52 million.
- *Memory of a parked session.* The kernel's part is 3.8 KiB, the limit's as well; the session, its user,
  home and ledger take 1 KiB of heap and its card on the board 0.3 KiB. With TLS come 14.5 KiB of objects of
  OpenSSL, half of them `SSL` itself, and the same in the limit; buffers are given back.
- *CWD and SIZE.* One system call each for a name in the home itself, as in the limit, and three more for
  the command: `epoll_wait`, `recv`, `send`. Deeper down a path is opened beneath the home by the kernel
  (`openat2`) and closed again, with a look between the two for SIZE, two calls and three; the limit calls
  `stat` on a string. A descriptor of the working directory would save two of them, and would have to be
  compared with what its path leads to at every use; it would also halve how many sessions the limit of
  descriptors admits. Sent by 32, a SIZE is 2,080 instructions before the kernel is asked, a CWD 1,960.
- *Pipelined commands.* A NOOP is 1,200 instructions: 180 to find the line and copy it, 160 to parse it,
  105 to mask passwords in it, 160 to find its row and ask whether it is allowed, 230 for the reply, 340 for
  the two lines of the flight recorder; the limit masks, asks and records nothing. 32 of them are three
  system calls. With one client the rest of the time is its own and the wake-ups of both: with 1
  session the limit itself is 2 to 5 times the best of the others, from one run to the next, in CWD and SIZE
  never 4 times, and with 8 sessions 3.5 times in CWD and SIZE, where each command is a system call for
  everybody; there we are as fast as the limit.
- *One by one, 1 session.* The others wait in `read(2)`; we, and the limit, in `epoll_wait(2)` for all
  sessions, and then ask with `recv(2)`: one call more between the command and its reply, at 40 µs for the
  way there and back.
- *Bulk over TLS.* Encryption and the copies of the kernel; this kernel has no TLS of its own to hand it
  to. Downloads are encrypted from the page cache, as by the limit and Pure-FTPd, a mebibyte mapped at a
  time: four calls for each and two looks at the size of the file, since somebody may cut it meanwhile;
  who does kills none of our processes. Uploads: one recv() per record, several records per write();
  buffers for reading of 64 KiB and pieces of 64 KiB make no difference that could be told from noise.
  A near client wakes less often, as in plain.
  With 4 uploads the rate is the limit's, at less CPU; Pure-FTPd has a process for each, which keep both
  processors busier.
"""

# The lines of the table that the README shows: (row, cell, figure).
HIGHLIGHTS = tuple((row, cell, figure) for row, cell, figures in (
    ("downloads", "download, 1 stream", ("rate", "cpu")),
    ("tls", "download, 1 stream", ("rate", "cpu")), ("tls", "upload, 1 stream", ("rate", "cpu")),
    ("small", "downloads", ("rate", "cpu")), ("small-tls", "downloads", ("rate", "cpu")),
    ("logins", "login", ("rate", "cpu")), ("logins-tls", "login", ("rate", "cpu")),
    ("listings", "MLSD", ("time_s",)), ("memory", "plain", ("kib",)), ("memory", "TLS", ("kib",)),
) for figure in figures)


def _compact(result):
    """The result without what no table needs, as text."""
    return json.dumps(result, separators=(",", ":")).replace('{"load":', '\n{"load":') + "\n"


def _page(result, plots):
    pictures = "".join(f"![{name}](performance/{name}.svg)\n\n" for name in plots)
    return (INTRO + "\n".join(report.machine(result)) + "\n" + METHOD + "\n## Results\n"
            + "\n".join(report.tables(result)) + "\n\n## Plots\n\n" + pictures.rstrip("\n") + "\n"
            + "\n".join(report.growth(result) + report.servers(result) + report.failures(result))
            + "\n")


def _highlights(result):
    servers = result["meta"]["servers"]
    lines = {(line["row"], line["cell"], line["figure"]): line for line in table(result)}
    chosen = [lines[key] for key in HIGHLIGHTS if key in lines and not lines[key]["disturbed"]]
    out = ["| | " + " | ".join(server["title"] for server in servers.values()) + " |",
           "|---|" + "---:|" * len(servers)]
    for line in chosen:
        out.append(f"| {line['title']}: {line['cell']}, {line['unit']} | "
                   + " | ".join(report.number(value) for value in line["medians"].values()) + " |")
    return "\n".join(out)


def _write_readme(root, result):
    path = os.path.join(root, "README.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = README_MARKS
    part = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    if not part.search(text):
        raise SystemExit(f"bench: README.md has lost the marks of its table: {begin} ... {end}")
    made = f"{begin}\n{_highlights(result)}\n{end}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(part.sub(lambda _: made, text))


def write(root, result):
    folder = os.path.join(root, "docs", "performance")
    plots = charts.write_all(result, folder)
    with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
        file.write(_compact(result))
    with open(os.path.join(root, "docs", "performance.md"), "w", encoding="utf-8") as file:
        file.write(_page(result, plots))
    _write_readme(root, result)
    print("written: docs/performance.md, docs/performance/ and the table in README.md")
