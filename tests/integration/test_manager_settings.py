"""Settings that are edited in the manager: stored in the database, live by a reload, never stronger
than the file, and never able to keep the server from its start."""

import re
import signal
import sqlite3

import pytest


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(workers=1, user="sallyport")
    server.add_user()
    return server


def setting(server, name):
    code, answer = server.request("GET", "/settings")
    assert code == 200, answer
    return next(row for row in answer["settings"] if row["name"] == name)


def change(server, **values):
    return server.request("PATCH", "/settings", values)


@pytest.mark.sanitize
def test_a_change_is_live_kept_over_a_restart_and_taken_back(server):
    before = setting(server, "banner")
    assert before["origin"] == "default" and before["editable"]
    code, answer = change(server, banner="Edited in the manager", idle_timeout=90, site_doctor=False)
    assert code == 200, answer
    assert answer["reloaded"] and answer["needs_restart"] == []
    assert {row["name"]: row["text"] for row in answer["settings"]} == {
        "banner": "Edited in the manager", "idle_timeout": "90", "site_doctor": "no"}
    with server.connect() as control:
        assert "Edited in the manager" in control.banner.text
    row = setting(server, "idle_timeout")
    assert (row["origin"], row["place"], row["value"]) == ("database", "database", 90)
    shown = server.cli_json("config", "get", "idle_timeout")
    assert (shown["value"], shown["origin"]) == ("90", "database")
    server.terminate()
    server.start()
    assert setting(server, "banner")["text"] == "Edited in the manager"
    code, answer = change(server, banner=None, idle_timeout=None, site_doctor=None)
    assert code == 200, answer
    assert setting(server, "banner")["origin"] == "default"


def test_the_command_line_changes_settings_as_well(server):
    done = server.cli("config", "set", "stall_timeout", "77")
    assert "stall_timeout" in done.stdout
    assert setting(server, "stall_timeout")["value"] == 77
    server.cli("config", "unset", "stall_timeout")
    assert setting(server, "stall_timeout")["origin"] == "default"
    failed = server.cli("config", "set", "stall_timeout", "soon", check=False)
    assert failed.returncode != 0 and "allowed" in failed.stderr


@pytest.mark.parametrize("values, code, field, words", [
    ({"explicit_ports": "2121"}, 409, "explicit_ports", r"sallyport\.conf:\d+"),
    ({"user": "root"}, 409, "user", ""),
    ({"sandbox": "off"}, 409, "sandbox", "file"),
    ({"idle_timeout": "soon"}, 422, "idle_timeout", "allowed"),
    ({"idle_timeout": 0}, 422, "idle_timeout", "allowed"),
    ({"idle_timeout": [1]}, 422, "idle_timeout", "text"),
    ({"idle_timeout": 1.5}, 422, "idle_timeout", "text"),
    ({"banner": "a\nb"}, 422, "banner", "control"),
    ({"idle_timout": "90"}, 422, "idle_timout", "idle_timeout"),
    ({"passive": False, "active": False}, 422, "passive", "travel"),
])
def test_what_cannot_be_is_refused_with_its_field(server, values, code, field, words):
    status, problem = change(server, **values)
    assert status == code, problem
    assert problem["field"] == field
    assert re.search(words, problem["detail"]), problem


def test_what_the_server_does_not_take_up_is_put_back(server):
    status, problem = change(server, tls_ciphers="NO-SUCH-CIPHER")
    assert status == 422, problem
    assert "nothing was changed" in problem["detail"]
    assert setting(server, "tls_ciphers")["origin"] == "default"
    server.reload()
    assert not server.status()["last_reload_error"]


def test_a_restart_is_waited_for_where_it_is_needed(server):
    was = setting(server, "max_sessions")["value"]
    status, answer = change(server, max_sessions=was + 1)
    assert status == 200, answer
    assert answer["needs_restart"] == ["max_sessions"]
    row = setting(server, "max_sessions")
    assert (row["value"], row["pending"], row["origin"]) == (was, str(was + 1), "database")
    assert server.request("GET", "/settings")[1]["pending_restart"]
    server.terminate()
    server.start()
    assert setting(server, "max_sessions")["value"] == was + 1
    assert change(server, max_sessions=None)[0] == 200


def test_a_check_tells_problems_and_warnings_and_changes_nothing(server):
    code, answer = server.request("POST", "/settings/check", {"plain_ftp": True})
    assert code == 200 and answer["ok"], answer
    assert "plain_ftp" in {w["name"] for w in answer["warnings"]}
    assert setting(server, "plain_ftp")["value"] is False
    code, answer = server.request("POST", "/settings/check", {"umask": "999"})
    assert code == 200 and not answer["ok"]
    assert answer["problems"][0]["name"] == "umask"


def test_the_external_address_is_detected_without_asking_anyone(server):
    code, answer = server.request("POST", "/settings/external-address/detect")
    assert code == 200, answer
    for candidate in answer["candidates"]:
        assert candidate["from"] in ("interface", "listen", "clients", "resolver")
        assert candidate["explanation"]


def test_a_stored_value_that_is_no_good_any_more_stops_nothing(server):
    server.terminate()
    with sqlite3.connect(server.folder / "state" / "accounts.db") as database:
        database.execute("INSERT INTO settings VALUES ('idle_timeout', 'soon'), ('gone', '1'), "
                         "('explicit_ports', '1')")
        database.execute("INSERT OR REPLACE INTO settings VALUES ('stall_timeout', '66')")
    server.start()
    server.log.wait_for("stored-setting-ignored setting=gone")
    _, answer = server.request("GET", "/settings")
    assert {p["name"] for p in answer["problems"]} == {"idle_timeout", "gone"}
    rows = {row["name"]: row for row in answer["settings"]}
    assert rows["stall_timeout"]["value"] == 66
    assert rows["explicit_ports"]["origin"] == "file"
    code, answer = change(server, idle_timeout=None, stall_timeout=None)
    assert code == 200, answer


def test_a_stored_value_that_the_start_cannot_use_stops_nothing(server):
    server.terminate()
    with sqlite3.connect(server.folder / "state" / "accounts.db") as database:
        database.execute("INSERT INTO settings VALUES ('tls_ciphers', 'NO-SUCH-CIPHER')")
    server.start()
    server.log.wait_for("stored-setting-ignored setting=tls_ciphers")
    assert change(server, tls_ciphers=None)[0] == 200


def test_a_broken_file_refuses_the_change_and_keeps_the_server(server):
    text = server.config.read_text()
    server.config.write_text(text + "nonsense\n")
    try:
        status, problem = change(server, idle_timeout=91)
        assert status == 422 and "nonsense" not in setting(server, "idle_timeout")["text"], problem
    finally:
        server.config.write_text(text)
    server.process.send_signal(signal.SIGHUP)
    assert setting(server, "idle_timeout")["origin"] == "default"
