"""The harness of ./dev bench: one tiny run of it, and its arithmetic on runs that are made up."""

import copy
import json
import os
import subprocess
import xml.etree.ElementTree as xml

import pytest
from harness import charts, docs, figures, report
from harness.table import ALL, ROWS, wanted
from harness.workloads import WORKLOADS
from sallyport_lab.daemon import BUILD

from conftest import ROOT


def bench(*arguments):
    return subprocess.run(["/usr/bin/python3", ROOT / "bench" / "bench.py", *map(str, arguments)],
                          capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture(scope="module")
def result_folder(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("the bench needs root: control groups, servers that change their user")
    folder = tmp_path_factory.mktemp("bench")
    done = bench("--smoke", "--busy-anyway", "--build", BUILD, "--out", folder, "--servers",
                 "sallyport,limit", "--only", "small,listings,memory")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "partial"


@pytest.fixture(scope="module")
def measured(result_folder):
    return json.loads((result_folder / "result.json").read_text())


def test_all_workloads_of_the_rows_ran_on_all_servers(measured):
    done = {(run["tls"], run["workload"], run["server"]) for run in measured["runs"]}
    rows = [ALL[name] for name in ("small", "listings", "memory")]
    assert done == {(tls, name, server) for tls, name in wanted(rows)
                    for server in ("sallyport", "limit")}
    assert all(run["load"]["ok"] for run in measured["runs"]), measured["runs"]


def test_a_run_has_rates_and_the_cpu_of_the_server(measured):
    summary = figures.Summary(measured)
    for server in ("sallyport", "limit"):
        for workload in ("small-get8", "small-put8"):
            key = "none", workload, ""
            assert summary.median(key, server, "rate") > 10
            assert summary.median(key, server, "cpu") > 0
        assert summary.median(("none", "list", "MLSD"), server, "time_s") > 0


def test_the_report_has_a_line_for_each_figure(result_folder, measured):
    text = (result_folder / "result.md").read_text()
    assert text == report.markdown(measured)
    for words in ("| downloads | files/s |", "| uploads | CPU s/1,000 |", "| MLSD | s |",
                  "| TLS | KiB per session |", "(≤ 1.4)", "**Sallyport**", "**limit**"):
        assert words in text, words
    assert "What failed" not in text


def test_plots_are_well_formed(result_folder):
    plots = sorted(path.name for path in result_folder.glob("*.svg"))
    assert plots == ["listings.svg", "memory.svg", "small-cpu.svg", "small-rate.svg"]
    for name in plots:
        assert xml.parse(result_folder / name).getroot().tag.endswith("svg")


def test_the_page_is_written_from_the_result(tmp_path, measured):
    marks = docs.README_MARKS
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(f"before\n{marks[0]}\nold\n{marks[1]}\nafter\n")
    docs.write(str(tmp_path), measured)
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith("before\n") and readme.endswith("after\n") and "old" not in readme
    assert "files of 10 KiB, plain, 8 sessions: downloads, CPU s/1,000" in readme
    page = (tmp_path / "docs" / "performance.md").read_text()
    assert measured["meta"]["machine"]["cpu"] in page and "small-rate.svg" in page
    assert json.loads((tmp_path / "docs/performance/result.json").read_text()) == measured


# Arithmetic, on runs that are made up


def run(server, cpu_s, repetition=0, **more):
    """1,000 logins in a second."""
    return {"server": server, "tls": "none", "workload": "login8", "repetition": repetition,
            "wall_s": 1, "load": {"ok": True, "phases": [{
                "name": "login", "wall_s": 1.0, "ops": 1000, "bytes": 0, "gen_cpu_s": 0.1,
                "srv_cpu_s": cpu_s, "latency": {"p99_us": 1000}}]}} | more


def made_up(*runs):
    kinds = {"sallyport": "own", "vsftpd": "peer", "limit": "limit"}
    return {"meta": {"rows": ["logins"], "servers": {
        name: {"kind": kind, "title": name, "processes_per_session": int(kind == "peer")}
        for name, kind in kinds.items()}}, "runs": list(runs)}


def line_of(result, figure):
    return next(line for line in figures.table(result) if line["figure"] == figure)


@pytest.mark.parametrize("own, verdict", [(2.0, "yes"), (2.5, "yes"), (2.6, "**no**")])
def test_a_target_against_the_limit(own, verdict):
    result = made_up(run("sallyport", own), run("limit", 1.0))
    line = line_of(result, "cpu")
    assert line["checks"][0]["ratio"] == pytest.approx(own)
    assert report.reached(line) == verdict


def test_the_median_counts():
    runs = [run("sallyport", cpu, number) for number, cpu in enumerate((1, 9, 2))]
    result = made_up(*runs, run("limit", 1.0))
    assert line_of(result, "cpu")["medians"]["sallyport"] == 2


def test_of_two_attempts_the_less_disturbed_one_counts():
    result = made_up(run("sallyport", 9, foreign_cpu_s=0.8), run("sallyport", 2, foreign_cpu_s=0.1),
                     run("limit", 1.0))
    line = line_of(result, "cpu")
    assert line["medians"]["sallyport"] == 2 and line["samples"] == 1


def test_a_rate_of_a_disturbed_run_gets_no_verdict():
    result = made_up(run("sallyport", 1.0, foreign_cpu_s=1), run("vsftpd", 9.0, foreign_cpu_s=1),
                     run("limit", 1.0, foreign_cpu_s=1))
    assert report.reached(line_of(result, "rate")) == "disturbed"
    assert report.reached(line_of(result, "cpu")) == "yes"


def test_what_was_not_measured_is_not_reached():
    line = line_of(made_up(run("sallyport", 1.0)), "cpu")
    assert report.reached(line) == "–"


def test_a_failed_run_gives_no_figures_but_is_told():
    failed = run("limit", 1.0)
    failed["load"] = {"ok": False, "error_texts": ["550 No"], "phases": []}
    result = made_up(run("sallyport", 1.0), failed)
    assert line_of(result, "cpu")["medians"]["limit"] is None
    assert any("550 No" in line for line in report.failures(result))


def test_every_cell_names_a_workload_and_every_target_a_figure():
    for row in [*ROWS, ALL["growth"]]:
        for cell in row.cells:
            assert cell.workload in WORKLOADS
            assert {target.figure for target in cell.targets} <= set(cell.figures)


def test_growth_is_plotted_over_both_axes():
    result = made_up()
    result["meta"]["rows"] = ["growth"]
    for count in (1, 10, 100):
        idle = copy.deepcopy(run("sallyport", count * 0.001))
        idle |= {"workload": f"sessions-{count}", "tls": "explicit", "sessions": count,
                 "growth": {"used": count << 14, "kernel": 0}, "after": {"used": 1 << 20}}
        idle["load"]["phases"][0]["name"] = "open"
        result["runs"].append(idle)
    drawn = dict(charts._charts(result))
    assert drawn["growth-sessions"].count("<circle") == 6
    assert drawn["growth-transfers"] is None
