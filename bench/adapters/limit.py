"""bench/limits/limftp.c: no server, but the least work that the kernel and OpenSSL allow for the same
dialogue."""

import os

TITLE = "limit"
KIND = "limit"
TLS = ("none", "explicit")
LISTS = ("LIST", "NLST", "MLSD")
PROCESSES_PER_SESSION = 0
SET = ("a thread per core, sendfile and splice, constant replies, no checks of any kind, the passive"
       " socket is kept between transfers")


def start(context):
    threads = str(len(os.sched_getaffinity(0)))
    command = [os.path.join(context.build, "bench", "limftp"), str(context.port), context.root,
               context.password, threads]
    if context.tls != "none":
        command += [context.certificate, context.key]
    return {"command": command, "descriptors": 1 << 20}
