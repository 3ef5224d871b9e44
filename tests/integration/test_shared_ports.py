"""Passive ports are shared: thousands of clients transfer through very few ports at once, and
nobody receives what was meant for another."""

import re
import time

import pytest

from sallyport_lab.swarm import Swarm
from sallyport_lab.wait import eventually

ADDRESSES = [f"127.1.0.{n}" for n in range(1, 201)]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("width, tls", [(1, True), (1, False), (51, True)],
                         ids=["one-port-tls", "one-port-plain", "51-ports-tls"])
def test_2000_clients_transfer_through_a_narrow_range(start_server, width, tls):
    # The clients share the processors with the server and are slow to take their turns.
    server = start_server(passive_ports=width, plain_ftp=not tls, passive_wait=60000)
    server.add_user()
    with Swarm(server, ADDRESSES, sessions_each=10, transfers=1, tls=tls) as swarm:
        begin = time.monotonic()
        swarm.wait_until_logged_in()
        logged_in = time.monotonic()
        assert server.status()["sessions"] == 2000
        sessions, errors, seconds = swarm.go()
    print(f"\n2,000 logins {logged_in - begin:.1f} s, 4,000 transfers through {width} port(s) "
          f"{seconds:.1f} s, {'TLS' if tls else 'plain'}")
    assert sessions == 2000
    assert not errors, f"{len(errors)} failed, such as {errors[:3]}"


@pytest.mark.tsan
@pytest.mark.sanitize
def test_200_clients_transfer_through_one_port(start_server):
    server = start_server(passive_ports=1)
    server.add_user()
    with Swarm(server, ADDRESSES[:40], sessions_each=5, transfers=2, processes=1) as swarm:
        swarm.wait_until_logged_in()
        sessions, errors, _ = swarm.go()
    assert sessions == 200
    assert not errors, errors[:3]


@pytest.fixture(scope="module")
def one_port(start_module_server):
    server = start_module_server(passive_ports=1, plain_ftp=True, passive_wait=1000, data_timeout=1)
    server.add_user()
    server.put("mine.bin", b"for alice's session only" * 100)
    return server


def test_sessions_of_one_address_take_turns_on_the_only_port(one_port):
    with (one_port.login(tls=False, source="127.1.0.21") as first,
          one_port.login(tls=False, source="127.1.0.21") as second):
        address = first.epsv()
        second.send("EPSV")
        assert not second.has_reply(0.2), "the port of this address is taken: the reply waits"
        data = first.dial(address)
        first.expect("RETR mine.bin", 150)
        assert second.expect_reply(229)
        data.close()


def test_a_port_that_stays_taken_is_a_425_that_says_so(one_port):
    with (one_port.login(tls=False, source="127.1.0.22") as first,
          one_port.login(tls=False, source="127.1.0.22") as second):
        _, port = first.epsv()
        reply = second.expect("EPSV", 425)
        assert "D-33" in reply.text
        assert str(port) in reply.text
        second.expect("NOOP", 200)


def test_another_address_uses_the_same_port_meanwhile(one_port):
    first = one_port.login(tls=False, source="127.1.0.1")
    second = one_port.login(tls=False, source="127.1.0.2")
    assert first.epsv() == second.epsv()


def test_each_reservation_gets_its_own_connection(one_port):
    """Two addresses, one port, connections arrive in the other order."""
    for name in ("one", "two"):
        one_port.put(name, name.encode() * 1000)
    sessions = {name: one_port.login(tls=False, source=f"127.1.0.{n}")
                for n, name in ((11, "one"), (12, "two"))}
    addresses = {name: control.epsv() for name, control in sessions.items()}
    sockets = {name: sessions[name].dial(addresses[name]) for name in ("two", "one")}
    for name, control in sessions.items():
        control.expect(f"RETR {name}", 150)
        got = b""
        while piece := sockets[name].recv(65536):
            got += piece
        assert got == name.encode() * 1000
        control.expect_reply(226)


def test_a_connection_that_nobody_waits_for_is_closed_at_once(one_port):
    control = one_port.login(tls=False, source="127.1.0.3")
    address = control.epsv()
    stranger = control.dial(address, source="127.1.0.99")
    assert stranger.recv(1) == b""
    data = control.dial(address)
    control.expect("RETR mine.bin", 150)
    assert data.recv(1)


def test_the_choice_of_port_is_random_and_never_outside_the_range(start_server):
    server = start_server(passive_ports=40, plain_ftp=True)
    server.add_user()
    control = server.login(tls=False)
    seen = [control.epsv()[1] for _ in range(60)]
    assert set(seen) <= set(server.passive_ports)
    assert len(set(seen)) > 10
    steps = {b - a for a, b in zip(seen, seen[1:])}
    assert len(steps) > 5, "a sequence could be foretold"


def test_listeners_of_the_range_open_on_demand(start_server):
    server = start_server(passive_ports=40, plain_ftp=True)
    server.add_user()

    def listening():
        ports = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as rows:
                ports |= {int(m[1], 16) for m in re.finditer(r": [0-9A-F]+:([0-9A-F]{4}) \S+ 0A",
                                                             rows.read())}
        return ports & set(server.passive_ports)

    assert not listening()
    control = server.login(tls=False)
    _, port = control.epsv()
    assert port in listening()
    eventually(lambda: len(listening()) <= 2, what="no more listeners than asked for")
