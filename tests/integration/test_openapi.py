"""docs/openapi.yaml and the server say the same: every route of the table is described with its role, every
described one is in the table, and real answers fit the schemas, which allow nothing that they do not name."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from sallyport_lab.daemon import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
ROLES = {"ROLE_NONE": "none", "ROLE_READ_ONLY": "read-only", "ROLE_OPERATOR": "operator",
         "ROLE_OWNER": "owner"}
METHODS = ("get", "put", "post", "patch", "delete")
# What stands for the arguments of a path when the answers are asked for.
ARGUMENTS = {"/users/{name}": "alice", "/groups/{name}": "staff", "/admins/{name}": "ann",
             "/certificates/{host}": "default"}


def table():
    """{(method, pattern with {}): (role, flags)} of the route table."""
    source = (ROOT / "src" / "manager" / "api_route.c").read_text()
    rows = re.findall(r'\{\s*"([A-Z]+)",\s*"(/[^"]*)",\s*(\w+),\s*(ROLE_\w+),\s*([\w\s|]+?)\s*\}', source)
    assert len(rows) > 15
    return {(method.lower(), path): (ROLES[role], flags) for method, path, _, role, flags in rows}


def operations():
    for path, item in DESCRIPTION["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method], item.get("parameters", [])


def pattern(path):
    return re.sub(r"\{\w+\}", "{}", path)


def strict(schema):
    """The same schema, whose objects have no members but those that it names."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: strict(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema \
            and ("type" in schema or "required" in schema):
        result["additionalProperties"] = False
    return result


STRICT = strict(DESCRIPTION)


def resolve(node):
    while "$ref" in node:
        target = STRICT
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def check(answer, schema):
    resolver = jsonschema.RefResolver("", STRICT)
    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(answer)


def check_answer(operation, status, answer):
    """The answer of this status is as described; problems of all kinds are the default."""
    responses = operation["responses"]
    response = resolve(responses.get(str(status), responses.get("default")))
    assert str(status) in responses or status >= 400, f"{status} is not described: {answer}"
    content = response.get("content")
    if not content:
        assert answer is None
        return
    check(answer, next(iter(content.values()))["schema"])


def strict_operation(method, path):
    return STRICT["paths"][path][method]


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True)
    status, answer = server.request("POST", "/admins", {"name": "ann", "role": "owner", "password": PASSWORD})
    assert status == 201, answer
    server.cli("group", "add", "staff", "--quota-bytes", "1G")
    server.add_user("alice", PASSWORD, "--group", "staff", "--deny", "*.exe",
                    "--folder", f"/shared={server.data_root}", "--rule", "/in=list,upload")
    return server


def test_every_route_is_described_and_every_description_is_a_route():
    described = {(method, pattern(path)) for method, path, _, _ in operations()}
    routes = set(table())
    assert not routes - described, "routes without a description"
    assert not described - routes, "descriptions without a route"


def test_the_roles_are_those_of_the_table():
    routes = table()
    for method, path, operation, _ in operations():
        role, flags = routes[method, pattern(path)]
        assert operation.get("x-role", "none") == role, f"{method} {path}"
        assert (operation.get("security") == []) == ("ROUTE_PUBLIC" in flags), f"{method} {path}"


def test_changes_of_one_resource_take_if_match():
    routes = table()
    for method, path, operation, _ in operations():
        has = {"$ref": "#/components/parameters/if-match"} in operation.get("parameters", [])
        assert has == ("ROUTE_IF_MATCH" in routes[method, pattern(path)][1]), f"{method} {path}"


def test_arguments_of_paths_are_described():
    for method, path, operation, shared in operations():
        named = {resolve(p)["name"] for p in shared + operation.get("parameters", [])
                 if resolve(p)["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), f"{method} {path}"


def real_path(path):
    """Without the base; None where no resource stands for the arguments."""
    path = path.removeprefix("/api/v1")
    if "{" not in path:
        return path
    return re.sub(r"\{\w+\}", ARGUMENTS[path], path) if path in ARGUMENTS else None


def answers_json(operation):
    content = resolve(operation["responses"].get("200", {})).get("content", {})
    return "application/json" in content


GETS = [path for method, path, operation, _ in operations()
        if method == "get" and path.startswith("/api/v1/") and real_path(path) and answers_json(operation)]


@pytest.mark.parametrize("path", GETS)
def test_answers_fit_their_schema(server, path):
    with server.login(tls=False) as control:
        control.command("STAT")
        status, answer = server.request("GET", real_path(path))
        assert status == 200, answer
        check_answer(strict_operation("get", path), status, answer)


def bodies():
    for method, path, operation, _ in operations():
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content and real_path(path):
            schema = resolve(content["application/json"]["schema"])
            for member in [*schema.get("properties", {}), "no_such_member"]:
                yield pytest.param(method, path, member, id=f"{method} {path} {member}")


@pytest.mark.parametrize("method, path, member", bodies())
def test_members_of_bodies_are_known_and_others_are_not(server, method, path, member):
    """3.5 is wrong for each member that there is, and says so in another way than an unknown one."""
    status, answer = server.request(method.upper(), real_path(path), {member: 3.5})
    assert status == 422, answer
    check_answer(strict_operation(method, path), status, answer)
    if member == "no_such_member":
        assert answer["field"] == member and "is not known here" in answer["detail"]
    else:
        assert "is not known here" not in answer["detail"]


def test_changes_and_their_answers_fit(server):
    def ask(method, path, status, argument="", body=None):
        real = path.removeprefix("/api/v1").replace("{name}", argument)
        got, answer = server.request(method, real, body)
        assert got == status, answer
        check_answer(strict_operation(method.lower(), path), got, answer)
        return answer

    ask("POST", "/api/v1/groups", 201, body={"name": "temporary", "permissions": ["list"]})
    ask("PATCH", "/api/v1/groups/{name}", 200, "temporary", {"quota": {"bytes": 10, "files": None}})
    ask("POST", "/api/v1/users", 201, body={"name": "carl", "password": "x", "group": "temporary"})
    ask("PATCH", "/api/v1/users/{name}", 200, "carl", {"enabled": False, "group": None})
    ask("DELETE", "/api/v1/users/{name}", 204, "carl")
    ask("DELETE", "/api/v1/groups/{name}", 204, "temporary")
    ask("DELETE", "/api/v1/groups/{name}", 404, "temporary")
    ask("POST", "/api/v1/quotas/recount", 200, body={"user": "alice"})
    ask("GET", "/api/v1/audit", 200)
