"""What is served: files on tmpfs, one certificate for all servers, and a system user for the run.

Everything is made at the start and removed at the end; what a killed run left is made anew."""

import os
import pwd
import shutil
import subprocess
import warnings

USER, PASSWORD = "sallyport-bench", "bench"
PAM_SERVICE = "/etc/pam.d/sallyport-bench"
MIB = 1 << 20
SMALL_FILES, SMALL_SIZE = 1000, 10240
PART = 16 * MIB  # of the plot against simultaneous transfers


class Site:
    def __init__(self, base, ftpload, big=1024 * MIB, entries=100000):
        self.base, self.ftpload, self.big, self.entries = base, ftpload, big, entries
        self.served = os.path.join(base, "served")  # data_root of Sallyport
        self.root = os.path.join(self.served, "files")
        self.certificate = os.path.join(base, "tls", "cert.pem")
        self.key = os.path.join(base, "tls", "key.pem")
        self.both = os.path.join(base, "tls", "both.pem")

    def make(self):
        self.remove()
        self._make_user()
        for folder in (self.root, self.root + "/up", self.base + "/tls", self.base + "/source"):
            os.makedirs(folder)
        os.chmod(self.base, 0o755)
        self._file(self.root + "/big.bin", self.big)
        self._file(self.root + "/part.bin", min(self.big, PART))
        self._file(self.base + "/source/small", SMALL_SIZE)
        self._tree("small", "f", SMALL_FILES, SMALL_SIZE)
        self._tree("list", "entry_", self.entries, 0)
        for path in (self.root, self.root + "/up", self.root + "/small", self.root + "/list"):
            os.chown(path, self.uid, self.gid)
        self._make_certificate()

    def remove(self):
        shutil.rmtree(self.base, ignore_errors=True)
        if os.path.exists(PAM_SERVICE):
            os.unlink(PAM_SERVICE)
        try:
            pwd.getpwnam(USER)
        except KeyError:
            return
        subprocess.run(["userdel", USER], check=False, stderr=subprocess.DEVNULL)

    def remove_uploads(self):
        for name in os.listdir(self.root + "/up"):
            os.unlink(f"{self.root}/up/{name}")

    def source(self, is_small):
        return self.base + "/source/small" if is_small else self.root + "/big.bin"

    def add_part(self, parts):
        """The name of a file of which so many make the big one."""
        name = f"part-of-{parts}.bin"
        if not os.path.exists(f"{self.root}/{name}"):
            self._file(f"{self.root}/{name}", self.big // parts)
        return name

    def add_tree(self, name, count):
        """Another folder of empty files."""
        if not os.path.exists(f"{self.root}/{name}"):
            self._tree(name, "entry_", count, 0)

    def _make_user(self):
        """vsftpd and ProFTPD want a user that the system knows; the others become that user, too. The
        password's hash is the cheapest one, so that a login measures the server and not crypt."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import crypt  # it leaves Python after the version of Debian 12
        self.hash = crypt.crypt(PASSWORD, "bn")
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/bin/sh",
                        "--home-dir", self.root, "--password", self.hash, USER], check=True,
                       stderr=subprocess.DEVNULL)
        entry = pwd.getpwnam(USER)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid

    def _file(self, path, size):
        subprocess.run([self.ftpload, "mkfile", path, str(size)], check=True)

    def _tree(self, name, prefix, count, size):
        subprocess.run([self.ftpload, "mktree", f"{self.root}/{name}", prefix, str(count),
                        str(size)], check=True)

    def _make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                        "/CN=localhost", "-keyout", self.key, "-out", self.certificate],
                       check=True, stderr=subprocess.DEVNULL)
        with open(self.both, "w", encoding="utf-8") as both:
            for part in (self.key, self.certificate):
                with open(part, encoding="utf-8") as file:
                    both.write(file.read())
        for path in (self.key, self.both):
            os.chmod(path, 0o640)
            os.chown(path, 0, self.gid)
