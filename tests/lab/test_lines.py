"""Lines that are bad, narrow or watched: packets get lost, bandwidth ends, a device counts connections.
This kernel need not have netem: nftables drops at random, tbf shapes."""

import pytest

from walls.certificates import HOST
from walls.servers import PASSIVE, Proftpd, Pureftpd, Pyftpdlib, Sallyport, Vsftpd, each
from walls.town import SERVER

RANGE = f"{PASSIVE[0]}-{PASSIVE[1]}"


def _is_many(count):
    """10 or more"""
    return count >= 10


@pytest.mark.quick
@each(Vsftpd, Sallyport)
def test_the_line_loses_packets(lab, kind):
    """One in ten of the larger packets of uploads; connections and small files get through."""
    lab.wall.add("forward", f"oifname wan tcp dport {RANGE} meta length > 200 "
                            "numgen random mod 100 < 10 drop")
    lab.serve(kind)
    lab.examine().warns_of("D-80", retransmits=_is_many)


@each(Pureftpd, Sallyport)
def test_the_bandwidth_is_capped(lab, kind):
    """256 kbit/s out of the client's network, with a queue that loses nothing."""
    lab.town.run("wall", "tc", "qdisc", "add", "dev", "wan", "root", "tbf", "rate", "256kbit",
                 "burst", "16kb", "limit", "4mb")
    lab.serve(kind)
    lab.examine(HOST, "--size", "1M").warns_of(
        "D-81", direction="upload", rate=lambda rate: 10 * 1024 < rate < 40 * 1024)


@pytest.mark.quick
@each(Vsftpd, Pyftpdlib)
def test_a_firewall_limits_data_connections_at_a_time(lab, kind):
    lab.wall.add("forward", f"oifname wan tcp dport {RANGE} ct state new ct count over 5 "
                            "reject with tcp reset")
    lab.serve(kind)
    lab.examine(HOST, "--parallel", "8").blames("D-34", wanted=8, limit={3, 4, 5})


def test_six_transfers_at_a_time_are_nothing(lab):
    lab.serve(Proftpd)
    lab.examine(HOST, "--parallel", "6").is_healthy(within=15, notes={"D-52"})


# What ends badly under TLS


def test_tickets_are_used_up(lab):
    lab.serve(Pyftpdlib)
    lab.simulate("D-53", "--ca-out", lab.town.folder / "box.pem")
    lab.examine(SERVER, "--port", "21", "--ca", lab.town.folder / "box.pem", trust=False).blames(
        "D-53", transfers=3)


@pytest.mark.quick
def test_data_connections_end_without_close_notify(lab):
    lab.serve(Pureftpd)
    lab.simulate("D-57", "--ca-out", lab.town.folder / "box.pem")
    lab.examine(SERVER, "--port", "21", "--ca", lab.town.folder / "box.pem", trust=False).blames(
        "D-57")


@pytest.mark.quick
def test_the_tail_of_uploads_is_lost(lab):
    lab.serve(Pureftpd)
    lab.simulate("D-58", passive=PASSIVE)
    lab.examine(HOST, "--port", "21").blames("D-58")
