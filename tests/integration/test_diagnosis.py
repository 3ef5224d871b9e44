"""The doctor through simulated walls: each one gets its cause, with the facts that the answer needs,
and what is healthy gets none."""

import json
import pathlib
import subprocess
import xml.etree.ElementTree

import pytest

from sallyport_lab.daemon import PASSWORD, SALLYPORT
from sallyport_lab.doctor import doctor
from sallyport_lab.wall import wall

PLAIN = ["--tls", "none", "--allow-plain"]
SMALL = ["--size", "256K"]


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, listen="127.0.0.1", data_timeout=2)
    server.add_user()
    for number in range(40):
        server.put(f"a-file-with-a-name-of-some-length-{number}.txt", b"hello")
    return server


def examine(through, *options, host=None, **keywords):
    return doctor(host or through.host, "--port", through.port, "--quick", *options, **keywords)


# cause, facts, options of the wall, options of the doctor
PLAIN_ROWS = [
    ("D-10", {"port": "port", "address": "127.0.0.1", "seconds": 4, "tries": 1}, [], []),
    ("D-11", {"port": "port", "address": "127.0.0.1", "by": "rst"}, [], []),
    ("D-14", {"port": "port", "ending": "closed"}, [], []),
    ("D-15", {"port": "port", "code": 421,
              "reply": "421 Too many connections, try again later."}, [], []),
    ("D-17", {"port": "port"}, [], []),
    ("D-18", {"port": "port", "protocol": "SSH"}, [], []),
    ("D-19b", {"command": "EPSV"}, [], []),
    ("D-20", {"address": "127.0.0.1", "seconds": 3, "how": "silence", "first": "first",
              "last": "last", "range": "range"}, [], []),
    ("D-21", {"address": "127.0.0.1", "how": "refused", "by": "rst", "first": "first",
              "last": "last"}, [], []),
    ("D-25", {"announced": "192.168.77.10", "address": "127.0.0.1"}, [], []),
    ("D-26", {"announced": "198.51.100.77", "address": "127.0.0.1"}, [], []),
    ("D-27", {"how": "refused"}, [], []),
    ("D-29", {"how": "silence"}, [], []),
    ("D-30", {"code": 425, "reply": "425 Use EPSV on this connection."}, [], []),
    ("D-31", {"address": "127.0.0.99", "expected": "127.0.0.1"}, [], []),
    ("D-32", {"address": "127.0.0.1", "arrived": "nothing"}, [], []),
    ("D-33", {"code": 425, "first": "first", "last": "last"}, [], []),
    ("D-34", {"limit": 2, "wanted": 4}, [], ["--parallel", 4]),
    ("D-34a", {"transfers": 5, "port": "port"}, [], []),
    ("D-34b", {"direction": "upload", "how": "stalls"}, [], []),
    ("D-35", {"address": "127.0.0.1"}, [], []),
    ("D-36", {"code": 501}, [], []),
    ("D-37", {}, [], []),
    ("D-39", {"code": 502}, [], []),
    ("D-40", {"code": 500, "reply": "500 EPRT not understood."}, [], []),
    ("D-54", {"code": 522}, [], []),
    ("D-58", {"code": 426, "bytes": 512}, [], []),
    ("D-59", {"code": 530, "command": "USER"}, [], []),
    ("D-60", {"code": 530, "user": "alice"}, [], []),
    ("D-61", {"code": 530, "user": "alice", "reply": "530 Login incorrect."}, [], []),
    ("D-63", {"code": 421}, [], []),
    ("D-64", {"code": 530}, [], []),
    ("D-65", {"code": 530}, [], []),
    ("D-66", {"code": 530}, [], []),
    ("D-67", {"code": 451}, [], []),
    ("D-68", {"code": 421}, [], []),
    ("D-69", {"code": 530}, [], []),
    ("D-70", {"port": "port"}, ["--seconds", 5], []),
    ("D-71", {"code": 332}, [], []),
    ("D-73", {"seconds": 4, "code": 421}, ["--seconds", 4], ["--idle", "--read-only"]),
    ("D-76", {"seconds": 4}, ["--seconds", 4], ["--idle"]),
    ("D-78", {"bytes": 100}, ["--size", 100], []),
    ("D-79", {"where": "upload"}, [], []),
    ("D-80", {}, [], []),
    ("D-81", {"bytes": 65536}, ["--rate", 16384], ["--size", "64K"]),
    ("D-82", {}, [], []),
    ("D-82a", {"limit": 1, "wanted": 3}, [], ["--parallel", 3]),
    ("D-82b", {"operation": "list"}, [], []),
    ("D-88", {"code": 452, "operation": "upload"}, [], []),
    ("D-89", {"code": 552, "operation": "upload"}, [], []),
    ("D-90", {"code": 550, "operation": "upload"}, [], []),
    ("D-91", {"code": 553}, [], []),
    ("D-92", {"code": 450}, [], []),
    ("D-93", {"expected": 4 * 1024 * 1024}, [], []),
    ("D-95", {"code": 501, "command": "REST"}, [], []),
]

TLS_ROWS = [
    ("D-19", {"port": "port", "address": "127.0.0.1", "code": 502}, [], []),
    ("D-19a", {"port": "port", "after": "ClientHello", "ending": "reset"}, [], []),
    ("D-43", {"alert": 70}, [], []),
    ("D-44", {"alert": 40}, [], []),
    ("D-45", {"version": "TLSv1.2", "ending": "reset"}, [], []),
    ("D-46", {"certificate": "127.0.0.1"}, [], []),
    ("D-47", {"certificate": "127.0.0.1"}, [], []),
    ("D-48", {"missing": "Simulated intermediate", "certificate": "127.0.0.1"}, [], []),
    ("D-49", {"certificate": "other.example.net", "names": "DNS:other.example.net"}, [], []),
    ("D-50", {"authority": "Simulated inspection authority"}, [], ["--ca", "server"]),
    ("D-52", {"code": 522}, [], []),
    ("D-53", {"transfers": 3}, [], []),
    ("D-56", {}, [], []),
    ("D-57", {}, [], []),
    ("D-58b", {}, [], []),
]


# Played elsewhere: with its range below, and in tests/lab/test_silence.py, since it takes minutes.
OTHER_ROWS = {"none", "D-23", "D-74"}


def test_every_wall_is_looked_at():
    listed = subprocess.run([SALLYPORT, "doctor", "simulate", "--list", "--json"],
                            capture_output=True, text=True, check=True).stdout
    known = {row[0] for row in PLAIN_ROWS + TLS_ROWS} | OTHER_ROWS
    assert {one["id"] for one in json.loads(listed)["causes"]} == known


def check(seen, cause, facts, through, server):
    known = {"port": through.port, "first": server.passive_ports[0],
             "last": server.passive_ports[-1],
             "range": f"{server.passive_ports[0]}-{server.passive_ports[-1]}"}
    assert seen.answer["causes"], seen.answer["sentence"]
    root = seen.answer["causes"][0]
    assert root["id"] == cause, (root, seen.answer["causes"])
    for name, value in facts.items():
        assert root["facts"].get(name) == known.get(value, value), (name, root)
    if root["severity"] == "problem":
        assert (seen.status, seen.verdict) == (1, "problem")
        assert f"({cause})" in seen.answer["sentence"]
    assert "?" not in root["remedy"], root
    assert root["title"] and root["explanation"] and 0 < root["confidence"] <= 100


@pytest.mark.parametrize("cause,facts,of_wall,of_doctor", PLAIN_ROWS, ids=lambda v: str(v)[:6])
def test_walls_in_clear(server, cause, facts, of_wall, of_doctor):
    with wall(server, cause, *of_wall) as through:
        seen = examine(through, *PLAIN, *of_doctor, timeout=200)
    check(seen, cause, facts, through, server)


@pytest.mark.parametrize("cause,facts,of_wall,of_doctor", TLS_ROWS, ids=lambda v: str(v)[:6])
def test_walls_under_tls(server, cause, facts, of_wall, of_doctor):
    with wall(server, cause, *of_wall) as through:
        trust = server.authority.root if "server" in of_doctor else through.root
        seen = examine(through, "--ca", trust, host="localhost")
    check(seen, cause, facts, through, server)


# --- healthy -------------------------------------------------------------------------------------


def expect_nothing(seen):
    assert (seen.status, seen.verdict) == (0, "healthy"), seen.answer["causes"]
    assert seen.answer["causes"] == []


@pytest.mark.parametrize("options", [PLAIN, [], ["--read-only"], ["--no-login"]], ids=str)
def test_a_healthy_server_has_no_cause(server, options):
    expect_nothing(doctor("localhost", "--port", server.explicit, "--ca", server.authority.root,
                          *options))


def test_implicit_tls_has_no_cause(server):
    expect_nothing(doctor("localhost", "--port", server.implicit, "--ca", server.authority.root))


@pytest.mark.parametrize("options", [[], ["--intercept"]], ids=str)
def test_a_wall_that_does_nothing_has_no_cause(server, options):
    with wall(server, "none", *options) as through:
        expect_nothing(examine(through, "--ca", through.root, host="localhost"))
        expect_nothing(examine(through, *PLAIN))


def test_a_part_of_the_range_is_told_exactly(server):
    first, last = server.passive_ports[0], server.passive_ports[-1]
    with wall(server, "D-23", "--passive-ports", f"{first}-{last}", "--open",
              f"{first}-{first + 9}", listen="127.0.0.2:0") as through:
        seen = examine(through, *PLAIN, host="127.0.0.2")
    root = seen.answer["causes"][0]
    assert root["id"] == "D-23", seen.answer["causes"]
    assert (root["facts"]["first"], root["facts"]["last"]) == (first + 10, last), root
    assert root["facts"]["missing"] == f"{first + 10}-{last}"
    assert root["facts"]["open"] == f"{first}-{first + 9}"


# --- answers -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema():
    return json.loads(subprocess.run([SALLYPORT, "doctor", "schema"], capture_output=True,
                                     check=True).stdout)


@pytest.mark.parametrize("cause", ["none", "D-20", "D-61", "D-10"])
def test_json_follows_the_schema(server, schema, cause):
    jsonschema = pytest.importorskip("jsonschema")
    with wall(server, cause) as through:
        seen = examine(through, *PLAIN, "--rules", "nftables", "--export", "lftp")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(seen.answer)
    assert list(seen.answer) == sorted(seen.answer) or seen.answer["version"] == 1


def test_rules_name_the_range(server):
    with wall(server, "D-20") as through:
        text = examine(through, *PLAIN, "--rules", "nftables", "--export", "curl",
                       json_output=False).text
    first, last = server.passive_ports[0], server.passive_ports[-1]
    assert "A firewall drops the passive ports (D-20)" in text
    assert "What your firewall administrator can do" in text
    assert f"{first}-{last}" in text
    assert "nft -f" in text
    assert "insecure" not in text


@pytest.mark.parametrize("export,words", [
    ("filezilla", "<Host>localhost</Host>"), ("winscp", "localhost"), ("lftp", "ftp:ssl-force"),
    ("curl", "ssl-reqd"), ("rclone", "explicit_tls"), ("json", '"timeout')])
def test_settings_that_work_are_exported(server, export, words):
    seen = doctor("localhost", "--port", server.explicit, "--ca", server.authority.root,
                  "--export", export)
    settings = seen.answer["settings"]
    assert settings["works"] is True
    assert words in settings["text"]
    assert PASSWORD not in settings["text"]


def test_the_report_stands_alone_and_tells_no_secret(server, tmp_path):
    for name in "letter.html", "letter.md":
        with wall(server, "D-61") as through:
            seen = examine(through, *PLAIN, "--report", tmp_path / name)
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert seen.status == 1
        assert "The user name or the password is wrong" in text
        assert "530 Login incorrect." in text
        assert "alice" not in text and PASSWORD not in text
        assert "<script" not in text
        if name.endswith("html"):
            assert "http://" not in text and "https://" not in text
            xml.etree.ElementTree.fromstring(
                text.replace("<!DOCTYPE html>", "").replace('charset="utf-8">', 'charset="utf-8"/>')
                .replace("'unsafe-inline'\">", "'unsafe-inline'\"/>"))


def test_what_a_server_says_is_escaped_in_a_report(server, tmp_path):
    seen = doctor("localhost", "--port", server.explicit, "--no-login", "--quick",
                  "--report", tmp_path / "a.html", user=None)
    assert seen.status in (0, 1)
    seen = doctor("<b>.example", "--no-login", "--quick", "--report", tmp_path / "b.html", user=None)
    assert seen.status in (1, 2, 3)
    assert "<b>.example" not in (tmp_path / "b.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [["--rules", "pf"], ["--export", "x"], ["--report", "x.pdf"],
                                     ["--report", "/none/x.md"]])
def test_wrong_formats_are_2(options):
    assert doctor("localhost", *options, "--no-login").status == 2


def test_the_exit_status_is_3_when_nothing_could_be_tested(server):
    seen = doctor("localhost", "--port", server.explicit, "--ca", server.authority.root,
                  "--tls", "none")
    assert (seen.status, seen.verdict) == (3, "untested")
    assert "--allow-plain" in seen.answer["sentence"]


def test_an_unknown_authority_is_a_problem_also_when_insecure(server):
    for options in [], ["--insecure"]:
        seen = doctor("localhost", "--port", server.explicit, *options)
        assert (seen.status, seen.answer["causes"][0]["id"]) == (1, "D-50")


def test_a_name_that_does_not_exist_is_named():
    seen = doctor("no-such-host.invalid", "--no-login", "--quick", user=None)
    assert (seen.status, seen.answer["causes"][0]["id"]) == (1, "D-02")
    assert seen.answer["causes"][0]["facts"]["host"] == "no-such-host.invalid"


def test_a_scheme_of_the_web_is_told(server):
    seen = doctor(f"https://localhost:{server.explicit}/files", "--ca", server.authority.root)
    assert seen.answer["causes"][0]["id"] == "D-01"
    assert seen.answer["causes"][0]["facts"]["scheme"] == "https"


def test_every_cause_is_documented():
    root = pathlib.Path(__file__).resolve().parents[2]
    text = (root / "docs/doctor.md").read_text(encoding="utf-8")
    for path in (root / "tests/doctor/evidence").glob("*.json"):
        cases = json.loads(path.read_text(encoding="utf-8"))
        for case in cases if isinstance(cases, list) else []:
            cause = case.get("cause") or case.get("remark")
            assert cause is None or f"| {cause} |" in text, cause
            for fact in case.get("facts", {}):
                assert f"`{fact}`" in text, fact
