"""GET /metrics: the text format of Prometheus, figures that are right, and a dashboard that asks for them."""

import json
import re
from pathlib import Path

import pytest

from sallyport_lab.daemon import UnixHttp
from sallyport_lab.wait import eventually

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = re.compile(r'sallyport_([a-z_]+)(?:\{((?:[a-z_]+="[^"\\\n]*",?)+)\})? (\d+)')


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(failed_login_delay=0, data_timeout=1)
    server.add_user()
    return server


def scrape(server):
    connection = UnixHttp(server.run_directory / "manager.sock", 20)
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return response.read().decode()
    finally:
        connection.close()


def figures(server):
    """{'logins_total{result="ok"}': 3}"""
    found = {}
    for line in scrape(server).splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            key = name + ("{" + labels + "}" if labels else "")
            assert key not in found, f"{key} comes twice"
            found[key] = int(value)
    return found


def test_each_metric_is_explained_once_and_before_its_samples(server):
    explained, typed = [], {}
    for line in scrape(server).splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in explained
            assert line.endswith(".") and len(line.split()) > 5
            explained.append(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert explained[-1] == name and kind in ("gauge", "counter")
            assert (kind == "counter") == name.endswith("_total")
            typed[name] = kind
        else:
            assert re.split(r"[{ ]", line)[0] == explained[-1]
    assert set(typed) == set(explained)


def test_sessions_logins_transfers_and_bytes_are_counted(server):
    before = figures(server)
    with server.login() as control:
        control.upload("a.bin", b"x" * 5000)
        assert control.download("a.bin") == b"x" * 5000
        control.command("NOOP")
        now = figures(server)
        assert now["sessions"] == 1 and now["sessions_logged_in"] == 1 and now["sessions_tls"] == 1

        def growth(key):
            return figures(server)[key] - before[key]

        eventually(lambda: growth('transfers_total{kind="download",result="ok"}') == 1)
        assert growth('transfers_total{kind="upload",result="ok"}') == 1
        assert growth('bytes_total{direction="in"}') == 5000
        assert growth('bytes_total{direction="out"}') == 5000
        assert growth('logins_total{result="ok"}') == 1
        assert growth("sessions_total") == 1
        assert growth('data_connections_total{outcome="arrived"}') == 2
        assert growth('tls_handshakes_total{connection="control",resumed="no"}') == 1
        data = [growth('tls_handshakes_total{connection="data",resumed="%s"}' % word) for word in ("yes", "no")]
        assert sum(data) == 2
    with server.connect() as control:
        control.auth_tls()
        control.expect("USER alice", 331)
        control.expect("PASS wrong", 530)
    assert growth('logins_total{result="wrong-password"}') == 1
    eventually(lambda: figures(server).get('failures_total{cause="D-61"}', 0) >= 1)


def test_a_data_connection_that_never_comes_is_counted_with_its_cause(server):
    before = figures(server)
    with server.login() as control:
        control.expect("EPSV", 229)
        assert control.command("LIST").code == 425
    eventually(lambda: figures(server)['data_connections_total{outcome="never"}']
               == before['data_connections_total{outcome="never"}'] + 1)
    eventually(lambda: figures(server).get('failures_total{cause="D-20"}', 0) >= 1)


def test_processes_tell_their_memory_and_threads(server):
    def known():
        now = figures(server)
        workers = [value for key, value in now.items() if key.startswith('memory_bytes{process="worker.')]
        return now if workers and all(value > 1_000_000 for value in workers) else None
    now = eventually(known)
    assert now['memory_bytes{process="manager"}'] > 1_000_000
    assert now["passive_ports"] == 40


def test_counters_outlive_a_reload(server):
    server.login().close()
    before = figures(server)
    assert before["sessions_total"] > 0
    server.reload()
    now = figures(server)
    for key, value in before.items():
        if key.split("{")[0].endswith("_total") and "manager" not in key:
            assert now[key] >= value, key
    assert now["reloads_total"] == before["reloads_total"] + 1


def test_the_dashboard_asks_for_metrics_that_there_are(server):
    dashboard = json.loads((ROOT / "packaging" / "grafana-dashboard.json").read_text())
    there = {name.split("{")[0] for name in figures(server)} | {"info", "failures_total"}
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for text in expressions for name in re.findall(r"sallyport_([a-z_]+)", text)}
    assert asked and asked <= there
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
