"""pyftpdlib, asynchronous, a process per core on one listening socket."""

import os

TITLE = "pyftpdlib"
KIND = "peer"
TLS = ("none", "explicit")
LISTS = ("LIST", "NLST", "MLSD")
PROCESSES_PER_SESSION = 0
SET = ("FTPServer with epoll, sendfile, buffers of 256 KiB, DummyAuthorizer (the password in clear), no"
       " log; forked by our script, since worker_processes of 1.5.7 shares one epoll set")


def start(context):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pyftpd_server.py")
    command = ["/usr/bin/python3", "-W", "ignore", script, context.host, str(context.port),
               context.root, context.user, context.password, str(context.passive[0]),
               str(context.passive[-1])]
    if context.tls != "none":
        command.append(context.both)
    return {"command": command, "descriptors": 1 << 20, "as_user": True}
