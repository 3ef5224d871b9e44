"""Banned networks get no session: by hand, and for too many failed logins."""

import pytest

from sallyport_lab.control import Closed
from sallyport_lab.daemon import PASSWORD


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(
        plain_ftp=True, failed_login_delay=0, max_login_attempts=100, ban_failures=5, never_ban="127.0.0.1")
    server.add_user()
    return server


def greeting(server, source, implicit=False):
    """The first reply that this address gets."""
    with server.connect(banner=False, implicit=implicit, source=source) as control:
        return control.read_reply()


def fail_to_log_in(server, source, passwords, user="alice"):
    with server.connect(source=source) as control:
        for password in passwords:
            control.expect(f"USER {user}", 331)
            control.expect(f"PASS {password}", 530)


@pytest.mark.sanitize
def test_a_banned_address_is_told_so_and_its_sessions_end(server):
    with server.connect(source="127.0.0.21") as before:
        server.cli("ban", "add", "127.0.0.21", "--reason", "scans us")
        assert before.read_reply().code == 421
        assert before.is_closed()
    refused = greeting(server, "127.0.0.21")
    assert refused.code == 421 and "[D-14]" in str(refused) and "127.0.0.21" in str(refused)
    assert greeting(server, "127.0.0.22").code == 220, "others come in"

    listed = server.cli_json("ban", "list")["bans"]
    assert [(ban["network"], ban["reason"], ban["automatic"]) for ban in listed] == [
        ("127.0.0.21", "scans us", False)]
    server.cli("ban", "remove", "127.0.0.21")
    assert greeting(server, "127.0.0.21").code == 220
    assert "Nobody is banned" in server.cli("ban", "list").stdout


def test_a_ban_holds_over_tls_from_the_first_byte(server):
    server.cli("ban", "add", "127.0.0.23")
    refused = greeting(server, "127.0.0.23", implicit=True)
    assert refused.code == 421 and "[D-14]" in str(refused)
    server.cli("ban", "remove", "127.0.0.23")


@pytest.mark.sanitize
def test_too_many_failed_logins_are_a_ban(server):
    fail_to_log_in(server, "127.0.0.31", ["one", "two", "three", "four"])
    assert greeting(server, "127.0.0.31").code == 220
    fail_to_log_in(server, "127.0.0.31", ["five"])
    server.log.wait_for(r"banned network=127\.0\.0\.31")
    refused = greeting(server, "127.0.0.31")
    assert refused.code == 421 and "[D-63]" in str(refused) and "until 20" in str(refused)
    assert greeting(server, "127.0.0.32").code == 220
    [ban] = [ban for ban in server.cli_json("ban", "list")["bans"] if ban["automatic"]]
    assert ban["network"] == "127.0.0.31" and ban["by"] == "server" and ban["expires"]
    server.cli("ban", "remove", "127.0.0.31")


def test_a_device_with_an_old_password_is_not_banned(server):
    """It tries the same one for ever."""
    for _ in range(4):
        fail_to_log_in(server, "127.0.0.33", ["old"] * 5)
    assert greeting(server, "127.0.0.33").code == 220


def test_a_login_that_works_starts_anew(server):
    for _ in range(3):
        fail_to_log_in(server, "127.0.0.34", ["a", "b", "c", "d"])
        with server.connect(source="127.0.0.34") as control:
            control.log_in("alice", PASSWORD)
    assert greeting(server, "127.0.0.34").code == 220


def test_some_networks_are_never_banned_for_failures(server):
    fail_to_log_in(server, "127.0.0.1", [f"wrong-{i}" for i in range(12)])
    assert greeting(server, "127.0.0.1").code == 220


def test_bans_outlive_a_reload_and_the_manager(server):
    server.cli("ban", "add", "127.0.0.41", "--minutes", "60")
    server.reload()
    assert greeting(server, "127.0.0.41").code == 421
    server.cli("ban", "remove", "127.0.0.41")


@pytest.mark.parametrize("body, field", [
    ({"network": "everybody"}, "network"),
    ({"network": "0.0.0.0/0"}, "network"),
    ({"network": "::/0"}, "network"),
    ({"network": "10.0.0.1/8"}, "network"),
    ({"network": 7}, "network"),
    ({}, "network"),
    ({"network": "192.0.2.1", "minutes": 0}, "minutes"),
    ({"network": "192.0.2.1", "minutes": "60"}, "minutes"),
    ({"network": "192.0.2.1", "minutes": 5, "expires": None}, "minutes"),
    ({"network": "192.0.2.1", "expires": "2020-01-01T00:00:00Z"}, "expires"),
    ({"network": "192.0.2.1", "reason": "x" * 300}, "reason"),
    ({"network": "192.0.2.1", "colour": "red"}, "colour"),
])
def test_what_is_no_ban_is_refused_by_name(server, body, field):
    status, answer = server.request("POST", "/bans", body)
    assert (status, answer["field"]) == (422, field)


def test_a_ban_that_is_not_there_cannot_be_lifted(server):
    assert server.request("DELETE", "/bans/192.0.2.77")[0] == 404
    assert server.request("DELETE", "/bans/nonsense")[0] == 422
    lifted = server.cli("ban", "remove", "192.0.2.77", check=False)
    assert lifted.returncode == 1 and "not banned" in lifted.stderr
