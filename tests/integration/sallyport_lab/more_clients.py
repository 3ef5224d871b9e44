"""More FTP clients behind one interface: a session is a list of steps, and each client says which of
them it can do. The programs are told in their own language, the libraries of other programming
languages by the scripts of tests/clients, which read the steps as they are."""

import shlex
import subprocess
from pathlib import Path
from urllib.parse import quote

from . import clients
from .clients import Client, files_below, run

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPTS = REPOSITORY / "tests" / "clients"
NODE_MODULES = REPOSITORY / "build" / "clients" / "node_modules"

TREE = {"put", "get", "mkdir", "names"}
TIDYING = {"put", "rename", "delete", "mkdir", "rmdir"}
EVERYTHING = TREE | TIDYING | {"reget", "reput"}


class StepClient(Client):
    """session(target, *steps) does ("put", local, path), ("get", path, local), ("mkdir", path) and so
    on, and fails when one of them does; see tests/clients/README.md for all. It returns what was
    printed, with a line "name NAME" for each entry of a listing."""

    does = EVERYTHING
    verifies = True  # refuses a certificate of an authority that it does not know
    forgets_close_notify = False  # at the end of an upload
    loses_empty_files = False  # when they go up over TLS
    resumes_tls = "never"  # on data connections: "never", when "active" only, or "always"

    def upload(self, target, folder, remote):
        files = files_below(folder)
        parents = {parent for name in files for parent in Path(remote, name).parents} - {Path(".")}
        self.session(target, *(("mkdir", str(parent)) for parent in sorted(parents)),
                     *(("put", f"{folder}/{name}", f"{remote}/{name}") for name in files))

    def names(self, target, remote):
        lines = self.session(target, ("names", remote)).splitlines()
        return [line.removeprefix("name ") for line in lines if line.startswith("name ")]

    def download(self, target, remote, files, folder):
        for name in files:
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        self.session(target, *(("get", f"{remote}/{name}", f"{folder}/{name}") for name in files))


class Script(StepClient):
    """A library of another language, in a script of tests/clients."""

    def __init__(self, name, *command, modes=Client.modes, can_active=True, can_ipv6=True,
                 resumes_tls="never", verifies=True, loses_empty_files=False, **environment):
        self.name, self.command, self.modes = name, command, modes
        self.can_active, self.can_ipv6 = can_active, can_ipv6
        self.resumes_tls, self.verifies = resumes_tls, verifies
        self.loses_empty_files = loses_empty_files
        self.environment = environment

    def session(self, target, *steps):
        return run(self.command, text="".join("\t".join(step) + "\n" for step in steps),
                   FTP_HOST=target.host, FTP_PORT=str(target.port), FTP_MODE=target.mode,
                   FTP_ACTIVE=str(int(target.is_active)), FTP_USER=target.user,
                   FTP_PASSWORD=target.password, FTP_CA=target.root, **self.environment)


class Interactive(StepClient):
    """The descendants of the ftp of BSD: the words on their prompt are all alike."""

    active_option, passive_option = "-A", "-p"

    def __init__(self, name, modes=("plain",)):
        self.name, self.modes = name, modes

    def options(self, target):
        return [self.active_option if target.is_active else self.passive_option]

    def lines(self, step, target, names_file):
        verb, *words = step
        quoted = [f'"{word}"' for word in words]
        if verb == "reput":
            there = (target.server.home() / words[1]).stat().st_size
            return [f"restart {there}", f"put {' '.join(quoted)}"]
        if verb == "names":
            return [f'nlist {quoted[0]} "{names_file}"']
        return [" ".join([verb, *quoted])]

    def session(self, target, *steps):
        names_file = target.server.folder / f"names-of-{self.name}"
        lines = [line for step in steps for line in self.lines(step, target, names_file)]
        out = run([self.name, "-n", "-i", "-v", *filter(None, self.options(target)), target.host,
                   str(target.port)], HOME="/proc/nonexistent",
                  text="\n".join([f'user {target.user} "{target.password}"', "binary", *lines,
                                  "quit"]) + "\n")
        # They end with 0 whatever happened; the replies tell.
        failed = [line for line in out.splitlines() if line[:1] in "45" and line[3:4] == " "]
        assert not failed and "\n230 " in out, out
        if names_file.exists():
            names = names_file.read_text().splitlines()
            names_file.unlink()
            out += "".join(f"name {name.rsplit('/', 1)[-1]}\n" for name in names)
        return out


class FtpSsl(Interactive):
    active_option = ""
    forgets_close_notify = True
    resumes_tls = "always"

    def __init__(self):
        super().__init__("ftp-ssl", modes=("explicit", "plain"))

    def options(self, target):
        if target.mode == "plain":
            return [*super().options(target), "-z", "nossl"]
        return [*super().options(target), "-z", "secure", "-z", "verify=1",
                "-z", f"cacert={target.root}"]


class Wget(StepClient):
    does = {"get", "reget"}
    resumes_tls = "always"

    def __init__(self):
        self.name = "wget"

    def wget(self, target, path, *options):
        scheme = "ftp" if target.mode == "plain" else "ftps"
        way = [*(["--ftps-implicit"] if target.mode == "implicit" else []),
               *(["--no-passive-ftp"] if target.is_active else [])]
        return run(["wget", "--no-config", "--no-verbose", "--tries=1", "--timeout=20",
                    f"--ca-certificate={target.root}", f"--user={target.user}",
                    f"--password={target.password}", *way, *options,
                    f"{scheme}://{target.bracketed}:{target.port}/{quote(path)}"])

    def session(self, target, *steps):
        for verb, path, local in steps:
            local = Path(local)
            assert local.name == Path(path).name or verb == "get"
            where = ["--continue", f"--directory-prefix={local.parent}"] if verb == "reget" else [
                f"--output-document={local}"]
            self.wget(target, path, *where)

    def download(self, target, remote, files, folder):
        """The whole folder, found by wget's own reading of LIST."""
        self.wget(target, f"{remote}/", "--recursive", "--level=inf", "--no-host-directories",
                  "--cut-dirs=1", f"--directory-prefix={folder}")


class Aria2(StepClient):
    modes = ("plain",)
    does = {"get", "reget"}

    def __init__(self):
        self.name = "aria2"

    def session(self, target, *steps):
        """All files at once, each on several connections. A connection that it means to use again waits
        for a 226 that came together with the 150 until its timeout; hence the third option."""
        wanted = "".join(
            f"ftp://{target.bracketed}:{target.port}/{quote(path)}\n"
            f"  dir={Path(local).parent}\n  out={Path(local).name}\n" for _, path, local in steps)
        run(["aria2c", "--no-conf", "--quiet", "--ftp-reuse-connection=false", "--input-file=-",
             "--max-tries=1", "--split=3", "--max-connection-per-server=3", "--min-split-size=1M",
             "--continue=true", "--allow-overwrite=true", f"--ftp-user={target.user}",
             f"--ftp-passwd={target.password}",
             f"--ftp-pasv={'false' if target.is_active else 'true'}"], text=wanted)


class Ncftp(StepClient, clients.Ncftp):
    """Its ncftpput -z resumes with REST, and then sends the whole file: it has no reput here."""

    does = {"rename", "delete", "mkdir", "rmdir", "put", "reget"}
    WORDS = {"rename": "rename", "delete": "rm", "mkdir": "mkdir", "rmdir": "rmdir"}

    def session(self, target, *steps):
        for verb, *words in steps:
            if verb == "reget":
                run(["ncftpget", "-V", "-z", *self.options(target), target.host,
                     str(Path(words[1]).parent), f"/{words[0]}"], HOME="/proc/nonexistent")
            elif verb == "put":
                run(["ncftpput", "-V", "-C", *self.options(target), target.host, words[0],
                     f"/{words[1]}"], HOME="/proc/nonexistent")
            else:
                self.prompt(target, " ".join([self.WORDS[verb], *(f'"{word}"' for word in words)]))

    def prompt(self, target, line):
        out = run(["ncftp", "-u", target.user, "-p", target.password, "-P", str(target.port),
                   target.host], HOME="/proc/nonexistent", text="\n".join([
                       f"set passive {'off' if target.is_active else 'on'}", line, "quit"]) + "\n")
        assert "server said" not in out, out


class Rclone(StepClient, clients.Rclone):
    does = TREE | TIDYING
    WORDS = {"put": "copyto", "get": "copyto", "rename": "moveto", "delete": "deletefile",
             "mkdir": "mkdir", "rmdir": "rmdir"}
    upload, names, download = (clients.Rclone.upload, clients.Rclone.names, clients.Rclone.download)

    def session(self, target, *steps):
        for verb, *words in steps:
            local = {"put": 0, "get": 1}.get(verb)
            paths = [word if place == local else f":ftp:{word}" for place, word in enumerate(words)]
            self.command(target, self.WORDS[verb], *paths)


class Lftp(StepClient, clients.Lftp):
    WORDS = {"rename": "mv", "delete": "rm", "mkdir": "mkdir", "rmdir": "rmdir"}
    resumes_tls = "always"
    upload, names, download = clients.Lftp.upload, clients.Lftp.names, clients.Lftp.download

    def line(self, verb, words):
        words = [shlex.quote(word) for word in words]
        if verb in self.WORDS:
            return " ".join([self.WORDS[verb], *words])
        return f"{verb} {words[0]} -o {words[1]}"

    def session(self, target, *steps):
        return self.script(target, *(self.line(verb, words) for verb, *words in steps))


class Curl(StepClient, clients.Curl):
    resumes_tls = "always"
    upload, names, download = clients.Curl.upload, clients.Curl.names, clients.Curl.download
    COMMANDS = {"rename": ("RNFR", "RNTO"), "delete": ("DELE",), "mkdir": ("MKD",), "rmdir": ("RMD",)}

    def session(self, target, *steps):
        for verb, *words in steps:
            if verb in self.COMMANDS:
                lines = [f'quote = "{command} {word}"'
                         for command, word in zip(self.COMMANDS[verb], words)]
                self.transfer(target, [(f'url = "{self.url(target, "")}"', *lines)], "list-only")
                continue
            option, local, path = (("upload-file", *words) if verb in ("put", "reput")
                                   else ("output", *reversed(words)))
            self.transfer(target, [(f'{option} = "{local}"', f'url = "{self.url(target, path)}"')],
                          *(['continue-at = "-"'] if verb in ("reput", "reget") else []))


class Ftplib(StepClient, clients.Ftplib):
    upload, names, download = clients.Ftplib.upload, clients.Ftplib.names, clients.Ftplib.download

    def __init__(self, resumes=False):
        clients.Ftplib.__init__(self, resumes)
        self.resumes_tls = "always" if resumes else "never"

    def session(self, target, *steps):
        with self.open(target) as ftp:
            ftp.voidcmd("TYPE I")  # for SIZE, which ftplib asks for in the type that it finds
            simple = {"rename": ftp.rename, "delete": ftp.delete, "mkdir": ftp.mkd, "rmdir": ftp.rmd}
            for verb, *words in steps:
                if verb in simple:
                    simple[verb](*words)
                elif verb in ("put", "reput"):
                    self.send(ftp, *words, rest=ftp.size(words[1]) if verb == "reput" else None)
                else:
                    self.fetch(ftp, *words, resume=verb == "reget")

    @staticmethod
    def send(ftp, local, path, rest):
        with open(local, "rb") as file:
            file.seek(rest or 0)
            ftp.storbinary(f"STOR {path}", file, rest=rest)

    @staticmethod
    def fetch(ftp, path, local, resume):
        with open(local, "ab" if resume else "wb") as file:
            ftp.retrbinary(f"RETR {path}", file.write, rest=file.tell() or None)


def _has_net_ftpssl():
    return subprocess.run(["perl", "-MNet::FTPSSL", "-e", "1"], capture_output=True).returncode == 0


NEW = [
    Wget(),
    Aria2(),
    Interactive("inetutils-ftp"),
    FtpSsl(),
    Script("perl-net-ftp", "perl", SCRIPTS / "net_ftp.pl", resumes_tls="active"),
    Script("php-ftp", "php", SCRIPTS / "php_ftp.php", modes=("explicit", "plain"), verifies=False,
           resumes_tls="always"),
    Script("ruby-net-ftp", "ruby", SCRIPTS / "net_ftp.rb", modes=("explicit", "plain"),
           resumes_tls="always"),
    Script("java-commons-net", "java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
           "/usr/share/java/commons-net.jar", SCRIPTS / "CommonsNet.java"),
]
# What `./dev` could not install from npm (no network, a proxy with its own authority) is not here.
if (NODE_MODULES / "basic-ftp").is_dir():
    NEW.append(Script("npm-basic-ftp", "node", SCRIPTS / "basic_ftp.cjs", can_active=False,
                      resumes_tls="always", loses_empty_files=True, NODE_PATH=str(NODE_MODULES)))
if _has_net_ftpssl():
    NEW.append(Script("perl-net-ftpssl", "perl", SCRIPTS / "net_ftp.pl", "Net::FTPSSL",
                      modes=("explicit", "implicit"), can_active=False, can_ipv6=False))

# Their trees are moved about in test_clients.py.
KNOWN = [Interactive("tnftp"), Ncftp(), Rclone(), Lftp(), Curl(), Ftplib(), Ftplib(resumes=True)]
