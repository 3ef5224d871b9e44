"""Who gets through: data connections with their records, client networks with their causes, the map of
the passive range, timelines of sessions, the log of events. Networks are those of the loopback."""

import csv
import io
import json
import subprocess
from urllib.parse import quote

import pytest

from test_openapi import check_answer, strict_operation
from sallyport_lab.daemon import PASSWORD
from sallyport_lab.wait import eventually

SECRET = "not-to-be-seen-9"


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, data_timeout=1, failed_login_delay=0, workers=2)
    server.add_user()
    return server


def get(server, path, status=200):
    code, answer = server.request("GET", path)
    assert code == status, answer
    return answer


def network(server, name):
    return get(server, "/connectivity/" + quote(name, safe=""))


def network_when(server, name, is_so, what):
    def look():
        code, answer = server.request("GET", "/connectivity/" + quote(name, safe=""))
        return answer if code == 200 and is_so(answer) else None
    return eventually(look, 15, what)


def record_of(server, path):
    return eventually(lambda: next((r for r in get(server, "/transfers?limit=1000")["transfers"]
                                    if r["path"] == path), None), 10, f"the record of {path}")


def events(server, query=""):
    return get(server, "/events?limit=1000" + query)["events"]


def event_when(server, query, is_so=lambda e: True, what="the event"):
    return eventually(lambda: next((e for e in events(server, query) if is_so(e)), None), 10, what)


def test_an_upload_tells_of_its_data_connection(server):
    with server.login() as control:
        control.upload("arrived", b"x" * 1000)
        port = control.sock.getpeername()[1]
    data = record_of(server, "/arrived")["data"]
    assert data["mode"] == "epsv" and data["port"] in server.passive_ports and port
    assert data["outcome"] == "arrived" and data["advertised"] is None
    assert data["peer"].startswith("127.0.0.1:") and data["cause"] is None
    assert data["tls"] and data["resumed"] and data["waited_ms"] < 1000


def test_the_address_of_a_pasv_reply_is_told(server):
    with server.login(tls=False) as control:
        control.upload("pasv", b"x", mode="pasv")
    data = record_of(server, "/pasv")["data"]
    assert (data["mode"], data["advertised"]) == ("pasv", "127.0.0.1")
    assert not data["tls"] and not data["resumed"]


def test_active_mode_is_told(server):
    with server.login(tls=False) as control:
        control.upload("port", b"x", mode="port")
    data = record_of(server, "/port")["data"]
    assert data["mode"] == "port" and data["advertised"] == "127.0.0.1"
    assert data["peer"] == f"127.0.0.1:{data['port']}"


def test_one_record_is_found_by_its_id(server):
    with server.login(tls=False) as control:
        control.upload("by-id", b"x")
    record = record_of(server, "/by-id")
    assert get(server, f"/transfers/{record['id']}") == record
    for bad in ("999999999", "x", "-1"):
        get(server, f"/transfers/{bad}", 404)


def blocked(server, source, command="STOR never", times=1):
    """A client whose data connections are dropped on the way."""
    with server.login(tls=False, source=source) as control:
        session = server.session_of(control)["id"]
        for _ in range(times):
            control.epsv()
            control.expect(command, 425)
    return session


@pytest.mark.tsan
@pytest.mark.sanitize
def test_a_client_behind_a_wall_is_stuck_with_the_cause(server):
    session = blocked(server, "127.7.1.9", times=2)
    stuck = network_when(server, "127.7.1.0/24", lambda n: n["never"] == 2, "two failures")
    assert stuck["state"] == "stuck" and stuck["cause"]["id"] == "D-20"
    assert stuck["cause"]["confidence"] == "likely"
    assert "never came" in stuck["cause"]["explanation"] and "passive" in stuck["cause"]["remedy"]
    assert (stuck["offered"], stuck["arrived"], stuck["logins"]) == (2, 0, 1)
    assert stuck["last_success"] is None and stuck["last_failure"]
    assert stuck["users"] == ["alice"] and stuck["addresses"] == ["127.7.1.9"]
    assert stuck["last_sessions"] == [session]
    assert all(port in range(int(r.split("-")[0]), int(r.split("-")[-1]) + 1)
               for r in stuck["failed_ports"] for port in [int(r.split("-")[0])])
    first, last = server.passive_ports[0], server.passive_ports[-1]
    assert f"{first}-{last}" in stuck["letter"] and "127.7.1.0/24" in stuck["letter"]
    assert "D-20" in stuck["letter"] and stuck["rules"].startswith("/api/v1/firewall?side=client")
    failure = stuck["failures"][0]
    assert failure["data"]["outcome"] == "never" and failure["session"] == session
    said = [line["text"] for line in failure["timeline"]]
    assert "PASS ****" in said and "STOR never" in said
    assert any(line.startswith("425 [D-20]") for line in said)
    assert PASSWORD not in json.dumps(stuck)
    record = record_of(server, "/never")
    assert record["result"] == "No data connection" and record["data"]["cause"] == "D-20"
    assert record["data"]["waited_ms"] >= 900 and record["bytes"] == 0 and record["end"] == "broken"


def test_only_the_stuck_are_listed_when_asked(server):
    blocked(server, "127.7.2.9")
    with server.login(source="127.7.3.9") as control:
        control.listing()
    network_when(server, "127.7.2.0/24", lambda n: n["state"] == "stuck", "it is stuck")
    fine = network_when(server, "127.7.3.0/24", lambda n: n["arrived"] == 1, "it gets through")
    assert fine["state"] == "ok" and fine["cause"] is None and fine["failed_ports"] == []
    names = {n["network"]: n["state"] for n in get(server, "/connectivity?state=stuck")["networks"]}
    assert names["127.7.2.0/24"] == "stuck" and "127.7.3.0/24" not in names
    found = get(server, "/connectivity?search=127.7.3")["networks"]
    assert [n["network"] for n in found] == ["127.7.3.0/24"]
    pages, after = [], ""
    while True:
        page = get(server, f"/connectivity?limit=1{after}")
        pages += [n["network"] for n in page["networks"]]
        if not page["next"]:
            break
        after = "&after=" + quote(page["next"], safe="")
    assert len(pages) == len(set(pages)) == page["total"]


def test_a_port_that_is_given_up_counts_as_never_come(server):
    with server.login(tls=False, source="127.7.4.9") as control:
        control.epsv()
        control.expect("QUIT", 221)
    given_up = network_when(server, "127.7.4.0/24", lambda n: n["never"] == 1, "it is told")
    assert given_up["state"] == "stuck" and given_up["cause"]["confidence"] == "possible"
    assert given_up["failures"][0]["for"] == "unused"


def test_a_port_that_was_offered_for_long_has_not_been_reached(server):
    """The reservation ends by itself, which is no arrival."""
    with server.login(tls=False, source="127.7.11.9") as control:
        control.epsv()
        assert not control.has_reply(within=1.6)  # longer than data_timeout
        assert "data-arrival: nothing" in control.expect("SITE DOCTOR", 211).text
        control.pasv()
        control.expect("QUIT", 221)
    found = network_when(server, "127.7.11.0/24", lambda n: n["offered"] == 2, "both are told")
    assert (found["never"], found["arrived"], found["state"]) == (2, 0, "stuck")


def test_a_port_whose_time_has_run_out_counts_as_never_come(server):
    """lftp waits for its data connection before it asks for the transfer."""
    with server.login(tls=False, source="127.7.14.9") as control:
        control.epsv()
        blocked(server, "127.7.15.9", times=4)  # the port's own time is up behind these
        control.expect("QUIT", 221)
    given_up = network_when(server, "127.7.14.0/24", lambda n: n["offered"] == 1, "it is told")
    assert given_up["never"] == 1 and given_up["arrived"] == 0
    assert given_up["cause"]["id"] == "D-20"


def test_a_refused_transfer_says_nothing_of_the_way(server):
    with server.login(tls=False, source="127.7.5.9") as control:
        control.epsv()
        control.expect("RETR no-such-file", 550)
        control.expect("QUIT", 221)
    event_when(server, "&kind=logout&address=127.7.5.9")
    assert network(server, "127.7.5.0/24")["offered"] == 0


def test_a_connection_from_elsewhere_is_named(server):
    with server.login(tls=False, source="127.7.6.9") as control:
        address = control.epsv()
        control.dial(address, source="127.7.66.9").close()
        control.expect("LIST", 425)
    found = network_when(server, "127.7.6.0/24", lambda n: n["elsewhere"] == 1, "it is told")
    assert found["state"] == "stuck" and found["cause"]["id"] == "D-31"
    assert found["failures"][0]["data"]["peer"].startswith("127.7.66.9:")
    assert found["failures"][0]["for"] == "listing"


def test_a_private_address_in_active_mode_is_named(server):
    with server.login(tls=False, source="127.7.7.9") as control:
        control.expect("PORT 10,1,2,3,200,1", 501)
    found = network_when(server, "127.7.7.0/24", lambda n: n["refused"] == 1, "it is told")
    assert found["cause"]["id"] == "D-36" and found["offered"] == 0


def test_a_half_open_range_is_named_and_shown(server):
    middle = server.passive_ports[len(server.passive_ports) // 2]
    seen = {True: set(), False: set()}
    with server.login(tls=False, source="127.7.8.9") as control:
        while min(len(seen[True]), len(seen[False])) < 4:
            address = control.epsv()
            is_open = address[1] < middle
            seen[is_open].add(address[1])
            if is_open:
                data = control.dial(address)
                control.expect("NLST", 150)
                control.expect_reply(226)
                data.close()
            else:  # a client that waits for its connection
                assert not control.has_reply(within=0.6)
    found = network_when(server, "127.7.8.0/24",
                         lambda n: n["never"] + n["arrived"] >= sum(map(len, seen.values())) - 1
                         and n["cause"] and n["cause"]["id"] == "D-23", "it is told")
    assert found["state"] == "mixed" and len(found["failed_ports"]) == 1
    low = int(found["failed_ports"][0].split("-")[0])
    assert low >= middle and f"{low}-" in found["cause"]["explanation"]


def test_the_map_of_ports_covers_the_range(server):
    blocked(server, "127.7.9.9")
    network_when(server, "127.7.9.0/24", lambda n: n["never"] == 1, "it is told")
    ports = get(server, "/connectivity/ports")
    first, last = server.passive_ports[0], server.passive_ports[-1]
    assert (ports["first"], ports["last"]) == (first, last)
    assert all(first <= p["port"] <= last and p["offered"] > 0 for p in ports["ports"])
    assert any(p["timed_out"] for p in ports["ports"])
    covered = [n for r in ports["summary"] for n in range(r["first"], r["last"] + 1)]
    assert covered == list(range(first, last + 1))
    assert {r["state"] for r in ports["summary"]} <= {"open", "blocked", "mixed", "untried"}


def test_curl_gets_through_and_is_seen(server):
    done = subprocess.run(
        ["curl", "-sS", "--interface", "127.7.10.9", "--user", f"alice:{PASSWORD}", "-T", "-",
         f"ftp://{server.host}:{server.explicit}/by-curl"], input=b"content", capture_output=True,
        timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert record_of(server, "/by-curl")["data"]["peer"].startswith("127.7.10.9:")
    found = network_when(server, "127.7.10.0/24", lambda n: n["arrived"] == 1, "it is told")
    assert found["state"] == "ok" and found["tries"][0]["outcome"] == "arrived"


# --- timelines and sessions ---------------------------------------------------------------------------


@pytest.mark.tsan
@pytest.mark.sanitize
def test_a_timeline_has_the_dialogue_without_secrets(server):
    with server.connect() as control:
        control.auth_tls()
        control.expect("USER alice", 331)
        control.expect(f"PASS {PASSWORD}", 230)
        session = server.session_of(control)["id"]
        control.command(f"ACCT {SECRET}")
        control.expect("FEAT", 211)
        control.expect("NOOP", 200)
        timeline = get(server, f"/sessions/{session}/timeline")
    text = json.dumps(timeline)
    assert PASSWORD not in text and SECRET not in text
    said = [(line["from"], line["text"].split("\n")[0][:12]) for line in timeline["lines"]]
    assert said[0][0] == "server" and said[0][1].startswith("220")
    assert ("client", "USER alice") in said and ("client", "PASS ****") in said
    assert said[-2][0] == "client" and said[-2][1] == "NOOP" and said[-1][1].startswith("200")
    times = [line["time"] for line in timeline["lines"]]
    assert times == sorted(times) and timeline["session"] == session and timeline["data"] == []
    # It can still be read when the session has ended.
    eventually(lambda: all(s["id"] != session for s in server.sessions()))
    assert len(get(server, f"/sessions/{session}/timeline")["lines"]) >= len(said)
    for bad in ("0", "99999999", "x"):
        get(server, f"/sessions/{bad}/timeline", 404)


def test_a_running_transfer_shows_how_far_it_is(server):
    size = 8 * 1024 * 1024
    server.put("large", b"x" * size)
    with server.login() as control:
        running = control.start("RETR large")
        running.data.recv(1000)
        session = eventually(lambda: (s := server.session_of(control))["transfer"] and s, 10)
        transfer = session["transfer"]
        assert transfer["kind"] == "download" and transfer["size"] == size
        assert transfer["started"] and transfer["rate"] >= 0
        assert session["tls_version"] == "TLSv1.3" and session["cipher"].startswith("TLS_")
        assert session["resumed"] is False
        running.finish()
    with server.login(tls=False) as control:
        session = server.session_of(control)
        assert (session["tls_version"], session["cipher"], session["resumed"]) == (None, None, False)
        found = get(server, f"/sessions?user=alice&address={control.sock.getsockname()[0]}&limit=1")
        assert [s["user"] for s in found["sessions"]] == ["alice"]
        assert get(server, "/sessions?user=nobody")["sessions"] == []


# --- events -------------------------------------------------------------------------------------------


def test_logins_and_their_ends_are_events(server):
    with server.connect(source="127.8.1.9") as control:
        control.expect("USER alice", 331)
        control.expect("PASS wrong", 530)
        control.expect("USER alice", 331)
        control.expect(f"PASS {PASSWORD}", 230)
        control.upload("by-event", b"12345")
        control.expect("QUIT", 221)
    event_when(server, "&kind=logout&address=127.8.1.9")
    event_when(server, "&kind=upload&address=127.8.1.9")
    mine = events(server, "&address=127.8.1.9")
    assert {e["kind"] for e in mine} == {"login", "login-failed", "upload", "logout"}
    failed = next(e for e in mine if e["kind"] == "login-failed")
    assert failed["facts"] == {"tls": False, "reason": "wrong-password", "cause": "D-61"}
    assert failed["severity"] == "warning" and failed["user"] == "alice"
    upload = next(e for e in mine if e["kind"] == "upload")
    assert upload["facts"]["path"] == "/by-event" and upload["facts"]["bytes"] == 5
    assert upload["id"].startswith("t") and failed["id"].startswith("e")
    left = next(e for e in mine if e["kind"] == "logout")
    assert left["facts"]["bytes_received"] == 5 and left["facts"]["reason"] == "quit"
    assert "wrong" not in json.dumps([e for e in mine if e["kind"] != "login-failed"])


def test_changes_and_kicks_are_events(server):
    server.cli("user", "add", "bob", "--password-stdin", text="bobs password\n")
    change = event_when(server, "&kind=change&search=bob")
    assert "user-added bob" in change["text"] and "bobs password" not in json.dumps(change)
    with server.login(source="127.8.2.9") as control:
        server.cli("session", "kick", str(server.session_of(control)["id"]))
        control.expect_reply(421)
    assert event_when(server, "&kind=kick")["text"]
    assert event_when(server, "&kind=server")["text"].startswith("The server has started")


def test_events_are_searched_and_paged(server):
    with server.login(tls=False, source="127.8.3.9") as control:
        for number in range(7):
            control.upload(f"Paged-{number}", b"x")
    eventually(lambda: len(events(server, "&search=paged-")) == 7)
    found, after = [], ""
    while True:
        page = get(server, f"/events?limit=2&address=127.8.3.9&user=alice{after}")
        assert len(page["events"]) <= 2
        found += page["events"]
        if not page["next"]:
            break
        after = "&after=" + page["next"]
    uploads = [e["facts"]["path"] for e in found if e["kind"] == "upload"]
    assert uploads == [f"/Paged-{n}" for n in reversed(range(7))]
    assert [e["kind"] for e in found].count("login") == 1
    assert len({e["id"] for e in found}) == len(found)
    assert events(server, "&until=2001-01-01T00:00:00Z") == []
    assert events(server, "&since=2999-01-01T00:00:00Z") == []
    for bad in ("after=x", "limit=0", "severity=loud", "since=yesterday", "session=x", "kind=nope"):
        get(server, "/events?" + bad, 422)


def test_only_kinds_that_exist_may_be_asked_for(server):
    """A misspelt kind is no empty list; the refusal names all, and each of those is answered."""
    detail = get(server, "/events?kind=logins", 422)["detail"]
    kinds = detail.split(" must be ")[1].rstrip(".").replace(" or ", ", ").split(", ")
    assert {"upload", "copy", "login", "handshake-failed", "server"} <= set(kinds) and len(kinds) == 16
    for kind in kinds:
        assert {event["kind"] for event in events(server, f"&kind={kind}")} <= {kind}
    assert events(server, "&kind=")


def test_events_are_exported(server):
    with server.login(tls=False, source="127.8.4.9") as control:
        control.upload('=formula "quoted".txt', b"x")
    eventually(lambda: {e["kind"] for e in events(server, "&address=127.8.4.9")} >= {"upload", "login"})
    exported = json.loads(server.cli("event", "export", "--address", "127.8.4.9", "--format", "json").stdout)
    assert {e["kind"] for e in exported} >= {"upload", "login"}
    table = list(csv.DictReader(io.StringIO(
        server.cli("event", "export", "--address", "127.8.4.9", "--format", "csv").stdout)))
    assert {row["kind"] for row in table} == {e["kind"] for e in exported}
    upload = next(row for row in table if row["kind"] == "upload")
    assert json.loads(upload["facts"])["path"] == '/=formula "quoted".txt'


# --- overview, command line, restart ------------------------------------------------------------------


def test_the_overview_names_what_needs_attention(server):
    blocked(server, "127.9.1.9")
    network_when(server, "127.9.1.0/24", lambda n: n["state"] == "stuck", "it is stuck")
    overview = get(server, "/overview")
    items = {item["id"]: item for item in overview["attention"]}
    assert overview["health"] == "problem" and overview["stuck"] >= 1
    assert items["clients-stuck"]["severity"] == "problem" and "plain-ftp-on" in items
    assert overview["passive"]["size"] == len(server.passive_ports)
    assert {c["security"] for c in overview["connect"]} == {"explicit", "implicit", "plain"}
    assert overview["users"]["enabled"] >= 1


@pytest.mark.parametrize("described, path", [
    ("/connectivity", "/connectivity?limit=1000"),
    ("/connectivity/{network}", "/connectivity/127.9.4.0%2F24"),
    ("/connectivity/ports", "/connectivity/ports"),
    ("/events", "/events?limit=1000"),
    ("/overview", "/overview"),
    ("/sessions/{id}/timeline", "/sessions/SESSION/timeline"),
    ("/transfers/{id}", "/transfers/TRANSFER"),
])
def test_answers_with_all_that_there_can_be_fit_their_description(server, described, path):
    session = blocked(server, "127.9.4.9", "STOR described")
    record = record_of(server, "/described")
    network_when(server, "127.9.4.0/24", lambda n: n["failures"], "it is told")
    path = path.replace("SESSION", str(session)).replace("TRANSFER", str(record["id"]))
    answer = get(server, path)
    check_answer(strict_operation("get", "/api/v1" + described), 200, answer)


def test_the_command_line_shows_it(server):
    session = blocked(server, "127.9.2.9")
    network_when(server, "127.9.2.0/24", lambda n: n["state"] == "stuck", "it is stuck")
    assert "127.9.2.0/24" in server.cli("connectivity").stdout
    one = server.cli("connectivity", "127.9.2.0/24").stdout
    assert "D-20" in one and "Subject: Firewall rules" in one
    assert server.cli_json("connectivity", "127.9.2.0/24")["cause"]["id"] == "D-20"
    assert str(server.passive_ports[0]) in server.cli("connectivity", "ports").stdout
    shown = server.cli("session", "show", str(session)).stdout
    assert "PASS ****" in shown and "425 [D-20]" in shown
    assert "data-failed" in server.cli("event", "list", "--address", "127.9.2.9").stdout
    assert server.cli_json("event", "list", "--kind", "data-failed")["events"]


def test_what_is_known_outlives_reload_and_restart(start_server):
    server = start_server(plain_ftp=True, data_timeout=1)
    server.add_user()
    blocked(server, "127.9.3.9", times=2)
    network_when(server, "127.9.3.0/24", lambda n: n["never"] == 2, "it is told")
    server.reload()
    network_when(server, "127.9.3.0/24", lambda n: n["never"] == 2 and n["state"] == "stuck",
                 "the next manager knows")
    server.terminate()
    server.start()
    kept = network(server, "127.9.3.0/24")
    assert kept["never"] == 2 and kept["cause"]["id"] == "D-20" and kept["users"] == ["alice"]
    assert kept["failures"][0]["timeline"]
    assert any(p["timed_out"] for p in get(server, "/connectivity/ports")["ports"])
    assert len(events(server, "&kind=server")) >= 2
