"""The plan of tests/faults/faults.c: which call of the server fails, the how-manieth, and how."""

import errno
import mmap
import struct

from .daemon import BUILD

LIBRARY = BUILD / "tests" / "faults" / "libsallyport_faults.so"
CALLS = ("write", "fsync", "rename", "openat", "copy")
SHORT = -1


class Faults:
    def __init__(self, path):
        size = 4 * (5 + len(CALLS))
        path.write_bytes(struct.pack("i", -1) + bytes(size - 4))
        path.chmod(0o666)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "SALLYPORT_FAULTS": str(path)}
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)

    def arm(self, call, fault, at, repeats=1):
        code = SHORT if fault == "short" else getattr(errno, fault)
        struct.pack_into("iiii", self._map, 4, code, at, repeats, 0)
        struct.pack_into("i", self._map, 0, CALLS.index(call))

    def disarm(self):
        """How often it has struck."""
        struct.pack_into("i", self._map, 0, -1)
        return struct.unpack_from("i", self._map, 16)[0]

    def seen(self, call):
        return struct.unpack_from("i", self._map, 20 + 4 * CALLS.index(call))[0]
