"""The other servers, from Debian's packages: downloaded and unpacked beneath the build folder, never
installed and never started as services. The packages conflict with each other, the folders do not."""

import glob
import json
import os
import shutil
import subprocess

# What each needs besides the libraries that are there already; unpacked into the same folder.
PACKAGES = {
    "vsftpd": ["vsftpd", "libwrap0"],
    "pureftpd": ["pure-ftpd", "libsodium23"],
    "proftpd": ["proftpd-core", "proftpd-mod-crypto", "libhiredis0.14", "libmemcached11",
                "libmemcachedutil2", "libhashkit2", "libsasl2-2", "libpcre2-posix3", "libsodium23"],
    "pyftpd": ["python3-pyftpdlib", "python3-openssl", "python3-cryptography",
               "python3-cffi-backend"],
}


class Unavailable(Exception):
    """A peer that cannot be had here, and why."""


class Peer:
    """One unpacked server: paths inside its folder and the environment that it needs."""

    def __init__(self, root, versions):
        self.root, self.versions = root, versions

    def path(self, name):
        return self.root + name

    def environment(self):
        libraries = sorted(glob.glob(self.root + "/usr/lib/*-linux-gnu")
                           + glob.glob(self.root + "/lib/*-linux-gnu"))
        return {"LD_LIBRARY_PATH": ":".join(libraries),
                "PYTHONPATH": self.root + "/usr/lib/python3/dist-packages"}


def _apt_get(*arguments, cwd=None):
    return subprocess.run(["apt-get", "-q", *arguments], cwd=cwd, capture_output=True, text=True,
                          check=False)


def _download(package, folder):
    result = _apt_get("download", package, cwd=folder)
    found = glob.glob(f"{folder}/{package}_*.deb")
    if not found:
        reason = (result.stderr.strip().splitlines() or ["apt-get download failed"])[-1]
        raise Unavailable(f"{package}: {reason}")
    return found[0]


def _unpack(name, root):
    downloads = root + ".download"
    for folder in (root, downloads):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
    versions = {}
    for package in PACKAGES[name]:
        file = _download(package, downloads)
        subprocess.run(["dpkg-deb", "-x", file, root], check=True)
        versions[package] = subprocess.run(["dpkg-deb", "-f", file, "Version"], check=True,
                                           capture_output=True, text=True).stdout.strip()
    shutil.rmtree(downloads)
    with open(root + "/versions.json", "w", encoding="utf-8") as file:
        json.dump(versions, file)


def peer(name, folder, say):
    """The unpacked peer of that name; raises Unavailable."""
    root = os.path.join(folder, name)
    stamp = root + "/versions.json"
    if not os.path.exists(stamp):
        say(f"downloading and unpacking {name} ({', '.join(PACKAGES[name])}) into {root}")
        try:
            _unpack(name, root)
        except Unavailable:
            if _apt_get("update").returncode:
                raise Unavailable(f"{name} cannot be downloaded: no package lists, and apt-get"
                                  " update fails") from None
            _unpack(name, root)
    with open(stamp, encoding="utf-8") as file:
        return Peer(root, json.load(file))
