"""Fixtures of the conformance suite. Each worker of the test run starts one server for plain FTP and one
for FTPS; a test finds their homes empty and leaves its connections to the fixture."""

import os
import shutil
import tempfile

import pytest

from sallyport_lab.certificates import Authority
from sallyport_lab.daemon import PASSWORD, Server, ensure_service_user
from sallyport_lab.ports import PortBlock

# Users who may less than alice does; all share her home.
RIGHTS = {
    "reader": "read-only",
    "dropper": "upload",
    "keeper": "list,download,upload,mkdir",
    "eraser": "list,delete,rmdir",
    "nobody": "none",
}
SERVER_NAME = "ftp.example.test"


class Gate:
    """A server, seen through one of the three modes."""

    def __init__(self, server, mode):
        self.server, self.mode = server, mode
        self.is_tls = mode != "plain"
        self._open = []

    @property
    def home(self):
        return self.server.home("alice")

    def connect(self, **options):
        """After the greeting; over implicit TLS, or else in clear."""
        control = self.server.connect(implicit=self.mode == "implicit", **options)
        self._open.append(control)
        return control

    def ready(self, **options):
        """Before the login, TLS up in the modes that have it."""
        control = self.connect(**options)
        if self.mode == "explicit":
            control.auth_tls()
        return control

    def named(self, user="alice", **options):
        control = self.ready(**options)
        control.expect(f"USER {user}", 331)
        return control

    def login(self, user="alice", protect=True, **options):
        control = self.ready(**options)
        control.log_in(user, PASSWORD)
        if self.is_tls and protect:
            control.protect()
        return control

    def begin(self, state, user="alice"):
        if state in ("named", "logged in"):
            return {"named": self.named, "logged in": self.login}[state](user)
        return {"connected": self.connect, "ready": self.ready}[state]()

    def put(self, path, content=b"", mtime=None):
        target = self.server.put(path, content)
        if mtime is not None:
            os.utime(target, (mtime, mtime))
        return target

    def put_sparse(self, path, size):
        target = self.server.put(path, b"")
        os.truncate(target, size)
        return target

    def fill(self, files):
        for path, content in files.items():
            self.put(path.rstrip("/"), None if path.endswith("/") else content)

    def empty(self):
        for entry in os.scandir(os.fsencode(self.home)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)

    def close(self):
        for control in self._open:
            control.close()


class Servers:
    """Started when they are first asked for; stopped at the end of the run."""

    def __init__(self, ports, authority):
        self._ports, self._authority = ports, authority
        self._running = {}

    def get(self, **settings):
        key = tuple(sorted(settings.items()))
        if key not in self._running:
            self._running[key] = self._start(settings)
        return self._running[key]

    def _start(self, settings):
        server = Server(self._ports, self._authority, server_name=SERVER_NAME, password_cache=3600,
                        max_login_attempts=5, **settings)
        server.start()
        server.add_user()
        for name, rights in RIGHTS.items():
            server.add_user(name, PASSWORD, "--home", "alice", "--permissions", rights)
        os.chmod(server.home(), 0o755)
        return server

    def stop(self):
        problems = []
        for server in self._running.values():
            try:
                server.stop()
            except BaseException as problem:  # the others must be stopped as well
                problems.append(problem)
        if problems:
            raise problems[0]


@pytest.fixture(scope="session")
def servers():
    ensure_service_user()
    folder = tempfile.mkdtemp(prefix="sallyport-protocol-", dir="/tmp")
    servers = Servers(PortBlock(), Authority(folder))
    yield servers
    servers.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def open_gate(servers):
    """open_gate(mode, setting=value...): a gate of a server with other settings."""
    opened = []

    def open_one(mode, **settings):
        gate = Gate(servers.get(plain_ftp=mode == "plain", **settings), mode)
        opened.append(gate)
        gate.empty()
        return gate

    yield open_one
    for gate in opened:
        gate.close()


@pytest.fixture
def gate(request, open_gate):
    return open_gate(request.param)


