"""Sallyport of this checkout, as it is delivered: sandbox, ticket policy and log of every session and
transfer at their defaults."""

import os
import subprocess

TITLE = "Sallyport"
KIND = "own"
TLS = ("none", "explicit")
LISTS = ("LIST", "NLST", "MLSD")
PROCESSES_PER_SESSION = 0
SET = ("plain_ftp on for the plain rows, idle_timeout 3600, more than max_sessions 20000; everything"
       " else as delivered, the log goes to a file; password hashed with yescrypt")


def _program(context, name):
    return os.path.join(context.build, "src", *name)


def _cli(context, *arguments, **options):
    return subprocess.run([_program(context, ("cli", "sallyport")), *arguments], check=True,
                          capture_output=True, text=True, **options)


def _own(context, path):
    os.chown(path, context.uid, context.gid)
    return path


def start(context):
    state, run = (_own(context, context.make_folder(name)) for name in ("state", "run"))
    settings = {
        "user": context.user,
        "listen": context.host,
        "data_root": context.served,
        "state_directory": state,
        "run_directory": run,
        "max_sessions": 100000,
        "explicit_ports": context.port,
        "implicit_ports": "none",
        "passive_ports": f"{context.passive[0]}-{context.passive[-1]}",
        "plain_ftp": "yes" if context.tls == "none" else "no",
        "idle_timeout": 3600,
        "certificate": context.certificate,
        "private_key": context.key,
    }
    context.write("sallyport.conf", "".join(f"{name} = {value}\n"
                                            for name, value in settings.items()))
    return {"command": [_program(context, ("supervisor", "sallyportd")), "--config",
                        context.path("sallyport.conf")], "descriptors": 1 << 20}


def started(context):
    config = context.path("sallyport.conf")
    listed = _cli(context, "--config", config, "user", "list").stdout
    if context.user not in listed:  # the database of a server that is started again has it
        _cli(context, "--config", config, "user", "add", context.user, "--password-stdin",
             "--home", context.root, input=context.password + "\n")
