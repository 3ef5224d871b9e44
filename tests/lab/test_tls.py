"""TLS: boxes that break it, certificates that nobody should accept."""

import pytest

from walls.certificates import HOST, INTERMEDIATE
from walls.scenario import holding
from walls.servers import PASSIVE, Proftpd, Pureftpd, Pyftpdlib, Sallyport, Vsftpd, each
from walls.town import SECOND, SERVER

# Inspecting boxes


@pytest.mark.quick
def test_an_inspecting_firewall_masks_and_strips_auth(lab):
    lab.serve(Sallyport)
    lab.simulate("D-19")
    lab.examine(HOST, "--port", "21").blames("D-19", port=21)


def test_a_box_resets_after_auth(lab):
    lab.serve(Vsftpd)
    lab.simulate("D-19a")
    lab.examine(HOST, "--port", "21").blames("D-19a", port=21)


def test_strict_inspection_kills_unknown_verbs(lab):
    lab.serve(Pureftpd, tls="none")
    lab.simulate("D-19b")
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain").blames("D-19b")


def test_a_box_resets_tls_1_3(lab):
    lab.serve(Proftpd)
    lab.simulate("D-45", passive=PASSIVE)
    lab.examine(HOST, "--port", "21").blames("D-45")


def test_a_firewall_resets_what_follows_auth_tls(lab):
    """No simulation: a packet filter that knows the first two bytes of a TLS handshake."""
    lab.serve(Pyftpdlib)
    lab.wall.add("forward", "tcp dport 21 @ih,0,16 0x1603 reject with tcp reset")
    lab.examine().blames("D-19a")


@pytest.mark.quick
def test_no_tls_version_in_common(lab):
    lab.serve(Vsftpd)
    lab.simulate("D-43")
    lab.examine(HOST, "--port", "21").blames("D-43")


def test_no_cipher_in_common(lab):
    lab.serve(Vsftpd)
    lab.simulate("D-44")
    lab.examine(HOST, "--port", "21").blames("D-44")


def test_a_client_certificate_is_wanted(lab):
    lab.serve(Proftpd, more={"TLSVerifyClient": "on",
                             "TLSCACertificateFile": lab.certificates.root})
    lab.examine().blames("D-58b")


# Certificates


@pytest.mark.quick
@each(Sallyport, Pureftpd)
def test_the_certificate_has_expired(lab, kind):
    lab.serve(kind, certificate=lab.certificates.expired())
    lab.examine().blames("D-46", expired=holding("2025-01-01"))


def test_the_certificate_is_not_valid_yet(lab):
    lab.serve(Pyftpdlib, certificate=lab.certificates.not_yet_valid())
    lab.examine().blames("D-46", valid_from=holding("2040-01-01"))


@pytest.mark.quick
@each(Vsftpd, Sallyport)
def test_the_certificate_is_self_signed(lab, kind):
    lab.serve(kind, certificate=lab.certificates.self_signed())
    lab.examine().blames("D-47", certificate=holding(HOST))


@pytest.mark.quick
@each(Sallyport, Pureftpd, Pyftpdlib)
def test_the_intermediate_is_missing(lab, kind):
    lab.serve(kind, certificate=lab.certificates.incomplete())
    lab.examine().blames("D-48", missing=INTERMEDIATE)


def test_the_intermediate_is_missing_with_implicit_tls(lab):
    lab.serve(Vsftpd, tls="implicit", certificate=lab.certificates.incomplete())
    lab.examine(HOST, "--port", "990").blames("D-48", missing=INTERMEDIATE)


@pytest.mark.quick
def test_the_certificate_is_for_another_name(lab):
    lab.serve(Proftpd, certificate=lab.certificates.wrong_name())
    lab.examine().blames("D-49", names=holding("www.example.test", "mail.example.test"))


def test_the_address_is_dialled_and_the_certificate_names_names(lab):
    lab.serve(Sallyport, certificate=lab.certificates.named("DNS:" + HOST))
    lab.examine(SERVER).blames("D-49", names=holding(HOST))


@pytest.mark.quick
def test_one_address_of_the_name_leads_to_another_server(lab):
    """A record that was never taken out: what is there now belongs to somebody else."""
    lab.names[HOST] = [SERVER, SECOND]
    lab.serve(Vsftpd)
    lab.serve(Pyftpdlib, node="second", certificate=lab.certificates.wrong_name())
    lab.examine().blames("D-03", address=SECOND, works=SERVER, names=holding("www.example.test"))


def test_the_certificate_of_one_address_has_expired(lab):
    """A node of a pool that was forgotten."""
    lab.names[HOST] = [SERVER, SECOND]
    lab.serve(Sallyport)
    lab.serve(Pureftpd, node="second", certificate=lab.certificates.expired())
    lab.examine().blames("D-46", address=SECOND, expired=holding("2025-01-01"))


def test_both_addresses_have_certificates_of_their_own(lab):
    lab.names[HOST] = [SERVER, SECOND]
    lab.serve(Proftpd)
    lab.serve(Pyftpdlib, node="second", certificate=lab.certificates.another("second"))
    lab.examine().is_healthy(notes={"D-52"})


@pytest.mark.quick
def test_the_address_is_of_a_machine_that_the_name_has_left(lab):
    lab.names[HOST] = [SECOND]
    lab.serve(Proftpd, certificate=lab.certificates.named("DNS:" + HOST))
    lab.examine(SERVER).blames("D-06", address=SERVER, host=HOST, works=SECOND)


def test_a_corporate_box_intercepts_tls(lab):
    lab.serve(Sallyport)
    lab.simulate("D-50")
    lab.examine(SERVER, "--port", "21").blames("D-50")


def test_data_connections_show_another_certificate(lab):
    lab.serve(Pyftpdlib)
    lab.simulate("D-56", "--ca-out", lab.town.folder / "box.pem")
    lab.examine(SERVER, "--port", "21", "--ca", lab.town.folder / "box.pem", trust=False).blames(
        "D-56")


# What happens under TLS


@pytest.mark.quick
def test_plain_data_is_refused(lab):
    """A plain session where the server wants PROT P."""
    lab.serve(Vsftpd, tls="none")
    lab.simulate("D-54")
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain").blames("D-54")


def test_session_reuse_is_required(lab):
    """The doctor resumes as clients should: only those that cannot are in trouble."""
    lab.serve(Sallyport, more={"data_session_reuse": "require"})
    lab.examine().warns_of("D-52")
