"""Ports that nobody else uses: each pytest process locks a block of numbers of its own.

All lie below ip_local_port_range, so that no outgoing connection of a test takes one by chance."""

import fcntl
import os
import socket

FIRST, LAST, BLOCK = 12000, 31999, 1000


class PortBlock:
    def __init__(self):
        self._locks = []
        self._take_block()

    def _take_block(self):
        """One more block; those that we have stay ours, as servers may listen there."""
        for first in range(FIRST, LAST, BLOCK):
            path = f"/tmp/sallyport-ports-{first}.lock"
            try:
                lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError:
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            self._locks.append(lock)
            self.first = self._next = first
            return
        raise RuntimeError("every block of ports is taken by another test run")

    def take(self, count=1):
        """The first of `count` neighbouring free ports. Who knows nothing of our locks may sit in a
        block: then another one is taken."""
        while True:
            first = self._find(count)
            if first is not None:
                return first
            self._take_block()

    def _find(self, count):
        for _ in range(2 * BLOCK):
            first = self._next
            if first + count > self.first + BLOCK:
                self._next = self.first
                continue
            self._next = first + count
            if all(is_free(port) for port in range(first, first + count)):
                return first
        return None


def is_free(port):
    with socket.socket(socket.AF_INET6) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            probe.bind(("::", port))
            probe.listen(1)
        except OSError:
            return False
    return True
