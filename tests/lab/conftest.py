"""Walls: scenarios in namespaces of their own, and the table of how often the doctor was right."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in ("tests/integration", "bench", "tests/lab"):
    sys.path.insert(0, str(ROOT / folder))

# pylint: disable=wrong-import-position
from sallyport_lab.daemon import SALLYPORT, SALLYPORTD, ensure_service_user  # noqa: E402
from walls import table  # noqa: E402
from walls.certificates import Certificates  # noqa: E402
from walls.firewall import has_ftp_helper  # noqa: E402
from walls.scenario import Scenario  # noqa: E402
from harness.peers import Unavailable  # noqa: E402
from walls.town import why_not  # noqa: E402


@pytest.fixture(scope="session")
def is_possible():
    reason = why_not()
    if reason:
        pytest.skip(reason)
    for program in (SALLYPORTD, SALLYPORT):
        assert program.exists(), f"{program} is not built (SALLYPORT_BUILD names the build)"
    ensure_service_user()


@pytest.fixture(scope="session")
def certificates(is_possible, tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # servers read them as other users
    return Certificates(folder)


@pytest.fixture
def lab(is_possible, certificates, request):
    """A scenario; its town is built when it is first asked for, and goes down behind the test."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-")
    scenario = Scenario(name, certificates, lambda result: request.node.user_properties.append(
        ("lab", json.dumps(result))))
    try:
        yield scenario
    finally:
        scenario.remove()


@pytest.fixture
def ftp_helper(is_possible):
    if not has_ftp_helper():
        pytest.skip("this kernel has no nf_conntrack_ftp")


def pytest_collection_modifyitems(items):
    """The longest first, so that at the end nobody waits for them alone."""
    items.sort(key=lambda item: "test_silence" not in item.nodeid)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A server that cannot be had here is no failure of ours."""
    outcome = yield
    if outcome.excinfo and issubclass(outcome.excinfo[0], Unavailable):
        outcome.force_exception(pytest.skip.Exception(str(outcome.excinfo[1])))


def pytest_terminal_summary(terminalreporter):
    table.show(terminalreporter)
