"""The doctor started from the manager: steps live, the answer and the report kept, nothing secret in
them; firewall sheets and the settings of clients."""

import json
import re

import pytest

from sallyport_lab.daemon import PASSWORD, UnixHttp
from sallyport_lab.wait import eventually


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(workers=1, external_ip="127.0.0.1")
    server.add_user()
    return server


def text(server, path):
    connection = UnixHttp(server.run_directory / "manager.sock", 20)
    try:
        connection.request("GET", "/api/v1" + path)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read().decode()
    finally:
        connection.close()


def run(server, **options):
    code, answer = server.request("POST", "/doctor/runs", options)
    assert code == 202, answer
    return answer["id"]


def finished(server, number):
    def look():
        code, answer = server.request("GET", f"/doctor/runs/{number}")
        assert code == 200, answer
        return answer if answer["state"] != "running" else None
    return eventually(look, 60, "the examination is over")


@pytest.mark.sanitize
def test_the_server_examines_itself_through_its_external_address(server):
    number = run(server, host="self", user="alice", password=PASSWORD, quick=True, insecure=True)
    answer = finished(server, number)
    assert answer["state"] == "done", answer
    assert answer["host"] == "127.0.0.1" and answer["options"]["port"] == server.explicit
    assert answer["verdict"] in ("healthy", "problem") and answer["sentence"]
    assert {"Login"} <= {s["title"].split()[0] for s in answer["steps"]}, answer["steps"]
    assert all(s["state"] in ("ok", "failed", "warned", "skipped") for s in answer["steps"])
    assert answer["answer"]["evidence"]
    assert PASSWORD not in json.dumps(answer)
    for form, kind, mark in (("html", "text/html", "<html"), ("md", "text/markdown", "#")):
        code, content_type, report = text(server, f"/doctor/runs/{number}/report?format={form}")
        assert code == 200 and content_type.startswith(kind) and mark in report
        assert PASSWORD not in report
    listed = server.request("GET", "/doctor/runs")[1]["runs"]
    assert listed[0]["id"] == number and "answer" not in listed[0]
    assert server.request("DELETE", f"/doctor/runs/{number}")[0] == 204
    assert server.request("GET", f"/doctor/runs/{number}")[0] == 404
    assert PASSWORD not in server.log.text


def test_a_run_is_stopped_and_a_dead_end_is_told(server, ports):
    number = run(server, host="127.0.0.1", port=ports.take(), quick=True)
    answer = finished(server, number)
    assert answer["state"] == "done" and answer["verdict"] == "problem", answer
    slow = run(server, host="192.0.2.1", port=21)
    assert server.request("DELETE", f"/doctor/runs/{slow}")[0] == 204
    assert server.request("GET", f"/doctor/runs/{slow}")[0] == 404


@pytest.mark.parametrize("body, field", [
    ({"host": "self", "port": 0}, "port"),
    ({"host": "self", "port": "21"}, "port"),
    ({"host": "self", "tls": "perhaps"}, "tls"),
    ({"host": ""}, "host"),
    ({"host": 5}, "host"),
    ({"host": "self", "command": "x"}, "command"),
])
def test_what_makes_no_sense_is_refused(server, body, field):
    code, problem = server.request("POST", "/doctor/runs", body)
    assert (code, problem["field"]) == (422, field), problem


def test_a_run_outlives_the_reload_as_failed_or_done(server):
    number = run(server, host="127.0.0.1", port=server.explicit, quick=True)
    server.reload()
    answer = finished(server, number)
    assert answer["state"] in ("done", "failed")
    assert answer["state"] == "done" or answer["error"]


def test_the_command_line_checks_the_server(server):
    done = server.cli("server-check", "--quick", "--insecure", check=False)
    assert done.returncode in (0, 1) and "127.0.0.1" in done.stdout, done
    answer = json.loads(server.cli("--json", "server-check", "--quick", "--insecure",
                                   check=False).stdout)
    assert answer["state"] == "done" and answer["answer"]["evidence"]


@pytest.mark.parametrize("form", ["text", "letter", "nftables", "iptables", "ufw", "firewalld",
                                  "windows", "aws", "azure", "gcp", "paloalto", "cisco"])
def test_the_firewall_sheet_names_the_ports_in_every_language(server, form):
    for side in ("server", "client"):
        code, kind, sheet = text(server, f"/firewall?side={side}&format={form}&client=192.0.2.0/24")
        assert code == 200 and kind.startswith("text/plain"), sheet
        assert str(server.explicit) in sheet and str(server.passive_ports[0]) in sheet
        assert ("192.0.2.0" if side == "server" else "127.0.0.1") in sheet, (side, sheet)


def test_the_firewall_sheet_as_json_and_its_refusals(server):
    code, answer = server.request("GET", "/firewall?format=json&side=client")
    assert code == 200 and {f["id"] for f in answer["flows"]} >= {"command", "passive"}
    for query, field in (("side=both", "side"), ("format=ipfw", "format"), ("client=x", "client")):
        code, problem = server.request("GET", "/firewall?" + query)
        assert (code, problem["field"]) == (422, field)


def test_a_list_of_rules_is_compared_with_what_is_needed(server):
    needed = f"{server.explicit}, {server.implicit}, {server.passive_ports[0]}-" \
             f"{server.passive_ports[-1]}"
    code, answer = server.request("POST", "/firewall/check", {"list": needed})
    assert code == 200 and answer["complete"], answer
    code, answer = server.request("POST", "/firewall/check",
                                  {"list": str(server.explicit), "side": "client"})
    assert not answer["complete"]
    assert any(str(server.passive_ports[0]) in gap["text"] for gap in answer["missing"])
    for body in ({"list": "hello"}, {"list": 1}, {}, {"list": "21", "side": "x"}):
        assert server.request("POST", "/firewall/check", body)[0] == 422


@pytest.mark.parametrize("form, words", [
    ("filezilla", r"<Host>127\.0\.0\.1</Host>"), ("winscp", "HostName"), ("lftp", "open"),
    ("curl", "alice"), ("rclone", "type = ftp"), ("json", '"127.0.0.1"'), ("text", "Password:"),
])
def test_the_settings_of_a_user_are_there_for_every_client(server, form, words):
    code, _, sheet = text(server, f"/users/alice/connection?format={form}")
    assert code == 200 and re.search(words, sheet), sheet
    assert str(server.explicit) in sheet and PASSWORD not in sheet
    assert text(server, "/users/nobody/connection")[0] == 404
    assert text(server, "/users/alice/connection?format=x")[0] == 422
