"""Certificates that are uploaded in the manager: judged before they are stored, live at once, and
no session notices."""

import socket
import ssl
import subprocess

import pytest

from sallyport_lab.daemon import PASSWORD
from sallyport_lab.wait import eventually


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(workers=1, server_name="localhost")
    server.add_user()
    return server


def root_and_chain(authority, name, names=("DNS:localhost", "IP:127.0.0.1")):
    chain, key = authority.issue(name, list(names))
    return chain.read_text() + authority.root.read_text(), key.read_text()


def served(server):
    """The serial of what a fresh client is shown."""
    with server.connect(context=server.trust()) as control:
        control.auth_tls()
        return int(control.sock.getpeercert()["serialNumber"], 16)


def shown(server, host="default"):
    code, answer = server.request("GET", "/certificates/" + host)
    assert code == 200, answer
    return answer


def put(server, certificate, key, host="default", **more):
    return server.request("PUT", "/certificates/" + host,
                          {"certificate": certificate, "private_key": key} | more)


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def test_what_is_configured_is_shown_and_judged(server):
    certificate = shown(server)
    assert certificate["source"] == "configured"
    assert certificate["path"] == str(server.authority.chain)
    assert certificate["key"] == "EC P-256"
    assert int(certificate["serial"], 16) == served(server)
    assert [link["subject"] for link in certificate["chain"]] == [
        "CN=Sallyport test server", "CN=Sallyport test intermediate"]
    assert not certificate["chain_complete"]  # its authority is private, and not sent along
    assert certificate["missing_issuer"] == "CN=Sallyport test root"
    listed = server.cli_json("cert", "list")["certificates"]
    assert [c["host"] for c in listed] == ["default"]
    assert "private" not in str(listed).lower()


def attention(server):
    code, overview = server.request("GET", "/overview")
    assert code == 200
    return {item["id"]: item for item in overview["attention"]}, overview["certificate"]


def test_the_overview_tells_of_a_certificate_that_ends_soon(server, tmp_path):
    key, pem = tmp_path / "key.pem", tmp_path / "soon.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "5",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    assert put(server, pem.read_text(), key.read_text(), force=True)[0] == 200
    items, certificate = attention(server)
    assert "expires in" in items["certificate-expiring"]["detail"]
    assert certificate["status"] == "expiring" and certificate["days_left"] in (4, 5)
    assert server.request("DELETE", "/certificates/default")[0] == 204
    items, certificate = attention(server)
    assert "certificate-expiring" not in items and certificate["days_left"] > 21
    assert "Sallyport test root" in items["certificate-chain"]["detail"]


@pytest.mark.sanitize
def test_a_new_certificate_is_live_and_no_session_notices(server, authority):
    bundle, key = root_and_chain(authority, "uploaded")
    server.put("file.bin", b"x" * 100_000)
    before = served(server)
    with server.connect() as old:
        old.auth_tls()
        old.log_in("alice", PASSWORD)
        old.protect()
        code, answer = put(server, bundle, key)
        assert code == 200, answer
        assert answer["source"] == "uploaded" and answer["chain_complete"]
        assert {p["severity"] for p in answer["problems"]} == {"note"}
        now = served(server)
        assert now == int(answer["serial"], 16) != before
        assert old.download("file.bin") == b"x" * 100_000
        old.upload("up.bin", b"y" * 50_000)
        assert shown(server)["source"] == "uploaded"
        assert server.request("DELETE", "/certificates/default")[0] == 204
        assert served(server) == before
        assert old.download("up.bin") == b"y" * 50_000
    assert server.request("DELETE", "/certificates/default")[0] == 404


def page_serial(server):
    """Of what a fresh browser is shown."""
    with socket.create_connection(("127.0.0.1", server.web_port), 10) as plain, \
            server.trust().wrap_socket(plain, server_hostname="localhost") as page:
        return int(page.getpeercert()["serialNumber"], 16)


def test_the_page_shows_the_uploaded_certificate_too(start_server, authority, ports):
    port = ports.take()
    server = start_server(workers=1, server_name="localhost", web_listen=f"*:{port}")
    server.web_port = port
    before = page_serial(server)
    bundle, key = root_and_chain(authority, "page")
    code, answer = put(server, bundle, key)
    assert code == 200, answer
    serial = int(answer["serial"], 16)
    assert serial != before
    eventually(lambda: page_serial(server) == serial, 10, "the page has the uploaded certificate")
    server.terminate()
    server.start()
    assert page_serial(server) == serial == served(server)
    assert server.request("DELETE", "/certificates/default")[0] == 204
    eventually(lambda: page_serial(server) == before, 10, "the page has the configured certificate again")


def test_an_uploaded_certificate_outlives_a_restart_unless_it_is_broken(server, authority):
    bundle, key = root_and_chain(authority, "kept")
    assert put(server, bundle, key)[0] == 200
    serial = served(server)
    server.terminate()
    file = server.folder / "state" / "certificates" / "default.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    server.start()
    assert served(server) == serial
    server.terminate()
    file.write_text("rubbish")
    server.start()
    server.log.wait_for("certificate-ignored")
    assert shown(server)["source"] == "configured"
    assert server.request("DELETE", "/certificates/default")[0] == 204


def test_what_clients_would_refuse_is_refused_with_the_reason(server, authority, tmp_path):
    bundle, key = root_and_chain(authority, "good")
    leaf_only = (authority.folder / "good.pem").read_text()
    other_name, other_key = root_and_chain(authority, "elsewhere", ["DNS:ftp.example.org"])
    for name, bits, days in (("old", 2048, -1), ("weak", 1024, 5)):
        openssl("req", "-new", "-nodes", "-newkey", f"rsa:{bits}", "-subj", "/CN=localhost",
                "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.csr")
        (tmp_path / "names").write_text("subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-in", tmp_path / f"{name}.csr", "-days", days, "-extfile",
                tmp_path / "names", "-signkey", tmp_path / f"{name}.key",
                "-out", tmp_path / f"{name}.pem")
    openssl("rsa", "-aes256", "-passout", "pass:secret", "-in", tmp_path / "old.key",
            "-out", tmp_path / "locked.key")
    rows = [
        (leaf_only, key, "chain", "Sallyport test intermediate"),
        (other_name, other_key, "name", "localhost"),
        (bundle, other_key, "key", "does not belong"),
        ("hello", key, "not-pem", "PEM"),
        (bundle, "hello", "no-key", "private key"),
        ((tmp_path / "old.pem").read_text(), (tmp_path / "old.key").read_text(), "expired",
         "expired"),
        ((tmp_path / "weak.pem").read_text(), (tmp_path / "weak.key").read_text(), "weak-key",
         "RSA 1024"),
        ((tmp_path / "old.pem").read_text(), (tmp_path / "locked.key").read_text(),
         "encrypted-key", "password"),
    ]
    for certificate, private_key, problem, words in rows:
        code, answer = put(server, certificate, private_key)
        assert (code, answer["problem"]) == (422, problem), answer
        assert words in answer["detail"] and key[40:80] not in str(answer)
    assert shown(server)["source"] == "configured"
    code, answer = put(server, leaf_only, key, force=True)
    assert code == 200 and answer["missing_issuer"] == "CN=Sallyport test intermediate", answer
    assert server.request("DELETE", "/certificates/default")[0] == 204
    assert put(server, bundle, key, host="no.such.host")[0] == 404
    for body in ({}, {"certificate": 1}, {"certificate": "a", "x": "y"}):
        assert server.request("PUT", "/certificates/default", body)[0] == 422


def test_a_wrong_order_is_mended_and_said(server, authority):
    bundle, key = root_and_chain(authority, "mixed")
    parts = bundle.split("-----END CERTIFICATE-----\n")
    mixed = "-----END CERTIFICATE-----\n".join([parts[1], parts[0], parts[2], ""])
    code, answer = put(server, mixed, key)
    assert code == 200 and "order" in {p["id"] for p in answer["problems"]}, answer
    assert served(server) == int(answer["serial"], 16)
    assert server.request("DELETE", "/certificates/default")[0] == 204


def test_the_command_line_installs_shows_and_removes(server, authority, tmp_path):
    bundle, key = root_and_chain(authority, "by-hand")
    (tmp_path / "bundle.pem").write_text(bundle + key)
    server.cli("cert", "install", tmp_path / "bundle.pem")
    assert "uploaded" in server.cli("cert", "show").stdout
    server.cli("cert", "remove")
    server.cli("cert", "self-signed", "localhost", "127.0.0.1", "--days", "7")
    certificate = server.cli_json("cert", "show")
    assert certificate["self_signed"] and certificate["names"] == ["localhost", "127.0.0.1"]
    assert certificate["days_left"] in (6, 7)
    with server.connect(context=ssl._create_unverified_context()) as control:
        control.auth_tls()
        control.log_in("alice", PASSWORD)
    server.cli("cert", "remove")
    assert server.cli("cert", "remove", check=False).returncode != 0
