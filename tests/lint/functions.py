#!/usr/bin/python3
"""Prints the longest functions; exit status 1 for one above 120 lines or a file above 900.

Relies on the layout that clang-format enforces: a function's braces stand alone in column one."""

import pathlib
import re
import sys

from sources import sources

MAX_FUNCTION = 120
MAX_FILE = 900
SHOWN = 10


def functions(lines):
    """Yields (first line number, length, name) of each function."""
    start, opened = 0, None
    for number, line in enumerate(lines, 1):
        if opened is None:
            if line == "{":
                opened = number
            elif not line.strip() or line.endswith((";", "*/")) or line.startswith(("#", "}")):
                start = number + 1
        elif line == "}":
            signature = " ".join(lines[start - 1 : opened - 1])
            name = re.search(r"(\w+)\s*\(", signature)
            yield start, number - start + 1, name[1] if name else signature
            start, opened = number + 1, None


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    found, long_files = [], []
    for path in sources(root):
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > MAX_FILE:
            long_files.append((len(lines), path.relative_to(root)))
        found += [(length, path.relative_to(root), at, name)
                  for at, length, name in functions(lines)]
    found.sort(key=lambda row: (-row[0], str(row[1]), row[2]))
    for length, path, at, name in found[:SHOWN]:
        print("%4d lines  %s:%d %s" % (length, path, at, name))
    if found:
        print("%d functions, the median has %d lines" % (len(found), found[len(found) // 2][0]))
    too_long = [row for row in found if row[0] > MAX_FUNCTION]
    for length, path, at, name in too_long:
        print("%s:%d: %s has %d lines; %d is the limit" % (path, at, name, length, MAX_FUNCTION))
    for length, path in long_files:
        print("%s: has %d lines; %d is the limit" % (path, length, MAX_FILE))
    return 1 if too_long or long_files or not found else 0


sys.exit(main())
