"""Active mode, where the user insists on it or passive mode is blocked as well."""

import pytest

from walls.certificates import HOST
from walls.servers import Proftpd, Pureftpd, Pyftpdlib, Sallyport, Vsftpd
from walls.town import CLIENT_PRIVATE


@pytest.mark.quick
def test_the_clients_firewall_blocks_active_mode(lab):
    """Passive mode works, so it is no problem, only worth knowing."""
    lab.wall.lets_in()
    lab.serve(Vsftpd)
    lab.examine().warns_of("D-35")


def test_the_server_cannot_dial_out(lab):
    lab.site.add("forward", "ct state established accept", "iifname yard ct state new drop")
    lab.serve(Pyftpdlib)
    lab.examine().warns_of("D-35", "D-38")


@pytest.mark.quick
def test_port_tells_a_private_address(lab):
    lab.build(nat=True)
    lab.serve(Proftpd)
    remark = lab.examine().is_healthy().remarks("D-36").json["remarks"][0]
    assert remark["facts"]["address"] == CLIENT_PRIVATE


def test_a_box_rewrites_port(lab):
    lab.serve(Sallyport, tls="none")
    lab.simulate("D-37")
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain").warns_of("D-37")


@pytest.mark.quick
def test_the_server_refuses_active_mode(lab):
    lab.serve(Vsftpd, more={"port_enable": "NO"})
    lab.examine().warns_of("D-39")


def test_eprt_is_refused(lab):
    lab.serve(Pureftpd, tls="none")
    lab.simulate("D-40")
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain").warns_of("D-40")


def test_both_modes_are_blocked(lab):
    """Passive is what a client can be told to use: its wall is the root."""
    lab.wall.lets_in()
    lab.wall.drops("tcp dport 40000-40100")
    lab.serve(Proftpd)
    lab.examine().blames("D-20", within=12).mentions("D-35")
