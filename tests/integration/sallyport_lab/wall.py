"""`sallyport doctor simulate`: a proxy that plays one cause between a client and a server."""

import contextlib
import json
import subprocess
from pathlib import Path

from .daemon import SALLYPORT


class Wall:
    """Looks like a server to the clients of this lab: host, ports, users, authority."""

    def __init__(self, server, cause, *options, implicit=False, listen="127.0.0.1:0"):
        self.server = server
        self.ca = Path(server.folder) / f"wall-{cause}-{listen}.pem"
        port = server.implicit if implicit else server.explicit
        command = [SALLYPORT, "--json", "doctor", "simulate", cause, "--listen", listen,
                   "--server", f"{server.host}:{port}", "--ca-out", self.ca,
                   *(["--implicit"] if implicit else []), *map(str, options)]
        self.process = subprocess.Popen([str(part) for part in command], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        assert line, self.process.communicate(timeout=10)[1]
        self.told = told = json.loads(line)
        self.host = told["listen"].rsplit(":", 1)[0]
        self.port = self.explicit = self.implicit = told["port"]

    @property
    def authority(self):
        return self  # of the simulator, where it intercepts

    @property
    def root(self):
        return self.ca if self.ca.exists() else self.server.authority.root

    def stop(self):
        self.process.terminate()
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        assert "Sanitizer" not in errors and "runtime error" not in errors, errors


@contextlib.contextmanager
def wall(server, cause, *options, **keywords):
    """with wall(server, "D-20") as through: ..."""
    built = Wall(server, cause, *options, **keywords)
    try:
        yield built
    finally:
        built.stop()
