"""The web page in Chromium: each story is a program of Node.js (*.mjs) that a test starts against a
server of its own. Node and the libraries come with ./dev test browser."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

# pylint: disable=wrong-import-position
from sallyport_lab.certificates import Authority  # noqa: E402
from sallyport_lab.daemon import SALLYPORT, PASSWORD, Server, ensure_service_user  # noqa: E402
from sallyport_lab.ports import PortBlock  # noqa: E402

WEB = Path(os.environ.get("SALLYPORT_WEB") or ROOT / "build" / "web")
PATIENCE_S = 120
ADMIN, READER, ADMIN_PASSWORD = "anna", "rita", "seven quiet bridges"


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # the server reads them as another user
    return Authority(folder)


@pytest.fixture(scope="session")
def ports():
    return PortBlock()


@pytest.fixture
def start_manager(ports, authority):
    """A server whose web page listens: start_manager(setting=value, ...). It becomes a user who may
    not look into the checkout, so that the page is copied to where the server's files are."""
    assert (WEB / "index.html").exists(), f"{WEB} lacks the page: run ./dev web"
    ensure_service_user()
    running = []

    def start(wrapper=(), **settings):
        web = ports.take()
        server = Server(ports, authority, web_listen=f"127.0.0.1:{web}", **settings)
        shutil.copytree(WEB, server.folder / "web")
        server.write_config(web_directory=server.folder / "web")
        server.wrapper = list(wrapper)
        server.url = f"http://127.0.0.1:{web}"
        running.append(server)
        return server.start()

    yield start
    for server in running:
        if server.process is not None:
            server.stop()


def first_link(server):
    """The one-time link of the first administrator, as the log tells it."""
    line = server.log.wait_for(r"first-administrator")
    return re.search(r"http\S+token=[\w-]+", line)[0]


def administrator(server, name, role):
    status, answer = server.request("POST", "/admins", {
        "name": name, "role": role, "password": ADMIN_PASSWORD})[:2]
    assert status == 201, answer


class Wall:
    """A network namespace in which the server, the browser and the clients live, with a firewall
    between one network of clients and the passive ports. It goes down with its process."""

    server, open, blocked = "192.0.2.10", "203.0.113.9", "198.51.100.20"
    open_network, blocked_network = "203.0.113.0/24", "198.51.100.0/24"

    def __init__(self, holder):
        self.inside = ["nsenter", "--net", "--target", str(holder)]
        for address in (self.server, self.open, self.blocked):
            self._run("ip", "address", "add", f"{address}/32", "dev", "lo")
        self._run("ip", "link", "set", "lo", "up")

    def block(self, ports):
        rule = (f"ip saddr {self.blocked_network} tcp dport {ports[0]}-{ports[-1]} drop")
        self._run("nft", "-f", "-", text="table inet wall { chain input { "
                  f"type filter hook input priority 0; {rule}; }}; }}")

    def _run(self, *command, text=None):
        done = subprocess.run([*self.inside, *command], input=text, text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"


@contextlib.contextmanager
def wall_of_one_machine():
    if os.geteuid() != 0:
        pytest.skip("a firewall in a network namespace needs root")
    with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:
        holder.stdin.write(b"ready\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"ready\n", "unshare made no network namespace"
        yield Wall(holder.pid)
        holder.stdin.close()


class Play:
    """Runs a story and shows what it says when it fails."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, name, size):
        path = self.folder / name
        with open(path, "wb") as file:
            file.truncate(size)
        return str(path)

    def __call__(self, story, server, wrapper=(), **told):
        told = {
            "url": server.url, "admin": ADMIN, "reader": READER, "password": ADMIN_PASSWORD,
            "sallyport": str(SALLYPORT), "config": str(server.config),
            "ca": str(server.authority.root), "ftp_password": PASSWORD, "ftp_host": server.host,
            "ftp_port": server.explicit, "implicit_port": server.implicit,
            "file": self.file("big.bin", 64 << 20), "rate": 2 << 20,
            "small": self.file("small.bin", 20_000),
        } | told
        done = subprocess.run(
            [*wrapper, "node", str(ROOT / "tests/browser" / f"{story}.mjs")], text=True,
            env=os.environ | {"STORY": json.dumps(told), "NODE_NO_WARNINGS": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, f"{story}:\n{done.stdout[-6000:]}"


@pytest.fixture
def play(tmp_path):
    return Play(tmp_path)
