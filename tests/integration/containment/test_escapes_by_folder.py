"""Virtual folders: no way from them to a home, nor between two of them."""

import os
import shutil

import pytest

from sallyport_lab.canaries import own
from sallyport_lab.daemon import PASSWORD
from sallyport_lab.containment import World, try_everything

pytestmark = pytest.mark.sanitize


@pytest.fixture
def shared(server, strict):
    """A user with folders: /pub writable, /arch read-only, /both onto the directory of /arch."""
    pub, arch = server.data_root / "pub", server.data_root / "arch"
    for path in (pub, arch):
        if path.exists():
            shutil.rmtree(path)
        path.mkdir()
        own(path)
    (arch / "old").write_bytes(b"old")
    own(arch / "old")
    if "folders" not in server._users:
        server.add_user("folders", PASSWORD, "--folder", f"/pub={pub}", "--folder",
                        f"/arch={arch}:ro", "--folder", f"/in/side={arch}:ro")
    world = World(server, "folders")
    world.pub, world.arch = pub, arch
    world.watched.append(arch)
    return world


@pytest.mark.parametrize("path", ["pub/../../victim/key", "pub/../victim/key", "/pub/..//../victim/key",
                                  "in/side/../../../victim/key", "pub/out/key", "pub/up/victim/key",
                                  "pub/home/mine/../../victim/key", "pub/abs", "way/key", "way2/key"])
def test_no_path_leads_out_of_a_folder(shared, path):
    for name, goal in {"out": "../victim", "up": "..", "home": "../folders", "abs":
                       shared.outside / "key"}.items():
        os.symlink(goal, shared.pub / name)
    shared.link("way", "pub/out")
    shared.link("way2", "pub/../../victim")
    shared.watch()
    with shared.login() as spy:
        try_everything(spy, path)
        spy.check_use()
    shared.check()


def test_a_link_in_a_folder_does_not_lead_to_the_home(shared):
    os.symlink("../folders/mine", shared.pub / "home")
    os.symlink("../folders", shared.pub / "homes")
    shared.watch()
    with shared.login() as spy:
        for path in ("pub/home", "pub/homes/mine"):
            assert spy.move("RETR", path).code == 550
            assert spy.move("STOR", path, content=b"evil").code == 550
            spy.expect(f"SIZE {path}", 550)
        spy.check_use()
    assert (shared.home / "mine").read_bytes() == b"mine"
    shared.check()


def test_a_link_in_the_home_leads_to_a_folder_by_its_name_and_its_rights(shared):
    shared.link("way", "arch/old")
    shared.link("direct", "../arch/old")
    shared.watch()
    with shared.login() as spy:
        assert spy.move("RETR", "way").data == b"old"
        for path in ("way", "direct", "arch/old", "in/side/old", "in/../arch/old"):
            assert spy.move("STOR", path, content=b"evil").code == 550, path
            assert spy.move("APPE", path, content=b"evil").code == 550, path
            spy.expect(f"MFMT 20200101000000 {path}", 550)
            spy.expect(f"SITE CHMOD 600 {path}", 550)
        assert spy.move("RETR", "direct").code == 550
        spy.check_use()
    shared.check()


def test_nothing_is_renamed_across_the_edge_of_a_folder(shared):
    (shared.pub / "file").write_bytes(b"x")
    own(shared.pub / "file")
    shared.watch()
    with shared.login() as spy:
        for source, goal in (("mine", "pub/mine"), ("pub/file", "file"), ("arch/old", "old"),
                             ("arch/old", "pub/old"), ("mine", "arch/mine"), ("sub", "pub/sub"),
                             ("sub", "pub"), ("sub", "arch"), ("mine", "in/side"), ("pub", "x"),
                             ("in", "x"), ("in/side", "x"), ("mine", "pub/../../victim/mine")):
            spy.say(f"RNFR {source}")
            assert spy.say(f"RNTO {goal}").code >= 500, (source, goal)
        spy.expect("SITE SYMLINK /arch/old /link", 550)
        spy.expect("SITE SYMLINK /mine /pub/link", 550)
        for line in ("RMD pub", "SITE RMDIR -r pub", "SITE RMDIR -r in", "DELE pub", "RMD arch",
                     "SITE RMDIR -r arch", "SITE RMDIR -r /", "MKD pub", "SITE CHMOD 700 arch"):
            assert spy.say(line).code >= 500, line
        spy.check_use()
    shared.check()


@pytest.mark.parametrize("goal", ["victim", "../outside", "outside"])
def test_a_folder_whose_directory_became_a_link_is_left_out(shared, goal):
    """The directory of a folder may lie where another client can change names."""
    shutil.rmtree(shared.pub)
    os.symlink(shared.outside if goal == "outside" else goal, shared.pub)
    position = shared.server.log.position()
    shared.watch()
    try:
        with shared.login() as spy:
            assert spy.move("RETR", "pub/key").code == 550
            assert spy.move("STOR", "pub/key", content=b"evil").code == 550
            spy.move("LIST", "pub")
            spy.check_use()
        shared.check()
        shared.server.log.wait_for("folder-unavailable.*/pub", since=position)
    finally:
        os.unlink(shared.pub)
