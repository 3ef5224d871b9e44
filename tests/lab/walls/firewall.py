"""The nftables of one router, with the kernel's FTP helpers (nf_conntrack_ftp, nf_nat_ftp)."""

import subprocess

TABLE = """table inet lab {
	ct helper ftp { type "ftp" protocol tcp; }
	chain raw { type filter hook prerouting priority -300; }
	chain prerouting { type nat hook prerouting priority -100; }
	chain helpers { type filter hook prerouting priority -50; }
	chain input { type filter hook input priority 0; }
	chain forward { type filter hook forward priority 0; }
	chain output { type filter hook output priority 0; }
	chain postrouting { type nat hook postrouting priority 100; }
}
"""


def has_ftp_helper():
    """Whether this kernel follows FTP dialogues."""
    tried = subprocess.run(["unshare", "--net", "nft", "-f", "-"], input=TABLE, text=True,
                           capture_output=True, check=False)
    return tried.returncode == 0


class Firewall:
    def __init__(self, town, node):
        self.town, self.node = town, node
        # On the way to the server: the client's own ports may have the same numbers.
        self._inwards = {"wall": "oifname wan", "site": "iifname wan"}[node]
        town.run(node, "nft", "-f", "-", text=TABLE)

    def add(self, chain, *rules):
        self.town.run(self.node, "nft", "-f", "-", text="".join(
            f"add rule inet lab {chain} {rule}\n" for rule in rules))

    def drops(self, *matches):
        """What goes to the server is dropped without a word: "tcp dport 21". Connections that the server
        opens may come from ports with the same numbers; their answers pass."""
        self.add("forward", *(f"{self._inwards} ct direction original {match} drop"
                              for match in matches))

    def rejects(self, *matches, how="tcp reset"):
        self.add("forward", *(f"{self._inwards} {match} reject with {how}" for match in matches))

    def lets_in(self, *matches):
        """A stateful firewall: connections from outside need one of these, all others are dropped."""
        self.add("forward", "ct state established,related accept",
                 *(f"iifname wan {match} accept" for match in matches), "iifname wan drop")

    def lets_out(self, *matches):
        """The same for connections from inside, names aside."""
        self.add("forward", "ct state established,related accept", "udp dport 53 accept",
                 *(f"oifname wan {match} accept" for match in matches), "oifname wan drop")

    def follows_ftp(self, port=21):
        """The kernel's FTP helper reads the dialogue at this port, opens what it announces, and
        rewrites addresses where there is NAT: an ALG ("inspect ftp", "session helper")."""
        self.add("helpers", f'tcp dport {port} ct helper set "ftp"')

    def sysctl(self, *settings):
        self.town.run(self.node, "sysctl", "-q", "-w", *settings)
