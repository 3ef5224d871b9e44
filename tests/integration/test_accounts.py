"""Users: the command line, the manager's socket, permissions, and what a login tells to whom."""

import os
import pwd
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

from sallyport_lab.control import Background, Closed
from sallyport_lab.daemon import IS_ROOT, PASSWORD, SALLYPORT
from sallyport_lab.wait import eventually

ALL = "list download upload overwrite delete rename mkdir rmdir attributes".split()


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, failed_login_delay=0)
    server.add_user()
    return server


def can_log_in(server, name, password=PASSWORD):
    with server.connect() as control:
        control.expect(f"USER {name}", 331)
        return control.command(f"PASS {password}").code == 230


def test_what_another_process_commits_holds_for_the_next_login(server):
    server.add_user("carla")
    database = sqlite3.connect(server.folder / "state" / "accounts.db", isolation_level=None)
    for is_enabled in (0, 1, 0, 1):
        for _ in range(3):
            assert can_log_in(server, "carla") == (not is_enabled)
        database.execute("UPDATE users SET enabled = ? WHERE name = 'carla'", [is_enabled])
        assert can_log_in(server, "carla") == bool(is_enabled)
    database.close()


# The command line


@pytest.mark.sanitize
def test_the_life_of_a_user(server):
    server.cli("user", "add", "carol", "--password-stdin", text="first\n")
    assert can_log_in(server, "carol", "first")
    assert server.home("carol").is_dir(), "a relative home is made at the first login"

    server.cli("user", "passwd", "carol", "--password-stdin", text="second\n")
    assert not can_log_in(server, "carol", "first")
    assert can_log_in(server, "carol", "second")

    server.cli("user", "disable", "carol")
    assert not can_log_in(server, "carol", "second")
    server.cli("user", "enable", "carol")
    assert can_log_in(server, "carol", "second")

    server.cli("user", "set", "carol", "--permissions", "read-only")
    assert server.cli_json("user", "show", "carol")["permissions"] == ["list", "download"]
    server.cli("user", "set", "carol", "--permissions", "all", "--home", "elsewhere")
    shown = server.cli_json("user", "show", "carol")
    assert sorted(shown["permissions"]) == sorted(ALL)
    assert shown["home"] == "elsewhere"

    server.cli("user", "delete", "carol")
    assert not can_log_in(server, "carol", "second")
    assert server.cli("user", "show", "carol", check=False).returncode == 1


def test_lists_are_tables_for_people_and_json_for_scripts(server):
    server.add_user("enabled-one")
    server.add_user("disabled-one", PASSWORD, "--disabled")
    lines = server.cli("user", "list").stdout.splitlines()
    assert any("enabled-one" in line and "✓" in line and "enabled" in line for line in lines)
    assert any("disabled-one" in line and "✗" in line and "disabled" in line for line in lines)
    assert "\033[" not in "".join(lines), "no colours into a pipe"
    users = {user["name"]: user for user in server.cli_json("user", "list")["users"]}
    assert users["enabled-one"]["enabled"] is True
    assert users["disabled-one"]["enabled"] is False
    assert "password" not in str(users)


def test_last_login_is_remembered(server):
    server.add_user("dora")
    assert server.cli_json("user", "show", "dora")["last_login"] is None
    assert can_log_in(server, "dora")

    def last_login():
        return server.cli_json("user", "show", "dora")["last_login"]
    assert re.match(r"\d{4}-\d\d-\d\dT", eventually(last_login, 10))
    assert "127.0.0.1" in server.cli_json("user", "show", "dora")["last_login_from"]


@pytest.mark.parametrize("arguments, status", [
    (("user", "add", "alice", "--password-stdin"), 1),
    (("user", "add", "../evil", "--password-stdin"), 1),
    (("user", "add", "x", "--permissions", "fly", "--password-stdin"), 1),
    (("user", "delete", "nobody-here"), 1),
    (("user", "add", "x", "--password", "secret"), 2),
    (("user", "frobnicate"), 2),
    (("usr", "list"), 2),
], ids=lambda value: " ".join(value) if isinstance(value, tuple) else None)
def test_mistakes_on_the_command_line_are_explained(server, arguments, status):
    done = server.cli(*arguments, text="password\n", check=False)
    assert done.returncode in (1, 2)
    assert done.stderr.strip(), "says what is wrong"
    assert "secret" not in done.stderr
    if status == 2:
        assert done.returncode == 2


def test_status_and_session_list_and_kick(server):
    with server.login() as control:
        assert server.cli("status").stdout
        status = server.cli_json("status")
        assert len(status["workers"]) >= 2
        mine = [s for s in server.cli_json("session", "list")["sessions"] if s["user"] == "alice"]
        assert mine
        assert "alice" in server.cli("session", "list").stdout
        for session in mine:
            server.cli("session", "kick", session["id"], "--reason", "Maintenance at noon.")
        assert "Maintenance at noon." in control.expect_reply(421).text
        assert control.is_closed()


def test_the_cli_says_when_no_daemon_runs(start_server):
    server = start_server()
    server.terminate()
    done = server.cli("status", check=False)
    assert done.returncode == 1
    assert "not running" in done.stderr


# Ending live sessions


@pytest.mark.sanitize
@pytest.mark.tsan
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("action", ["disable", "delete"])
def test_disabling_or_deleting_a_user_ends_its_sessions_at_once(server, action, tls):
    name = f"leaving-{action}-{tls}"
    server.add_user(name)
    with server.login(name, tls=tls) as control, server.login("alice", tls=tls) as other:
        begin = time.monotonic()
        server.cli("user", action, name)
        reply = control.expect_reply(421)
        assert time.monotonic() - begin < 15, "long before any timeout"
        assert action in reply.text
        assert control.is_closed()
        other.expect("NOOP", 200)


@pytest.mark.sanitize
@pytest.mark.tsan
def test_a_transfer_of_a_disabled_user_ends_with_421(server):
    server.add_user("downloading")
    path = server.put("big.bin", user="downloading")
    with open(path, "r+b") as file:
        file.truncate(1 << 30)
    with server.login("downloading") as control:
        running = control.start("RETR big.bin")
        running.read()
        server.cli("user", "disable", "downloading")
        codes = []
        try:
            while True:
                codes.append(control.read_reply().code)
        except Closed:
            pass
        assert 421 in codes and set(codes) <= {426, 421}
        running.data.close()


# What a refused login tells


def refused(server, name, password):
    """(reply text, seconds)"""
    with server.connect() as control:
        control.expect(f"USER {name}", 331)
        begin = time.perf_counter()
        reply = control.expect(f"PASS {password}", 530)
        return reply.text, time.perf_counter() - begin


def test_wrong_user_wrong_password_and_disabled_user_look_the_same(server):
    server.add_user("locked", PASSWORD, "--disabled")
    cases = {"nobody-at-all": PASSWORD, "alice": "wrong", "locked": PASSWORD}
    times = {name: [] for name in cases}
    texts = set()

    def quickest_are_alike():
        """The least of many: whatever else the machine does only adds."""
        quickest = [min(values) for values in times.values()]
        return max(quickest) < 1.3 * min(quickest) + 0.01

    for _ in range(6):
        for _ in range(7):
            for name, password in cases.items():
                text, seconds = refused(server, name, password)
                texts.add(text)
                times[name].append(seconds)
        if quickest_are_alike():
            break
    assert len(texts) == 1
    assert quickest_are_alike(), times


def test_the_true_reason_goes_to_the_log(server):
    server.add_user("locked-too", PASSWORD, "--disabled")
    position = server.log.position()
    refused(server, "nobody-at-all", "x")
    refused(server, "alice", "x")
    refused(server, "locked-too", PASSWORD)
    for user, reason in (("nobody-at-all", "no-such-user"), ("alice", "wrong-password"),
                         ("locked-too", "disabled")):
        line = server.log.wait_for(f"login-refused.*{user}", since=position)
        assert reason in line
        assert "127.0.0.1" in line


def test_a_failed_login_takes_its_delay(start_server):
    server = start_server(plain_ftp=True, failed_login_delay=700)
    server.add_user()
    assert refused(server, "alice", "wrong")[1] >= 0.69


def test_ten_logins_at_once_pay_for_one_verification(start_server):
    server = start_server(plain_ftp=True, verify_threads=1)
    server.add_user()

    def seconds_of(fn):
        begin = time.perf_counter()
        fn()
        return time.perf_counter() - begin

    def login(password=PASSWORD):
        with server.connect() as control:
            control.expect("USER alice", 331)
            assert control.command(f"PASS {password}").code in (230, 530)

    first = seconds_of(login)  # pays; a warmed up start does not hide the cost
    server.cli("user", "passwd", "alice", "--password-stdin", text=PASSWORD + "\n")

    def ten():
        for one in [Background(login) for _ in range(10)]:
            one.result()
    together = seconds_of(ten)
    again = min(seconds_of(login) for _ in range(5))
    assert together < 3 * first + 0.15, f"one {first:.3f} s, ten at once {together:.3f} s"
    assert again < first, "a verified password is remembered"


def test_a_changed_password_is_not_remembered(server):
    server.add_user("erin", "before")
    assert can_log_in(server, "erin", "before")
    server.cli("user", "passwd", "erin", "--password-stdin", text="after\n")
    assert not can_log_in(server, "erin", "before")
    assert can_log_in(server, "erin", "after")


def test_passwords_never_appear_in_logs_or_session_lists(start_server):
    server = start_server(plain_ftp=True, log_level="debug")
    secret = "Xq7-unspeakable-Zz9"
    server.add_user("frank", secret)
    with server.login("frank", secret, tls=False) as control:
        control.expect("NOOP", 200)
        refused(server, "frank", secret + "-almost")
        assert secret not in str(server.sessions())
    with server.connect() as control:
        control.send(f"pass {secret}")
        control.read_reply()
        control.send(f" PASS  {secret}")
        control.read_reply()
        assert secret not in str(server.sessions())
    assert secret not in server.log.text
    database = b"".join(path.read_bytes() for path in (server.folder / "state").rglob("*")
                        if path.is_file())
    assert secret.encode() not in database
    assert b"$y$" in database, "yescrypt"


# Permissions


DENIED = [
    ("list", lambda c: c.transfer("MLSD").code),
    ("list", lambda c: c.transfer("LIST").code),
    ("list", lambda c: c.transfer("NLST").code),
    ("download", lambda c: c.transfer("RETR here").code),
    ("upload", lambda c: c.transfer("STOR new-file", b"x").code),
    ("upload", lambda c: c.transfer("APPE new-file", b"x").code),
    ("overwrite", lambda c: c.transfer("STOR here", b"x").code),
    ("overwrite", lambda c: c.transfer("APPE here", b"x").code),
    ("delete", lambda c: c.command("DELE here").code),
    ("rename", lambda c: c.command("RNFR here").code),
    ("mkdir", lambda c: c.command("MKD new-dir").code),
    ("rmdir", lambda c: c.command("RMD folder").code),
]


@pytest.mark.parametrize("permission, attempt", DENIED,
                         ids=[f"{p}-{i}" for i, (p, _) in enumerate(DENIED)])
def test_a_user_without_a_permission_gets_550(server, permission, attempt):
    name = f"without-{permission}"
    if server.cli("user", "show", name, check=False).returncode:
        rest = ",".join(word for word in ALL if word != permission)
        server.add_user(name, PASSWORD, "--permissions", rest)
    server.put("here", b"content", user=name)
    server.put("folder", None, user=name)
    with server.login(name, tls=False) as control:
        assert attempt(control) == 550
        assert (server.home(name) / "here").read_bytes() == b"content"
        assert (server.home(name) / "folder").is_dir()
        assert not (server.home(name) / "new-file").exists()
        assert not (server.home(name) / "new-dir").exists()
        control.expect("NOOP", 200)


def test_homes_keep_users_apart(server):
    server.add_user("left")
    server.add_user("right")
    server.put("mine.txt", b"of left", user="left")
    with server.login("right") as control:
        assert control.listing("NLST") == []
        assert control.transfer("RETR ../left/mine.txt").code == 550


# The manager's socket


@pytest.mark.skipif(not IS_ROOT or not shutil.which("setpriv"), reason="becomes someone else")
def test_the_socket_serves_root_and_the_daemons_user_only(server):
    def as_user(uid):
        return subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
                               SALLYPORT, "--config", server.config, "status"],
                              capture_output=True, text=True, timeout=20)
    stranger = as_user(65534)
    assert stranger.returncode == 1
    assert stranger.stderr
    os.chmod(server.run_directory, 0o755)
    os.chmod(server.run_directory / "manager.sock", 0o666)  # whatever the file modes let through
    assert as_user(65534).returncode == 1
    assert as_user(pwd.getpwnam("sallyport").pw_uid).returncode == 0


@pytest.mark.parametrize("method, path, body, status", [
    ("GET", "/nothing", None, 404),
    ("PUT", "/users", None, 405),
    ("POST", "/users", {"name": "x"}, 422),
    ("POST", "/users", {"name": "x", "password": "y", "colour": "red"}, 422),
    ("POST", "/users", {"name": 5, "password": "y"}, 422),
    ("POST", "/users", {"name": "alice", "password": "y"}, 409),
    ("PATCH", "/users/nobody-here", {"enabled": True}, 404),
    ("PATCH", "/users/alice", {"enabled": "perhaps"}, 422),
    ("DELETE", "/sessions/999999", None, 404),
])
def test_the_api_refuses_with_the_right_status(server, method, path, body, status):
    code, problem = server.request(method, path, body)
    assert code == status, problem
    assert problem["status"] == status
    assert problem["title"]
