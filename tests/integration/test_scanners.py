"""Scanners that security teams point at a server find nothing: nmap's FTP scripts no bounce, no
anonymous access and no backdoor; nmap, sslscan and testssl.sh no weak protocol, cipher or known hole
of TLS, on the explicit and on the implicit port. The server even has plain FTP on, so that a bounce
is tried by a user who is logged in."""

import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from sallyport_lab.clients import run
from sallyport_lab.daemon import PASSWORD

SCRIPTS = ["ftp-anon", "ftp-bounce", "ftp-syst", "ftp-libopie", "ftp-proftpd-backdoor",
           "ftp-vsftpd-backdoor", "ssl-enum-ciphers"]
ELSEWHERE = "192.0.2.1"  # RFC 5737: nobody


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, log_level="debug", login_timeout=60)
    server.add_user()
    return server


# nmap


class Scan:
    """What nmap's scripts told, and which of them ran against which port."""

    def __init__(self, server):
        services = server.folder / "services"  # by which nmap takes our ports for FTP
        services.write_text(f"ftp\t{server.explicit}/tcp\t0.5\nftps\t{server.implicit}/tcp\t0.5\n")
        report = server.folder / "nmap.xml"
        bounce = (f"ftp-bounce.username=alice,ftp-bounce.password='{PASSWORD}',"
                  f"ftp-bounce.checkhost={ELSEWHERE}")
        self.text = run(["nmap", "-n", "-Pn", "-sT", "-d", "-v", "-F", "--servicedb", str(services),
                         "--script", ",".join(SCRIPTS), "--script-args", bounce,
                         "-oX", str(report), server.host])
        self.findings = {
            (int(port.get("portid")), script.get("id")): script
            for port in ElementTree.parse(report).iter("port") for script in port.iter("script")}

    def finished(self, script, port):
        return f"NSE: Finished {script} against 127.0.0.1:{port}." in self.text


@pytest.fixture(scope="module")
def scan(server):
    return Scan(server)


def test_nmap_ran_every_script(scan, server):
    missing = [script for script in SCRIPTS if not scan.finished(script, server.explicit)]
    assert not missing, scan.text
    for script in ("ftp-anon", "ftp-bounce", "ftp-syst", "ssl-enum-ciphers"):
        assert scan.finished(script, server.implicit), scan.text


@pytest.mark.parametrize("script", ["ftp-anon", "ftp-bounce", "ftp-libopie", "ftp-proftpd-backdoor",
                                    "ftp-vsftpd-backdoor"])
def test_nmap_finds_nothing(scan, script):
    found = [finding.get("output") for (_, name), finding in scan.findings.items() if name == script]
    assert not found


def test_nmap_has_its_bounce_refused_after_a_login(scan, server):
    assert re.search(rf"ftp-bounce 127.0.0.1:{server.explicit}\] PORT response: 501 \[D-41\]",
                     scan.text), scan.text
    assert server.log.find(r"login session=\d+ user=alice"), "nmap did not log in"


def test_nmap_is_told_no_status_before_login(scan, server):
    finding = scan.findings.get((server.explicit, "ftp-syst"))
    assert finding is None or not re.search(r"STAT|alice|/", finding.get("output"))


@pytest.mark.parametrize("port", ["explicit", "implicit"])
def test_nmap_sees_only_tls_with_the_best_grade(scan, server, port):
    finding = scan.findings[getattr(server, port), "ssl-enum-ciphers"]
    versions = {table.get("key") for table in finding.findall("table")}
    assert versions == {"TLSv1.2", "TLSv1.3"}
    assert finding.find("elem[@key='least strength']").text == "A"
    assert not [elem.text for elem in finding.iter("elem") if "_CBC_" in (elem.text or "")]
    assert not list(finding.iterfind(".//table[@key='warnings']/elem"))


# sslscan


@pytest.fixture(scope="module", params=["explicit", "implicit"])
def sslscan(request, server):
    report = server.folder / f"sslscan-{request.param}.xml"
    starttls = ["--starttls-ftp"] if request.param == "explicit" else []
    run(["sslscan", *starttls, f"--xml={report}", f"127.0.0.1:{getattr(server, request.param)}"])
    return ElementTree.parse(report).find("ssltest")


def test_sslscan_finds_only_current_protocols(sslscan):
    protocols = {f"{one.get('type')} {one.get('version')}": one.get("enabled") == "1"
                 for one in sslscan.iter("protocol")}
    assert protocols == {"ssl 2": False, "ssl 3": False, "tls 1.0": False, "tls 1.1": False,
                         "tls 1.2": True, "tls 1.3": True}


def test_sslscan_finds_only_strong_ciphers(sslscan):
    ciphers = [(one.get("cipher"), int(one.get("bits")), one.get("strength"))
               for one in sslscan.iter("cipher")]
    assert len(ciphers) >= 4
    assert all(bits >= 128 and ("GCM" in name or "CHACHA20" in name)
               and strength in ("acceptable", "strong") for name, bits, strength in ciphers), ciphers


def test_sslscan_finds_no_renegotiation_compression_or_heartbleed(sslscan):
    assert sslscan.find("renegotiation").get("supported") == "0"
    assert all(one.get("supported") in ("0", None) for one in sslscan.iter("compression"))
    assert all(one.get("vulnerable") == "0" for one in sslscan.iter("heartbleed"))


# testssl.sh


@pytest.mark.timeout(240)
def test_testssl_reports_no_weak_protocol_cipher_or_vulnerability(server, tmp_path):
    report = tmp_path / "testssl.json"
    done = subprocess.run(
        ["testssl", "--starttls", "ftp", "--quiet", "--color", "0", "--warnings", "batch",
         "--protocols", "--standard", "--vulnerable", "--nodns", "none", "--jsonfile", str(report),
         f"127.0.0.1:{server.explicit}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=220, cwd=tmp_path)
    findings = {one["id"]: one for one in json.loads(report.read_text())}

    offered = {name for name in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3")
               if not findings[name]["finding"].startswith("not offered")}
    assert offered == {"TLS1_2", "TLS1_3"}
    weak = [name for name, one in findings.items()
            if name.startswith("cipherlist_") and "STRONG" not in name
            and not one["finding"].startswith("not offered")]
    assert not weak, weak
    for hole in ("heartbleed", "CCS", "secure_renego", "secure_client_renego", "CRIME_TLS",
                 "POODLE_SSL", "SWEET32", "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4"):
        assert hole in findings, f"{hole} was not looked at: {sorted(findings)}"
    # engine_problem tells of the OpenSSL that testssl.sh uses itself.
    bad = [one for one in findings.values()
           if one["severity"] not in ("OK", "INFO") and one["id"] != "engine_problem"]
    assert not bad, f"{bad}\n{done.stdout}"
