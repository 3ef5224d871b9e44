"""Real FTP clients behind one interface. Each verifies the server's certificate against the test
root, and fails (by its exit status or an exception) when anything about a transfer went wrong."""

import ftplib
import os
import shlex
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass
class Target:
    """Where and how to connect."""

    server: object
    mode: str = "explicit"  # explicit, implicit, plain
    is_active: bool = False
    host: str = "127.0.0.1"
    user: str = "alice"
    password: str = "correct horse battery"

    @property
    def port(self):
        return self.server.implicit if self.mode == "implicit" else self.server.explicit

    @property
    def bracketed(self):
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def root(self):
        return str(self.server.authority.root)


def run(command, text=None, timeout=240, **environment):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout,
                          env=dict(os.environ, LC_ALL="C.UTF-8", **environment),
                          **({} if text is not None else {"stdin": subprocess.DEVNULL}))
    assert done.returncode == 0, (
        f"{shlex.join(map(str, command))}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def files_below(folder):
    folder = Path(folder)
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


class Client:
    """upload(target, folder, remote), names(target, remote) -> file names directly in remote,
    download(target, remote, files, folder)."""

    modes = ("explicit", "implicit", "plain")
    can_active = True
    can_ipv6 = True

    def can(self, target):
        return (target.mode in self.modes and (self.can_active or not target.is_active)
                and (self.can_ipv6 or ":" not in target.host))


class Curl(Client):
    def __init__(self):
        self.name = "curl"

    def can(self, target):
        # The curl of Debian 12 speaks plain text on active data connections of TLS sessions;
        # repaired in curl 8.0.0 ("ftp: active mode with SSL, add the filter").
        return not (target.is_active and target.mode != "plain")

    def url(self, target, path):
        scheme = "ftps" if target.mode == "implicit" else "ftp"
        return f"{scheme}://{target.bracketed}:{target.port}/{quote(path)}"

    def options(self, target):
        lines = ["silent", "show-error", "fail", "max-time = 80",
                 f'user = "{target.user}:{target.password}"', f'cacert = "{target.root}"',
                 "ftp-create-dirs"]
        if target.mode == "explicit":
            lines.append("ssl-reqd")
        if target.is_active:
            lines.append('ftp-port = "-"')
        return lines

    def transfer(self, target, pairs, *more, timeout=240):
        """One curl process, one session: pairs of lines such as upload-file and url."""
        config = self.options(target) + list(more) + [line for pair in pairs for line in pair]
        return run(["curl", "--config", "-"], text="\n".join(config) + "\n", timeout=timeout)

    def upload(self, target, folder, remote):
        self.transfer(target, [
            (f'upload-file = "{folder}/{name}"', f'url = "{self.url(target, f"{remote}/{name}")}"')
            for name in files_below(folder)])

    def names(self, target, remote):
        out = self.transfer(target, [(f'url = "{self.url(target, remote + "/")}"',)], "list-only")
        return out.splitlines()

    def download(self, target, remote, files, folder):
        self.transfer(target, [
            (f'output = "{folder}/{name}"', f'url = "{self.url(target, f"{remote}/{name}")}"')
            for name in files], "create-dirs")


class Lftp(Client):
    def __init__(self):
        self.name = "lftp"

    def script(self, target, *commands, timeout=90, settings=()):
        scheme = "ftps" if target.mode == "implicit" else "ftp"
        lines = ["set cmd:fail-exit yes", "set net:max-retries 1", "set net:timeout 20",
                 "set net:reconnect-interval-base 1", f"set ssl:ca-file {target.root}",
                 "set ssl:verify-certificate yes",
                 f"set ftp:ssl-force {'no' if target.mode == 'plain' else 'yes'}",
                 f"set ftp:ssl-allow {'no' if target.mode == 'plain' else 'yes'}",
                 "set ftp:ssl-protect-data yes", "set ftp:ssl-protect-list yes",
                 f"set ftp:passive-mode {'no' if target.is_active else 'yes'}", *settings,
                 f"open -u {target.user},{shlex.quote(target.password)} -p {target.port} "
                 f"{scheme}://{target.bracketed}", *commands]
        return run(["lftp", "-f", "/dev/stdin"], text="\n".join(lines) + "\n", timeout=timeout,
                   HOME="/proc/nonexistent")

    def upload(self, target, folder, remote):
        self.script(target, f"mirror --reverse {shlex.quote(str(folder))} {shlex.quote(remote)}")

    def names(self, target, remote):
        return self.script(target, f"cls -1 {remote}/").replace(f"{remote}/", "").splitlines()

    def download(self, target, remote, files, folder):
        self.script(target, f"mirror {shlex.quote(remote)} {shlex.quote(str(folder))}")


class Ncftp(Client):
    modes = ("plain",)
    can_ipv6 = False

    def __init__(self):
        self.name = "ncftp"

    def options(self, target):
        return ["-u", target.user, "-p", target.password, "-P", str(target.port), "-t", "20",
                "-r", "1", "-E" if target.is_active else "-F"]

    def upload(self, target, folder, remote):
        contents = [str(path) for path in sorted(Path(folder).iterdir())]
        run(["ncftpput", "-V", *self.options(target), "-m", "-R", target.host, "/" + remote,
             *contents], HOME="/proc/nonexistent")

    def names(self, target, remote):
        url = f"ftp://{target.host}/{remote}/"
        return run(["ncftpls", *self.options(target), "-1", url], HOME="/proc/nonexistent").splitlines()

    def download(self, target, remote, files, folder):
        top = sorted({name.split("/")[0] for name in files})
        run(["ncftpget", "-V", *self.options(target), "-R", target.host, str(folder),
             *(f"/{remote}/{name}" for name in top)], HOME="/proc/nonexistent")


class Tnftp(Client):
    modes = ("plain",)

    def __init__(self):
        self.name = "tnftp"

    def script(self, target, *commands):
        lines = [f'user {target.user} "{target.password}"', "binary", *commands, "quit"]
        out = run(["tnftp", "-n", "-i", "-v", "-A" if target.is_active else "-p", target.host,
                   str(target.port)], HOME="/proc/nonexistent", text="\n".join(lines) + "\n")
        # tnftp ends with 0 whatever happened; the replies tell.
        failed = [line for line in out.splitlines() if line[:1] in "45" and line[3:4] == " "]
        assert not failed, out
        return out

    def upload(self, target, folder, remote):
        names = files_below(folder)
        parents = sorted({str(parent) for name in names for parent in Path(remote, name).parents}
                         - {"."}, key=len)
        self.script(target, *(f'mkdir "{name}"' for name in parents),
                    *(f'put "{folder}/{name}" "{remote}/{name}"' for name in names))

    def names(self, target, remote):
        listing = Path(target.server.folder, f"nlist-{os.getpid()}")
        self.script(target, f'nlist "{remote}" "{listing}"')
        names = [line.removeprefix(f"{remote}/") for line in listing.read_text().splitlines()]
        listing.unlink()
        return names

    def download(self, target, remote, files, folder):
        for name in files:
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        self.script(target, *(f'get "{remote}/{name}" "{folder}/{name}"' for name in files))


class ImplicitFTP_TLS(ftplib.FTP_TLS):
    """ftplib knows explicit TLS only; with implicit TLS the greeting is already inside."""

    def connect(self, host, port):
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), self.timeout)
        self.af = self.sock.family
        self.sock = self.context.wrap_socket(self.sock, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def login(self, *args, **kwargs):
        return super().login(*args, **kwargs, secure=False)


class ResumingFTP_TLS(ftplib.FTP_TLS):
    """What users of strict servers write: the control session is resumed on data connections."""

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            connection = self.context.wrap_socket(connection, server_hostname=self.host,
                                                  session=self.sock.session)
        return connection, size


class ResumingImplicitFTP_TLS(ResumingFTP_TLS, ImplicitFTP_TLS):
    pass


class Ftplib(Client):
    def __init__(self, resumes=False):
        self.name = "ftplib-resuming" if resumes else "ftplib"
        self.resumes = resumes
        if resumes:
            self.modes = ("explicit", "implicit")

    def open(self, target, context=None, timeout=60):
        if target.mode == "plain":
            ftp = ftplib.FTP(timeout=timeout, encoding="utf-8")
            ftp.connect(target.host, target.port)
            ftp.login(target.user, target.password)
        else:
            kind = {(False, "explicit"): ftplib.FTP_TLS, (False, "implicit"): ImplicitFTP_TLS,
                    (True, "explicit"): ResumingFTP_TLS,
                    (True, "implicit"): ResumingImplicitFTP_TLS}[self.resumes, target.mode]
            context = context or ssl.create_default_context(cafile=target.root)
            ftp = kind(context=context, timeout=timeout, encoding="utf-8")
            ftp.connect(target.host, target.port)
            ftp.login(target.user, target.password)
            ftp.prot_p()
        ftp.set_pasv(not target.is_active)
        return ftp

    def upload(self, target, folder, remote):
        with self.open(target) as ftp:
            made = set()
            for name in files_below(folder):
                path = Path(remote, name)
                for parent in reversed([p for p in path.parents if str(p) != "."]):
                    if parent not in made:
                        ftp.mkd(str(parent))
                        made.add(parent)
                with open(Path(folder, name), "rb") as file:
                    ftp.storbinary(f"STOR {path}", file)

    def names(self, target, remote):
        with self.open(target) as ftp:
            by_mlsd = [name for name, facts in ftp.mlsd(remote) if facts["type"] in ("file", "dir")]
            by_nlst = [name.rsplit("/", 1)[-1] for name in ftp.nlst(remote)]
            assert sorted(by_mlsd) == sorted(by_nlst)
            return by_mlsd

    def download(self, target, remote, files, folder):
        with self.open(target) as ftp:
            for name in files:
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(path, "wb") as file:
                    ftp.retrbinary(f"RETR {remote}/{name}", file.write)


class Rclone(Client):
    can_active = False

    def __init__(self):
        self.name = "rclone"

    def command(self, target, *args):
        obscured = run(["rclone", "obscure", target.password], RCLONE_CONFIG="/dev/null").strip()
        tls = {"explicit": ["--ftp-explicit-tls"], "implicit": ["--ftp-tls"]}.get(target.mode, [])
        return run(["rclone", *args, "--ftp-host", target.bracketed, "--ftp-port", str(target.port),
                    "--ftp-user", target.user, "--ftp-pass", obscured, *tls, "--retries", "1",
                    "--low-level-retries", "1", "--timeout", "20s", "--contimeout", "10s"],
                   RCLONE_CONFIG="/dev/null", SSL_CERT_FILE=target.root,
                   SSL_CERT_DIR="/nonexistent")

    def upload(self, target, folder, remote):
        self.command(target, "copy", str(folder), f":ftp:{remote}")

    def names(self, target, remote):
        return [x.rstrip("/") for x in self.command(target, "lsf", f":ftp:{remote}").splitlines()]

    def download(self, target, remote, files, folder):
        self.command(target, "copy", f":ftp:{remote}", str(folder))


ALL = [Curl(), Lftp(), Ncftp(), Tnftp(), Ftplib(), Ftplib(resumes=True), Rclone()]
