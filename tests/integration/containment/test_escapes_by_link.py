"""Symbolic and hard links that lead out, those that a client makes itself, and what they are shown as."""

import os
import re

import pytest

from sallyport_lab import canaries
from sallyport_lab.canaries import CONTENT, own
from sallyport_lab.containment import outside_of, try_everything

pytestmark = pytest.mark.sanitize


def absolute(world):
    return world.outside / "key"

LINKS = {
    "absolute": lambda w: {"way": absolute(w)},
    "absolute, to a directory": lambda w: {"way": w.outside},
    "absolute, back into the home": lambda w: {"way": f"{w.home}/../victim/key"},
    "relative": lambda w: {"way": "../victim/key"},
    "relative, to a directory": lambda w: {"way": "../victim"},
    "relative, through the home": lambda w: {"way": "sub/../../victim/key"},
    "to the directory above": lambda w: {"way": ".."},
    "to the root": lambda w: {"way": "/"},
    "with a slash at the end": lambda w: {"way": "../victim/"},
    "with a dot at the end": lambda w: {"way": "../victim/."},
    "in a chain": lambda w: {"way": "one", "one": "sub/two", "sub/two": "../three",
                             "three": "../victim"},
    "in a chain that ends absolute": lambda w: {"way": "one", "one": "two", "two": absolute(w)},
    "of which one leads up and one out": lambda w: {"sub/deep/up": "../..",
                                                    "way": "sub/deep/up/../victim"},
    "in a circle": lambda w: {"way": "way"},
    "in a circle of two": lambda w: {"way": "other", "other": "way"},
    "in a chain of fifty": lambda w: {"way": "l0", "l49": "../victim/key"}
                                     | {f"l{i}": f"l{i + 1}" for i in range(49)},
    "as long as a path": lambda w: {"way": "sub/../" * 500 + "../victim/key"},
    "to what is not there": lambda w: {"way": "../victim/new"},
    "to what is not there, absolute": lambda w: {"way": w.outside / "new"},
    "magic, to the root": lambda w: {"way": f"/proc/self/root/{outside_of(w)}"},
    "magic, to the working directory": lambda w: {"way": "/proc/self/cwd"},
    "magic, to a descriptor": lambda w: {"way": "/proc/self/fd/3"},
    "magic, to the program": lambda w: {"way": "/proc/self/exe"},
    "magic, to the supervisor's root": lambda w: {
        "way": f"/proc/{w.server.process.pid}/root/{outside_of(w)}"},
    "to the environment of a process": lambda w: {"way": "/proc/self/environ"},
    "to the standard input": lambda w: {"way": "/dev/stdin"},
    "to a device": lambda w: {"way": "/dev/zero"},
    "to the server's key": lambda w: {"way": w.server.authority.key},
    "to the accounts": lambda w: {"way": w.server.folder / "state" / "accounts.db"},
}


@pytest.mark.parametrize("way", LINKS)
def test_no_link_leads_out(world, way):
    for name, goal in LINKS[way](world).items():
        world.link(name, goal)
    world.watch()
    with world.login() as spy:
        for below in ("/key", "/dir/key"):
            try_everything(spy, "way" + below)
        assert world.home.joinpath("way").is_symlink(), "nothing below can remove the link itself"
        try_everything(spy, "way")
        spy.check_use()
        world.check()


def test_a_listing_shows_a_link_and_not_where_it_leads(world):
    for name, goal in {"a": world.outside, "b": "../victim/key", "c": "..", "d": "d"}.items():
        world.link(name, goal)
    world.watch()
    with world.login() as spy:
        for command in ("LIST", "LIST -R", "NLST", "NLST -R", "MLSD", "LIST a", "MLSD b", "LIST c/"):
            listed = spy.move(command).data
            assert str(world.outside).encode() not in listed
            assert f"size={len(CONTENT)}".encode() not in listed.lower()
        spy.say("STAT /")
        spy.say("STAT a")
    world.check()

# Links that a client makes itself ----------------------------------------------------------------


@pytest.mark.parametrize("goal", ["../victim/key", "/../victim/key", "..", "/", ".", "../../..",
                                  "sub/../../victim", "/proc/self/root"])
def test_a_link_of_a_client_leads_inside(world, goal):
    world.watch()
    with world.login() as spy:
        for at in ("made", "sub/made", "sub/deep/er/made"):
            spy.say("SITE SYMLINK", goal, at)
            spy.move("RETR", at)
            spy.move("RETR", f"{at}/key")
            spy.move("RETR", f"{at}/../victim/key")
            spy.move("STOR", f"{at}/victim/new", content=b"evil")
            spy.move("LIST", at)
            if os.path.lexists(world.home / at):
                real = os.path.realpath(world.home / at)
                assert real == str(world.home) or real.startswith(f"{world.home}/")
        spy.check_use()
    world.check()


def test_a_link_made_through_a_link_is_as_deep_as_it_lies(world):
    """sub/deep/er/up is the root: a link below that path lies in the root itself."""
    world.link("sub/deep/er/up", "../../..")
    world.watch()
    with world.login() as spy:
        spy.expect("SITE SYMLINK /victim/key sub/deep/er/up/made", 200)
        assert os.readlink(world.home / "made") == "victim/key"
        assert spy.move("RETR", "made").code == 550
    world.check()


def test_a_link_that_is_moved_upwards_is_refused_when_it_is_followed(world):
    world.watch()
    with world.login() as spy:
        spy.expect("SITE SYMLINK /victim/key sub/deep/er/made", 200)
        spy.expect("RNFR sub/deep/er/made", 350)
        spy.expect("RNTO sub/made", 250)  # as text it is ../../../victim/key
        assert spy.move("RETR", "sub/made").code == 550
        assert spy.move("STOR", "sub/made", content=b"evil").code == 550
        spy.check_use()
    world.check()

# Hard links --------------------------------------------------------------------------------------


def test_a_hard_link_in_the_home_is_a_file_of_the_home(world):
    """Whoever put it there has given the file away: it is read like any other. What is written goes
    to a file of its own, so that the other name keeps its content."""
    (world.outside / "given").write_bytes(b"given to read")
    own(world.outside / "given")
    for name in ("stor", "appe", "rest", "rang", "copy", "dele", "rename"):
        os.link(world.outside / "given", world.home / name)
    world.watch()
    with world.login() as spy:
        assert spy.move("RETR", "stor").data == b"given to read"
        assert spy.move("STOR", "stor", content=b"new").code == 226
        assert spy.move("APPE", "appe", content=b", and more").code == 226
        spy.expect("REST 5", 350)
        assert spy.move("STOR", "rest", content=b"!").code == 226
        spy.expect("RANG 0 4", 350)
        assert spy.move("STOR", "rang", content=b"taken").code == 226
        spy.expect("SITE CPFR mine", 350)
        spy.expect("SITE CPTO copy", 250)
        spy.check_use()
    assert (world.home / "appe").read_bytes() == b"given to read, and more"
    assert (world.home / "rest").read_bytes() == b"given!"
    assert (world.home / "rang").read_bytes() == b"taken to read"
    assert (world.outside / "given").read_bytes() == b"given to read"
    # The number of its names is all that has changed.
    changed = canaries.differences(world.before, canaries.look(*world.watched))
    assert all(re.search(r"/given: (links|changed) ", line) for line in changed), changed


def test_no_client_makes_a_hard_link(world):
    world.watch()
    with world.login() as spy:
        for line in ("LINK ../victim/key x", "SITE LINK ../victim/key x", "SITE HARDLINK mine x",
                     "SITE LN ../victim/key x", "SITE CPFR ../victim/key"):
            assert spy.say(line).code >= 500, line
    world.check()


def test_there_are_many_of_them():
    assert len(LINKS) >= 25, "with the texts, more than sixty"
