"""What the page can do the command line can: reports of the doctor, guests, the external address,
filters, what is told to a user, events as they happen."""

import json
import subprocess

import pytest

from sallyport_lab.daemon import PASSWORD, SALLYPORT
from sallyport_lab.wait import eventually


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(workers=1, external_ip="127.0.0.1")
    server.cli("group", "add", "staff")
    server.add_user("alice", PASSWORD, "--group", "staff")
    server.add_user("albert", PASSWORD, "--disabled")
    server.add_user("bob")
    return server


@pytest.mark.parametrize("options, names", [
    ([], {"alice", "albert", "bob"}),
    (["--search", "al"], {"alice", "albert"}),
    (["--search", "al", "--enabled"], {"alice"}),
    (["--disabled"], {"albert"}),
    (["--group", "staff"], {"alice"}),
    (["--group", "staff", "--disabled"], set()),
])
def test_users_are_found_by_name_group_and_state(server, options, names):
    answer = server.cli_json("user", "list", *options)
    assert {user["name"] for user in answer["users"]} == names
    assert not names or min(names) in server.cli("user", "list", *options).stdout


def test_reports_of_the_doctor_are_listed_printed_and_forgotten(server):
    server.cli("server-check", "--quick", "--insecure", check=False)
    run, = server.cli_json("server-check", "list")["runs"]
    assert run["host"] == "127.0.0.1" and run["host"] in server.cli("server-check", "list").stdout
    number = run["id"]
    assert server.cli("server-check", "report", number).stdout.lstrip().startswith("# ")
    assert "<html" in server.cli("server-check", "report", number, "--format", "html").stdout
    assert server.cli_json("server-check", "report", number)["answer"]["evidence"]
    assert server.cli("server-check", "report", number, "--format", "pdf", check=False).returncode == 2
    server.cli("server-check", "remove", number)
    assert server.cli_json("server-check", "list")["runs"] == []
    assert "no such run" in server.cli("server-check", "report", number, check=False).stderr


def test_a_guest_link_is_shown_with_what_was_seen(server):
    guest = server.cli_json("guest", "add", "Example Ltd.", "--user", "alice")
    shown = server.cli("guest", "show", guest["id"]).stdout
    assert "Example Ltd." in shown and "nothing from there yet" in shown
    assert server.cli_json("guest", "show", guest["id"])["seen"] == []
    assert server.cli("guest", "show", 999, check=False).returncode == 1


def test_what_a_user_has_to_know_is_printed_in_the_words_of_each_client(server):
    text = server.cli("user", "connection", "alice").stdout
    assert "alice" in text and str(server.explicit) in text and PASSWORD not in text
    assert "<FileZilla3" in server.cli("user", "connection", "alice", "--format", "filezilla").stdout
    assert server.cli_json("user", "connection", "alice")["user"] == "alice"
    assert "format" in server.cli("user", "connection", "alice", "--format", "x", check=False).stderr
    assert server.cli("user", "connection", "nobody", check=False).returncode == 1


def test_addresses_for_clients_outside_are_suggested(server):
    answer = server.cli_json("config", "detect")
    assert all(found["explanation"] for found in answer["candidates"])
    printed = server.cli("config", "detect").stdout
    assert all(found["address"] in printed for found in answer["candidates"])


def test_what_needs_attention_stands_below_the_status(server):
    server.write_config(plain_ftp="yes")
    server.reload()
    assert "FTP without TLS is allowed" in server.cli("status").stdout


def test_events_are_followed_across_a_reload(server, tmp_path):
    with (tmp_path / "events").open("wb") as out, subprocess.Popen(
            [SALLYPORT, "--config", str(server.config), "--json", "event", "list", "--follow",
             "--kind", "change", "--search", "user-disabled"], stdout=out) as follower:
        def followed(state):
            server.cli("user", "disable", "bob")
            server.cli("user", "enable", "bob")
            lines = (tmp_path / "events").read_text().splitlines()
            return len(lines) > state and all(json.loads(line)["kind"] == "change" for line in lines)
        try:
            eventually(lambda: followed(0), 20, "an event is told")
            server.reload()
            n = len((tmp_path / "events").read_text().splitlines())
            eventually(lambda: followed(n), 20, "an event behind the reload is told")
            assert follower.poll() is None
        finally:
            follower.terminate()
    seen = [json.loads(line)["id"] for line in (tmp_path / "events").read_text().splitlines()]
    assert len(seen) == len(set(seen))
