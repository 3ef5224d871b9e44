"""One server under measurement: configured by its adapter, started in a control group of its own."""

import os
import resource
import signal
import socket
import subprocess
import time

from .site import PAM_SERVICE, PASSWORD, USER

PASSIVE_FIRST, PASSIVE_LAST = 10000, 29999


class Failed(Exception):
    """A server that did not start, and why."""


class Context:
    """What an adapter may use to configure its server."""

    host = "127.0.0.1"
    user, password = USER, PASSWORD

    def __init__(self, server):
        site = server.site
        self.tls, self.port, self.passive = server.tls, server.port, server.passive
        self.build, self.peer, self.folder = server.build, server.peer, server.folder
        self.root, self.served, self.hash = site.root, site.served, site.hash
        self.uid, self.gid = site.uid, site.gid
        self.certificate, self.key, self.both = site.certificate, site.key, site.both

    def path(self, name):
        return os.path.join(self.folder, name)

    def make_folder(self, name):
        os.makedirs(self.path(name), exist_ok=True)
        return self.path(name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    @staticmethod
    def pam_service(text):
        """The one file outside of the run's folder; it is removed at the end."""
        with open(PAM_SERVICE, "w", encoding="utf-8") as file:
            file.write("# made by ./dev bench, and removed by it\n" + text)
        return os.path.basename(PAM_SERVICE)


class Server:
    def __init__(self, adapter, name, tls, site, build, peer, group_kind, port, passive, log):
        self.adapter, self.name, self.tls, self.site = adapter, name, tls, site
        self.build, self.peer, self.group_kind = build, peer, group_kind
        self.port, self.passive, self.log = port, passive, log
        self.folder = os.path.join(site.base, "run", f"{name}-{tls}")
        self.process = self.group = None

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o755)
        while _is_taken(self.port):
            self.port += 3
        context = Context(self)
        what = self.adapter.start(context)
        self.group = self.group_kind(f"{self.name}-{self.tls}")
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        if self.peer:
            environment |= self.peer.environment()
        with open(self.log, "ab+") as log:  # as standard input, too: vsftpd reports there
            self.process = subprocess.Popen(
                what["command"], stdin=log, stdout=log, stderr=log, cwd=self.folder,
                env=environment, start_new_session=True, preexec_fn=self._prepare_child(what))
        self.group.adopt(self.process.pid)
        try:
            self._wait_for_greeting()
            if hasattr(self.adapter, "started"):
                self.adapter.started(context)
        except BaseException:
            self.stop()
            raise

    def _prepare_child(self, what):
        group, uid, gid = self.group, self.site.uid, self.site.gid

        def prepare():
            group.join()
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            limit = min(what.get("descriptors", 4096), hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if what.get("as_user"):
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
        return prepare

    def _wait_for_greeting(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                with socket.create_connection((Context.host, self.port), 5) as probe:
                    if probe.recv(3) == b"220":
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with status {self.process.returncode};"
                             f" see {self.log}")
            time.sleep(0.05)
        raise Failed(f"{self.name} did not greet on port {self.port}; see {self.log}")

    def is_alive(self):
        return bool(self.process and self.process.poll() is None)

    def stop(self):
        """SIGTERM to the first process, then SIGKILL to all that are left of it."""
        if not self.process:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                pass
        for _ in range(100):
            left = [pid for pid in self.group.pids() if pid != self.process.pid
                    or self.process.poll() is None]
            if not left:
                break
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(0.05)
        self.process.wait()
        self.group.remove()
        self.process = self.group = None


def _is_taken(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((Context.host, port))
            return False
        except OSError:
            return True
