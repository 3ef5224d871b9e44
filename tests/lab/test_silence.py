"""What only shows with time: command connections that are cut while they are silent."""

from walls.certificates import HOST
from walls.scenario import near
from walls.servers import Pyftpdlib, Sallyport, Vsftpd, each


def test_the_server_ends_idle_sessions_early(lab):
    lab.serve(Pyftpdlib, more={"idle": 20})
    lab.examine(HOST, "--idle").warns_of("D-73", seconds=near(20, 3))


def test_a_firewall_forgets_silent_connections(lab):
    """The client's firewall forgets after 20 s, and drops what it does not know. The doctor waits as
    long as the norm of keepalives, so that it learns an upper bound."""
    lab.wall.sysctl("net.netfilter.nf_conntrack_tcp_timeout_established=20",
                    "net.netfilter.nf_conntrack_tcp_loose=0")
    lab.wall.add("forward", "ct state invalid drop", "ct state established,related accept")
    lab.serve(Vsftpd, more={"idle_session_timeout": 300})
    lab.examine(HOST, "--idle").blames("D-74", seconds=near(60, 40))


def test_a_balancer_resets_silent_connections(lab):
    lab.serve(Sallyport, tls="none")
    lab.simulate("D-76", "--seconds", "30")
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain", "--idle").blames(
        "D-76", seconds=near(30, 4))


@each(Sallyport, Vsftpd)
def test_norms_of_120_seconds_are_fine(lab, kind):
    more = {"idle_timeout": 120} if kind is Sallyport else {"idle_session_timeout": 120}
    lab.serve(kind, more=more)
    lab.examine(HOST, "--idle").is_healthy(within=200, notes={"D-73", "D-52"})
