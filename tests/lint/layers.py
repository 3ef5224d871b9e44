#!/usr/bin/python3
"""Lists every #include that points upwards or sideways; exit status 1 when there is any.

A folder of src/ may include itself and every folder of a lower line; neighbours on a line stay
strangers. base stands on the C library alone."""

import pathlib
import re
import sys

LINES = [  # from the bottom up
    ["base"],
    ["net"],
    ["ftp", "settings"],
    ["store", "accounts", "ipc", "guide"],
    ["doctor", "worker", "manager"],
    ["cli", "supervisor"],
]
HEIGHT = {folder: height for height, line in enumerate(LINES) for folder in line}
LIBRARIES = re.compile(r"openssl/|curl/|jansson|microhttpd|sqlite3|ini\.h|crypt\.h|sys/capability")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def complaint(folder, bracket, target):
    """What is wrong with this include in a file of that folder, or None."""
    if bracket == "<":
        if folder == "base" and LIBRARIES.match(target):
            return "base stands on the C library alone"
        return None
    other = target.split("/")[0]
    if "/" not in target:
        return 'written without its folder; say "%s/%s"' % (folder, target)
    if other not in HEIGHT:
        return "%s is no folder of the map" % other
    if other == folder or HEIGHT[other] < HEIGHT[folder]:
        return None
    return "points %s" % ("sideways" if HEIGHT[other] == HEIGHT[folder] else "upwards")


def main():
    root = pathlib.Path(__file__).resolve().parents[2] / "src"
    files, bad = 0, 0
    for path in sorted(root.rglob("*.[ch]")):
        folder = path.relative_to(root).parts[0]
        files += 1
        if folder not in HEIGHT:
            print("src/%s: is no folder of the map in tests/lint/layers.py" % folder)
            bad += 1
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            why = found and complaint(folder, found[1], found[2])
            if why:
                print("src/%s:%d: %s: %s" % (path.relative_to(root), number, found[2], why))
                bad += 1
    print("%d files, %d includes in the wrong direction" % (files, bad))
    return 1 if bad or not files else 0


sys.exit(main())
