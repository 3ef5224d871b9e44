"""A certificate authority for one test run: root, intermediate, and a server certificate that names
every address the tests connect to. Clients verify against the root only, so the server must send
the complete chain (R43)."""

import subprocess
from pathlib import Path

NAMES = ["DNS:localhost", "IP:127.0.0.1", "IP:127.0.0.2", "IP:::1"]


def _openssl(*args, text=None):
    subprocess.run(["openssl", *args], input=text, check=True, capture_output=True, text=True)


class Authority:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = self.folder / "root.pem"
        self._make_root()
        self._issue("intermediate", "root", "basicConstraints=critical,CA:true,pathlen:0\n"
                    "keyUsage=critical,keyCertSign,cRLSign\n")
        self.chain, self.key = self.issue("server")

    def issue(self, name, names=NAMES):
        """A server certificate: (PEM of leaf and intermediate, private key)."""
        self._issue(name, "intermediate", "basicConstraints=critical,CA:false\n"
                    "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
                    f"subjectAltName={','.join(names)}\n")
        chain = self.folder / f"{name}-chain.pem"
        chain.write_text((self.folder / f"{name}.pem").read_text()
                         + (self.folder / "intermediate.pem").read_text())
        return chain, self.folder / f"{name}.key"

    def _make_key(self, name):
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
                 "-out", str(self.folder / f"{name}.key"))

    def _make_root(self):
        self._make_key("root")
        _openssl("req", "-x509", "-new", "-key", str(self.folder / "root.key"), "-days", "30",
                 "-subj", "/CN=Sallyport test root", "-out", str(self.root),
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def _issue(self, name, issuer, extensions):
        folder = self.folder
        self._make_key(name)
        _openssl("req", "-new", "-key", str(folder / f"{name}.key"),
                 "-subj", f"/CN=Sallyport test {name}", "-out", str(folder / f"{name}.csr"))
        (folder / f"{name}.ext").write_text(extensions)
        _openssl("x509", "-req", "-in", str(folder / f"{name}.csr"), "-days", "30",
                 "-CA", str(folder / f"{issuer}.pem"), "-CAkey", str(folder / f"{issuer}.key"),
                 "-CAcreateserial", "-extfile", str(folder / f"{name}.ext"),
                 "-out", str(folder / f"{name}.pem"))
