"""Homes that become links, lie in one another, or move."""

import os

import pytest

from sallyport_lab.daemon import PASSWORD

pytestmark = pytest.mark.sanitize


@pytest.mark.parametrize("goal", ["victim", "../outside", "outside", "."])
def test_a_home_that_became_a_link_lets_nobody_in(world, goal):
    away = world.server.folder / "away"
    os.rename(world.home, away)
    os.symlink(world.outside if goal == "outside" else goal, world.home)
    world.watch()
    try:
        with world.server.connect() as control:
            control.expect(f"USER {world.user}", 331)
            control.expect(f"PASS {PASSWORD}", 530)
        world.check()
    finally:
        os.unlink(world.home)
        os.rename(away, world.home)


def test_a_home_inside_another_home_cannot_be_bent_by_its_owner(server, plain):
    plain.put("guest", None)
    if "guest" not in server._users:
        server.cli("user", "add", "guest", "--password-stdin", "--home", "plain/guest",
                   text=PASSWORD + "\n")
        server._users.add("guest")
    server.login("guest", tls=False).close()
    with plain.login() as owner:
        owner.expect("RMD guest", 250)
        owner.expect("SITE SYMLINK /victim sub/guest", 200)  # ../victim
        owner.expect("RNFR sub/guest", 350)
        owner.expect("RNTO guest", 250)
    assert os.path.samefile(plain.home / "guest", plain.victim)
    plain.watch()
    with server.connect() as control:
        control.expect("USER guest", 331)
        control.expect(f"PASS {PASSWORD}", 530)
    plain.check()


def test_a_home_that_moves_stays_the_home_of_its_sessions(world):
    """It is the directory that was opened at the login; what takes its name is not looked at."""
    away = world.server.data_root / "away"
    with world.login() as spy:
        os.rename(world.home, away)
        os.symlink("victim", world.home)
        world.watch()
        try:
            assert spy.move("RETR", "mine").data == b"mine"
            assert spy.move("RETR", "key").code == 550
            assert spy.move("RETR", "../victim/key").code == 550
            assert spy.move("STOR", "new", content=b"x").code == 226
            spy.check_use()
            world.check()
        finally:
            os.unlink(world.home)
            os.rename(away, world.home)
