"""Fixtures: a test run has one authority and one block of ports; factories start the servers."""

import shutil
import tempfile

import pytest

from sallyport_lab.certificates import Authority
from sallyport_lab.daemon import SALLYPORTD, Server, ensure_service_user
from sallyport_lab.ports import PortBlock


@pytest.fixture(scope="session")
def lab_folder():
    folder = tempfile.mkdtemp(prefix="sallyport-lab-", dir="/tmp")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def authority(lab_folder):
    return Authority(lab_folder)


@pytest.fixture(scope="session")
def ports():
    return PortBlock()


@pytest.fixture(scope="session")
def service_user():
    assert SALLYPORTD.exists(), f"{SALLYPORTD} is not built (SALLYPORT_BUILD names the build)"
    ensure_service_user()


def _factory(ports, authority):
    running = []

    def start(prepare=None, **settings):
        server = Server(ports, authority, **settings)
        if prepare:
            prepare(server)
        running.append(server)
        server.start()
        return server

    return start, running


def _stop_all(running):
    problems = []
    for server in running:
        if server.process is None:
            continue
        try:
            server.stop()
        except BaseException as problem:  # the others must be stopped as well
            problems.append(problem)
    if problems:
        raise problems[0]


@pytest.fixture
def start_server(ports, authority, service_user):
    """Starts servers that live as long as the test: start_server(setting=value, ...)."""
    start, running = _factory(ports, authority)
    yield start
    _stop_all(running)


@pytest.fixture(scope="module")
def start_module_server(ports, authority, service_user):
    """The same for servers that all tests of a file share."""
    start, running = _factory(ports, authority)
    yield start
    _stop_all(running)
