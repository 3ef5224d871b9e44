"""Names, addresses and command ports: what stands in the way before the first reply."""

import pytest

from walls.certificates import HOST
from walls.scenario import near
from walls.servers import Proftpd, Pureftpd, Pyftpdlib, Sallyport, Vsftpd
from walls.town import SECOND, SERVER, SERVER_INSIDE, SERVER_V6

# Clients that know the other port are well off: the verdict may be that it works.
WARNING_TOO = {"problem", "warning"}

# Names


@pytest.mark.quick
def test_the_name_does_not_exist(lab):
    lab.serve(Sallyport)
    lab.examine("ftp.exmaple.test").blames("D-02", host="ftp.exmaple.test")


def test_the_resolver_answers_servfail(lab):
    lab.names["broken.example.test"] = "SERVFAIL"
    lab.examine("broken.example.test").blames("D-02", host="broken.example.test")


def test_the_resolver_is_silent(lab):
    lab.names["lost.example.test"] = "silence"
    lab.examine("lost.example.test").blames("D-02", host="lost.example.test", within=30)


def test_the_name_leads_to_an_address_of_the_servers_own_network(lab):
    """Split DNS whose inner half leaked."""
    lab.names[HOST] = [SERVER_INSIDE]
    lab.wall.drops("ip daddr 10.0.0.0/8")
    lab.examine().blames("D-04", address=SERVER_INSIDE)


def test_an_address_of_the_browser_was_pasted(lab):
    lab.serve(Sallyport)
    lab.examine(f"ftp://{HOST}/pub/").warns_of("D-01", host=HOST)


@pytest.mark.quick
def test_one_of_two_addresses_is_dead(lab):
    """A pool whose second node is down: clients fail every other time."""
    lab.names[HOST] = [SERVER, SECOND]
    lab.serve(Pureftpd)
    lab.site.drops(f"ip daddr {SECOND}")
    lab.examine().blames("D-05", address=SECOND)


def tries(answer, address):
    """The number of the try, for each time that port 21 of the address was knocked at; 0: by itself."""
    door = next(door for door in answer.evidence["doors"] if door["address"] == f"{address}:21")
    return [attempt.get("in_try", 0) for attempt in door["attempts"]]


@pytest.mark.quick
def test_the_first_of_two_addresses_is_dead(lab):
    """The examination goes on with the other, and looks at the dead one again before it says so."""
    lab.names[HOST] = [SECOND, SERVER]
    lab.serve(Sallyport)
    lab.site.drops(f"ip daddr {SECOND}")
    answer = lab.examine().blames("D-05", address=SECOND, works=SERVER, within=8)
    assert tries(answer, SECOND) == [1, 0]
    assert tries(answer, SERVER) == [0]
    assert {one["attempt"]["peer"] for one in answer.evidence["controls"]} == {f"{SERVER}:21"}


def test_each_try_goes_to_the_next_address(lab):
    lab.names[HOST] = [SERVER, SECOND]
    lab.wall.drops("tcp dport { 21, 990, 3021, 3990 }")
    answer = lab.examine(HOST, "--timeout", "1", "--retries", "3", "--interval", "1", quick=False)
    answer.blames("D-10", address=SERVER, port=21)
    assert tries(answer, SERVER) == [1, 3]
    assert tries(answer, SECOND) == [0, 2]


def test_the_dead_node_of_a_pool_refuses(lab):
    lab.names[HOST] = [SECOND, SERVER]
    lab.serve(Sallyport)
    lab.examine().blames("D-05", address=SECOND)


@pytest.mark.quick
def test_ipv6_is_dead(lab):
    lab.build(ipv6=True)
    lab.names[HOST] = [SERVER, SERVER_V6]
    lab.serve(Vsftpd)
    lab.site.drops("ip6 daddr 2001:db8:5::/64 tcp flags syn")
    lab.examine().blames("D-07", address=SERVER_V6)


def test_nothing_listens_on_ipv6(lab):
    lab.build(ipv6=True)
    lab.names[HOST] = [SERVER, SERVER_V6]
    lab.serve(Sallyport)
    lab.site.rejects("ip6 daddr 2001:db8:5::/64 meta l4proto tcp")
    lab.examine().blames("D-07", address=SERVER_V6)


def test_the_clients_allow_list_lacks_one_address(lab):
    """Works to one address of the name, is silent to the other, on every port."""
    lab.names[HOST] = [SERVER, SECOND]
    lab.serve(Proftpd)
    lab.serve(Proftpd, node="second")
    lab.wall.lets_out(f"ip daddr {SERVER}")
    lab.examine().blames("D-13", address=SECOND)


# Ports


@pytest.mark.quick
def test_the_clients_firewall_drops_port_21(lab):
    lab.serve(Sallyport)
    lab.wall.drops("tcp dport { 21, 990, 3021, 3990 }")
    lab.examine().blames("D-10", port=21, address=SERVER)


def test_the_dropped_port_is_located(lab):
    """Behind the first hop nothing comes back: the wall is the second router."""
    lab.serve(Vsftpd)
    lab.site.drops("tcp dport { 21, 990, 3021, 3990 }")
    lab.examine().blames("D-10", port=21, hop=2)


def test_the_given_port_is_dropped(lab):
    lab.serve(Pyftpdlib, port=2121)
    lab.wall.drops("tcp dport 2121")
    lab.examine(HOST, "--port", "2121").blames("D-10", port=2121)


@pytest.mark.quick
def test_the_clients_firewall_rejects_with_icmp(lab):
    lab.serve(Pureftpd)
    lab.wall.rejects("tcp dport { 21, 990, 3021, 3990 }", how="icmp type admin-prohibited")
    lab.examine().blames("D-11", port=21)


def test_the_clients_firewall_rejects_with_resets(lab):
    lab.serve(Proftpd)
    lab.wall.rejects("tcp dport { 21, 990, 3021, 3990 }")
    lab.examine().blames("D-11", port=21)


def test_nothing_listens(lab):
    lab.examine().blames("D-11", port=21)


@pytest.mark.quick
def test_port_21_is_filtered_and_3021_is_open(lab):
    lab.serve(Sallyport, more={"both": True, "explicit_ports": "21, 3021"})
    lab.wall.drops("tcp dport 21")
    lab.examine().blames("D-12", port=21, works=3021, severity=WARNING_TOO)


def test_port_21_is_filtered_and_990_is_open(lab):
    lab.serve(Sallyport, more={"both": True, "implicit_ports": "990"})
    lab.wall.drops("tcp dport 21")
    lab.examine().blames("D-12", port=21, works=990, severity=WARNING_TOO)


@pytest.mark.quick
def test_the_ban_list_of_the_server_closes_at_once(lab):
    lab.serve(Sallyport)
    lab.simulate("D-14")
    lab.examine().blames("D-14", port=21)


def test_the_allow_list_of_the_server_lacks_the_client(lab):
    """ProFTPD's <Limit LOGIN> ends the session before the greeting."""
    lab.serve(Proftpd, more={"<Limit LOGIN>\nDenyAll\n</Limit>": ""})
    lab.examine().blames("D-14")


def test_the_server_is_full(lab):
    lab.serve(Pyftpdlib, tls="explicit", more={"most-connections": 1})
    lab.examine().blames("D-15", code=421)


@pytest.mark.quick
def test_explicit_port_reached_with_implicit_tls(lab):
    lab.serve(Sallyport)
    lab.examine(HOST, "--port", "21", "--tls", "implicit").blames("D-16", port=21)


def test_implicit_port_reached_with_explicit_tls(lab):
    lab.serve(Vsftpd, tls="implicit")
    lab.examine(HOST, "--port", "990", "--tls", "explicit").blames("D-17", port=990)


@pytest.mark.quick
def test_it_is_an_ssh_server(lab):
    lab.talk("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", port=21)
    lab.examine(HOST, "--port", "21").blames("D-18", port=21)


def test_it_is_a_web_server(lab):
    lab.talk("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", port=21)
    lab.examine(HOST, "--port", "21").blames("D-18", port=21)


def test_the_greeting_is_late(lab):
    """Reverse DNS that hangs."""
    lab.serve(Vsftpd, tls="none")
    lab.simulate("D-70", "--seconds", "6")
    lab.examine(HOST, "--port", "21", "--tls", "none").warns_of("D-70", seconds=near(6, 1))
