"""Lists of a server with many users come in pages."""

import pytest

HASH = "$5$rounds=1000$salt$6GWCBjN2Dk6cUkAyzJGvJaYnkmbWGKyaqxUpv3NSVYB"  # never used to log in
N = 230


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server()
    status, answer = server.request("POST", "/groups", {"name": "staff"})
    assert status == 201, answer
    for i in range(N):
        user = {"name": f"user{i:04}", "password_hash": HASH, "enabled": i % 10 != 0}
        if i % 5 == 0:
            user |= {"group": "staff", "quota": {"bytes": 1000, "files": 0}}
        status, answer = server.request("POST", "/users", user)
        assert status == 201, answer
    return server


def pages(server, path, member):
    after, found = "", []
    while True:
        separator = "&" if "?" in path else "?"
        status, answer = server.request("GET", f"{path}{separator}{after}")
        assert status == 200, answer
        found.append(answer[member])
        if answer["next"] is None:
            return found
        after = f"after={answer['next']}"


def test_all_pages_together_are_all_users(server):
    found = pages(server, "/users?limit=50", "users")
    assert [len(page) for page in found] == [50, 50, 50, 50, 30]
    names = [user["name"] for page in found for user in page]
    assert names == [f"user{i:04}" for i in range(N)]


def test_a_page_has_a_hundred_unless_told_otherwise(server):
    status, answer = server.request("GET", "/users")
    assert status == 200 and len(answer["users"]) == 100 and answer["total"] == N


@pytest.mark.parametrize("query, total, first", [
    ("search=USER001", 10, "user0010"),
    ("search=0042", 1, "user0042"),
    ("search=nobody", 0, None),
    ("enabled=false", 23, "user0000"),
    ("enabled=true", 207, "user0001"),
    ("group=staff", 46, "user0000"),
    ("group=staff&enabled=true&search=user00", 10, "user0005"),
    ("search=%25", 0, None),
    ("search=%27%20OR%201%3D1%20--", 0, None),
])
def test_filters(server, query, total, first):
    status, answer = server.request("GET", f"/users?{query}")
    assert (status, answer["total"]) == (200, total)
    assert (answer["users"][0]["name"] if answer["users"] else None) == first


@pytest.mark.parametrize("query, field", [
    ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=ten", "limit"), ("limit=-1", "limit"),
    ("enabled=maybe", "enabled"), ("search=%", "search"), ("after=%00", "after"),
])
def test_a_parameter_that_cannot_be_is_named(server, query, field):
    status, answer = server.request("GET", f"/users?{query}")
    assert (status, answer["field"]) == (422, field)


def test_quotas_come_with_the_users(server):
    found = pages(server, "/quotas?limit=100", "quotas")
    assert [len(page) for page in found] == [20, 20, 6]
    status, answer = server.request("GET", "/quotas?user=user0005")
    assert status == 200 and [quota["name"] for quota in answer["quotas"]] == ["user0005"]
    assert server.request("GET", "/quotas?user=nobody")[0] == 404
    assert server.request("GET", "/quotas?user=user0005&group=staff")[0] == 422


def test_the_command_line_turns_the_pages(server):
    assert len(server.cli_json("user", "list")["users"]) == N
    assert "user0229" in server.cli("user", "list").stdout
    assert len(server.cli_json("quota", "list")["quotas"]) == 46
