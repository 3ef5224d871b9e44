"""Names that come to mean something else while a session is at work."""

import contextlib
import os
import shutil

import pytest

from sallyport_lab import canaries
from sallyport_lab.canaries import UNSEEN
from sallyport_lab.containment import try_everything

pytestmark = pytest.mark.sanitize


@pytest.mark.parametrize("verb", ["STOR", "APPE", "REST"])
@pytest.mark.parametrize("goal", ["victim", "outside", "own"])
def test_a_link_put_at_the_name_during_an_upload_is_replaced(world, verb, goal):
    """The name was free, or a file, when the client asked; the data come later."""
    goals = {"victim": "../victim/key", "outside": world.outside / "key", "own": "ro/file"}
    world.watch()
    with world.login() as spy:
        if verb == "REST":
            spy.expect("REST 2", 350)
        upload = spy.begin("STOR" if verb == "REST" else verb, "mine")
        os.unlink(world.home / "mine")
        world.link("mine", goals[goal])
        upload.finish(b"evil")
        spy.check_use()
    if world.user == "strict":  # else the link leads to a file like any other
        assert (world.home / "ro/file").read_bytes() == b"read only"
    world.check()


@pytest.mark.parametrize("verb", ["STOR", "APPE", "STOU"])
def test_a_second_session_cannot_bend_an_upload_around_a_rule(strict, verb):
    """The server has said 150 to a name in a free place, and waits for the data connection; the same
    user then makes a link of that name to where nothing may be written."""
    with strict.login(tls=True) as spy, strict.login() as other:
        with spy.begin_slowly(f"{verb} sub/new") as data:
            for name in ("sub/new", *(f"sub/{x}" for x in os.listdir(strict.home / "sub"))):
                other.say(f"SITE SYMLINK /ro/file {name}")
                other.say(f"SITE SYMLINK /ro/made {name}")
            with spy.control.protect_data(data) as protected:
                protected.sendall(b"evil")
                with contextlib.suppress(OSError):
                    protected.unwrap()
        assert spy.control.read_reply().code == (226 if verb == "STOU" else 550)
        spy.check_use()
    assert (strict.home / "ro/file").read_bytes() == b"read only"
    assert os.listdir(strict.home / "ro") == ["file"]


@pytest.mark.parametrize("place", ["outside", "victim"])
@pytest.mark.parametrize("how", ["new", "replace", "append", "continue"])
def test_a_directory_that_leaves_the_home_during_an_upload_takes_no_file_along(
        world, place, how):
    """A file that is open stays open wherever it is moved; but no name is made there, nothing is
    replaced, and the client is told."""
    goal = (world.outside if place == "outside" else world.victim) / "moved"
    if how == "continue":
        world.put("sub/.file.sallyport-part", b"1234")
    with world.login() as spy:
        if how == "continue":
            spy.expect("REST 4", 350)
        name = "new" if how == "new" else "file"
        upload = spy.begin("APPE" if how == "append" else "STOR", f"sub/{name}")
        upload.data.sendall(b"some")
        os.rename(world.home / "sub", goal)
        world.watched = [world.victim / "dir", world.outside / "dir", goal / "deep"]
        world.watch()
        done = upload.finish(b" bytes")
        assert done.code in (550, 451), done.final
        spy.check_use()
        world.check()
    assert (goal / "file").read_bytes() == b"file"
    assert not (goal / "new").exists() or place == "outside", "the sandbox keeps us from removing it"
    kept = goal / ".file.sallyport-part"
    assert how != "continue" or kept.read_bytes() == b"1234", "what was there before stays"


def test_a_directory_that_moves_inside_the_home_takes_the_upload_along(world):
    with world.login() as spy, world.login() as other:
        upload = spy.begin("STOR", "sub/deep/new")
        upload.data.sendall(b"some")
        other.expect("RNFR sub", 350)
        other.expect("RNTO elsewhere", 250)
        assert upload.finish(b" bytes").code == 226
        assert (world.home / "elsewhere/deep/new").read_bytes() == b"some bytes"
        assert not (world.home / "sub").exists()


def test_a_file_that_leaves_the_home_during_a_download_is_still_that_file(world):
    world.put("sub/large", b"m" * 4_000_000)
    with world.login() as spy:
        download = spy.begin("RETR", "sub/large")
        download.read(1000)
        os.rename(world.home / "sub", world.outside / "moved")
        canaries.make(world.home / "sub")
        shutil.copyfile(world.home / "sub/key", world.home / "sub/large")
        assert download.finish().data == b"m" * 4_000_000
        shutil.rmtree(world.home / "sub")


@pytest.mark.parametrize("command", ["LIST sub", "LIST -R", "MLSD sub", "NLST sub"])
def test_a_directory_that_leaves_before_it_is_listed_is_not_listed(world, command):
    """The client asks, waits with its data connection, and the directory goes."""
    with world.login(tls=True) as spy:
        with spy.begin_slowly(command) as data:
            os.rename(world.home / "sub", world.victim / "moved")
            (world.victim / "moved" / UNSEEN).write_bytes(b"")
            with spy.control.protect_data(data) as protected:
                listed = b"".join(iter(lambda: protected.recv(65536), b""))
        assert UNSEEN.encode() not in listed
        assert spy.control.read_reply().code == (226 if "-R" in command else 550)
        spy.check_use()


@pytest.mark.parametrize("goal", ["../victim", "outside", ".."])
def test_a_working_directory_that_becomes_a_link(world, goal):
    with world.login() as spy:
        spy.expect("CWD sub", 250)
        os.rename(world.home / "sub", world.home / "was")
        world.link("sub", world.outside if goal == "outside" else goal)
        world.watch()
        for name in ("key", "dir/key", "victim/key"):
            try_everything(spy, name)
            spy.say("CWD /sub")
        spy.move("LIST")
        spy.say("CDUP")
        spy.check_use()
        world.check()


def test_a_working_directory_that_leaves_the_home(world):
    with world.login() as spy:
        spy.expect("CWD sub/deep", 250)
        os.rename(world.home / "sub", world.victim / "sub")
        world.watch()
        for line in ("SIZE er/x", "MKD new", "DELE er/x", "RNFR er", "CWD er", "MLST", "STAT ."):
            assert spy.say(line).code >= 400, line
        assert spy.move("STOR", "new", content=b"evil").code >= 400
        assert spy.move("LIST").code >= 400
        spy.check_use()
        world.check()


@pytest.mark.parametrize("first, second", [("RNFR sub/file", "RNTO taken"),
                                           ("SITE CPFR sub/file", "SITE CPTO taken")])
def test_what_was_named_first_becomes_a_link(world, first, second):
    world.link("other", "../victim")
    os.rename(world.victim / "key", world.victim / "file")
    world.watch()
    with world.login() as spy:
        spy.expect(first, 350)
        os.rename(world.home / "sub", world.home / "was")
        os.rename(world.home / "other", world.home / "sub")
        spy.expect(second, 550)
        spy.check_use()
    assert not (world.home / "taken").exists()
    world.check()


@pytest.mark.parametrize("first, second", [("RNFR mine", "RNTO sub/taken"),
                                           ("SITE CPFR mine", "SITE CPTO sub/taken")])
def test_where_it_was_to_go_becomes_a_link(world, first, second):
    world.watch()
    with world.login() as spy:
        spy.expect(first, 350)
        os.rename(world.home / "sub", world.home / "was")
        world.link("sub", "../victim")
        spy.expect(second, 550)
        spy.check_use()
    assert (world.home / "mine").exists()
    world.check()


def test_removing_a_tree_does_not_follow_its_links(world):
    world.link("sub/out", "../../victim")
    world.link("sub/deep/out", world.outside)
    world.link("sub/deep/er/key", "../../../../victim/key")
    world.watch()
    with world.login() as spy:
        spy.expect("SITE RMDIR -r sub", 200)
        world.link("sub", "../victim")
        for line in ("SITE RMDIR -r sub", "SITE RMDIR -r sub/dir", "RMD sub", "RMD sub/empty",
                     "DSIZ sub", "DELE sub/key"):
            assert spy.say(line).code >= 500, line
        spy.check_use()
    world.check()


def test_set_id_bits_cannot_be_set(world):
    with world.login() as spy:
        for mode in ("4777", "2777", "1777", "6755", "7777", "04755", "47777", "100777"):
            assert spy.say(f"SITE CHMOD {mode} mine").code >= 500, mode
            assert spy.say(f"MFF UNIX.mode={mode}; mine").code >= 500, mode
        os.chmod(world.home / "mine", 0o4755)
        assert spy.move("STOR", "mine", content=b"evil").code == 226
        assert not (world.home / "mine").stat().st_mode & 0o6000, "a new content, no old power"
