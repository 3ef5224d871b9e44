"""The manager behind real walls: what the server itself says of clients that do not get through."""

import subprocess
from urllib.parse import quote

import pytest

from sallyport_lab.daemon import PASSWORD
from sallyport_lab.wait import eventually

from walls.servers import USER, Sallyport
from walls.town import SERVER

BLOCKED = "40000-40100"


def list_with_curl(lab):
    """True when it gets the listing. EPSV, and PASV when nothing comes of that."""
    done = subprocess.run(
        lab.town.command("client", "curl", "-sS", "--connect-timeout", "2", "--max-time", "3",
                         "--user", f"{USER}:{PASSWORD}", f"ftp://{SERVER}/"),
        capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def networks(server):
    code, answer = server.request("GET", "/connectivity")
    assert code == 200, answer
    return answer["networks"]


def only_network(server, is_so, what):
    return eventually(lambda: next((n for n in networks(server) if is_so(n)), None), 15, what)


@pytest.mark.quick
def test_a_dropped_range_shows_as_a_stuck_network_with_its_cause(lab):
    server = lab.serve(Sallyport, tls="none", more={"data_timeout": 1})
    assert list_with_curl(lab)
    fine = only_network(server, lambda n: n["arrived"] > 0, "it got through")
    assert fine["state"] == "ok" and fine["cause"] is None
    lab.wall.drops(f"tcp dport {BLOCKED}")
    for _ in range(3):
        assert not list_with_curl(lab)
    stuck = only_network(server, lambda n: n["never"] >= 3, "three did not come")
    assert stuck["state"] == "stuck" and stuck["cause"]["id"] == "D-20"
    assert stuck["network"] == fine["network"] and stuck["users"] == [USER]
    code, details = server.request("GET", "/connectivity/" + quote(stuck["network"], safe=""))
    assert code == 200
    assert BLOCKED in details["letter"] and stuck["network"] in details["letter"]
    assert any(line["text"] == "PASS ****" for line in details["failures"][0]["timeline"])
    assert PASSWORD not in str(details)
    code, overview = server.request("GET", "/overview")
    assert code == 200 and overview["stuck"] == 1
    assert "clients-stuck" in {item["id"] for item in overview["attention"]}


def test_a_half_open_range_shows_as_stripes(lab):
    server = lab.serve(Sallyport, tls="none", more={"data_timeout": 1})
    lab.wall.drops("tcp dport 40050-40100")

    def is_named():
        list_with_curl(lab)
        return next((n for n in networks(server) if (n["cause"] or {}).get("id") == "D-23"), None)

    striped = eventually(is_named, 90, "the half that is open tells the range from a closed one")
    assert striped["state"] == "mixed"
    low, high = (int(n) for n in striped["failed_ports"][0].split("-"))
    assert 40050 <= low <= high <= 40100
    code, ports = server.request("GET", "/connectivity/ports")
    assert code == 200
    states = [r["state"] for r in ports["summary"] if r["state"] != "untried"]
    assert states == ["open", "blocked"]
    assert all((p["port"] < 40050) == (p["connected"] > 0) for p in ports["ports"]
               if p["connected"] or p["timed_out"])
