"""The certificates of the scenarios: one good one, and each bad one with a single fault."""

import subprocess

from sallyport_lab.certificates import Authority

HOST = "ftp.example.test"
NAMES = [f"DNS:{HOST}", "DNS:files.example.test", "IP:203.0.113.10", "IP:203.0.113.20",
         "IP:2001:db8:5::10", "IP:2001:db8:6::20"]
INTERMEDIATE = "Sallyport test intermediate"  # its common name

CA_CONFIG = """[ca]
default_ca = lab
[lab]
database = {folder}/{name}.index
serial = {folder}/{name}.serial
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
"""


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Certificates(Authority):
    """Each method: (PEM of what the server shows, private key)."""

    def __init__(self, folder):
        super().__init__(folder)
        self._good = self.issue("good", NAMES)

    def good(self):
        return self._good

    def another(self, name):
        """As good, with a key and a fingerprint of its own."""
        return self.issue(name, NAMES)

    def named(self, *names):
        return self.issue("named", names)

    def large(self):
        """So many names that the handshake takes several packets."""
        return self.issue("large", NAMES + [f"DNS:node{i}.example.test" for i in range(150)])

    def wrong_name(self):
        return self.issue("elsewhere", ["DNS:www.example.test", "DNS:mail.example.test"])

    def incomplete(self):
        """The leaf without its intermediate."""
        chain, key = self._good
        leaf = self.folder / "leaf-only.pem"
        leaf.write_text((self.folder / "good.pem").read_text())
        return leaf, key

    def reversed(self):
        """Complete, the leaf first, yet the root in between."""
        _, key = self._good
        chain = self.folder / "unordered.pem"
        chain.write_text("".join((self.folder / name).read_text() for name in
                                 ("good.pem", "root.pem", "intermediate.pem")))
        return chain, key

    def self_signed(self):
        chain, key = self.folder / "self.pem", self.folder / "self.key"
        self._make_key("self")
        _openssl("req", "-x509", "-new", "-key", key, "-days", "30", "-subj", f"/CN={HOST}", "-out",
                 chain, "-addext", f"subjectAltName={','.join(NAMES)}")
        return chain, key

    def expired(self):
        return self._dated("expired", "20240101000000Z", "20250101000000Z")

    def not_yet_valid(self):
        return self._dated("future", "20400101000000Z", "20410101000000Z")

    def _dated(self, name, begin, end):
        folder = self.folder
        self._make_key(name)
        _openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/CN={HOST}", "-out",
                 folder / f"{name}.csr")
        config = folder / f"{name}.ca"
        config.write_text(CA_CONFIG.format(folder=folder, name=name, names=",".join(NAMES)))
        (folder / f"{name}.index").write_text("")
        (folder / f"{name}.serial").write_text("77\n")
        _openssl("ca", "-batch", "-notext", "-config", config, "-cert", folder / "intermediate.pem",
                 "-keyfile", folder / "intermediate.key", "-startdate", begin, "-enddate", end, "-in",
                 folder / f"{name}.csr", "-out", folder / f"{name}.pem")
        chain = folder / f"{name}-chain.pem"
        chain.write_text((folder / f"{name}.pem").read_text()
                         + (folder / "intermediate.pem").read_text())
        return chain, folder / f"{name}.key"
