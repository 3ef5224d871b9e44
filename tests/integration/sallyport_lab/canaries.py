"""What must stay as it is while somebody tries to get at it: trees of files with known content, and
everything about them that a server could change."""

import os
import shutil
import stat
from pathlib import Path

from .daemon import IS_ROOT, SERVICE_USER

CONTENT = b"WHAT-ONLY-THE-OUTSIDE-HOLDS\n" * 40  # in no reply, and on no data connection
UNSEEN = "a-name-that-no-test-says"  # in no listing


def own(path):
    """The server may do with it what it likes: nothing but its own walls is in the way."""
    if IS_ROOT:
        shutil.chown(path, SERVICE_USER, SERVICE_USER)


def make(folder):
    """Files and directories that the server's user could read, write and remove."""
    folder = Path(folder)
    for directory in (folder, folder / "dir", folder / "empty"):
        directory.mkdir(exist_ok=True)
        directory.chmod(0o777)
        own(directory)
    for name in ("key", UNSEEN, "dir/key", f"dir/{UNSEEN}"):
        (folder / name).write_bytes(CONTENT)
        (folder / name).chmod(0o666)
        own(folder / name)
    return folder


def _facts(path):
    st = os.lstat(path)
    content = None
    if stat.S_ISREG(st.st_mode):
        content = Path(path).read_bytes()
    elif stat.S_ISLNK(st.st_mode):
        content = os.readlink(path)
    elif stat.S_ISDIR(st.st_mode):
        content = sorted(os.listdir(path))
    return {"mode": oct(st.st_mode), "owner": (st.st_uid, st.st_gid), "links": st.st_nlink,
            "modified": st.st_mtime_ns, "changed": st.st_ctime_ns, "content": content}


def look(*folders):
    """{path: everything about it}, of the folders and all that is in them."""
    found = {}
    for folder in map(str, folders):
        found[folder] = _facts(folder)
        for parent, directories, files in os.walk(folder):
            for name in directories + files:
                path = os.path.join(parent, name)
                found[path] = _facts(path)
    return found


def differences(before, after):
    """One line for each thing that is not as it was."""
    lines = [f"{path} is gone" for path in before.keys() - after.keys()]
    lines += [f"{path} is new" for path in after.keys() - before.keys()]
    for path in before.keys() & after.keys():
        lines += [f"{path}: {fact} was {before[path][fact]!r:.200}, is {value!r:.200}"
                  for fact, value in after[path].items() if before[path][fact] != value]
    return sorted(lines)


def leaks(data):
    """Whether these bytes tell anything of the outside."""
    return CONTENT[:20] in data or UNSEEN.encode() in data
