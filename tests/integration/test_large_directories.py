"""Directories of very many entries: every one is listed once and in the directory's own order,
whichever thread looked at it, and the client is heard meanwhile."""

import os
import shutil
import time

import pytest

from sallyport_lab.daemon import IS_ROOT, SERVICE_USER
from sallyport_lab.wait import eventually

pytestmark = [pytest.mark.sanitize, pytest.mark.tsan]

ENTRIES = 20_000


def name_of(number):
    """Long now and then, so that batches end anywhere."""
    return f"{number:05}" + "x" * (number % 97 == 0 and 200)


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True)
    directory = server.add_user() / "many"
    directory.mkdir()
    for number in range(ENTRIES):
        name = directory / name_of(number)
        if number % 100 == 1:
            name.mkdir()
        elif number % 100 == 2:
            name.symlink_to(name_of(number + 1))
        elif number % 100 == 3:
            name.write_bytes(b"x" * number)
        else:
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644))
    if IS_ROOT:
        for item in (directory, *directory.iterdir()):
            if not item.is_symlink():
                shutil.chown(item, SERVICE_USER, SERVICE_USER)
    return server


def in_order(server):
    return [entry.name for entry in os.scandir(server.home() / "many")]


def kind_of(number):
    return "dir" if number % 100 == 1 else "file"


def size_of(number):
    number += number % 100 == 2  # a link shows the file that it leads to
    return number if number % 100 == 3 else 0


@pytest.mark.parametrize("tls", [False, True])
def test_every_entry_is_listed_once_and_in_order(server, tls):
    names = in_order(server)
    with server.login(tls=tls) as control:
        assert control.listing("NLST many") == [f"many/{name}" for name in names]
        assert [line.split()[-1] for line in control.listing("LIST many")] == names
        facts = control.listing("MLSD many")
    assert "type=cdir;" in facts[0]
    assert [line.split(" ", 1)[1] for line in facts[1:]] == names


def test_every_entry_has_its_own_facts(server):
    with server.login(tls=False) as control:
        for line in control.listing("MLSD many")[1:]:
            facts, name = line.split(" ", 1)
            number = int(name[:5])
            assert f"type={kind_of(number)};" in facts, line
            if kind_of(number) == "file":
                assert f"size={size_of(number)};" in facts, line


def test_a_policy_holds_for_every_entry(server):
    server.cli("user", "set", "alice", "--hide", "*7", "--rule", "/many=list,download",
               "--deny", "*8")
    try:
        with server.login(tls=False) as control:
            facts = control.listing("MLSD many")[1:]
            found = [line.split(" ", 1)[1] for line in facts]
        assert found == [name for name in in_order(server) if not name.endswith("7")]
        for line in facts:
            denied = line.endswith("8") or "type=dir" in line
            assert ("perm=r;" in line) == (not denied), line
    finally:
        server.cli("user", "set", "alice", "--hide", "", "--rule", "", "--deny", "")


@pytest.mark.parametrize("command", ["LIST many", "MLSD many", "LIST -R"])
def test_abor_ends_a_large_listing_and_the_session_lives_on(server, command):
    with server.login(tls=False) as control:
        running = control.start(command)
        assert running.read(1000)
        control.send("ABOR")
        replies = [control.read_reply().code, control.read_reply().code]
        assert replies in ([426, 226], [226, 225], [226, 226])
        running.data.close()
        assert len(control.listing("MLSD many")) == ENTRIES + 1


def test_clients_that_read_slowly_or_leave_do_not_hinder_others(server):
    with server.login(tls=False) as slow, server.login(tls=False) as gone:
        waiting, left = slow.start("MLSD many"), gone.start("LIST many")
        assert waiting.read(1000) and left.read(1000)
        left.data.close()
        for _ in range(3):
            with server.login(tls=False) as other:
                assert len(other.listing("MLSD many")) == ENTRIES + 1
        gone.expect_reply(426, 226)
        done = waiting.finish()
        assert done.code == 226 and done.data.count(b"\r\n") == ENTRIES + 1


def test_a_directory_that_changes_meanwhile_is_listed_all_the_same(server):
    directory = server.home() / "many"
    with server.login(tls=False) as control:
        running = control.start("MLSD many")
        assert running.read(1000)
        extra = [directory / f"extra-{n}" for n in range(500)]
        for path in extra:
            path.write_bytes(b"")
        for path in extra:
            path.unlink()
        done = running.finish()
        lines = done.data.decode().split("\r\n")[:-1]
        stayed = [x for x in lines[1:] if "extra-" not in x]
        assert done.code == 226 and len(stayed) == ENTRIES == len(set(stayed))


def test_the_first_bytes_come_at_once(server):
    with server.login(tls=False) as control:
        control.listing("MLSD many")

        def is_quick():
            running = control.start("MLSD many")
            begin = time.monotonic()
            assert running.read(1)
            waited = time.monotonic() - begin
            running.finish()
            return waited < 0.05
        eventually(is_quick, 20, "the first byte within 50 ms of the 150")
