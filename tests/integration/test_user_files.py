"""Users in files: import and export as CSV and JSON, all or nothing, by API and command line."""

import csv
import io
import json

import pytest

from sallyport_lab.daemon import PASSWORD

COLUMNS = ["name", "home", "enabled", "group", "permissions", "allowed_networks", "expires", "require_tls",
           "quota_bytes", "quota_files"]
# Of another server: sha512crypt.
HASH = "$6$saltsalt$G9wFFnnUFCPffgjGaIp8t6onbqx3zGbMIn93ecLfBFGJpBV3/0HPLZ17qYbjb.WJDtXbmuMlQ9NnvzVms5ZXj."


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, failed_login_delay=0)
    server.cli("group", "add", "staff", "--quota-bytes", "1G")
    return server


def send(server, body, kind="text/csv", query=""):
    body = body.encode() if isinstance(body, str) else body
    status, content = server.raw_request("POST", "/users/import" + query, body, {"Content-Type": kind})
    return status, json.loads(content)


def users(server):
    return {user["name"]: user for user in server.get("/users?limit=1000")["users"]}


def exported(server, query="format=csv"):
    status, content = server.raw_request("GET", "/users/export?" + query)
    assert status == 200, content
    return content.decode()


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.sanitize
@pytest.mark.tsan
def test_a_table_adds_users_who_can_log_in(server):
    status, answer = send(server, (
        "name,password,home,enabled,group,permissions,allowed_networks,expires,require_tls,quota_bytes,quota_files\r\n"
        f'anna,{PASSWORD},"homes/anna, the first",yes,staff,,,,no,10M,100\r\n'
        f"bert,{PASSWORD},,no,,list download,10.0.0.0/8 127.0.0.0/8,2099-01-01T00:00:00Z,yes,,\r\n"))
    assert (status, answer) == (200, {"created": 2, "updated": 0, "dry_run": False, "errors": []})
    anna, bert = (users(server)[name] for name in ("anna", "bert"))
    assert (anna["home"], anna["group"], anna["permissions_from"]) == ("homes/anna, the first", "staff", "group")
    assert anna["quota"] == {"bytes": 10 << 20, "files": 100}
    assert (bert["enabled"], bert["home"], bert["group"]) == (False, "bert", None)
    assert bert["permissions"] == ["list", "download"] and bert["allowed_networks"] == ["10.0.0.0/8", "127.0.0.0/8"]
    assert (bert["expires"], bert["require_tls"]) == ("2099-01-01T00:00:00.000Z", True)
    assert bert["quota"] == {"bytes": None, "files": None}
    with server.login(user="anna", tls=False) as control:
        control.expect("PWD", 257)


def test_a_user_is_changed_where_the_table_has_columns(server):
    send(server, f"name,password,home,quota_files,group\ncarl,{PASSWORD},one,5,staff\n")
    status, answer = send(server, "home;NAME;group\ntwo;carl;\n")
    assert (status, answer["created"], answer["updated"]) == (200, 0, 1)
    carl = users(server)["carl"]
    assert (carl["home"], carl["group"], carl["quota"]["files"]) == ("two", None, 5)
    with server.login(user="carl", tls=False) as control:
        control.expect("PWD", 257)


def test_errors_are_told_by_line_and_nothing_is_changed(server):
    body = ("name,password,home,enabled,group,permissions,expires\n"
            f"good,{PASSWORD},,,,,\n"
            f'"two\nlines",{PASSWORD},,,,,\n'
            f"wrong,{PASSWORD},../up,perhaps,,,\n"
            f"good,{PASSWORD},,,,,\n"
            "nopass,,,,,,\n"
            f"nogroup,{PASSWORD},,,nobody,,\n"
            f"noperm,{PASSWORD},,,,fly,\n"
            f"never,{PASSWORD},,,,,tomorrow\n"
            f"more,{PASSWORD},,,,,,,x\n")
    before = users(server)
    for query in ("", "?dry_run=true"):
        status, answer = send(server, body, query=query)
        assert status == (200 if query else 422), answer
        errors = {(e["line"], e["field"]) for e in answer["errors"]}
        assert errors == {(3, "name"), (5, "enabled"), (5, "home"), (6, "name"), (7, "password"), (8, "group"),
                          (9, "permissions"), (10, "expires"), (11, None)}
        assert all(e["detail"].endswith(".") for e in answer["errors"])
        assert answer["created"] == (1 if query else 0)  # what would be made without the wrong lines
    assert users(server) == before


@pytest.mark.parametrize("body, kind, status, word", [
    ("", "text/csv", 422, "empty"),
    ("nom,password\n", "text/csv", 422, "nom"),
    ("name,name\n", "text/csv", 422, "twice"),
    ("password\nx\n", "text/csv", 422, "name"),
    ('name\n"a', "text/csv", 422, "quote"),
    ("name\n" + "," * 100 + "\n", "text/csv", 422, "too many cells"),
    (b"name\n\xff\xfe\n", "text/csv", 422, "UTF-8"),
    (b"name\nx\0y\n", "text/csv", 422, "UTF-8"),
    ("name\n", "text/plain", 415, "text/csv"),
    ("{", "application/json", 400, "JSON"),
    ("3", "application/json", 400, "JSON"),
    ("{}", "application/json", 422, "users"),
    ('{"users": [3]}', "application/json", 422, "users"),
    ('[{"name": 3}]', "application/json", 422, "string"),
    ('[{"home": "x"}]', "application/json", 422, "missing"),
    ('[{"name": "x", "password": "y", "quota_bytes": "z"}]', "application/json", 422, "quota"),
    ('[{"name": "x", "no_such": 1}]', "application/json", 422, "not known"),
    ('[{"name": "x", "password_hash": "nonsense"}]', "application/json", 422, "hash"),
])
def test_broken_files_are_refused_with_a_reason(server, body, kind, status, word):
    got, answer = send(server, body, kind)
    assert got == status, answer
    assert word in answer["detail"]


def test_what_was_exported_comes_back_as_it_was(server):
    server.add_user("dora", PASSWORD, "--home", "=1+1", "--group", "staff", "--deny", "*.exe", "--user-sessions", "3",
                    "--rule", "/in=list,upload", "--allow", "127.0.0.0/8", "--quota-bytes", "5M")
    server.add_user("emil", PASSWORD, "--home", "'@x", "--permissions", "none")
    before = users(server)
    table, text = exported(server), exported(server, "format=json")
    hashed = exported(server, "format=json&hashes=true")
    assert list(csv.reader(io.StringIO(table)))[0] == COLUMNS
    assert "$y$" not in table + text and "password" not in table + text
    by_name = {row["name"]: row for row in rows(table)}
    assert (by_name["dora"]["home"], by_name["emil"]["home"]) == ("'=1+1", "''@x")

    for body, kind in ((table, "text/csv"), (text, "application/json")):
        status, answer = send(server, body, kind)
        assert (status, answer["created"], answer["updated"]) == (200, 0, len(before)), answer
        assert users(server) == before
    for name in ("dora", "emil"):
        server.cli("user", "delete", name)
    assert send(server, table)[0] == 422  # there is no password to give them
    assert send(server, hashed, "application/json")[1]["created"] == 2
    after = users(server)
    assert {n: u | {"created": 0} for n, u in after.items()} == {n: u | {"created": 0} for n, u in before.items()}
    with server.login(user="dora", tls=False) as control:
        control.expect("PWD", 257)


def test_hashes_come_in_and_are_noted_by_no_word(server):
    status, answer = send(server, f"name,password_hash\nfritz,{HASH}\n")
    assert (status, answer["created"]) == (200, 1), answer
    status, answer = send(server, f"name,password_hash\nfritz,{HASH[:-1]}\n")
    assert status == 422 and answer["errors"][0]["field"] == "password_hash"
    row = server.get("/audit?what=users-imported")["audit"][0]
    assert (row["action"], row["after"]) == ("users-imported", {"created": 1, "updated": 0, "names": ["fritz"]})
    assert "$6$" not in json.dumps(server.get("/audit?limit=1000"))


def test_nobody_is_named_as_a_path_of_the_api(server):
    """GET /users/export is the file, so a user of that name could not be asked for."""
    status, problem = server.request("POST", "/users", {"name": "export", "password": "correct horse"})
    assert (status, problem["field"]) == (422, "name") and "path of the API" in problem["detail"]
    status, problem = send(server, "name,password\nexport,correct horse\n")
    assert status == 422 and "path of the API" in json.dumps(problem)
    refused = server.cli("user", "add", "export", "--password-stdin", text="correct horse\n", check=False)
    assert refused.returncode == 1 and "path of the API" in refused.stderr
    assert "export" not in users(server)


def test_a_disabled_user_is_thrown_out(server):
    send(server, f"name,password\ngerd,{PASSWORD}\n")
    with server.login(user="gerd", tls=False) as control:
        assert send(server, "name,enabled\ngerd,no\n")[0] == 200
        assert control.is_closed()


def test_the_command_line_imports_and_exports(server, tmp_path):
    file = tmp_path / "users.csv"
    file.write_text(f"name,password\nhans,{PASSWORD}\n")
    assert "1 users would be added" in server.cli("user", "import", str(file), "--dry-run").stdout
    assert "hans" not in users(server)
    assert "1 users are added, 0 are changed" in server.cli("user", "import", str(file)).stdout
    assert rows(server.cli("user", "export").stdout)[-1]["name"] == "hans"
    document = json.loads(server.cli("user", "export", "--format", "json", "--hashes").stdout)
    assert all("password_hash" in user for user in document["users"])
    file.write_text(json.dumps(document))
    assert "0 users are added" in server.cli("user", "import", str(file)).stdout
    file.write_text("name,enabled\nhans,perhaps\nhans2,\n")
    result = server.cli("user", "import", str(file), check=False)
    assert result.returncode == 1
    assert 'line 2, enabled: "perhaps" is not yes or no.' in result.stderr and "line 3, password" in result.stderr


def test_a_change_of_quota_leaves_limits_alone(server):
    """Limits are stored together; what a change does not name stays."""
    server.add_user("ida", PASSWORD, "--user-sessions", "3", "--uploads", "direct")
    status, answer = server.request("PATCH", "/users/ida", {"quota": {"bytes": 10}})
    assert status == 200 and answer["quota"] == {"bytes": 10, "files": None}
    assert answer["limits"]["user_sessions"] == 3 and answer["limits"]["upload_size"] is None
    assert answer["uploads"] == "direct"
