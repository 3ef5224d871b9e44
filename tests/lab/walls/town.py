"""One scenario's world: a client, the firewalls of both sides, servers, a resolver, each in a network
namespace of its own.

    client ── wall ───────── site ─── server
               └─ resolver    └────── second

`wall` is the firewall (or NAT router) on the client's side, `site` the one on the server's. All of it
hangs on one process, the first of a process namespace, with private mounts: the names of the network
namespaces, /etc/resolv.conf and the users exist in there only, and when that process ends (also because
pytest was killed) the kernel takes everything down."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from sallyport_lab.wait import eventually

from .firewall import Firewall

NODES = ("client", "wall", "site", "server", "second", "resolver")
FORWARDING = ("wall", "site")
CLONE_NEWNET = 0x40000000
DISCARD = 9

SERVER, SECOND = "203.0.113.10", "203.0.113.20"
SERVER_V6, SECOND_V6 = "2001:db8:5::10", "2001:db8:6::20"
HIDDEN = "203.0.113.11"  # another address of the server, which only the box of a simulation knows
RESOLVER = "198.51.100.53"
WALL_OUTSIDE = "198.51.100.1"
CLIENT_PUBLIC, CLIENT_PRIVATE, CLIENT_V6 = "192.0.2.10", "192.168.7.10", "2001:db8:7::10"
SERVER_INSIDE = "10.0.5.10"  # behind a NAT of the server's side

_libc = ctypes.CDLL(None, use_errno=True)

HOLDER = """set -e
mount -t tmpfs -o mode=755 lab /run
mkdir -p /run/netns
mount --bind "$0/etc" /etc
ip link set lo up
echo ready
exec sleep infinity
"""


def why_not():
    """Why this machine cannot have towns; None when it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "nft", "nsenter", "unshare"):
        if not shutil.which(program):
            return f"{program} is not installed"
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "sh",
                            "-c", "ip link add v0 type veth peer name v1 && "
                            "nft add table inet t && mount -t tmpfs none /run"],
                           capture_output=True, text=True, check=False)
    if tried.returncode:
        return "no namespaces here: " + (tried.stderr.strip().splitlines() or ["unshare fails"])[-1]
    return None


class Town:
    def __init__(self, nat=False, forwards=False, ipv6=False, forwarded="all"):
        """nat: the wall hides the client behind its own address; forwards: the server has a private
        address, and site forwards what comes for the public one (forwarded="commands": port 21
        only; it refuses all else itself); ipv6: IPv6 is used (its addresses
        are always there, and take a second to work)."""
        self.nat, self.forwards, self.forwarded = nat, forwards, forwarded
        self.client_address = CLIENT_PRIVATE if nat else CLIENT_PUBLIC
        self.server_address = SERVER_INSIDE if forwards else SERVER
        self.folder = Path(tempfile.mkdtemp(prefix="sallyport-town-", dir="/tmp"))
        os.chmod(self.folder, 0o755)
        self._processes = []
        self.cleanups = []  # called before everything goes down
        try:
            self._write_etc()
            self._hold()
            self._lay_streets()
            self.wall, self.site = Firewall(self, "wall"), Firewall(self, "site")
            self._translate()
            self._wait_for_streets(SERVER, RESOLVER, *[SECOND][forwards:],
                                   *(SERVER_V6, SECOND_V6)[:2 * ipv6])
        except BaseException:
            self.remove()
            raise

    # Life

    def _write_etc(self):
        """A whole /etc: what is mounted on a single file of it falls off when someone outside replaces
        that file, as every program does that adds a user."""
        etc = self.folder / "etc"
        subprocess.run(["cp", "-a", "/etc", str(etc)], check=True)
        for name, text in (
                ("resolv.conf", f"nameserver {RESOLVER}\noptions timeout:2 attempts:1\n"),
                ("hosts", f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n")):
            (etc / name).unlink(missing_ok=True)  # it may be a link that leads outside
            (etc / name).write_text(text)

    def _hold(self):
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh",
             "-c", HOLDER, str(self.folder)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_die_with_parent)
        if self._holder.stdout.readline().strip() != "ready":
            raise AssertionError("no namespaces: " + self._holder.communicate(timeout=10)[1])
        children = f"/proc/{self._holder.pid}/task/{self._holder.pid}/children"
        self._first = int(Path(children).read_text(encoding="ascii").split()[0])

    def remove(self):
        """Ends everything; never fails halfway."""
        for cleanup in reversed(self.cleanups):
            with contextlib.suppress(Exception):
                cleanup()
        if hasattr(self, "_first"):
            with contextlib.suppress(OSError):
                os.kill(self._first, signal.SIGKILL)  # and with it all of its process namespace
        if hasattr(self, "_holder"):
            self._holder.kill()
            self._holder.wait()
            self._holder.stdout.close()
            self._holder.stderr.close()
        for process in self._processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Odd streets

    def narrows(self, mtu):
        """Between wall and site only small packets pass, and nobody says so."""
        for node in FORWARDING:
            self.run(node, "ip", "link", "set", "wan", "mtu", str(mtu))
        for firewall in (self.wall, self.site):
            firewall.add("output", "icmp type destination-unreachable drop",
                         "icmpv6 type packet-too-big drop")

    def hides_server(self):
        self.run("server", "ip", "address", "add", f"{HIDDEN}/28", "dev", "eth0")
        self.run("wall", "ip", "address", "add", f"{SERVER}/32", "dev", "lo")
        self.run("wall", "ip", "route", "flush", "cache")

    # Processes

    def command(self, node, *command):
        """The same command, run in a node."""
        return ["nsenter", "-t", str(self._first), "-p", "-m", "-n", "--", "ip", "netns", "exec", node,
                *map(str, command)]

    def run(self, node, *command, text=None, check=True):
        done = subprocess.run(self.command(node, *command), input=text, capture_output=True,
                              text=True, check=False, timeout=60)
        if check and done.returncode:
            raise AssertionError(f"{node}: {command}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def mount(self, kind, where, options):
        """For all processes that are started from now on."""
        subprocess.run(["nsenter", "-t", str(self._first), "-p", "-m", "--", "mount", "-t", kind, "-o",
                        options, "lab", str(where)], check=True, capture_output=True)

    def start(self, node, *command, environment=None, log=None):
        """A process that lives as long as the town; its output goes to log beneath the folder."""
        with open(self.folder / (log or f"{node}.log"), "ab+") as output:
            process = subprocess.Popen(self.command(node, *command), stdin=output, stdout=output,
                                       stderr=output, start_new_session=True,
                                       env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                                            "TZ": "UTC"} | (environment or {}))
        self._processes.append(process)
        return process

    @contextlib.contextmanager
    def inside(self, node):
        """The calling thread's sockets come from this node."""
        with open(f"/proc/self/task/{threading.get_native_id()}/ns/net", "rb") as home:
            with open(f"/proc/{self._first}/root/run/netns/{node}", "rb") as there:
                _enter(there)
            try:
                yield
            finally:
                _enter(home)

    def wait_for_port(self, node, port, process, log):
        """Until something greets or accepts there."""
        def answers():
            self._check_alive(process, log)
            with self.inside(node), contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", port), 5):
                    return True
            return False
        eventually(answers, 30, f"a listener at port {port} of {node}")

    def wait_for_listener(self, node, port, process, log):
        """The same without a connection, which would count."""
        def listens():
            self._check_alive(process, log)
            return f":{port} " in self.run(node, "ss", "-Hltn")
        eventually(listens, 30, f"a listener at port {port} of {node}")

    def wait_for_line(self, log, words, process):
        def is_there():
            self._check_alive(process, log)
            return words in (self.folder / log).read_text(errors="replace")
        eventually(is_there, 30, f"{words} in {log}")

    def _check_alive(self, process, log):
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode}:\n"
                                 + (self.folder / log).read_text(errors="replace"))

    # Streets

    def _lay_streets(self):
        lan, yard = (address.rsplit(".", 1)[0] for address in
                     (self.client_address, self.server_address))
        annex, annex_gate, bits = ("10.0.6.20", "10.0.6.1", 24) if self.forwards else (
            SECOND, "203.0.113.17", 28)
        batches = {node: ["link set lo up"] for node in NODES}
        # Each cable: a node, its interface, its addresses; the same of the other end.
        cables = (
            ("client", "eth0", (f"{self.client_address}/24", f"{CLIENT_V6}/64"),
             "wall", "lan", (f"{lan}.1/24", "2001:db8:7::1/64")),
            ("wall", "wan", (f"{WALL_OUTSIDE}/28", "2001:db8:64::1/64"),
             "site", "wan", ("198.51.100.2/28", "2001:db8:64::2/64")),
            ("resolver", "eth0", (f"{RESOLVER}/30",), "wall", "names", ("198.51.100.54/30",)),
            ("server", "eth0", (f"{self.server_address}/{bits}", f"{SERVER_V6}/64"),
             "site", "yard", (f"{yard}.1/{bits}", "2001:db8:5::1/64")),
            ("second", "eth0", (f"{annex}/{bits}", f"{SECOND_V6}/64"),
             "site", "annex", (f"{annex_gate}/{bits}", "2001:db8:6::1/64")))
        script = ["set -e"]
        for node in NODES:
            script += [f"ip netns add {node}",
                       f"ip netns exec {node} sysctl -q -w net.ipv6.conf.default.accept_dad=0"]
        for node, name, addresses, other, other_name, other_addresses in cables:
            script.append(f"ip -n {node} link add {name} type veth peer name {other_name} "
                          f"netns {other}")
            for end, device, mine in ((node, name, addresses), (other, other_name, other_addresses)):
                batches[end] += [f"address add {address} dev {device}{' nodad' * (':' in address)}"
                                 for address in mine] + [f"link set {device} up"]
                # A question for a neighbour that gets lost is asked again at once, not after 1 s.
                batches[end] += [f"ntable change name {cache} dev {device} retrans 20"
                                 for cache in ("arp_cache", "ndisc_cache")]
        for node, *gates in (("client", f"{lan}.1", "2001:db8:7::1"),
                             ("wall", "198.51.100.2", "2001:db8:64::2"),
                             ("site", WALL_OUTSIDE, "2001:db8:64::1"),
                             ("server", f"{yard}.1", "2001:db8:5::1"),
                             ("second", annex_gate, "2001:db8:6::1"),
                             ("resolver", "198.51.100.54")):
            batches[node] += [f"route add default via {gate}" for gate in gates]

        for node, lines in batches.items():
            script.append(f"ip -n {node} -batch - <<'END'\n" + "\n".join(lines) + "\nEND")
        for node in FORWARDING:
            script.append(f"ip netns exec {node} sysctl -q -w net.ipv4.ip_forward=1 "
                          "net.ipv6.conf.all.forwarding=1")
        done = subprocess.run(["nsenter", "-t", str(self._first), "-p", "-m", "-n", "--", "sh"],
                              input="\n".join(script), capture_output=True, text=True, check=False,
                              timeout=60)
        assert done.returncode == 0, done.stderr

    def _translate(self):
        if self.nat:
            self.wall.add("postrouting", f"ip saddr {self.client_address} oifname wan masquerade")
        if self.forwards:
            what = "tcp dport 21 " if self.forwarded == "commands" else ""
            self.site.add("prerouting", f"iifname wan ip daddr {SERVER} {what}dnat ip to "
                          f"{SERVER_INSIDE}")
            self.run("site", "ip", "address", "add", f"{SERVER}/32", "dev", "wan")
            self.site.add("postrouting", f"ip saddr {SERVER_INSIDE} oifname wan snat ip to {SERVER}")


    def _wait_for_streets(self, *addresses):
        """Links come up when the kernel gets to it; until then packets are lost, which would look
        like a slow network."""
        with self.inside("client"):
            for address in addresses:
                eventually(lambda there=address: _is_refused(there), 20, f"a way to {address}")


def _is_refused(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.05)
        try:
            probe.connect((address, DISCARD))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _enter(namespace):
    if _libc.setns(namespace.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL, 0, 0, 0)
