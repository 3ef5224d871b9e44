"""Ways out of a home, each tried by commands that take a path: none reads or writes outside. What a test
finds there: sallyport_lab/containment.py."""

import pytest

from sallyport_lab.daemon import PASSWORD
from sallyport_lab.containment import World

# What users have: nothing special, or entries of a policy, whose homes follow no link by themselves.
KINDS = ("plain", "strict")


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, failed_login_delay=0, data_timeout=15)
    server.add_user("plain")
    server.add_user("strict", PASSWORD, "--rule", "/never=none", "--rule", "/ro=read-only")
    return server


@pytest.fixture(params=KINDS)
def world(server, request):
    return World(server, request.param)


@pytest.fixture
def plain(server):
    return World(server, "plain")


@pytest.fixture
def strict(server):
    return World(server, "strict")
