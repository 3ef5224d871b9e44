"""The manager over HTTP: who gets in, who may do what, and what becomes of everything else."""

import json
import re
import socket
import ssl
import time
from pathlib import Path

import pytest

from sallyport_lab.daemon import PASSWORD
from sallyport_lab.wait import eventually
from sallyport_lab.web import ADMIN_PASSWORD, Browser, first_link, totp

ROOT = Path(__file__).resolve().parents[2]
ROLES = ["read-only", "operator", "owner"]
SCOPES = dict(zip(ROLES, ["read", "operate", "own"]))
NEEDS = {"ROLE_NONE": -1, "ROLE_READ_ONLY": 0, "ROLE_OPERATOR": 1, "ROLE_OWNER": 2}


def table():
    source = (ROOT / "src" / "manager" / "api_route.c").read_text()
    rows = re.findall(r'\{\s*"([A-Z]+)",\s*"(/[^"]*)",\s*(\w+),\s*(ROLE_\w+),\s*([\w\s|]+?)\s*\}', source)
    return [(method, path.replace("{}", "x"), NEEDS[role], flags) for method, path, _, role, flags in rows]


def start(start_server, ports, **settings):
    port = ports.take()
    web = Path("/tmp") / f"sallyport-web-{port}"
    web.mkdir(exist_ok=True)
    (web / "index.html").write_text("<!doctype html><title>Sallyport</title>")
    (web / "app.js").write_text("export const a = 1;\n")
    server = start_server(plain_ftp=True, **{"web_listen": f"127.0.0.1:{port}", "web_directory": web} | settings)
    server.web_port = port
    return server


@pytest.fixture(scope="module")
def server(start_module_server, ports):
    server = start(start_module_server, ports)
    server.token = first_link(server)
    browser = Browser(server.web_port)
    status, answer = browser.ask("POST", "/setup",
                                 {"token": server.token, "name": "root", "password": ADMIN_PASSWORD})
    assert status == 201, answer
    server.owner = browser
    server.keys = {}
    for role in ROLES:
        status, answer = browser.ask("POST", "/admins", {"name": f"a-{role}", "role": role, "password": ADMIN_PASSWORD})
        assert status == 201, answer
        status, answer = browser.ask("POST", "/keys", {"name": f"k-{role}", "scope": SCOPES[role]})
        assert status == 201, answer
        server.keys[role] = answer["key"]
    server.add_user()
    return server


def browser_of(server, role=None):
    browser = Browser(server.web_port)
    if role:
        browser.log_in(f"a-{role}")
    return browser


# The first administrator


def test_the_link_makes_one_administrator_once(server):
    stranger = browser_of(server)
    assert stranger.ask("GET", "/setup") == (200, {"needed": False})
    status, answer = stranger.ask("POST", "/setup",
                                  {"token": server.token, "name": "evil", "password": ADMIN_PASSWORD})
    assert status == 403 and answer["field"] == "token"
    status, answer = server.owner.ask("GET", "/auth/me")
    assert (answer["name"], answer["role"], answer["via"]) == ("root", "owner", "session")


def test_a_wrong_token_makes_nobody_and_the_right_one_survives_a_reload(start_server, ports):
    server = start(start_server, ports)
    token = first_link(server)
    browser = Browser(server.web_port)
    assert browser.ask("GET", "/setup") == (200, {"needed": True})
    for wrong in ("", "0" * 64, token[:-1], token + "0"):
        status, _ = browser.ask("POST", "/setup", {"token": wrong, "name": "x", "password": ADMIN_PASSWORD})
        assert status == 403
    status, answer = browser.ask("POST", "/setup", {"token": token, "name": "x", "password": "short"})
    assert (status, answer["field"]) == (422, "password")
    server.reload()
    status, _ = browser.ask("POST", "/setup", {"token": token, "name": "x", "password": ADMIN_PASSWORD})
    assert status == 201
    server.reload()
    assert browser.ask("GET", "/auth/me")[0] == 200, "sessions survive a reload"


# Logins


def test_cookies_keep_to_themselves(server):
    browser = browser_of(server, "operator")
    cookie = browser.answer.getheader("Set-Cookie")
    assert re.fullmatch(r"sallyport_session=[0-9a-f]{64}; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict", cookie)
    assert browser.answer.getheader("Cache-Control") == "no-store"


def test_a_logout_ends_the_session(server):
    browser = browser_of(server, "operator")
    cookie = browser.cookie
    assert browser.ask("POST", "/auth/logout") == (204, None)
    browser.cookie = cookie
    assert browser.ask("GET", "/auth/me")[0] == 401


def test_a_new_password_ends_all_other_sessions(server):
    server.owner.ask("POST", "/admins", {"name": "p", "password": ADMIN_PASSWORD})
    one, two = (Browser(server.web_port).log_in("p") for _ in range(2))
    status, answer = one.ask("POST", "/auth/password", {"current": "wrong", "new": "another password"})
    assert (status, answer["field"]) == (422, "current")
    status, _ = one.ask("POST", "/auth/password", {"current": ADMIN_PASSWORD, "new": "another password"})
    assert status == 200
    assert one.ask("GET", "/auth/me")[0] == 200
    assert two.ask("GET", "/auth/me")[0] == 401
    Browser(server.web_port).log_in("p", "another password")


def test_who_is_disabled_or_deleted_is_out_at_once(server):
    server.owner.ask("POST", "/admins", {"name": "d", "role": "owner", "password": ADMIN_PASSWORD})
    browser = Browser(server.web_port).log_in("d")
    etag = {"If-Match": "*"}
    assert server.owner.ask("PATCH", "/admins/d", {"enabled": False}, etag)[0] == 200
    assert browser.ask("GET", "/auth/me")[0] == 401
    assert Browser(server.web_port).ask("POST", "/auth/login", {"name": "d", "password": ADMIN_PASSWORD})[0] == 401
    assert server.owner.ask("DELETE", "/admins/d", headers=etag) == (204, None)


def test_codes_of_an_authenticator(server):
    server.owner.ask("POST", "/admins", {"name": "t", "password": ADMIN_PASSWORD})
    browser = Browser(server.web_port).log_in("t")
    _, begun = browser.ask("POST", "/auth/totp")
    assert begun["uri"].startswith("otpauth://totp/Sallyport:t?secret=" + begun["secret"])
    assert browser.ask("PUT", "/auth/totp", {"code": "000000x"})[0] == 422
    step = int(time.time()) // 30
    code = totp(begun["secret"], step)
    assert browser.ask("PUT", "/auth/totp", {"code": code})[0] == 204
    other = Browser(server.web_port)
    login = {"name": "t", "password": ADMIN_PASSWORD}
    status, answer = other.ask("POST", "/auth/login", login)
    assert status == 401 and answer["totp_required"] is True
    assert other.ask("POST", "/auth/login", login | {"totp": code})[0] == 401, "it was used already"
    later = totp(begun["secret"], step + 1)
    assert other.ask("POST", "/auth/login", login | {"totp": later})[0] == 200
    assert Browser(server.web_port).ask("POST", "/auth/login", login | {"totp": later})[0] == 401
    assert other.ask("DELETE", "/auth/totp", {"password": ADMIN_PASSWORD})[0] == 204
    Browser(server.web_port).log_in("t")


def test_failures_are_counted_and_tell_nothing(start_server, ports):
    server = start(start_server, ports)
    browser = Browser(server.web_port)
    browser.ask("POST", "/setup", {"token": first_link(server), "name": "ann", "password": ADMIN_PASSWORD})
    answers = []
    for i in range(10):
        status, answer = Browser(server.web_port).ask(
            "POST", "/auth/login", {"name": "ann" if i % 2 else "nobody", "password": "wrong password"})
        assert status == 401
        answers.append(answer)
    assert all(answer == answers[0] for answer in answers)
    blocked = Browser(server.web_port)
    status, answer = blocked.ask("POST", "/auth/login", {"name": "ann", "password": ADMIN_PASSWORD})
    assert status == 429 and 0 < int(blocked.answer.getheader("Retry-After")) <= 300
    assert browser.ask("GET", "/auth/me")[0] == 200, "who is in stays in"
    _, audit = browser.ask("GET", "/audit?what=admin-login-failed")
    assert len(audit["audit"]) == 10 and audit["audit"][0]["from"] == "127.0.0.1"


# Rights


@pytest.mark.parametrize("via", ["session", "key"])
@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_route_asks_for_its_role(server, role, via):
    """Whoever lacks it gets 401 or 403; whoever has it gets anything else (most paths lead to nothing here)."""
    browser = browser_of(server, role if via == "session" else None)
    if via == "key":
        browser.headers["Authorization"] = f"Bearer {server.keys[role] if role else 'spk_0_0'}"
    rank = ROLES.index(role) if role else -1
    for method, path, needs, flags in table():
        if path.startswith(("/api/v1/auth/", "/api/v1/setup")) or "STREAMS" in flags or path.endswith("/reload"):
            continue
        # A body that is no JSON keeps whatever may be done from being done.
        status, content = browser.raw(method, path, b"{" if method != "GET" else None,
                                      {"Content-Type": "application/json"} if method != "GET" else {})
        problem = json.loads(content) if content and status >= 400 else {}
        if rank >= needs or "PUBLIC" in flags:
            assert status not in (401, 403), f"{role}: {method} {path} {problem}"
        else:
            assert status == (403 if role else 401), f"{role}: {method} {path} {status} {problem}"
            assert problem["status"] == status and problem["detail"]


def test_changes_by_the_page_name_the_state_they_start_from(server):
    operator = browser_of(server, "operator")
    assert operator.ask("PATCH", "/users/alice", {"enabled": True})[0] == 428
    operator.ask("GET", "/users/alice")
    etag = operator.answer.getheader("ETag")
    assert operator.ask("PATCH", "/users/alice", {"permissions": ["list"]}, {"If-Match": etag})[0] == 200
    status, answer = operator.ask("PATCH", "/users/alice", {"enabled": False}, {"If-Match": etag})
    assert status == 412, answer
    etag = operator.answer.getheader("ETag") or operator.ask("GET", "/users/alice") and operator.answer.getheader("ETag")
    assert operator.ask("PATCH", "/users/alice", {"permissions": None}, {"If-Match": etag})[0] == 200


def test_the_last_owner_cannot_go(start_server, ports):
    server = start(start_server, ports)
    owner = Browser(server.web_port)
    owner.ask("POST", "/setup", {"token": first_link(server), "name": "ann", "password": ADMIN_PASSWORD})
    for method, body in (("DELETE", None), ("PATCH", {"role": "operator"}), ("PATCH", {"enabled": False})):
        assert owner.ask(method, "/admins/ann", body, {"If-Match": "*"})[0] == 409
    assert owner.ask("GET", "/auth/me")[0] == 200


# Forged requests


@pytest.mark.parametrize("headers", [
    {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"Origin": "http://evil.example"}, {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_forged_changes_are_refused(server, headers):
    operator = browser_of(server, "operator")
    status, answer = operator.ask("POST", "/users", {"name": "forged", "password": "x"}, headers)
    assert status == 403, answer
    assert server.request("GET", "/users/forged")[0] == 404
    own = f"http://127.0.0.1:{server.web_port}"
    assert operator.ask("POST", "/users", {"name": ""}, {"Origin": own, "Sec-Fetch-Site": "same-origin"})[0] == 422


@pytest.mark.parametrize("host, status", [
    ("evil.example", 421), ("localhost.evil.example", 421), ("127.0.0.1.evil.example:80", 421), ("", 421), ("a b", 421),
    ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:8021", 200), ("127.0.0.1", 200)])
def test_other_hosts_are_not_served_on_loopback(server, host, status):
    browser = browser_of(server)
    assert browser.raw("GET", "/api/v1/setup", headers={"Host": host})[0] == status
    assert browser.raw("GET", "/", headers={"Host": host})[0] == status


# The page


def test_files_come_with_a_policy_and_are_kept(server):
    browser = browser_of(server)
    status, content = browser.raw("GET", "/")
    assert status == 200 and b"Sallyport" in content
    policy = browser.answer.getheader("Content-Security-Policy")
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert browser.answer.getheader("X-Content-Type-Options") == "nosniff"
    etag = browser.answer.getheader("ETag")
    assert browser.raw("GET", "/", headers={"If-None-Match": etag}) == (304, b"")
    assert browser.raw("GET", "/app.js")[0] == 200
    assert browser.answer.getheader("Content-Type").startswith("text/javascript")
    assert browser.raw("HEAD", "/app.js") == (200, b"")
    assert browser.raw("POST", "/app.js", b"x")[0] == 405
    for path in ("/../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/app.js/", "/.git", "/APP.JS", "/%00"):
        assert browser.raw("GET", path)[0] in (400, 404), path


def test_another_address_speaks_tls_only(start_server, ports):
    port, other = ports.take(), ports.take()
    server = start_server(plain_ftp=True, web_listen=f"*:{port}, 127.0.0.1:{other}")
    browser = Browser(port, context=server.trust())
    assert browser.ask("GET", "/setup") == (200, {"needed": True})
    status, _ = browser.ask("POST", "/setup",
                            {"token": first_link(server), "name": "ann", "password": ADMIN_PASSWORD})
    assert status == 201
    assert browser.cookie.startswith("__Host-sallyport_session=")
    assert browser.answer.getheader("Set-Cookie").endswith("; Secure")
    assert browser.ask("GET", "/auth/me")[0] == 200
    assert Browser(other).ask("GET", "/setup") == (200, {"needed": False})
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        plain.sendall(b"GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP/1" not in plain.recv(100)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port), 10) as plain, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(plain)
    server.write_config(web_listen=f"127.0.0.1:{other}")
    server.reload()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 5)
    assert Browser(other).ask("GET", "/setup")[0] == 200


def test_a_page_without_tls_for_others_is_refused(start_server, ports):
    server = start_server(plain_ftp=True)
    server.write_config(web_listen=f"*:{ports.take()}", web_tls="no")
    server.process.send_signal(1)
    server.log.wait_for("reload-failed.*web_tls: is no, but web_listen names an address that others can reach")


# Whatever else comes


BODIES = [b"", b"{", b"[]", b"null", b"3", b'"x"', b"{}", b'{"a":1,"a":2}', b"\x00", b"\xff\xfe", b'{"name":null}',
          b'{"name":{}}', b'{"name":["x"]}', b'{"name":"' + b"a" * 5000 + b'"}', b"[" * 3000, b'{"name":"\\ud800"}',
          b'{"name":"a\\u0000b"}', b'{"password":1e999}', b'{"limits":{"x":' + b"9" * 400 + b"}}"]
PATHS = ["/api/v1/users/%", "/api/v1/users/%00", "/api/v1/users/%ff", "/api/v1/users/" + "a" * 3000, "/api/v1/%2e%2e/x",
         "/api/v1/users/'; DROP TABLE users;--".replace(" ", "%20"), "/api/v1/users?limit=-1",
         "/api/v1/transfers?limit=99999999999999999999", "/api/v1/transfers?since=%27%22", "/api/v1/transfers?user=%zz",
         "/api/v1/audit?search=%25%27%22--&who=%00", "/api/v1/stream?topics=%0d%0aX:1", "/api/v1/", "/api", "/metrics/x"]


@pytest.mark.sanitize
def test_odd_requests_get_a_reason_and_no_secret(server):
    owner = Browser(server.web_port).log_in("root")
    for method, path, _, flags in table():
        if "STREAMS" in flags or path.endswith(("/reload", "/logout", "/auth/password", "/auth/totp", "/recount",
                                                "/auth/login", "/setup", "/setup/link", "/detect")):
            continue
        for body in BODIES if method not in ("GET", "DELETE") else [b""]:
            status, content = owner.raw(method, path, body, {"Content-Type": "application/json", "If-Match": "*"})
            assert status < 500, f"{method} {path} {body[:40]} {content[:200]}"
            assert b"$y$" not in content and b"password_hash\":" not in content.replace(b" ", b"")
    for path in PATHS:
        status, content = owner.raw("GET", path)
        assert 400 <= status < 500, path
        if path.startswith("/api/"):
            assert json.loads(content)["detail"], path
    assert owner.ask("POST", "/users", {"name": "big", "password": "x" * 70000})[0] == 413
    # What is far too large is read to its end, so that the client gets to read why.
    status, content = owner.raw("POST", "/api/v1/users", b'"' + b"x" * 5_000_000 + b'"')
    assert status == 413 and json.loads(content)["detail"]
    assert owner.raw("POST", "/api/v1/users", b"name=x", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 415


@pytest.mark.sanitize
def test_broken_http_is_survived(server):
    lines = [b"\r\n" * 200, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
             b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"y" * 100000 + b"\r\n\r\n",
             b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
             b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\nx",
             b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
             b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", bytes(range(256)) * 10]
    for data in lines:
        with socket.create_connection(("127.0.0.1", server.web_port), 10) as sock:
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(4096):
                    pass
            except OSError:
                pass  # it may end before it has heard all
    assert browser_of(server).ask("GET", "/setup")[0] == 200


def test_many_connections_of_one_address_leave_room_for_the_socket(server):
    crowd = []
    try:
        for _ in range(150):
            crowd.append(socket.create_connection(("127.0.0.1", server.web_port), 10))
            crowd[-1].sendall(b"GET / HTTP/1.1\r\nHo")

        def is_bounded():
            dead = 0
            for sock in crowd:
                sock.setblocking(False)
                try:
                    dead += sock.recv(1) == b""
                except BlockingIOError:
                    pass
                except OSError:
                    dead += 1
            return dead >= 40
        eventually(is_bounded, 10, "those above the limit are closed")
        assert server.status()["workers"]
    finally:
        for sock in crowd:
            sock.close()
    eventually(lambda: can_ask(server), 10, "their places come free")


def can_ask(server):
    try:
        return browser_of(server).ask("GET", "/setup")[0] == 200
    except OSError:
        return False


def test_who_trickles_is_cut_off(start_server, ports):
    server = start(start_server, ports)
    with socket.create_connection(("127.0.0.1", server.web_port), 60) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        sock.settimeout(0.5)
        began = time.monotonic()
        while time.monotonic() - began < 60:
            try:
                sock.sendall(b"X: y\r\n")
                if sock.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert 20 < time.monotonic() - began < 50


# Keys and the trail


def test_keys_expire_and_end(server):
    browser = browser_of(server)
    status, made = server.owner.ask("POST", "/keys", {"name": "temporary", "scope": "read"})
    assert status == 201 and made["key"].startswith(f"spk_{made['id']}_")
    browser.headers["Authorization"] = "Bearer " + made["key"]
    assert browser.ask("GET", "/auth/me")[1]["name"] == "key:temporary"
    _, listed = server.owner.ask("GET", "/keys")
    assert made["key"] not in json.dumps(listed) and listed["keys"][0]["last_used_from"] == "127.0.0.1"
    for wrong in (made["key"][:-1], made["key"] + "0", f"spk_{made['id']}_", made["id"]):
        assert browser.ask("GET", "/status", headers={"Authorization": "Bearer " + wrong})[0] == 401
    status, answer = server.owner.ask("POST", "/keys", {"name": "old", "scope": "read", "expires": "2020-01-01T00:00:00Z"})
    assert (status, answer["field"]) == (422, "expires")
    assert server.owner.ask("DELETE", "/keys/" + made["id"]) == (204, None)
    assert browser.ask("GET", "/auth/me")[0] == 401


def test_every_change_leaves_a_row_without_secrets(server):
    operator = browser_of(server, "operator")
    assert operator.ask("POST", "/users", {"name": "trail", "password": "secret-1"})[0] == 201
    assert operator.ask("PATCH", "/users/trail", {"enabled": False, "password": "secret-2"}, {"If-Match": "*"})[0] == 200
    assert operator.ask("DELETE", "/users/trail", headers={"If-Match": "*"})[0] == 204
    server.cli("group", "add", "trailers")
    server.cli("group", "delete", "trailers")
    _, answer = server.owner.ask("GET", "/audit?search=trail&limit=10")
    rows = answer["audit"]
    assert [row["action"] for row in rows] == ["group-deleted", "group-added", "user-deleted", "user-disabled", "user-added"]
    assert {row["who"] for row in rows[2:]} == {"a-operator"} and rows[2]["from"] == "127.0.0.1"
    assert rows[0]["who"].startswith("local:") and rows[0]["from"] == "local"
    assert rows[3]["before"] == {"enabled": True} and rows[3]["after"] == {"enabled": False, "password": "changed"}
    assert "secret-" not in json.dumps(rows) and "$y$" not in json.dumps(rows)
    _, first = server.owner.ask("GET", "/audit?limit=2")
    _, second = server.owner.ask("GET", f"/audit?limit=2&after={first['next']}")
    assert first["audit"][1]["id"] - 1 == second["audit"][0]["id"]


def test_a_stream_over_http_ends_with_the_session(server):
    operator = browser_of(server, "operator")
    connection = operator.connect()
    connection.request("GET", "/api/v1/stream?topics=throughput", headers={"Cookie": operator.cookie})
    response = connection.getresponse()
    assert response.status == 200 and response.readline().startswith(b"event: throughput")
    assert operator.ask("POST", "/auth/logout")[0] == 204
    while response.readline():
        pass
    connection.close()


def test_users_of_ftp_are_no_administrators(server):
    status, _ = browser_of(server).ask("POST", "/auth/login", {"name": "alice", "password": PASSWORD})
    assert status == 401


# The command line


def test_the_command_line_does_it_as_well(server):
    server.cli("admin", "add", "cli", "--role", "operator", "--password-stdin", text=ADMIN_PASSWORD + "\n")
    assert Browser(server.web_port).log_in("cli").ask("GET", "/auth/me")[1]["role"] == "operator"
    server.cli("admin", "change", "cli", "--role", "read-only", "--no-codes")
    assert "cli" in server.cli("admin", "list").stdout
    server.cli("admin", "password", "cli", "--password-stdin", text="quite another one\n")
    Browser(server.web_port).log_in("cli", "quite another one")
    server.cli("admin", "change", "cli", "--disable")
    assert [a["enabled"] for a in server.cli_json("admin", "list")["admins"] if a["name"] == "cli"] == [False]
    server.cli("admin", "remove", "cli")
    assert server.cli("admin", "remove", "cli", check=False).returncode == 1
    refused = server.cli("admin", "link", check=False)
    assert refused.returncode == 1 and "administrators already" in refused.stderr

    key = server.cli("key", "add", "cli key", "--scope", "operate").stdout.strip()
    browser = browser_of(server)
    browser.headers["Authorization"] = f"Bearer {key}"
    assert browser.ask("GET", "/users")[0] == 200
    server.cli("key", "remove", key.split("_")[1])
    assert browser.ask("GET", "/users")[0] == 401
    assert "cli key" not in server.cli("key", "list").stdout

    rows = server.cli_json("audit", "--search", "cli", "--limit", "50")["audit"]
    assert {"admin-added", "admin-changed", "admin-deleted", "key-added", "key-deleted"} <= {r["action"] for r in rows}
    assert "admin-added" in server.cli("audit", "--what", "admin").stdout


def test_the_link_of_the_command_line_makes_the_first_administrator(start_server, ports):
    server = start(start_server, ports)
    old = first_link(server)
    token = server.cli("admin", "link").stdout.strip().split("token=")[1]
    browser = Browser(server.web_port)
    body = {"name": "ann", "password": ADMIN_PASSWORD}
    assert browser.ask("POST", "/setup", body | {"token": old})[0] == 403, "the new one takes its place"
    assert browser.ask("POST", "/setup", body | {"token": token})[0] == 201
