"""The five servers, each configured for one scenario and started in a node of its town: ours, and
vsftpd, ProFTPD, Pure-FTPd, pyftpdlib from Debian's packages (bench/harness/peers.py unpacks them beneath
build/bench, once for all). All of them serve the user alice, one folder, and these options:

    tls        "none", "explicit" or "implicit"
    port       of the commands
    passive    range of passive ports
    external   the address that PASV tells, where it is not the server's own
    banner     after 220
    certificate, key   files; the certificate with its chain
"""

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from harness.peers import peer
from sallyport_lab.daemon import PASSWORD, Server

ROOT = Path(__file__).resolve().parents[3]
PEERS = ROOT / "build" / "bench" / "peers"
USER = "alice"
UID = GID = 64321  # known in the town's own /etc/passwd only
PASSIVE = (40000, 40100)
HERE = Path(__file__).resolve().parent


@dataclass
class Options:
    tls: str = "explicit"
    port: int = 0
    passive: tuple = PASSIVE
    external: str = ""
    certificate: Path = None
    key: Path = None
    password: str = PASSWORD
    node: str = "server"
    disk_kib: int = 0  # of a file system of the home's own; 0: there is room
    more: dict = field(default_factory=dict)  # settings of that server's own kind

    def __post_init__(self):
        self.port = self.port or (990 if self.tls == "implicit" else 21)


def unpacked(name):
    """The peer; processes of one test run wait for the first one that needs it."""
    PEERS.mkdir(parents=True, exist_ok=True)
    with open(PEERS / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return peer(name, str(PEERS), lambda words: print("lab:", words, file=sys.stderr))


def password_hash(password, cache={}):  # pylint: disable=dangerous-default-value
    if password not in cache:
        cache[password] = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password,
                                         capture_output=True, text=True,
                                         check=True).stdout.strip()
    return cache[password]


class Running:
    """What is the same for all: the folder, the user's home, both PEM files in one."""

    NAME = ""

    def __init__(self, town, options):
        self.town, self.options = town, options
        self.folder = town.folder / f"{self.NAME}-{options.node}"
        self.home = self.folder / "home"
        self.home.mkdir(parents=True)
        for path in (self.folder, self.home):
            os.chmod(path, 0o755)
        os.chown(self.home, UID, GID)
        if options.disk_kib:
            town.mount("tmpfs", self.home, f"size={options.disk_kib}k,uid={UID},gid={GID},mode=755")
        self.log = f"{self.NAME}-{options.node}.log"
        self.process = None

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        os.chmod(path, mode)
        return path

    def both(self):
        return self.write("both.pem", Path(self.options.key).read_text(encoding="ascii")
                          + Path(self.options.certificate).read_text(encoding="ascii"), 0o600)

    def start(self):
        command, environment = self.prepare()
        self.process = self.town.start(self.options.node, *command, environment=environment,
                                       log=self.log)
        self.town.wait_for_port(self.options.node, self.options.port, self.process, self.log)
        return self

    def prepare(self):
        raise NotImplementedError


class Vsftpd(Running):
    NAME = "vsftpd"

    def prepare(self):
        at, unpacked_peer = self.options, unpacked("vsftpd")
        etc = self.town.folder / "etc"
        _add_line(etc / "passwd", f"{USER}:x:{UID}:{GID}::{self.home}:/bin/sh")
        _add_line(etc / "shadow", f"{USER}:{password_hash(at.password)}:19000::::::")
        (etc / "pam.d" / "lab").write_text("auth required pam_unix.so nodelay\n"
                                           "account required pam_unix.so\n")
        settings = {
            "listen": "NO", "listen_ipv6": "YES", "listen_port": at.port, "background": "NO",
            "anonymous_enable": "NO", "local_enable": "YES", "write_enable": "YES",
            "chroot_local_user": "YES", "allow_writeable_chroot": "YES", "local_root": self.home,
            "pasv_min_port": at.passive[0], "pasv_max_port": at.passive[1],
            "secure_chroot_dir": self._empty(), "pam_service_name": "lab", "check_shell": "NO",
            "xferlog_enable": "NO", "seccomp_sandbox": "NO", "isolate": "NO",
            "isolate_network": "NO", "session_support": "NO", "tcp_wrappers": "NO",
            "nopriv_user": "nobody", "delay_failed_login": 0, "delay_successful_login": 0,
        }
        if at.external:
            settings["pasv_address"] = at.external
        if at.tls != "none":
            settings |= {
                "ssl_enable": "YES", "force_local_logins_ssl": "YES", "force_local_data_ssl": "YES",
                "ssl_ciphers": "HIGH", "require_ssl_reuse": "YES",
                "rsa_cert_file": at.certificate, "rsa_private_key_file": at.key,
                "implicit_ssl": "YES" if at.tls == "implicit" else "NO"}
        settings |= at.more
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        return ([unpacked_peer.path("/usr/sbin/vsftpd"), self.write("vsftpd.conf", text)],
                unpacked_peer.environment())

    def _empty(self):
        path = self.folder / "empty"
        path.mkdir()
        return path


def _add_line(path, line):
    """In place: the file is mounted where the town sees it."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(line + "\n")


PROFTPD = """ServerName lab
ServerType standalone
DefaultServer on
Port {port}
UseIPv6 on
User nobody
Group nogroup
PidFile {folder}/proftpd.pid
ScoreboardFile {folder}/scoreboard
DelayEngine off
UseReverseDNS off
UseFtpUsers off
RequireValidShell off
AuthPAM off
AuthOrder mod_auth_file.c
AuthUserFile {users}
SystemLog {folder}/system.log
TransferLog none
WtmpLog off
UseLastlog off
PassivePorts {first} {last}
DefaultRoot ~
Umask 022
AllowOverwrite on
AllowStoreRestart on
<Directory />
  AllowOverwrite on
</Directory>
"""

PROFTPD_TLS = """TLSEngine on
TLSRequired on
TLSProtocol TLSv1.2 TLSv1.3
TLSECCertificateFile {certificate}
TLSECCertificateKeyFile {key}
TLSCertificateChainFile {certificate}
TLSVerifyClient off
TLSRenegotiate none
TLSLog {folder}/tls.log
TLSOptions {options}
"""


class Proftpd(Running):
    NAME = "proftpd"

    def prepare(self):
        at, unpacked_peer = self.options, unpacked("proftpd")
        users = self.write("users", f"{USER}:{password_hash(at.password)}:{UID}:{GID}::{self.home}:"
                           "/bin/sh\n", 0o600)
        text = PROFTPD.format(port=at.port, folder=self.folder, users=users, first=at.passive[0],
                              last=at.passive[1])
        if at.external:
            text += f"MasqueradeAddress {at.external}\n"
        if at.tls != "none":
            modules = unpacked_peer.path("/usr/lib/proftpd")
            options = "UseImplicitSSL" if at.tls == "implicit" else "AllowClientRenegotiations"
            text = (f"ModulePath {modules}\nLoadModule mod_tls.c\n" + text + PROFTPD_TLS.format(
                certificate=at.certificate, key=at.key, folder=self.folder, options=options))
        text = "".join(line + "\n" for line in text.splitlines()
                       if line.split(" ")[0] not in at.more)  # the first of two would count
        text += "".join(f"{name} {value}\n" for name, value in at.more.items())
        return ([unpacked_peer.path("/usr/sbin/proftpd"), "-n", "-q", "-c",
                 self.write("proftpd.conf", text)], unpacked_peer.environment())


class Pureftpd(Running):
    NAME = "pureftpd"

    def prepare(self):
        at, unpacked_peer = self.options, unpacked("pureftpd")
        users = self.write("users", f"{USER}:{password_hash(at.password)}:{UID}:{GID}::{self.home}"
                           "/./::::::::::::\n")
        database = self.folder / "users.pdb"
        subprocess.run([unpacked_peer.path("/usr/bin/pure-pw"), "mkdb", database, "-f", users],
                       check=True, stdout=subprocess.DEVNULL, env=unpacked_peer.environment())
        command = [unpacked_peer.path("/usr/sbin/pure-ftpd"), "-S", str(at.port), "-A", "-E", "-H",
                   "-f", "none", "-p", f"{at.passive[0]}:{at.passive[1]}", "-u", "1", "-l",
                   f"puredb:{database}", "-g", self.folder / "pure-ftpd.pid"]
        if at.external:
            command += ["-P", at.external]
        if at.tls != "none":
            assert at.tls == "explicit", "Pure-FTPd has no implicit TLS"
            command += ["-Y", at.more.get("-Y", "2"), "-2", self.both()]
        command += [word for name, value in at.more.items() if name != "-Y"
                    for word in (name, *([value] if value else []))]
        return command, unpacked_peer.environment()


class Pyftpdlib(Running):
    NAME = "pyftpdlib"

    def prepare(self):
        at, unpacked_peer = self.options, unpacked("pyftpd")
        command = ["/usr/bin/python3", "-W", "ignore", HERE / "pyftpd_server.py", "--port", at.port,
                   "--home", self.home, "--user", USER, "--password", at.password,
                   "--passive", f"{at.passive[0]}-{at.passive[1]}", "--tls", at.tls]
        if at.external:
            command += ["--external", at.external]
        if at.tls != "none":
            command += ["--pem", self.both()]
        for name, value in at.more.items():
            command += [f"--{name}", value]
        return command, unpacked_peer.environment()


class FixedPorts:
    """Where nobody else lives, ports need no search."""

    def __init__(self, *ports):
        self._ports = list(ports)

    def take(self, _count=1):
        return self._ports.pop(0)


class Sallyport(Server):
    """Ours; `more` are settings of sallyport.conf."""

    NAME = "sallyport"

    def __init__(self, town, options):
        self.town, self.options = town, options
        explicit = options.port if options.tls != "implicit" else 3021
        implicit = options.port if options.tls == "implicit" else 3990
        has_both = options.more.pop("both", False)
        settings = {"plain_ftp": options.tls == "none",
                    "explicit_ports": explicit if options.tls != "implicit" or has_both else "none",
                    "implicit_ports": implicit if options.tls == "implicit" or has_both else "none"}
        if options.external:
            settings["external_ip"] = options.external
        super().__init__(FixedPorts(explicit, implicit, options.passive[0]), _Pair(options),
                         options.passive[1] - options.passive[0] + 1,
                         **(settings | options.more))
        self.wrapper = town.command(options.node)
        town.cleanups.append(self._remove)

    def start(self):
        super().start()
        self.add_user(USER, self.options.password)
        return self

    def _remove(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)


class _Pair:
    def __init__(self, options):
        self.chain, self.key = options.certificate, options.key


KINDS = (Sallyport, Vsftpd, Proftpd, Pureftpd, Pyftpdlib)


def each(*kinds):
    """The same scenario with each of these servers."""
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.NAME)
