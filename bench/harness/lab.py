"""What every command of the bench needs: the place, the programs, the accounting; taken down again
whatever happens."""

import fcntl
import os
import subprocess
import time

from . import accounting
from .site import MIB, Site

BASE = "/dev/shm/sallyport-bench"
LOCK = "/run/lock/sallyport-bench.lock"


class Lab:
    def __init__(self, build, out, big=1024 * MIB, entries=100000,
                 base=BASE, wait_s=0):
        self.build = os.path.abspath(build)
        self.out = os.path.abspath(out)
        self.peers = os.path.join(self.out, "peers")
        self.logs = os.path.join(self.out, "logs")
        self.ftpload = os.path.join(self.build, "bench", "ftpload")
        self.group_kind = accounting.choose()
        self.site = Site(base, self.ftpload, big, entries)
        self.wait_s = wait_s
        self._lock = None

    def __enter__(self):
        self._lock = open(LOCK, "w", encoding="utf-8")
        self._take_lock()
        for folder in (self.out, self.logs):
            os.makedirs(folder, exist_ok=True)
        try:
            self.site.make()
        except (OSError, subprocess.CalledProcessError) as problem:
            self.site.remove()
            raise SystemExit(f"bench: cannot make the files that are served: {problem}") from None
        return self

    def _take_lock(self):
        """One bench at a time on a machine: two would measure each other."""
        end = time.monotonic() + self.wait_s
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if time.monotonic() >= end:
                    raise SystemExit("bench: another ./dev bench is running on this"
                                     " machine") from None
            time.sleep(0.5)

    def __exit__(self, *unused):
        self.site.remove()
        accounting.remove_all()
        self._lock.close()
