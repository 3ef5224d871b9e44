#!/usr/bin/python3
"""Lists comment lines above 100 columns; exit status 1 when there are any.

With --repair, words that stand out move to the next line of their comment. clang-format keeps code
within the limit; it leaves comments alone, since its own way of refilling them destroys lists."""

import pathlib
import re
import sys

from sources import sources

LIMIT = 100
BODY = re.compile(r"^(\t*)(/\* | \* )(\S.*)$")
NOT_FLOWING = re.compile(r"-|\d+\.|@")


def width(line):
    return len(line.expandtabs(8))


def cut(text, room):
    """The words of text that fit into the room, and the rest; the end of a comment is no word."""
    words = re.sub(r" \*/$", "\0*/", text).split(" ")
    kept = len(words)
    while kept > 1 and len(" ".join(words[:kept])) > room:
        kept -= 1
    return [" ".join(part).replace("\0", " ") for part in (words[:kept], words[kept:])]


def repair(lines):
    at = 0
    while at < len(lines):
        body = BODY.match(lines[at])
        if body and width(lines[at]) > LIMIT:
            kept, rest = cut(body[3], LIMIT - width(body[1] + body[2]))
            follower = BODY.match(lines[at + 1]) if at + 1 < len(lines) else None
            if rest:
                lines[at] = body[1] + body[2] + kept
                start = body[1] + " * " + rest
                if (follower and follower[2] == " * " and "*/" not in rest
                        and not NOT_FLOWING.match(follower[3])):
                    lines[at + 1] = start + " " + follower[3]
                else:
                    lines.insert(at + 1, start)
        at += 1


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    files = sources(root)
    bad = 0
    for path in files:
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        if "--repair" in sys.argv[1:]:
            repair(lines)
            if "\n".join(lines) != text:
                path.write_text("\n".join(lines), encoding="utf-8")
        for number, line in enumerate(lines, 1):
            if BODY.match(line) and width(line) > LIMIT:
                print("%s:%d: %d columns; ./dev format repairs it"
                      % (path.relative_to(root), number, width(line)))
                bad += 1
    print("%d files, %d comment lines above %d columns" % (len(files), bad, LIMIT))
    return 1 if bad or not files else 0


sys.exit(main())
