"""Uploads while the disk fails: every n-th call of a kind, in turn, for n = 1 to 40. What may not
happen is a 226 for a file that is not byte-exact, and a change to any other name."""

import hashlib
import os
import random

import pytest

from sallyport_lab.faults import Faults

pytestmark = pytest.mark.skipif(
    any(word in os.environ.get("SALLYPORT_BUILD", "") for word in ("asan", "tsan")),
    reason="a sanitizer wants to be the first library")

ERRORS = (426, 450, 451, 452, 550, 552, 553)
OLD = random.Random(3).randbytes(100_000)
NEW = random.Random(4).randbytes(1_500_000)  # some ten write(2)


@pytest.fixture(scope="module")
def lab(start_module_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)
    faults = Faults(folder / "plan")
    server = start_module_server(lambda s: s.environment.update(faults.environment),
                                 plain_ftp=True, uploads="atomic", durability="fsync")
    server.add_user()
    server.put("bystander", OLD)
    return server, faults


def digests(server):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in server.home().iterdir() if not path.name.startswith(".")}


def digest(content):
    return hashlib.sha256(content).hexdigest()


def attempt(control, command, content):
    """The code that ends it, whatever it is."""
    if command.startswith("REST"):
        control.expect(command.split("\n")[0], 350)
        command = command.split("\n")[1]
    return control.transfer(command, content)


def allowed_after(command, old, content):
    """Contents that the name may have after a failure: the old one, or, where only the commit to
    disk failed, the new one."""
    if command.startswith("APPE"):
        return {digest(old), digest(old + content)}
    if command.startswith("REST"):
        return {digest(old), digest(old[:50_000] + content)}
    return {digest(old), digest(content)} if old is not None else {None, digest(content)}


CASES = [("STOR new", None), ("STOR file", OLD), ("APPE file", OLD), ("REST 50000\nSTOR file", OLD)]
FAULTS = [("write", "EIO"), ("write", "ENOSPC"), ("write", "EDQUOT"), ("write", "short"),
          ("write", "EINTR"), ("fsync", "EIO"), ("fsync", "EINTR"), ("rename", "EIO"),
          ("rename", "EINTR"), ("rename", "ENOSPC"), ("openat", "EIO"), ("openat", "EINTR"),
          ("openat", "ENOSPC"), ("openat", "EMFILE"), ("copy", "EIO"), ("copy", "short"),
          ("copy", "EINTR")]
HARMLESS = ("short", "EINTR")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("call, fault", FAULTS, ids=[f"{c}-{f}" for c, f in FAULTS])
def test_no_wrong_226(lab, call, fault):
    server, faults = lab
    control = server.login(tls=False)
    control.expect("TYPE I", 200)
    struck = 0
    for command, old in CASES:
        target = command.split()[-1]
        for at in range(1, 41):
            for path in server.home().iterdir():
                if path.name != "bystander":
                    path.unlink()
            if old is not None:
                server.put(target, old)
            faults.arm(call, fault, at)
            done = attempt(control, command, NEW)
            hits = faults.disarm()
            struck += hits
            where = f"{command!r}, {call} {at} {fault}: {done.final}"
            found = digests(server)
            assert found.pop("bystander") == digest(OLD), where
            assert set(found) <= {target}, where
            after = allowed_after(command, old, NEW)
            if done.code == 226:
                before = digest(old) if old is not None else None
                assert found.get(target) in after - {before}, where
            else:
                assert done.code in ERRORS, where
                assert hits, where
                assert found.get(target) in after, where
                if fault in ("ENOSPC", "EDQUOT") and call == "write":
                    assert done.code == {"ENOSPC": 452, "EDQUOT": 552}[fault], where
                assert call == "openat" or fault not in HARMLESS, where
            control.expect("NOOP", 200)
            if not hits:
                break  # there is no n-th call
    assert struck > 0
    control.close()


def test_the_disk_fails_again_and_again(lab):
    """Forty failing writes in a row, then all is well."""
    server, faults = lab
    control = server.login(tls=False)
    control.expect("TYPE I", 200)
    file = server.put("file", OLD)
    faults.arm("write", "EIO", 1, repeats=40)
    codes = [control.transfer("STOR file", NEW).code for _ in range(40)]
    assert codes == [451] * 40
    assert file.read_bytes() == OLD
    faults.disarm()
    control.upload("file", NEW)
    assert file.read_bytes() == NEW
    control.close()
