"""Trees of files that clients move about, and their fingerprints."""

import hashlib
import os
import random
from pathlib import Path


def make_tree(folder):
    """Names with spaces and UTF-8, an empty file, depths, sizes around the usual buffer limits."""
    rng = random.Random(20)
    folder = Path(folder)
    files = {
        "hello.txt": b"Hello, gate keeper.\n",
        "empty.dat": b"",
        "one byte": b"x",
        "with some spaces.bin": rng.randbytes(65536),
        "größe und 日本語 файл.txt": "Zeile\nдва\n三\n".encode(),
        "deep/er/still deeper/data.bin": rng.randbytes(300_001),
        "deep/er/16383": rng.randbytes(16383),
        "ordner ä/ö.bin": rng.randbytes(16385),
        "large.bin": rng.randbytes(1_500_000),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def make_many(folder, count=500):
    rng = random.Random(21)
    folder = Path(folder)
    for index in range(count):
        path = folder / f"part {index % 7}" / f"файл {index:04d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(rng.randrange(0, 9000)))
    return folder


def fingerprints(folder):
    """{relative path: SHA-256} of every file below the folder."""
    folder = Path(folder)
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def make_sparse(path, size, marks=()):
    """A file of holes with a line of text at each offset of marks, and one at the very end."""
    with open(path, "wb") as file:
        file.truncate(size)
        for offset in [*marks, size - len(mark_at(0))]:
            file.seek(offset)
            file.write(mark_at(offset))
    return path


def mark_at(offset):
    return f"<mark at {offset:020d}>\n".encode()
