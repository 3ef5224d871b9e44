#!/usr/bin/python3
"""Lists the lines that clang-format would lay out differently; exit status 1 when there are any.

To repair: ./dev format"""

import pathlib
import re
import subprocess
import sys

from sources import sources

PLACE = re.compile(r"^((?:src|bench)/\S+?:\d+):\d+: error: ", re.MULTILINE)


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    files = [str(path.relative_to(root)) for path in sources(root)]
    result = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *files], cwd=root,
                            capture_output=True, text=True, check=False)
    places = list(dict.fromkeys(PLACE.findall(result.stderr)))
    for place in places:
        print("%s: is laid out differently by clang-format; ./dev format repairs it" % place)
    if result.returncode and not places:
        print(result.stderr)
    print("%d files, %d lines to lay out" % (len(files), len(places)))
    return 1 if result.returncode or not files else 0


sys.exit(main())
