"""Passive mode: the reply is fine, the connection does not come."""

import pytest

from walls.certificates import HOST
from walls.servers import KINDS, Proftpd, Pureftpd, Pyftpdlib, Sallyport, Vsftpd, each
from walls.town import SERVER, SERVER_INSIDE

PASSIVE = "40000-40100"


@pytest.mark.quick
@each(*KINDS)
def test_the_clients_firewall_drops_the_passive_range(lab, kind):
    lab.serve(kind)
    lab.wall.drops(f"tcp dport {PASSIVE}")
    lab.examine().blames("D-20", address=SERVER, within=12)


def test_a_dropped_range_is_named_with_default_timeouts(lab):
    lab.serve(Vsftpd)
    lab.wall.drops(f"tcp dport {PASSIVE}")
    lab.examine(quick=False).blames("D-20", within=40)


def test_a_dropped_range_of_our_server_is_named_whole(lab):
    """SITE DOCTOR tells the range, and that nothing arrived."""
    lab.serve(Sallyport)
    lab.wall.drops(f"tcp dport {PASSIVE}")
    lab.examine(quick=False).blames("D-20", range=PASSIVE, within=40)


@pytest.mark.quick
def test_what_hangs_behind_a_dropped_range_takes_no_time(lab):
    """The server's first connection to us comes, all others vanish: each of them hangs."""
    lab.wall.drops(f"tcp dport {PASSIVE}")
    lab.site.add("forward", "iifname yard ct state new limit rate over 1/hour burst 1 packets drop")
    lab.serve(Pureftpd)
    lab.examine().blames("D-20", within=12).leaves_out("Active, EPRT")


@pytest.mark.quick
def test_the_wall_stands_at_the_servers_side(lab):
    lab.serve(Sallyport)
    lab.site.lets_in("tcp dport 21")
    lab.examine().blames("D-20", range=PASSIVE, hop=2, within=12)


def test_the_wall_stands_at_the_clients_side(lab):
    lab.serve(Pyftpdlib)
    lab.wall.lets_out("tcp dport 21")
    lab.examine().blames("D-20", hop=1, within=12)


@pytest.mark.quick
@each(Sallyport, Pureftpd)
def test_the_passive_range_is_rejected(lab, kind):
    lab.serve(kind)
    lab.site.rejects(f"tcp dport {PASSIVE}")
    lab.examine().blames("D-21", address=SERVER)


def test_the_passive_range_is_rejected_with_icmp(lab):
    lab.serve(Vsftpd)
    lab.wall.rejects(f"tcp dport {PASSIVE}", how="icmp type admin-prohibited")
    lab.examine().blames("D-21", address=SERVER)


def test_the_range_is_not_forwarded_by_the_servers_router(lab):
    """Port 21 is forwarded, the range is not, and the router itself refuses."""
    lab.build(forwards=True, forwarded="commands")
    lab.serve(Sallyport, external=SERVER)
    lab.examine().blames("D-22", range=PASSIVE)


@pytest.mark.quick
def test_the_upper_half_of_the_range_is_dropped(lab):
    """Our server opens the ports that the doctor asks for: the border is exact."""
    lab.serve(Sallyport)
    lab.wall.drops("tcp dport 40050-40100")
    lab.examine().blames("D-23", range="40050-40100", within=12)


def test_most_of_the_range_is_dropped(lab):
    """A firewall that opened ten ports for a server that uses a hundred."""
    lab.serve(Sallyport)
    lab.site.drops("tcp dport 40010-40100")
    lab.examine().blames("D-23", range="40010-40100")


def test_half_of_a_foreign_servers_range_is_dropped(lab):
    lab.serve(Pureftpd)
    lab.site.drops("tcp dport 40050-40100")
    lab.examine(HOST, "--passive-range", PASSIVE).blames("D-23")


@pytest.mark.quick
@each(Sallyport, Proftpd, Pyftpdlib, Vsftpd)
def test_pasv_tells_the_private_address(lab, kind):
    lab.build(forwards=True)
    lab.serve(kind)
    lab.examine().blames("D-25", announced=SERVER_INSIDE)


@pytest.mark.quick
@each(Sallyport, Pureftpd)
def test_pasv_tells_a_former_address(lab, kind):
    lab.serve(kind, external="198.51.100.200")
    lab.examine().blames("D-26", announced="198.51.100.200")


def test_the_outer_address_is_told_inside(lab):
    """A client beside the server: the router does not lead its own outer address back in."""
    lab.build(forwards=True)
    lab.names[HOST] = [SERVER_INSIDE]
    lab.serve(Sallyport, external=SERVER, certificate=lab.certificates.named("DNS:" + HOST))
    lab.examine(node="second").blames("D-28", announced=SERVER)


@pytest.mark.quick
@each(Vsftpd, Sallyport)
def test_data_connections_come_from_another_address(lab, kind):
    """The client's NAT has two outer addresses and uses the other one for the passive range."""
    lab.town.run("wall", "ip", "address", "add", "198.51.100.3/28", "dev", "wan")
    lab.wall.add("postrouting", f"tcp dport {PASSIVE} oifname wan snat ip to 198.51.100.3")
    lab.serve(kind, tls="none", more={"data_timeout": 3} if kind is Sallyport else {})
    facts = {"address": "198.51.100.3"} if kind is Sallyport else {"code": 425}
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain").blames("D-31", **facts)


def test_transfers_stall(lab):
    """Both directions do, yet without the large upload there is nothing large to download: the doctor
    cannot tell the two apart, and says what would."""
    lab.serve(Pureftpd, tls="none")
    lab.simulate("D-78")
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain").blames({"D-78", "D-34b"})


def test_transfers_are_killed(lab):
    lab.serve(Pyftpdlib, tls="none")
    lab.simulate("D-82")
    lab.examine(HOST, "--port", "21", "--tls", "none").blames("D-82")


def test_uploads_are_cut_short_without_a_word(lab):
    lab.serve(Vsftpd, tls="none")
    lab.simulate("D-93")
    lab.examine(HOST, "--port", "21", "--tls", "none").blames("D-93")


@pytest.mark.quick
def test_a_box_rewrites_the_port_of_227(lab):
    lab.serve(Sallyport, tls="none")
    lab.simulate("D-27")
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain").blames("D-27")


def test_epsv_leads_nowhere(lab):
    lab.serve(Vsftpd, tls="none")
    lab.simulate("D-29")
    lab.examine(HOST, "--port", "21", "--tls", "none").blames("D-29")


def test_the_ftp_helper_is_blind_under_tls(lab, ftp_helper):
    """The server's firewall opens 21 and leaves the rest to its helper: plain sessions work, TLS hides
    227 and 229 from it."""
    lab.site.follows_ftp()
    lab.site.lets_in("tcp dport 21")
    lab.serve(Proftpd, more={"TLSRequired": "off"})
    lab.examine().blames("D-20", hop=2)


def test_the_nat_helper_is_blind_under_tls(lab, ftp_helper):
    """The same with NAT: neither is the port opened nor the address rewritten. Two faults, of which
    each alone is enough."""
    lab.build(forwards=True)
    lab.site.follows_ftp()
    lab.site.lets_in("tcp dport 21")
    lab.serve(Pyftpdlib)
    lab.examine().blames({"D-20", "D-25"}).mentions("D-20").mentions("D-25")


def test_plain_sessions_pass_the_nat_helper(lab, ftp_helper):
    """The counterpart: the helper sees all, rewrites the private address and opens the port."""
    lab.build(forwards=True)
    lab.site.follows_ftp()
    lab.site.lets_in("tcp dport 21")
    lab.serve(Pyftpdlib, tls="none")
    lab.examine(HOST, "--tls", "none").is_healthy()


def test_all_passive_ports_are_busy(lab):
    lab.serve(Pyftpdlib, tls="none")
    lab.simulate("D-33")
    lab.examine(HOST, "--port", "21", "--tls", "none").blames("D-33", code=425)


@pytest.mark.quick
def test_a_content_filter_stalls_uploads(lab):
    lab.serve(Vsftpd, tls="none")
    lab.simulate("D-34b")
    lab.examine(HOST, "--port", "21", "--tls", "none").blames("D-34b", direction="upload")


def test_the_scan_detection_of_a_firewall_blocks_everything(lab):
    lab.serve(Vsftpd, tls="none")
    lab.simulate("D-34a")
    lab.examine(HOST, "--port", "21", "--tls", "none").blames("D-34a")


def test_a_balancer_sends_data_to_another_node(lab):
    lab.serve(Proftpd, tls="none")
    lab.simulate("D-32")
    lab.examine(HOST, "--port", "21", "--tls", "none").blames("D-32")


@pytest.mark.quick
def test_large_packets_vanish(lab):
    """A tunnel with an MTU of 1280 on the way, and a firewall that eats the ICMP that would say so."""
    lab.serve(Vsftpd, tls="none")
    lab.town.narrows(1280)
    lab.examine(HOST, "--tls", "none").blames("D-79")


def test_large_packets_vanish_in_the_handshake(lab):
    lab.serve(Pureftpd, certificate=lab.certificates.large())
    lab.town.narrows(900)
    lab.examine().blames("D-79")
