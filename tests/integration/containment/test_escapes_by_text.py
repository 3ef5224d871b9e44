"""What a client writes: dots, slashes, bytes and lengths, tried by every command that takes a path."""

import contextlib
import shutil

import pytest

from sallyport_lab.containment import outside_of, try_everything

pytestmark = pytest.mark.sanitize

TEXTS = {
    "dot dot": lambda w: "../victim/key",
    "dot dot after the root": lambda w: "/../victim/key",
    "dot dot to the root of the system": lambda w: "../" * 40 + outside_of(w),
    "dot dot from deep inside": lambda w: "sub/deep/er/../../../../victim/key",
    "dot dot behind a name that is not there": lambda w: "gone/../../victim/key",
    "dot dot behind a file": lambda w: "mine/../../victim/key",
    "dot dot with slashes doubled": lambda w: "..//..//victim///key",
    "dot dot with dots between": lambda w: "./.././././victim/./key",
    "dot dot at the end": lambda w: "sub/../../victim/dir/../key",
    "an absolute path": lambda w: "/" + outside_of(w),
    "an absolute path with two slashes": lambda w: "//" + outside_of(w),
    "the home's own absolute path": lambda w: f"{w.home}/../victim/key",
    "three dots": lambda w: ".../victim/key",
    "four dots": lambda w: "..../victim/key",
    "dots and a blank": lambda w: ".. /victim/key",
    "a blank and dots": lambda w: " ../victim/key",
    "dots and a tab": lambda w: "..\t/victim/key",
    "dots in quotes": lambda w: '"../victim/key"',
    "backslashes": lambda w: "..\\victim\\key",
    "backslashes and slashes": lambda w: "..\\../victim/key",
    "a drive letter": lambda w: "C:../victim/key",
    "percent signs": lambda w: "%2e%2e/victim/key",
    "percent signs for slashes": lambda w: "..%2fvictim%2fkey",
    "percent signs twice": lambda w: "%252e%252e%252fvictim%252fkey",
    "an address": lambda w: f"file:///{outside_of(w)}",
    "overlong UTF-8 slashes": lambda w: b"..\xc0\xafvictim\xc0\xafkey",
    "overlong UTF-8 dots": lambda w: b"\xc0\xae\xc0\xae/victim/key",
    "overlong UTF-8 of three bytes": lambda w: b"..\xe0\x80\xafvictim\xe0\x80\xafkey",
    "wide dots and slashes": lambda w: "\uff0e\uff0e\uff0fvictim\uff0fkey",
    "a division slash": lambda w: "..\u2215victim\u2215key",
    "half of a UTF-8 character": lambda w: b"..\xe2\x88/victim/key",
    "a NUL between the dots": lambda w: b".\x00./victim/key",
    "a NUL behind the path": lambda w: b"../victim/key\x00.txt",
    "a CR between the dots": lambda w: b".\r./victim/key",
    "a CR and a NUL between the dots": lambda w: b".\r\x00./victim/key",
    "Telnet's interrupt between the dots": lambda w: b".\xff\xf4./victim/key",
    "Telnet's negotiation between the dots": lambda w: b".\xff\xfc\x01./victim/key",
    "Telnet's doubled 255 between the dots": lambda w: b".\xff\xff./victim/key",
    "a backspace over a name": lambda w: b"x\x08../victim/key",
    "a home of somebody": lambda w: "~victim/key",
    "a home of one's own": lambda w: "~/../victim/key",
    "a variable": lambda w: "$HOME/../victim/key",
    "a command": lambda w: "`cat ../victim/key`",
    "braces": lambda w: "{..,.}/victim/key",
    "wildcards": lambda w: "*/../../victim/*",
    "wildcards for dots": lambda w: "[.][.]/victim/key",
    "question marks for dots": lambda w: "??/victim/k?y",
    "a wildcard above": lambda w: "../*/key",
    "switches": lambda w: "-la ../victim/key",
    "the processes' root": lambda w: f"/proc/self/root/{outside_of(w)}",
    "a descriptor": lambda w: "/dev/fd/3",
    "a name of 256 bytes": lambda w: "n" * 256 + "/../../victim/key",
    "a path of 5,000 bytes": lambda w: "sub/../" * 700 + "../victim/key",
    "more steps up than a path can hold": lambda w: "../" * 1300 + "victim/key",
}


@pytest.mark.parametrize("way", TEXTS)
def test_no_text_leads_out(world, way):
    world.watch()
    with world.login() as spy:
        try_everything(spy, TEXTS[way](world))
        spy.check_use()
        world.check()


@pytest.mark.parametrize("length", [255, 256, 1000, 4090, 4096, 5000, 9000])
def test_names_of_any_length_are_answered(world, length):
    world.watch()
    with world.login() as spy:
        for name in ("n" * length, "n/" * (length // 2), "../" * (length // 3) + "victim/key"):
            for verb in ("SIZE", "MKD", "RMD", "DELE", "CWD", "RNFR", "MLST", "SITE MKDIR",
                         "SITE CHMOD 600", "MFMT 20200101000000"):
                spy.say(verb, name)
            spy.expect("CWD /", 250)
        spy.check_use()
    world.check()


def test_a_tree_deeper_than_any_path(world):
    """Each step is a name of its own; what cannot be named any more is refused."""
    name = "d" * 200
    world.watch()
    with world.login() as spy:
        for _ in range(30):
            spy.say(f"MKD {name}")
            if spy.say(f"CWD {name}").code != 250:
                break
        for line in ("MKD x", "SITE SYMLINK /mine x", "STAT .", "CWD ..", "MLST"):
            spy.say(line)
        spy.move("STOR", "../" * 60 + "victim/key", content=b"evil")
        spy.move("NLST")
        spy.check_use()
        with contextlib.suppress(AssertionError):
            spy.expect(f"SITE RMDIR -r /{name}", 200)
    world.check()
    shutil.rmtree(world.home / name, ignore_errors=True)


def test_there_are_many_of_them():
    assert len(TEXTS) >= 45, "with the links, more than sixty"
