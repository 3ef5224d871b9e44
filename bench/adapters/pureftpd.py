"""Pure-FTPd, standalone, two processes per session (privilege separation)."""

import subprocess

TITLE = "Pure-FTPd"
KIND = "peer"
TLS = ("none", "explicit")
LISTS = ("LIST", "NLST", "MLSD")
PROCESSES_PER_SESSION = 2
SET = ("-A -E -H (no DNS), -f none (no log), -c and -C 30000, -L 200000:5, a virtual user in a puredb"
       " with a DES hash; TLS: -Y 1")


def start(context):
    users = context.write("users", f"{context.user}:{context.hash}:{context.uid}:{context.gid}::"
                          f"{context.root}/./::::::::::::\n")
    database = context.path("users.pdb")
    subprocess.run([context.peer.path("/usr/bin/pure-pw"), "mkdb", database, "-f", users],
                   check=True, stdout=subprocess.DEVNULL, env=context.peer.environment())
    command = [context.peer.path("/usr/sbin/pure-ftpd"), "-S", f"{context.host},{context.port}",
               "-4", "-A", "-E", "-H", "-f", "none", "-c", "30000", "-C", "30000", "-I", "60",
               "-L", "200000:5", "-p", f"{context.passive[0]}:{context.passive[-1]}", "-u", "1",
               "-l", "puredb:" + database, "-g", context.path("pure-ftpd.pid")]
    if context.tls != "none":
        command += ["-Y", "1", "-2", context.both]
    return {"command": command}
