"""One running sallyportd with its own ports, folder and users."""

import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

from .control import Control
from .wait import eventually

BUILD = Path(os.environ.get("SALLYPORT_BUILD")
             or Path(__file__).resolve().parents[3] / "build" / "gcc").resolve()
SALLYPORTD = BUILD / "src" / "supervisor" / "sallyportd"
SALLYPORT = BUILD / "src" / "cli" / "sallyport"
SERVICE_USER = "sallyport"
IS_ROOT = os.geteuid() == 0

SWITCH = {True: "yes", False: "no"}

SANITIZER_REPORT = re.compile(
    r"(ERROR|WARNING|SUMMARY): \w+Sanitizer|runtime error:|Assertion .* failed")

PASSWORD = "correct horse battery"


class UnixHttp(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Log:
    """Everything the daemon wrote, collected by a thread that reads its standard error."""

    def __init__(self, stream, path):
        self.lines = []
        self.path = path
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._collect, args=(stream,), daemon=True)
        self._thread.start()

    def _collect(self, stream):
        with open(self.path, "wb", buffering=0) as copy:
            for raw in stream:
                copy.write(raw)
                with self._changed:
                    self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self.lines.append("")
            self._changed.notify_all()

    def position(self):
        with self._changed:
            return len(self.lines)

    def find(self, pattern, since=0):
        with self._changed:
            return [line for line in self.lines[since:] if re.search(pattern, line)]

    def wait_for(self, pattern, within=15.0, since=0):
        """The first line from position `since` that matches."""
        def find():
            return next((x for x in self.lines[since:] if re.search(pattern, x)), None)
        with self._changed:
            if not self._changed.wait_for(find, within):
                tail = "\n".join(self.lines[-30:])
                raise AssertionError(f"no log line {pattern!r} within {within} s; the end:\n{tail}")
            return find()

    def join(self, timeout=5):
        self._thread.join(timeout)

    @property
    def text(self):
        with self._changed:
            return "\n".join(self.lines)


class Server:
    host = "127.0.0.1"

    def __init__(self, ports, authority, passive_ports=40, **settings):
        """passive_ports is how many; any setting of sallyport.conf may be given by its name, and
        hosts={name: {setting: value}} makes sections [host NAME]."""
        self.authority = authority
        self.explicit = ports.take()
        self.implicit = ports.take()
        first = ports.take(passive_ports)
        self.passive_ports = range(first, first + passive_ports)
        self.folder = Path(tempfile.mkdtemp(prefix="sallyport-", dir="/tmp"))
        self.config = self.folder / "sallyport.conf"
        self.run_directory = self.folder / "run"
        self.data_root = self.folder / "data"
        self.settings = self._defaults() | settings
        self.expected_exits = 0
        self.environment = {}  # besides ours
        self.wrapper = []  # a program and its arguments that starts the daemon
        self.process = None
        self.log = None
        self._users = set()
        self._prepare_folder()

    # Life

    def _defaults(self):
        return {
            "listen": "*",
            "data_root": self.data_root,
            "state_directory": self.folder / "state",
            "run_directory": self.run_directory,
            "workers": 2,
            "explicit_ports": self.explicit,
            "implicit_ports": self.implicit,
            "passive_ports": f"{self.passive_ports[0]}-{self.passive_ports[-1]}",
            "certificate": self.authority.chain,
            "private_key": self.authority.key,
            "failed_login_delay": 100,
            "web_listen": "",
        }

    def _prepare_folder(self):
        os.chmod(self.folder, 0o755)
        for name in ("run", "data", "state"):
            (self.folder / name).mkdir()
            self._give(self.folder / name)
        self.write_config()

    def _give(self, path):
        if IS_ROOT:
            shutil.chown(path, SERVICE_USER, SERVICE_USER)

    def write_config(self, **changes):
        self.settings |= changes
        hosts = self.settings.get("hosts", {})
        self.config.write_text(self._lines(self.settings) + "".join(
            f"[host {host}]\n{self._lines(values)}" for host, values in hosts.items()))

    @staticmethod
    def _lines(values):
        return "".join(
            f"{name} = {SWITCH.get(value, value) if isinstance(value, bool) else value}\n"
            for name, value in values.items() if name != "hosts")

    def start(self):
        environment = dict(os.environ)
        environment.setdefault("ASAN_OPTIONS", "abort_on_error=0:exitcode=99")
        environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
        environment.setdefault("TSAN_OPTIONS", "exitcode=66:second_deadlock_stack=1")
        self.process = subprocess.Popen([*self.wrapper, SALLYPORTD, "--config", self.config],
                                        env=environment | self.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        self.log = Log(self.process.stderr, self.folder / "daemon.log")
        try:
            self._wait_until_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            self.process = None  # there is nothing to stop
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def _wait_until_ready(self):
        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"sallyportd ended with {self.process.returncode}:\n"
                                     + self.log_text_at_end())
            try:
                return self.status()["workers"]
            except OSError:
                return False
        eventually(is_ready, 30, "sallyportd answers on its manager socket")

    def log_text_at_end(self):
        self.log.join()
        return self.log.text

    def terminate(self, within=20):
        """SIGTERM, as systemd does; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def stop(self):
        """Ends the daemon and judges how it went."""
        try:
            if self.process.poll() is None:
                self.terminate()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        text = self.log_text_at_end()
        shutil.rmtree(self.folder, ignore_errors=True)
        report = SANITIZER_REPORT.search(text)
        assert not report, f"the log holds a report:\n{text[max(0, report.start() - 500):]}"
        assert self.process.returncode == 0, f"exit {self.process.returncode}:\n{text[-3000:]}"
        crashes = re.findall(r"^\S+ error \S+ child-exited .*", text, re.MULTILINE)
        assert len(crashes) <= self.expected_exits, "children died:\n" + "\n".join(crashes)

    def reload(self):
        """SIGHUP; returns when the new generation serves, and the old manager, which may still take
        a request and not answer it, is gone."""
        before = self.status()
        generation, manager = before["generation"], before["manager_pid"]
        self.process.send_signal(signal.SIGHUP)

        def is_new():
            try:
                return self.status()["generation"] > generation
            except OSError:  # asked the manager that was just leaving
                return False
        eventually(is_new, 10, "a new generation")
        eventually(lambda: not Path(f"/proc/{manager}").exists(), 10, "the old manager is gone")

    # The manager

    def request(self, method, path, body=None, timeout=20):
        """(status, decoded JSON or None) of the REST API."""
        payload = None if body is None else json.dumps(body)
        status, content = self.raw_request(method, path, payload,
                                           {"Content-Type": "application/json"} if payload else {}, timeout)
        return status, json.loads(content) if content else None

    def raw_request(self, method, path, body=None, headers=None, timeout=20):
        """(status, bytes)."""
        connection = UnixHttp(self.run_directory / "manager.sock", timeout)
        try:
            connection.request(method, "/api/v1" + path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def get(self, path):
        status, answer = self.request("GET", path)
        assert status == 200, answer
        return answer

    def status(self):
        code, answer = self.request("GET", "/status")
        if code != 200:
            raise OSError(f"status answered {code}")
        return answer

    def workers(self, state="serving"):
        return [w for w in self.status()["workers"] if w["state"] == state]

    def sessions(self):
        return self.request("GET", "/sessions")[1]["sessions"]

    def session_of(self, control):
        """How the manager lists this client's session."""
        host, port = control.sock.getsockname()[:2]
        mine = {f"{host}:{port}", f"[{host}]:{port}"}
        return eventually(lambda: next((s for s in self.sessions() if s["peer"] in mine), None), 5,
                          "the session is listed")

    def worker_of(self, control):
        """The pid of the worker that serves this client."""
        slot = self.session_of(control)["worker"]
        return next(w["pid"] for w in self.status()["workers"] if w["slot"] == slot)

    def pids(self):
        """Every process of the daemon."""
        status = self.status()
        return [self.process.pid, status["manager_pid"], *(w["pid"] for w in status["workers"])]

    def cli(self, *args, text=None, check=True):
        done = subprocess.run([SALLYPORT, "--config", str(self.config), *map(str, args)],
                              input=text, capture_output=True, text=True, timeout=30,
                              **({} if text is not None else {"stdin": subprocess.DEVNULL}))
        if check:
            assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def cli_json(self, *args, text=None):
        return json.loads(self.cli("--json", *args, text=text).stdout)

    # Users and files

    def add_user(self, name="alice", password=PASSWORD, *options):
        self.cli("user", "add", name, "--password-stdin", *options, text=password + "\n")
        self._users.add(name)
        home = self.home(name)
        if not home.exists():
            home.mkdir(mode=0o755)
            self._give(home)
        return home

    def home(self, name="alice"):
        return self.data_root / name

    def put(self, path, content=b"", user="alice"):
        """Places a file (bytes) or, with content None, a folder into the user's home."""
        target = self.home(user) / path
        for parent in reversed(target.parents):
            if not parent.exists():
                parent.mkdir()
                self._give(parent)
        if content is None:
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(content)
        self._give(target)
        return target

    # Clients

    def trust(self, minimum=None, maximum=None):
        """A TLS context that verifies the server against the test authority."""
        context = ssl.create_default_context(cafile=str(self.authority.root))
        if minimum:
            context.minimum_version = minimum
        if maximum:
            context.maximum_version = maximum
        return context

    def connect(self, implicit=False, host=None, context=None, banner=True, **options):
        """A control connection; with the greeting read unless banner=False."""
        port = self.implicit if implicit else self.explicit
        control = Control(host or self.host, port, context=context or self.trust(), **options)
        if implicit:
            control.start_tls()
        if banner:
            control.banner = control.expect_reply(220)
        return control

    def login(self, user="alice", password=PASSWORD, tls=True, **options):
        """A logged-in session; with tls, data connections are protected as well."""
        control = self.connect(**options)
        if tls and not control.is_tls:
            control.auth_tls()
        control.log_in(user, password)
        if tls:
            control.protect()
        return control


def ensure_service_user():
    if not IS_ROOT:
        return
    try:
        pwd.getpwnam(SERVICE_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
                        "--shell", "/usr/sbin/nologin", SERVICE_USER], check=False)
        pwd.getpwnam(SERVICE_USER)


def free_space_gib(path="/tmp"):
    return shutil.disk_usage(path).free / 2**30
