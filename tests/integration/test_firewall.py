"""`sallyport firewall`: rules that real firewalls load and that let FTP through, lists that are
checked, and settings that real clients read."""

import itertools
import json
import os
import subprocess
import xml.etree.ElementTree as ET

import pytest

from sallyport_lab.clients import run
from sallyport_lab.daemon import IS_ROOT, PASSWORD, SALLYPORT

FORMATS = ("nftables", "iptables", "ufw", "firewalld", "windows", "aws", "azure", "gcp",
           "paloalto", "cisco")
COUNTER = itertools.count()

needs_root = pytest.mark.skipif(not IS_ROOT, reason="network namespaces need root")


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(server_name="localhost", external_ip="127.0.0.1")
    server.add_user()
    server.put("hello.txt", b"hello")
    return server


class Wall:
    """A network namespace: both ends are loopback addresses, and its firewall stands between."""

    def __init__(self):
        self.name = f"sallyport-wall-{os.getpid()}-{next(COUNTER)}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.run("ip link set lo up")

    def run(self, script, check=True):
        return subprocess.run(["ip", "netns", "exec", self.name, "sh", "-ec", script], text=True,
                              check=check, capture_output=True, timeout=60)

    def passes(self, port):
        """Whether a connection to the port is answered: refused, since nobody listens."""
        script = ("import socket, sys; s = socket.socket(); s.settimeout(1)\n"
                  f"try: s.connect(('127.0.0.1', {port}))\n"
                  "except ConnectionRefusedError: sys.exit(0)\n"
                  "except TimeoutError: sys.exit(1)\n")
        return subprocess.run(["ip", "netns", "exec", self.name, "/usr/bin/python3", "-c", script],
                              timeout=60, check=False).returncode == 0

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], check=True)


@pytest.fixture
def wall():
    wall = Wall()
    yield wall
    wall.remove()


# A firewall as administrators write it: the last rule refuses everything else.
CLOSED = {
    "nftables": "nft add table inet filter\n"
                "nft 'add chain inet filter {chain} "
                "{{ type filter hook {chain} priority filter; policy drop; }}'\n"
                "nft add rule inet filter {chain} ct state established,related accept\n"
                "nft add rule inet filter {chain} drop\n",
    "iptables": "iptables -P {upper} DROP\n"
                "iptables -A {upper} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n"
                "iptables -A {upper} -j DROP\n",
}


@needs_root
@pytest.mark.parametrize("side", ("server", "client"))
@pytest.mark.parametrize("language", ("nftables", "iptables"))
def test_rules_open_a_closed_firewall_and_no_more(server, wall, language, side):
    chain = "input" if side == "server" else "output"
    wall.run(CLOSED[language].format(chain=chain, upper=chain.upper()))
    inside = server.passive_ports[0]
    outside = server.passive_ports[-1] + 1
    assert not wall.passes(inside), "the wall is closed"

    rules = server.cli("firewall", "--rules", language, "--side", side).stdout
    command = "nft -f -" if language == "nftables" else "sh -e"
    wall.run(f"{command} <<'END'\n{rules}END")

    assert wall.passes(inside) and wall.passes(server.passive_ports[-1])
    assert wall.passes(server.explicit) and wall.passes(server.implicit)
    assert not wall.passes(outside), "a port that is not needed"


@needs_root
@pytest.mark.parametrize("options", (
    ("--client", "198.51.100.0/24", "--client", "2001:db8::/32"),
    ("--side", "client", "--address", "203.0.113.5", "--address", "2001:db8::5", "--active"),
), ids=("server", "client"))
@pytest.mark.parametrize("language", ("nftables", "iptables"))
def test_rules_of_both_families_load_twice(server, wall, language, options):
    rules = server.cli("firewall", "--rules", language, *options).stdout
    command = "nft -f -" if language == "nftables" else "sh -e"
    if language == "nftables":
        wall.run(f"nft -c -f - <<'END'\n{rules}END")
    for _ in range(2):
        wall.run(f"{command} <<'END'\n{rules}END")
    assert "2001:db8" in rules


@pytest.mark.sanitize
@pytest.mark.parametrize("side", ("server", "client"))
@pytest.mark.parametrize("language", FORMATS)
def test_our_own_rules_pass_our_own_check(server, tmp_path, language, side):
    rules = tmp_path / "rules"
    rules.write_text(server.cli("firewall", "--rules", language, "--side", side).stdout)
    server.cli("firewall", "--check", rules, "--side", side)


def test_what_the_loaded_ruleset_lacks_is_named(server):
    first, last = server.passive_ports[0], server.passive_ports[-1]
    given = f"{server.explicit}, {server.implicit}, {first}-{last - 1}"
    done = server.cli("firewall", "--check", "-", text=given, check=False)
    assert done.returncode == 1
    assert f"missing: TCP {last} to 127.0.0.1 outbound (passive data connections" in done.stdout

    missing = json.loads(server.cli("--json", "firewall", "--check", "-", text=given,
                                    check=False).stdout)
    assert missing["complete"] is False
    assert [gap["ports"] for gap in missing["missing"]] == [[{"first": last, "last": last}]]

    complete = server.cli_json("firewall", "--check", "-", text=f"{given}, {last}")
    assert complete == {"side": "client", "complete": True, "missing": []}


def test_a_list_without_ports_is_no_list(server):
    done = server.cli("firewall", "--check", "-", text="Dear colleague\n", check=False)
    assert done.returncode == 1 and "neither a port nor an address" in done.stderr


def test_the_running_server_tells_its_ports(start_server):
    server = start_server(server_name="ftp.example.com", external_ip="203.0.113.5", active=False)
    live = server.passive_ports
    server.write_config(passive_ports="21000-21050")  # and no reload
    told = server.cli_json("firewall")
    assert told["source"] == "running server"
    assert told["addresses"] == ["203.0.113.5"] and told["active"] is False
    assert told["passive_ports"] == {"first": live[0], "last": live[-1]}
    assert [flow["id"] for flow in told["server"]["flows"]] == ["command", "passive"]
    server.reload()
    assert server.cli_json("firewall")["passive_ports"] == {"first": 21000, "last": 21050}


def test_the_file_tells_when_no_server_runs(tmp_path):
    config = tmp_path / "sallyport.conf"
    config.write_text(f"run_directory = {tmp_path}\npassive_ports = 21000-21050\n"
                      "external_ip = 203.0.113.5\nexplicit_ports = 21\nimplicit_ports = none\n")
    out = run([SALLYPORT, "-c", config, "firewall"])
    assert "configuration file" in out
    assert "Allow outbound TCP to 203.0.113.5, port 21: command connections" in out
    assert "21000-21050: passive data connections" in out
    letter = run([SALLYPORT, "-c", config, "firewall", "--letter"])
    assert "203.0.113.5" in letter and "21000-21050" in letter


def test_wrong_words_are_usage_errors(server):
    for option, value in (("--rules", "pf"), ("--side", "middle"), ("--export", "netscape")):
        done = server.cli("firewall", option, value, check=False)
        assert done.returncode == 2 and value in done.stderr


# The settings of clients: the real clients read them.

@pytest.fixture(params=("explicit", "implicit"))
def exporter(request, start_server):
    """Prints settings for a server with one kind of port only."""
    other = "implicit_ports" if request.param == "explicit" else "explicit_ports"
    server = start_server(server_name="localhost", **{other: "none"})
    server.add_user()
    server.put("hello.txt", b"hello")
    server.export = lambda name: server.cli("firewall", "--export", name, "--user", "alice").stdout
    return server


def test_lftp_works_with_its_script(exporter, tmp_path):
    script = tmp_path / "lftp"
    script.write_text(f"set cmd:fail-exit yes\nset ssl:ca-file {exporter.authority.root}\n"
                      + exporter.export("lftp") + f"user alice '{PASSWORD}'\ncat hello.txt\n")
    assert run(["lftp", "-f", script], HOME="/proc/nonexistent").startswith("hello")


def test_curl_works_with_its_config(exporter, tmp_path):
    config = tmp_path / "curlrc"
    config.write_text(exporter.export("curl"))
    assert "hello.txt" in run(["curl", "--silent", "--show-error", "--config", config, "--cacert",
                               exporter.authority.root, "--user", f"alice:{PASSWORD}"])


def test_rclone_works_with_its_config(exporter, tmp_path):
    config = tmp_path / "rclone.conf"
    config.write_text(exporter.export("rclone"))
    obscured = run(["rclone", "obscure", PASSWORD], RCLONE_CONFIG="/dev/null").strip()
    out = run(["rclone", "--config", config, "lsf", "localhost:"], RCLONE_FTP_PASS=obscured,
              RCLONE_CONFIG_LOCALHOST_PASS=obscured, SSL_CERT_FILE=exporter.authority.root,
              SSL_CERT_DIR="/nonexistent")
    assert "hello.txt" in out.splitlines()


def test_filezilla_and_winscp_get_the_same(exporter, tmp_path):
    is_explicit = exporter.settings["implicit_ports"] == "none"
    port = str(exporter.explicit if is_explicit else exporter.implicit)

    site = ET.fromstring(exporter.export("filezilla")).find("Servers/Server")
    assert (site.findtext("Host"), site.findtext("Port")) == ("localhost", port)
    assert site.findtext("Protocol") == ("4" if is_explicit else "3")
    assert site.find("Pass") is None and site.findtext("PasvMode") == "MODE_PASSIVE"

    lines = exporter.export("winscp").splitlines()
    assert {"[Sessions\\localhost]", f"PortNumber={port}", "Timeout=60", "FtpPingInterval=100",
            f"Ftps={'3' if is_explicit else '1'}"} <= set(lines)

    told = json.loads(exporter.export("json"))
    assert told["verify_certificate"] is True and told["retries"] == 3
    assert str(told["port"]) == port
