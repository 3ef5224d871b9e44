"""Servers with which nothing is wrong: the doctor must find nothing, and be quick about it."""

import pytest

from walls.certificates import HOST
from walls.servers import KINDS, Proftpd, Pureftpd, Pyftpdlib, Sallyport, Vsftpd, each
from walls.town import SERVER, SERVER_V6

PASSIVE = "40000-40100"


@pytest.mark.quick
@each(*KINDS)
def test_explicit_tls(lab, kind):
    lab.serve(kind, tls="explicit")
    lab.examine().is_healthy()


@each(Vsftpd, Proftpd)
def test_required_reuse_that_is_the_servers_default_is_a_remark(lab, kind):
    lab.serve(kind)
    lab.examine().is_healthy().remarks("D-52")


@pytest.mark.quick
def test_vsftpd_that_does_not_require_reuse(lab):
    lab.serve(Vsftpd, more={"require_ssl_reuse": "NO"})
    lab.examine().is_healthy()


@pytest.mark.quick
def test_proftpd_that_does_not_require_reuse(lab):
    lab.serve(Proftpd, more={"TLSOptions": "NoSessionReuseRequired"})
    lab.examine().is_healthy()


@each(Sallyport, Vsftpd, Proftpd, Pyftpdlib)
def test_implicit_tls(lab, kind):
    lab.serve(kind, tls="implicit")
    lab.examine(HOST, "--port", "990").is_healthy()


@each(Vsftpd, Pureftpd)
def test_plain_ftp_inside_a_company(lab, kind):
    lab.serve(kind, tls="none")
    lab.examine(HOST, "--tls", "none", "--allow-plain").is_healthy()


@pytest.mark.quick
@each(Sallyport, Proftpd)
def test_both_address_families(lab, kind):
    lab.build(ipv6=True)
    lab.names = {HOST: [SERVER, SERVER_V6]}
    lab.serve(kind)
    lab.examine().is_healthy(within=8)


def test_ipv6_only(lab):
    lab.build(ipv6=True)
    lab.names = {HOST: [SERVER_V6]}
    lab.serve(Pyftpdlib)
    lab.examine().is_healthy()


@pytest.mark.quick
@each(Sallyport, Vsftpd)
def test_client_behind_nat(lab, kind):
    """Passive mode works; that active mode cannot under TLS is how NAT is, no fault."""
    lab.build(nat=True)
    lab.serve(kind)
    lab.examine().is_healthy().remarks("D-36")


def test_firewalls_of_both_sides_with_the_right_rules(lab):
    lab.wall.lets_out("tcp dport { 21, 990 }", f"tcp dport {PASSIVE}")
    lab.site.lets_in("tcp dport { 21, 990 }", f"tcp dport {PASSIVE}")
    lab.serve(Proftpd)
    lab.examine().is_healthy()


@pytest.mark.quick
def test_active_mode_through_the_ftp_helper_of_a_nat(lab, ftp_helper):
    """Plain FTP: the helper reads PORT, writes the outer address into it and lets the server in."""
    lab.build(nat=True)
    lab.wall.follows_ftp()
    lab.wall.lets_in()
    lab.serve(Vsftpd, tls="none")
    answer = lab.examine(HOST, "--tls", "none").is_healthy()
    active = [cell for cell in answer.json["matrix"] if cell["mode"] == "port"]
    assert active and all(cell["listing"] == "ok" for cell in active), active


def test_passive_mode_through_the_ftp_helper_of_the_servers_firewall(lab, ftp_helper):
    """Plain FTP with nothing open but port 21: the helper reads 227 and 229."""
    lab.site.follows_ftp()
    lab.site.lets_in("tcp dport 21")
    lab.serve(Pureftpd, tls="none")
    lab.examine(HOST, "--tls", "none", "--allow-plain").is_healthy()


@each(Sallyport, Pyftpdlib)
def test_server_behind_nat_that_tells_its_outer_address(lab, kind):
    lab.build(forwards=True)
    lab.serve(kind, external=SERVER)
    lab.examine().is_healthy()
