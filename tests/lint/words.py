#!/usr/bin/python3
"""Lists words that have no place in a finished tree; exit status 1 when there is any.

These are markers of unfinished work, absolute paths of some developer's machine, and lines that
end in blanks."""

import pathlib
import re
import subprocess
import sys

# Written in pieces, so that this file does not find itself.
RULES = [
    (re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"), "marker of unfinished work"),
    (re.compile(r"(?<![\w.*$}/-])/(?:wo" + r"rk|ro" + r"ot)/"), "path of one machine"),
    (re.compile(r"^(?:<{7}|>{7}) "), "left-over of a merge"),
    (re.compile(r"[ \t]+$"), "ends in blanks"),
]
SKIPPED_FOLDERS = {".git", "build", "run", "corpus", "node_modules", "__pycache__", ".pytest_cache"}


def files(root):
    """What git knows or would add; without git, everything outside of the build folders."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"],
        cwd=root, capture_output=True, check=False)
    if listed.returncode == 0:
        names = [root / name for name in listed.stdout.decode().split("\0") if name]
    else:
        names = [path for path in root.rglob("*")]
    return sorted(path for path in set(names)
                  if path.is_file() and not SKIPPED_FOLDERS & set(path.relative_to(root).parts))


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    checked, bad = 0, 0
    for path in files(root):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture, or test data
        checked += 1
        for number, line in enumerate(lines, 1):
            for pattern, why in RULES:
                found = pattern.search(line)
                if found:
                    print("%s:%d: %r: %s" % (path.relative_to(root), number, found[0], why))
                    bad += 1
    print("%d files, %d findings" % (checked, bad))
    return 1 if bad or not checked else 0


sys.exit(main())
