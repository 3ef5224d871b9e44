"""The doctor through simulated walls: each one gets its cause, with the facts that the answer needs,
and what is healthy gets none."""

import json
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
    ("D-32", {"address": "127.0.0.1", "arrived": "nothing"}, [], []),
    ("D-33", {"code": 425, "first": "first", "last": "last"}, [], []),
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
    ("D-70", {"seconds": 5, "port": "port"}, ["--seconds", 5], []),
    ("D-71", {"code": 332}, [], []),
    ("D-73", {"seconds": 4, "code": 421}, ["--seconds", 4], ["--idle", "--read-only"]),
    ("D-76", {"seconds": 4}, ["--seconds", 4], ["--idle"]),
    ("D-78", {"bytes": 100}, ["--size", 100], []),
    ("D-81", {"bytes": 65536}, ["--rate", 16384], ["--size", "64K"]),
    ("D-82", {}, [], []),
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
    ("D-79", {"where": "handshake"}, [], []),
]


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
        seen = examine(through, *PLAIN, *of_doctor)
    check(seen, cause, facts, through, server)


@pytest.mark.parametrize("cause,facts,of_wall,of_doctor", TLS_ROWS, ids=lambda v: str(v)[:6])
def test_walls_under_tls(server, cause, facts, of_wall, of_doctor):
    with wall(server, cause, *of_wall) as through:
        trust = server.authority.root if "server" in of_doctor else through.root
        seen = examine(through, "--ca", trust, host="localhost")
    check(seen, cause, facts, through, server)
