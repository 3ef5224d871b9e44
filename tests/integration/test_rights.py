"""What one user may do where: rules by path, denied and hidden names, virtual folders, groups; and
the ways around them that a client may try."""

import os
import re
import shutil
import threading

import pytest

from sallyport_lab.control import Transfer
from sallyport_lab.daemon import IS_ROOT, PASSWORD, SERVICE_USER

pytestmark = pytest.mark.sanitize


@pytest.fixture(scope="module")
def server(start_module_server):
    return start_module_server(plain_ftp=True, failed_login_delay=0,
                               extra_data_roots="/srv, /nowhere")


@pytest.fixture
def user(server, request):
    """A user of its own for each test."""
    name = re.sub(r"\W+", "-", request.node.name)[:60]
    server.add_user(name)
    return name


def folder(server, name, **files):
    """A directory beside the homes, with files in it."""
    path = server.data_root / name
    path.mkdir(exist_ok=True)
    for file, content in files.items():
        (path / file).write_bytes(content)
    if IS_ROOT:
        for item in (path, *path.iterdir()):
            shutil.chown(item, SERVICE_USER, SERVICE_USER)
    return path


def allow(server, user, *options):
    server.cli("user", "set", user, *options)
    return server.login(user, tls=False)


def names(control, path=""):
    """Names and facts of a directory, without itself."""
    entries = {}
    for line in control.listing(f"MLSD {path}".strip()):
        facts, name = line.split(" ", 1)
        facts = dict(fact.split("=", 1) for fact in facts.lower().rstrip(";").split(";"))
        if facts["type"] not in ("cdir", "pdir"):
            entries[name] = facts
    return entries


def transfer(control, command, content=None):
    """Rights are asked about before the data connection: 425 says that only that is missing."""
    reply = control.command(command)
    if reply.code == 425:
        return control.transfer(command, content)
    # A command that was refused has left its data connection to this one.
    final = control.read_reply() if reply.code == 150 else reply
    return Transfer(first=reply, final=final)


def store(control, path, content):
    return transfer(control, f"STOR {path}", content)


def fetch(control, path):
    return transfer(control, f"RETR {path}")


def perm(control, path):
    reply = control.expect(f"MLST {path}", 250)
    return re.search(r"perm=(\w*);", reply.lines[1], re.I)[1]


# Rules by path


def test_the_most_specific_rule_decides(server, user):
    server.put("pub/in/old", b"old", user)
    server.put("pub/read", b"read", user)
    server.put("top", b"top", user)
    with allow(server, user, "--rule", "/pub=read-only", "--rule", "/pub/in=list,upload") as c:
        assert store(c, "new", b"1").code == 226
        assert store(c, "pub/new", b"1").code == 550
        assert store(c, "pub/in/new", b"1").code == 226
        assert store(c, "pub/in/old", b"1").code == 550, "no permission to overwrite there"
        assert fetch(c, "pub/read").data == b"read"
        assert fetch(c, "pub/in/old").code == 550
        assert "D-90" in c.expect("DELE pub/read", 550).text
        c.expect("DELE top", 250)
        c.expect("MKD pub/x", 550)
        c.expect("SITE MKDIR -p pub/x/y", 550)
        c.expect("MFMT 20200101000000 pub/read", 550)
        c.expect("SITE CHMOD 600 pub/read", 550)
        c.expect("HASH pub/in/old", 550)
        c.expect("CWD pub/in", 250)
        assert store(c, "again", b"1").code == 226
        assert fetch(c, "../read").data == b"read"
    assert (server.home(user) / "pub/in/old").read_bytes() == b"old"


def test_perm_tells_the_truth_for_each_path(server, user):
    server.put("pub/in/file", b"x", user)
    server.put("pub/file", b"x", user)
    server.put("file", b"x", user)
    with allow(server, user, "--rule", "/pub=read-only", "--rule", "/pub/in=list,upload,delete",
               "--deny", "*.exe") as c:
        assert set(perm(c, "file")) == set("adfrw")
        assert set(perm(c, "pub/file")) == set("r")
        assert set(perm(c, "pub/in/file")) == set("d")
        assert set(perm(c, "pub")) == set("el"), "renaming it would take its rules along"
        assert set(perm(c, "pub/in")) == set("celp")
        assert set(names(c, "pub")["file"]["perm"]) == set("r")
        assert set(names(c, "pub/in")["file"]["perm"]) == set("d")
        assert set(names(c)["pub"]["perm"]) == set("el")


def test_a_directory_does_not_take_its_content_out_of_a_rule(server, user):
    server.put("d/ro/file", b"x", user)
    server.put("tmp/ro/evil", b"x", user)
    with allow(server, user, "--rule", "/d/ro=read-only", "--rule", "/b/ro=read-only") as c:
        c.expect("RNFR d", 550)
        c.expect("SITE RMDIR -r d", 550)
        c.expect("RNFR tmp", 350)
        c.expect("RNTO b", 550)
        c.expect("RNFR tmp", 350)
        c.expect("RNTO c", 250)
    assert (server.home(user) / "d/ro/file").exists()


def test_no_link_leads_around_a_rule(server, user):
    home = server.home(user)
    server.put("ro/file", b"kept", user)
    server.put("free", None, user)
    (home / "free/dir").symlink_to("../ro")
    (home / "free/name").symlink_to("../ro/file")
    (home / "free/new").symlink_to("../ro/new")
    (home / "free/chain").symlink_to("dir")
    (home / "free/out").symlink_to("/etc")
    (home / "free/loop").symlink_to("loop")
    with allow(server, user, "--rule", "/ro=read-only") as c:
        c.expect("SITE SYMLINK /ro/file /free/made", 200)
        for path in ("free/dir/file", "free/name", "free/made", "free/chain/file"):
            assert store(c, path, b"evil").code == 550, path
            assert transfer(c, f"APPE {path}", b"evil").code == 550, path
            assert fetch(c, path).data == b"kept", path
            c.expect(f"MFMT 20200101000000 {path}", 550)
        assert store(c, "free/dir/x", b"evil").code == 550
        assert store(c, "free/new", b"evil").code == 550
        c.expect("DELE free/dir/file", 550)
        c.expect("MKD free/dir/x", 550)
        c.expect("CWD free/chain", 250)
        assert store(c, "x", b"evil").code == 550
        c.expect("CWD /", 250)
        c.expect("CWD free/out", 550)
        assert fetch(c, "free/loop").code == 550
        c.expect("DELE free/name", 250)  # the link itself lies where it may be deleted
    assert sorted(os.listdir(home / "ro")) == ["file"]
    assert (home / "ro/file").read_bytes() == b"kept"


def test_links_swapped_during_uploads_never_reach_a_forbidden_place(server, user):
    """A link that changes between our look and the opening of the file."""
    home = server.home(user)
    server.put("ro/file", b"kept", user)
    server.put("free/good/file", b"", user)
    stop = threading.Event()

    def swap():
        at, other = home / "free/at", home / "free/other"
        at.mkdir()
        shutil.chown(at, SERVICE_USER) if IS_ROOT else None
        while not stop.is_set():
            os.rename(at, other)
            os.symlink("../ro", at)
            os.unlink(at)
            os.rename(other, at)

    swapper = threading.Thread(target=swap)
    with allow(server, user, "--rule", "/ro=read-only") as c:
        swapper.start()
        try:
            for _ in range(150):
                store(c, "free/at/file", b"evil")
        finally:
            stop.set()
            swapper.join()
    assert (home / "ro/file").read_bytes() == b"kept"


# Names


def test_hidden_names_are_as_if_they_were_not_there(server, user):
    server.put(".secret/key", b"x", user)
    server.put(".file", b"x", user)
    server.put("dir/.file", b"x", user)
    server.put("seen", b"x", user)
    (server.home(user) / "way").symlink_to(".file")
    with allow(server, user, "--hide", ".*") as c:
        assert set(names(c)) == {"dir", "seen", "way"}
        assert names(c)["way"]["type"] != "file", "where it leads is not told"
        for command in ("LIST -a", "NLST", "LIST -R"):
            assert ".file" not in "".join(c.listing(command)), command
            assert "secret" not in "".join(c.listing(command)), command
        missing = c.expect("SIZE nothing", 550).text
        for path in (".file", ".secret/key", "dir/.file"):
            assert c.expect(f"SIZE {path}", 550).text == missing.replace("nothing", path)
            for verb in ("DELE", "RMD", "RNFR", "MLST", "MDTM", "HASH", "CWD", "SITE CPFR"):
                c.expect(f"{verb} {path}", 550)
            assert fetch(c, path).code == 550
        assert fetch(c, "way").code == 550
        there, gone = store(c, ".file", b"y"), store(c, ".other", b"y")
        assert there.code == gone.code == 553 and '".*"' in there.first.text
        assert there.first.text.replace(".file", ".other") == gone.first.text
        c.expect("MKD .new", 553)
        c.expect("RNFR seen", 350)
        c.expect("RNTO .seen", 553)
        c.expect("SITE RMDIR -r dir", 550)
        assert c.expect("DSIZ /", 213).text == "213 1"
    assert (server.home(user) / "dir/.file").exists(), "what is hidden is not removed"
    assert (server.home(user) / ".file").read_bytes() == b"x"


def test_denied_names_are_neither_written_nor_read(server, user):
    server.put("old.exe", b"x", user)
    server.put("bad.exe/file", b"x", user)
    server.put("good", b"x", user)
    with allow(server, user, "--deny", "*.exe", "--deny", "core") as c:
        refused = store(c, "new.exe", b"x")
        assert refused.code == 553 and '"*.exe"' in refused.first.text
        for code, command in ((550, "RETR old.exe"), (553, "STOR old.exe"), (553, "APPE x.exe"),
                              (550, "RETR bad.exe/file")):
            c.expect(command, code)
        c.expect("MKD core", 553)
        c.expect("RNFR old.exe", 550)
        c.expect("RNFR good", 350)
        c.expect("RNTO good.exe", 553)
        c.expect("SITE CPFR good", 350)
        c.expect("SITE CPTO good.exe", 553)
        c.expect("SITE SYMLINK old.exe plain", 200)
        assert fetch(c, "plain").code == 550, "a link does not change what the file is called"
        assert store(c, "new.EXE", b"x").code == 226, "patterns are case sensitive"
        assert "old.exe" in names(c), "they are shown"
        assert "r" not in perm(c, "old.exe")
        c.expect("DELE old.exe", 250)
    assert not (server.home(user) / "new.exe").exists()


# Virtual folders


def test_a_virtual_folder_is_part_of_the_tree(server, user):
    share = folder(server, f"share-{user}", file=b"shared")
    archive = folder(server, f"archive-{user}", old=b"old")
    with allow(server, user, "--folder", f"/share={share}",
               "--folder", f"/deep/er/archive={archive}:ro", "--folder", "/gone=/nowhere") as c:
        listed = names(c)
        assert set(listed) == {"share", "deep"}
        assert listed["share"]["type"] == "dir"
        assert set(listed["share"]["perm"]) == set("celmp")
        assert "archive" in names(c, "deep/er")
        assert set(perm(c, "/deep/er/archive")) == set("el")
        assert any("share" in line for line in c.listing("LIST"))
        assert "share" in c.listing("NLST")
        recursive = "\n".join(c.listing("LIST -R"))
        assert "/share:" in recursive and "file" in recursive

        c.expect("CWD share", 250)
        assert '"/share"' in c.expect("PWD", 257).text
        assert fetch(c, "file").data == b"shared"
        assert store(c, "new", b"new").code == 226
        c.expect("MKD dir", 257)
        c.expect("RNFR new", 350)
        c.expect("RNTO dir/new", 250)
        c.expect("SITE CPFR dir/new", 350)
        c.expect("SITE CPTO /copied", 250)
        c.expect("CDUP", 250)
        assert '"/"' in c.expect("PWD", 257).text
        assert fetch(c, "copied").data == b"new"
        assert fetch(c, "share/../copied").data == b"new"

        assert fetch(c, "/deep/er/archive/old").data == b"old"
        for line in ("DELE old", "MKD new", "RNFR old", "MFMT 20200101000000 old",
                     "SITE CHMOD 600 old"):
            c.expect(line.replace("old", "/deep/er/archive/old")
                     .replace("new", "/deep/er/archive/new"), 550)
        assert store(c, "/deep/er/archive/new", b"x").code == 550
        assert store(c, "/deep/er/archive/old", b"x").code == 550
    assert (share / "dir/new").read_bytes() == b"new"
    assert os.listdir(archive) == ["old"]
    server.log.wait_for("folder-unavailable.*nowhere")


def test_a_virtual_folder_stays_where_it_is(server, user):
    share = folder(server, f"stay-{user}", file=b"x")
    server.put("home-file", b"x", user)
    with allow(server, user, "--folder", f"/a/share={share}") as c:
        for path in ("/a/share", "/a"):
            c.expect(f"RNFR {path}", 550)
            c.expect(f"RMD {path}", 550)
            c.expect(f"SITE RMDIR -r {path}", 550)
            c.expect(f"DELE {path}", 550)
        c.expect("RNFR home-file", 350)
        c.expect("RNTO /a/share", 550)
        c.expect("MKD /a/share", 550)
        assert store(c, "/a/share", b"x").code == 550
        c.expect("RNFR home-file", 350)
        assert "across folders" in c.expect("RNTO /a/share/file2", 550).text
        c.expect("RNFR /a/share/file", 350)
        assert "across folders" in c.expect("RNTO /file", 550).text
        c.expect("SITE SYMLINK /a/share/file /link", 550)
    assert (share / "file").exists() and (server.home(user) / "home-file").exists()


def test_nothing_leads_out_of_a_virtual_folder(server, user):
    share = folder(server, f"out-{user}", file=b"x")
    secret = folder(server, f"secret-{user}", key=b"secret")
    (share / "up").symlink_to(f"../{secret.name}/key")
    (share / "absolute").symlink_to(secret / "key")
    (share / "dir").symlink_to("..")
    with allow(server, user, "--folder", f"/share={share}") as c:
        for path in ("share/up", "share/absolute", "share/dir/" + secret.name + "/key",
                     f"share/../../{secret.name}/key", f"share/../{secret.name}/key"):
            assert fetch(c, path).code == 550, path
        assert store(c, "share/dir/x", b"x").code == 550
        listed = names(c, "share")
        assert set(listed) == {"file", "up", "absolute", "dir"}
        assert listed["up"]["type"] not in ("file", "dir")


def test_a_rule_holds_inside_a_folder_too(server, user):
    share = folder(server, f"rule-{user}", file=b"x")
    with allow(server, user, "--folder", f"/share={share}", "--rule", "/share=list",
               "--hide", "hid*") as c:
        (share / "hidden").write_bytes(b"x")
        assert set(names(c, "share")) == {"file"}
        assert fetch(c, "share/file").code == 550
        assert set(perm(c, "share/file")) == set()


# Groups


def test_a_group_gives_defaults_and_the_user_goes_before_it(server, user):
    share = folder(server, f"group-{user}", file=b"x")
    group = f"g-{user}"
    server.cli("group", "add", group, "--permissions", "read-only", "--rule",
               "/incoming=list,upload", "--rule", "/own=none", "--deny", "*.bat", "--hide", ".*",
               "--folder", f"/team={share}")
    server.put("incoming", None, user)
    server.put("own/x", b"x", user)
    with allow(server, user, "--group", group, "--rule", "/own=all") as c:
        assert store(c, "top", b"x").code == 550, "the group's permissions"
        assert store(c, "incoming/a", b"x").code == 226
        assert store(c, "incoming/a.bat", b"x").code == 553
        assert set(names(c)) == {"incoming", "own", "team"}
        c.expect("DELE own/x", 250)
        assert fetch(c, "team/file").data == b"x"
    shown = server.cli_json("user", "show", user)
    assert shown["group"] == group
    assert shown["permissions"] == ["list", "download"] and shown["permissions_from"] == "group"
    assert server.cli_json("group", "show", group)["members"] == 1
    assert server.cli("group", "delete", group, check=False).returncode == 1

    with allow(server, user, "--permissions", "all") as c:
        assert store(c, "top", b"x").code == 226, "permissions of its own"
    server.cli("group", "set", group, "--hide", "")
    with allow(server, user, "--permissions", "inherit") as c:
        assert store(c, "top", b"x").code == 550
    server.cli("user", "set", user, "--group", "")
    server.cli("group", "delete", group)
    assert server.cli("group", "show", group, check=False).returncode == 1


def test_the_api_and_the_command_line_show_what_was_set(server, user):
    server.cli("user", "set", user, "--rule", "/a=list,download", "--rule", "/b=none", "--deny",
               "*.exe", "--hide", ".*", "--folder", "/share=/srv/share:ro")
    shown = server.cli_json("user", "show", user)
    assert shown["rules"] == [{"path": "/a", "permissions": ["list", "download"]},
                              {"path": "/b", "permissions": []}]
    assert shown["denied"] == ["*.exe"] and shown["hidden"] == [".*"]
    assert shown["folders"] == [{"path": "/share", "directory": "/srv/share", "read_only": True,
                                 "quota": {"bytes": 0, "files": 0}}]
    text = server.cli("user", "show", user).stdout
    assert "/a: list,download" in text and "/share → /srv/share (read-only)" in text
    server.cli("user", "set", user, "--rule", "")
    assert server.cli_json("user", "show", user)["rules"] == []
    listed = {u["name"]: u for u in server.cli_json("user", "list")["users"]}
    assert listed[user]["hidden"] == [".*"]


@pytest.mark.parametrize("options", [
    ("--rule", "/a"), ("--rule", "/a=fly"), ("--rule", "a=list"), ("--rule", "/a/../b=list"),
    ("--rule", "/a=list", "--rule", "/a=all"), ("--deny", "a/b"), ("--hide", "x" * 256),
    ("--folder", "/share"), ("--folder", "/=/srv"), ("--folder", "/share=srv"),
    ("--folder", "/share=/"), ("--group", "nowhere"),
])
def test_rights_that_make_no_sense_are_refused(server, user, options):
    done = server.cli("user", "set", user, *options, check=False)
    assert done.returncode in (1, 2) and done.stderr
    shown = server.cli_json("user", "show", user)
    assert not (shown["rules"] or shown["denied"] or shown["hidden"] or shown["folders"])
    assert shown["group"] is None


def test_a_user_that_cannot_have_its_rights_is_not_added(server):
    done = server.cli("user", "add", "half", "--password-stdin", "--group", "nowhere",
                      text=PASSWORD + "\n", check=False)
    assert done.returncode == 1 and "nowhere" in done.stderr
    assert server.cli("user", "show", "half", check=False).returncode == 1
