"""What stands where a file is expected: a FIFO, a device, a link at the name of a partial."""

import pytest

from sallyport_lab.canaries import CONTENT
from sallyport_lab.containment import plant

pytestmark = pytest.mark.sanitize


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_what_is_no_file_does_not_hold_a_session_up(world, kind):
    plant(kind, world.home / "odd", world)
    world.watch()
    with world.login() as spy:
        spy.control.sock.settimeout(10)
        for command in ("RETR odd", "STOR odd", "APPE odd"):
            assert spy.move(command, content=b"x").code == 550, command
        for command in ("SIZE odd", "HASH odd", "SITE CPFR odd", "CWD odd", "XCRC odd", "RMD odd"):
            spy.expect(command, 550)
        spy.expect("SITE CPFR mine", 350)
        spy.expect("SITE CPTO odd", 550)
        spy.move("LIST")
        spy.say("SITE CHMOD 600 odd")
        spy.say("MFMT 20200101000000 odd")
        spy.check_use()
        spy.expect("DELE odd", 250)
    world.check()


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "directory", "link", "absolute link",
                                  "dangling link", "hard link", "unreadable file"])
@pytest.mark.parametrize("settings", ["old", "new"])
def test_what_stands_at_the_name_of_a_partial_is_not_written_to(world, kind, settings):
    """The hidden name beside a file is known to all: an upload takes another one."""
    name = "mine" if settings == "old" else "fresh"
    plant(kind, world.home / f".{name}.sallyport-part", world)
    world.watch()
    with world.login() as spy:
        assert spy.move("STOR", name, content=b"whole").code == 226
        assert spy.move("APPE", name, content=b", and more").code == 226
        spy.expect("REST 5", 350)
        assert spy.move("STOR", name, content=b"!").code == 226
        assert (world.home / name).read_bytes() == b"whole!"
        spy.say("SIZE", f".{name}.sallyport-part")
        # One that breaks off: what is kept must not get at it either.
        broken = spy.begin("STOR", name)
        broken.data.sendall(b"half")
        spy.control.send("ABOR")
        broken.data.close()
        spy.control.read_reply()
        spy.control.read_reply()
        spy.expect(f"DELE {name}", 250)
        spy.check_use()
    if kind != "hard link":
        world.check()
    else:
        assert (world.outside / "key").read_bytes() == CONTENT


@pytest.mark.parametrize("verb", ["STOR", "APPE", "RETR", "DELE", "MKD", "RNFR", "SITE CPFR", "CWD",
                                  "RMD", "SITE RMDIR -r", "SITE CHMOD 777", "MFMT 20200101000000",
                                  "HASH", "MLST", "SITE SYMLINK /mine", "SITE MKDIR -p"])
def test_a_client_does_not_name_partials(world, verb):
    world.put(".mine.sallyport-part", CONTENT)
    world.put(".mine.1a2b3c4d.sallyport-temp", CONTENT)
    with world.login() as spy:
        for name in (".mine.sallyport-part", ".mine.1a2b3c4d.sallyport-temp",
                     "sub/../.mine.sallyport-part", "./.mine.sallyport-part/"):
            spy.expect(f"{verb} {name}", 553)
        for first in ("RNFR mine", "SITE CPFR mine"):
            spy.expect(first, 350)
            spy.expect(first.replace("FR", "TO").replace("mine", ".x.sallyport-part"), 553)
    assert (world.home / ".mine.sallyport-part").read_bytes() == CONTENT
