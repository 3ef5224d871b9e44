"""Guest links: for one browser, for a time, with nothing else behind them; what the server sees of the
guest is told."""

import json
import sqlite3
import time

import pytest

from sallyport_lab.daemon import PASSWORD, UnixHttp
from sallyport_lab.wait import eventually
from sallyport_lab.web import Browser


@pytest.fixture(scope="module")
def server(start_module_server, ports):
    port = ports.take()
    server = start_module_server(workers=1, external_ip="127.0.0.1", server_name="localhost",
                                 web_listen=f"127.0.0.1:{port}")
    server.web_port = port
    server.add_user()
    return server


def link(server, **options):
    code, answer = server.request("POST", "/guests", options)
    assert code == 201, answer
    return answer["id"], answer["url"].removeprefix("/guest/")


def ask(server, path, cookie=None):
    """(status, answer, the cookie that was set)"""
    connection = UnixHttp(server.run_directory / "manager.sock", 20)
    try:
        connection.request("GET", "/api/v1" + path, headers={"Cookie": cookie} if cookie else {})
        response = connection.getresponse()
        content = response.read()
        given = response.getheader("Set-Cookie")
        return response.status, json.loads(content), given
    finally:
        connection.close()


@pytest.mark.sanitize
def test_a_link_shows_settings_to_the_first_browser_only(server):
    number, token = link(server, name="Example Ltd.", user="alice", minutes=5)
    code, page, given = ask(server, f"/guest/{token}")
    assert code == 200, page
    assert "HttpOnly" in given and "SameSite=Strict" in given and f"Path=/api/v1/guest/{token}" in given
    cookie = given.split(";")[0]
    assert page["server"]["host"] == "localhost" and page["server"]["ports"]["explicit"] == [server.explicit]
    assert set(page["settings"]) >= {"filezilla", "winscp", "lftp", "curl", "rclone", "json", "text"}
    assert "alice" in page["settings"]["text"] and page["user"] == "alice"
    assert page["address_ok"] is True and page["address_reason"] is None
    assert PASSWORD not in json.dumps(page) and "$y$" not in json.dumps(page)
    assert ask(server, f"/guest/{token}")[0] == 410
    assert ask(server, f"/guest/{token}", "sallyport_guest=" + "A" * 43)[0] == 410
    code, again, given = ask(server, f"/guest/{token}", cookie)
    assert code == 200 and given is None and again["seen"] is not None
    server.reload()
    assert ask(server, f"/guest/{token}", cookie)[0] == 200
    assert server.request("DELETE", f"/guests/{number}")[0] == 204
    assert ask(server, f"/guest/{token}", cookie)[0] == 404


def test_nothing_but_a_hash_of_the_link_is_kept(server):
    _, token = link(server)
    database = (server.folder / "state" / "accounts.db").read_bytes() \
        + (server.folder / "state" / "accounts.db-wal").read_bytes()
    assert token.encode() not in database
    assert token not in json.dumps(server.request("GET", "/guests")[1])
    assert token not in server.log.text
    assert token not in json.dumps(server.request("GET", "/audit")[1])


@pytest.mark.parametrize("body, field", [
    ({"minutes": 0}, "minutes"), ({"minutes": 10 ** 9}, "minutes"), ({"minutes": "5"}, "minutes"),
    ({"user": "nobody"}, "user"), ({"name": 1}, "name"), ({"name": "x" * 500}, "name"),
    ({"role": "owner"}, "role"),
])
def test_what_makes_no_link_is_refused(server, body, field):
    code, problem = server.request("POST", "/guests", body)
    assert (code, problem["field"]) == (422, field), problem


def test_what_is_no_link_leads_nowhere(server):
    for token in ("x", "A" * 43, "%00", "..", "a%2Fb", "A" * 250):
        assert ask(server, f"/guest/{token}")[0] == 404
    assert server.request("GET", "/guests/999999")[0] == 404
    assert server.request("DELETE", "/guests/abc")[0] == 404


def test_the_command_line_makes_lists_and_withdraws_links(server):
    made = server.cli_json("guest", "add", "Mr. Smith", "--user", "alice", "--minutes", "10")
    assert made["url"].startswith("/guest/")
    listed = server.cli("guest", "list").stdout
    assert "Mr. Smith" in listed and "alice" in listed
    server.cli("guest", "remove", made["id"])
    assert "Mr. Smith" not in server.cli("guest", "list").stdout
    assert server.cli("guest", "remove", made["id"], check=False).returncode != 0


def test_the_command_line_prints_a_whole_address_where_guests_can_reach_one(server, start_server, ports):
    """Only this machine reaches 127.0.0.1: what stands before the path is for the administrator to say."""
    told = server.cli("guest", "add")
    assert told.stdout.startswith("/guest/") and "Put before it" in told.stderr
    port = ports.take()
    other = start_server(server_name="localhost", web_listen=f"127.0.0.1:{ports.take()}, *:{port}")
    told = other.cli("guest", "add")
    before, token = told.stdout.strip().split("/guest/")
    assert before == f"https://localhost:{port}" and "Put before it" not in told.stderr
    assert Browser(port, context=other.trust()).ask("GET", f"/guest/{token}")[0] == 200
    other.write_config(server_name="")
    other.reload()
    assert other.request("POST", "/guests", {})[1]["absolute_url"] is None


def test_plain_ftp_is_told_beside_tls_where_it_is_served(server):
    def told(user="alice"):
        _, token = link(server, user=user)
        page = ask(server, f"/guest/{token}")[1]
        assert page["server"]["ports"]["explicit"] == [server.explicit]
        mail = server.raw_request("GET", f"/users/{user}/connection")[1].decode()
        assert page["settings"]["text"] == mail
        has_port = f"Port:      FTP without TLS: {server.explicit}\n" in mail
        assert page["server"]["ports"]["plain"] == ([server.explicit] if has_port else [])
        return has_port

    assert not told()
    server.write_config(plain_ftp=True)
    server.reload()
    assert told()
    server.cli("user", "set", "alice", "--require-tls", "yes")
    assert not told()
    server.cli("user", "set", "alice", "--require-tls", "no")
    server.write_config(plain_ftp=False)
    server.reload()


# Whether the guest may connect

def judged(server, address, user=None):
    """The reason why a guest from there may not connect; None: it may."""
    _, token = link(server, **({"user": user} if user else {}))
    code, page = Browser(server.web_port, source=address).ask("GET", f"/guest/{token}")
    assert code == 200 and page["your_address"] == address
    assert page["address_ok"] is (page["address_reason"] is None)
    return page["address_reason"]


def test_a_ban_is_told_to_whom_it_keeps_out(server):
    code, ban = server.request("POST", "/bans", {"network": "127.9.1.0/24"})
    assert code == 201, ban
    assert "has banned 127.9.1.0/24" in judged(server, "127.9.1.7")
    assert judged(server, "127.9.2.7") is None
    assert server.request("DELETE", "/bans/127.9.1.0%2F24")[0] == 204
    assert judged(server, "127.9.1.7") is None


def test_the_networks_of_the_links_user_are_told(server):
    server.cli("user", "set", "alice", "--allow", "127.9.3.0/24")
    assert judged(server, "127.9.3.7", "alice") is None
    assert "certain networks only" in judged(server, "127.9.4.7", "alice")
    assert judged(server, "127.9.4.7") is None  # a link of no user
    server.cli("user", "set", "alice", "--allow", "")


@pytest.mark.parametrize("change, back, words", [
    ({"enabled": False}, {"enabled": True}, "is disabled"),
    ({"expires": "2020-01-01T00:00:00Z"}, {"expires": None}, "is over")], ids=["disabled", "expired"])
def test_a_user_who_may_not_log_in_is_told(server, change, back, words):
    assert judged(server, "127.9.5.7", "alice") is None
    assert server.request("PATCH", "/users/alice", change)[0] == 200
    assert words in judged(server, "127.9.5.7", "alice")
    assert judged(server, "127.9.5.7") is None
    assert server.request("PATCH", "/users/alice", back)[0] == 200


def test_a_user_who_is_gone_is_told(server):
    server.add_user("greta")
    _, token = link(server, user="greta")
    server.cli("user", "delete", "greta")
    assert "greta any more" in ask(server, f"/guest/{token}")[1]["address_reason"]


def test_an_expired_link_is_used_up(server):
    number, token = link(server, minutes=1)
    server.terminate()
    with sqlite3.connect(server.folder / "state" / "accounts.db") as database:
        database.execute("UPDATE guests SET expires_ms = ? WHERE id = ?",
                         (int(time.time() * 1000) - 1, number))
    server.start()
    assert ask(server, f"/guest/{token}")[0] == 410


def test_what_the_server_sees_of_the_guest_is_told(server):
    """The Unix socket has no address: the row gets the one that a browser would have had."""
    number, token = link(server)
    assert ask(server, f"/guest/{token}")[0] == 200
    server.terminate()
    with sqlite3.connect(server.folder / "state" / "accounts.db") as database:
        database.execute("UPDATE guests SET opened_from = '127.0.0.1' WHERE id = ?", (number,))
    server.start()

    def seen():
        code, answer = server.request("GET", f"/guests/{number}")
        assert code == 200
        return [item["what"] for item in answer["seen"]]

    with server.connect() as control:
        eventually(lambda: "connected" in seen(), 10, "the connection is seen")
        control.auth_tls()
        control.expect("USER alice", 331)
        control.expect("PASS wrong", 530)
        eventually(lambda: "login-failed" in seen(), 10, "the failed login is seen")
    with server.connect() as control:
        control.auth_tls()
        control.log_in("alice", PASSWORD)
        eventually(lambda: {"tls", "login"} <= set(seen()), 10, "the login is seen")
        control.protect()
        control.upload("confidential.txt", b"x")
    eventually(lambda: "disconnected" in seen(), 10, "the end is seen")
    texts = [item["text"] for item in server.request("GET", f"/guests/{number}")[1]["seen"]]
    assert any("alice" in text for text in texts)
    assert not any("confidential" in text for text in texts), "which files there are is not the guest's affair"
    assert not {"upload", "change"} & set(seen())
