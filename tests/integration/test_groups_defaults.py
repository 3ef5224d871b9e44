"""Groups that carry defaults: a user's own limit counts, else its group's, else the server's; ways
of uploading and quotas likewise; and how all of it is set and shown."""

import os
import re

import pytest

from sallyport_lab.control import Transfer
from sallyport_lab.daemon import PASSWORD
from sallyport_lab.wait import eventually

pytestmark = pytest.mark.sanitize

NO_QUOTA = {"bytes": 0, "files": 0}
AS_GROUP = {"bytes": None, "files": None}


@pytest.fixture(scope="module")
def server(start_module_server):
    return start_module_server(plain_ftp=True, failed_login_delay=0, uploads="direct",
                               upload_size="2000", extra_data_roots="/srv")


@pytest.fixture
def name(request):
    return re.sub(r"\W+", "-", request.node.name)[:60]


@pytest.fixture
def member(server, name):
    """A user in a group of its own; both have the test's name."""
    server.cli("group", "add", name)
    server.add_user(name, PASSWORD, "--group", name)
    return name


def show(server, kind, name):
    return server.cli_json(kind, "show", name)


def store(server, user, size):
    with server.login(user, tls=False) as control:
        control.expect("TYPE I", 200)
        reply = control.command("STOR file")
        done = (Transfer(first=reply, final=reply) if reply.code != 425
                else control.transfer("STOR file", bytes(size)))
        return done.final


def appears_at_once(server, user):
    """An upload that is going on has its name already."""
    with server.login(user, tls=False) as control:
        control.expect("TYPE I", 200)
        running = control.start("STOR new")
        running.data.sendall(b"x" * 100)
        eventually(lambda: any(s["user"] == user and s["transfer"] and s["transfer"]["bytes"]
                               for s in server.sessions()), 5)
        appears = (server.home(user) / "new").exists()
        running.data.close()
        control.expect_reply(226)
    os.unlink(server.home(user) / "new")
    return appears


# What holds


def test_a_limit_is_the_users_or_else_the_groups_or_else_the_servers(server, member):
    assert store(server, member, 2001).code == 552, "the server's"
    server.cli("group", "set", member, "--upload-size", "4000")
    assert store(server, member, 4000).code == 226, "the group's"
    reply = store(server, member, 4001)
    assert reply.code == 552 and "upload_size = 4000 bytes" in reply.text
    server.cli("user", "set", member, "--upload-size", "1000")
    assert store(server, member, 1001).code == 552, "its own"
    server.cli("user", "set", member, "--upload-size", "none")
    assert store(server, member, 9000).code == 226
    server.cli("user", "set", member, "--upload-size", "default")
    assert store(server, member, 4001).code == 552
    server.cli("group", "set", member, "--upload-size", "none")
    assert store(server, member, 9000).code == 226
    server.cli("group", "set", member, "--upload-size", "default")
    assert store(server, member, 2001).code == 552


def test_the_groups_sessions_are_those_of_each_member(server, member):
    server.cli("group", "set", member, "--user-sessions", "1")
    other = f"{member}-2"
    server.add_user(other, PASSWORD, "--group", member)
    with server.login(member, tls=False), server.login(other, tls=False):
        control = server.connect()
        control.expect(f"USER {member}", 331)
        assert "(limit 1, 1 open" in control.expect(f"PASS {PASSWORD}", 421).text


@pytest.mark.tsan
def test_a_way_of_uploading_is_the_users_or_else_the_groups_or_else_the_servers(server, member):
    assert appears_at_once(server, member), "the server's"
    server.cli("group", "set", member, "--uploads", "atomic")
    assert not appears_at_once(server, member), "the group's"
    server.cli("user", "set", member, "--uploads", "direct")
    assert appears_at_once(server, member), "its own"
    server.cli("user", "set", member, "--uploads", "default")
    assert not appears_at_once(server, member)
    server.cli("user", "set", member, "--group", "")
    assert appears_at_once(server, member)


# How it is set and shown


def test_a_new_user_has_nothing_of_its_own(server, name):
    server.add_user(name)
    user = show(server, "user", name)
    assert user["quota"] == AS_GROUP and user["uploads"] is None
    assert set(user["limits"].values()) == {None}
    assert user["effective"] == {"limits": user["limits"], "uploads": None, "quota": NO_QUOTA,
                                 "group_quota": NO_QUOTA}
    assert re.search(r"Quota +none", server.cli("user", "show", name).stdout)


def test_a_users_quota_is_set_in_halves_and_reset(server, member):
    server.cli("user", "set", member, "--quota-bytes", "10G", "--quota-files", "1000")
    assert show(server, "user", member)["quota"] == {"bytes": 10 << 30, "files": 1000}
    assert "10G bytes, 1000 files" in server.cli("user", "show", member).stdout
    assert "10G bytes, 1000 files" in server.cli("user", "list").stdout
    server.cli("user", "set", member, "--quota-files", "none")
    assert show(server, "user", member)["quota"] == {"bytes": 10 << 30, "files": 0}
    server.cli("user", "set", member, "--quota-bytes", "default")
    assert show(server, "user", member)["quota"] == {"bytes": None, "files": 0}
    code, user = server.request("PATCH", f"/users/{member}", {"quota": {"files": 5}})
    assert code == 200 and user["quota"] == {"bytes": None, "files": 5}
    assert user["effective"]["quota"] == {"bytes": 0, "files": 5}
    code, user = server.request("PATCH", f"/users/{member}", {"home": member})
    assert code == 200 and user["quota"] == {"bytes": None, "files": 5}, "unchanged"


def test_a_group_has_a_quota_that_members_share_and_one_for_each(server, member):
    server.cli("group", "set", member, "--quota-bytes", "1T", "--member-quota-bytes", "10G",
               "--member-quota-files", "500")
    group = show(server, "group", member)
    assert group["quota"] == {"bytes": 1 << 40, "files": 0}
    assert group["member_quota"] == {"bytes": 10 << 30, "files": 500}
    effective = show(server, "user", member)["effective"]
    assert effective["group_quota"] == {"bytes": 1 << 40, "files": 0}
    assert effective["quota"] == {"bytes": 10 << 30, "files": 500}
    server.cli("user", "set", member, "--quota-bytes", "none", "--quota-files", "7")
    effective = show(server, "user", member)["effective"]
    assert effective["group_quota"] == {"bytes": 1 << 40, "files": 0}
    assert effective["quota"] == {"bytes": 0, "files": 7}
    text = server.cli("group", "show", member).stdout
    assert "1T bytes for all members together" in text
    assert "10G bytes, 500 files for each member without its own" in text
    assert "1T bytes for all its members together" in server.cli("user", "show", member).stdout
    assert re.search(rf"{member} .* 1T bytes +10G bytes, 500 files", server.cli("group",
                                                                                  "list").stdout)
    server.cli("group", "set", member, "--quota-bytes", "none", "--member-quota-bytes", "none",
               "--member-quota-files", "none")
    group = show(server, "group", member)
    assert group["quota"] == group["member_quota"] == NO_QUOTA


def test_what_comes_from_the_group_is_shown_as_such(server, member):
    server.cli("group", "set", member, "--user-sessions", "4", "--uploads", "atomic",
               "--member-quota-files", "9")
    server.cli("user", "set", member, "--min-rate", "1K")
    user = show(server, "user", member)
    assert user["limits"]["user_sessions"] is None and user["uploads"] is None
    assert user["effective"]["limits"]["user_sessions"] == 4
    assert user["effective"]["limits"]["min_rate"] == 1024
    assert user["effective"]["uploads"] == "atomic"
    text = server.cli("user", "show", member).stdout
    assert re.search(r"User sessions +4 \(of the group\)", text)
    assert re.search(r"Uploads +atomic \(of the group\)", text)
    assert re.search(r"Quota +9 files \(of the group, for each member\)", text)
    assert re.search(r"Min rate +1K$", text, re.M)


def test_a_folder_has_a_quota(server, member):
    server.cli("user", "set", member, "--folder", "/a=/srv/a:ro:quota=10G:files=1000",
               "--folder", "/b=/srv/b:files=7", "--folder", "/c=/srv/c:d:rw")
    folders = show(server, "user", member)["folders"]
    assert folders == [
        {"path": "/a", "directory": "/srv/a", "read_only": True,
         "quota": {"bytes": 10 << 30, "files": 1000}},
        {"path": "/b", "directory": "/srv/b", "read_only": False,
         "quota": {"bytes": 0, "files": 7}},
        {"path": "/c", "directory": "/srv/c:d", "read_only": False, "quota": NO_QUOTA}]
    code, user = server.request("PATCH", f"/users/{member}", {"folders": folders})
    assert code == 200 and user["folders"] == folders
    text = server.cli("user", "show", member).stdout
    assert "/a → /srv/a (read-only), quota 10G bytes, 1000 files" in text
    assert re.search(r"/c → /srv/c:d$", text, re.M)


def test_what_is_no_quota_and_no_way_of_uploading_is_refused(server, member):
    for wrong in ({"bytes": -1}, {"files": "1"}, {"bytes": 1.5}, {"size": 1}):
        for path, field in ((f"/users/{member}", "quota"), (f"/groups/{member}", "quota"),
                            (f"/groups/{member}", "member_quota")):
            code, problem = server.request("PATCH", path, {field: wrong})
            assert code == 422 and problem["field"] == field, problem
        folder = {"path": "/a", "directory": "/srv/a", "quota": wrong}
        code, problem = server.request("PATCH", f"/users/{member}", {"folders": [folder]})
        assert code == 422 and problem["field"] == "folders", problem
    for kind in ("users", "groups"):
        code, problem = server.request("PATCH", f"/{kind}/{member}", {"uploads": "sometimes"})
        assert code == 422 and problem["field"] == "uploads"
        code, problem = server.request("PATCH", f"/{kind}/{member}", {"limits": {"speed": 1}})
        assert code == 422 and problem["field"] == "limits"
    code, problem = server.request("PATCH", f"/users/{member}", {"member_quota": {"bytes": 1}})
    assert code == 422 and problem["field"] == "member_quota"
    for options in (("--quota-bytes", "much"), ("--uploads", "fast"), ("--quota-files", "-1"),
                    ("--folder", "/a=/srv/a:quota=much")):
        done = server.cli("user", "set", member, *options, check=False)
        assert done.returncode == 2 and done.stderr, options
    done = server.cli("group", "set", member, "--member-quota-bytes", "default", check=False)
    assert done.returncode == 2 and "none" in done.stderr
    code, problem = server.request("PATCH", "/groups/nobody", {"quota": {"bytes": 1}})
    assert code == 404
