"""From where, until when and how protected a user may log in."""

import datetime

import pytest

from sallyport_lab.daemon import PASSWORD


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, failed_login_delay=0)
    server.add_user()
    return server


@pytest.fixture
def user(server, request):
    name = "u-" + str(abs(hash(request.node.name)))[:8]
    server.add_user(name)
    return name


def login_reply(server, name, tls=True):
    with server.connect() as control:
        if tls:
            control.auth_tls()
        control.expect(f"USER {name}", 331)
        return control.command(f"PASS {PASSWORD}")


def in_hours(hours):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.sanitize
def test_a_user_may_log_in_from_its_networks_only(server, user):
    server.cli("user", "set", user, "--allow", "203.0.113.0/24")
    assert str(login_reply(server, user)) == str(login_reply(server, "nobody")), "no hint to others"
    server.log.wait_for(f"login-refused user={user}.*reason=address-not-allowed cause=D-65")

    server.cli("user", "set", user, "--allow", "203.0.113.0/24, 127.0.0.0/8, ::1")
    assert login_reply(server, user).code == 230
    shown = server.cli_json("user", "show", user)
    assert shown["allowed_networks"] == ["203.0.113.0/24", "127.0.0.0/8", "::1"]
    assert "Allowed from" in server.cli("user", "show", user).stdout

    server.cli("user", "set", user, "--allow", "")
    assert server.cli_json("user", "show", user)["allowed_networks"] == []


def test_a_remembered_password_does_not_let_a_foreign_address_in(server, user):
    assert login_reply(server, user).code == 230
    server.cli("user", "set", user, "--allow", "198.51.100.7")
    assert login_reply(server, user).code == 530


@pytest.mark.sanitize
def test_an_account_ends_at_its_time(server, user):
    server.cli("user", "set", user, "--expires", in_hours(-1))
    assert login_reply(server, user).code == 530
    server.log.wait_for(f"login-refused user={user}.*reason=account-expired cause=D-66")
    assert server.cli_json("user", "show", user)["expired"] is True
    assert "(expired)" in server.cli("user", "show", user).stdout

    server.cli("user", "set", user, "--expires", in_hours(1))
    assert login_reply(server, user).code == 230
    server.cli("user", "set", user, "--expires", "never")
    assert server.cli_json("user", "show", user)["expires"] is None


def test_a_day_ends_at_its_end(server, user):
    server.cli("user", "set", user, "--expires", "2031-12-31")
    assert server.cli_json("user", "show", user)["expires"].startswith("2031-12-31T23:59:59")


def test_a_user_may_be_kept_from_plain_ftp(server, user):
    assert login_reply(server, user, tls=False).code == 230
    server.cli("user", "set", user, "--require-tls", "yes")
    refused = login_reply(server, user, tls=False)
    assert refused.code == 530 and "D-59" in str(refused)
    assert login_reply(server, user, tls=True).code == 230


@pytest.mark.parametrize(
    "field, value",
    [
        ("allowed_networks", ["10.0.0.1/8"]),
        ("allowed_networks", ["office"]),
        ("allowed_networks", ["10.0.0.0/8,192.0.2.1"]),
        ("allowed_networks", ["10.0.0.0/8"] * 200),
        ("allowed_networks", "10.0.0.0/8"),
        ("allowed_networks", [7]),
        ("expires", "tomorrow"),
        ("expires", 1700000000),
        ("require_tls", "yes"),
    ],
)
def test_what_cannot_be_is_refused_by_name(server, field, value):
    status, answer = server.request("PATCH", "/users/alice", {field: value})
    assert status == 422
    assert answer["field"] == field


def test_the_command_line_says_what_it_wants(server):
    wrong = server.cli("user", "set", "alice", "--expires", "soon", check=False)
    assert wrong.returncode == 2 and "2026-12-31" in wrong.stderr
    wrong = server.cli("user", "set", "alice", "--require-tls", "maybe", check=False)
    assert wrong.returncode == 2 and "neither yes nor no" in wrong.stderr
