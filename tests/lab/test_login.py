"""The server's own refusals: a reply beats every guess about the network."""

import pytest

from walls.certificates import HOST
from walls.servers import KINDS, Proftpd, Pureftpd, Pyftpdlib, Sallyport, Vsftpd, each


@pytest.mark.quick
@each(*KINDS)
def test_the_password_is_wrong(lab, kind):
    lab.serve(kind)
    lab.examine(password="wrong horse").blames("D-61", code=530)


@pytest.mark.quick
@each(*KINDS)
def test_plain_logins_are_refused(lab, kind):
    lab.serve(kind)
    lab.examine(HOST, "--tls", "none", "--allow-plain").blames("D-59")


def test_the_user_is_disabled(lab):
    """Ours says no more than that the login failed, to nobody: the doctor cannot tell the two
    apart and says what would."""
    server = lab.serve(Sallyport)
    server.cli("user", "disable", "alice")
    lab.examine().blames({"D-60", "D-61"}, code=530)


@pytest.mark.parametrize("cause, code", (
    ("D-60", 530), ("D-63", 421), ("D-64", 530), ("D-65", 530), ("D-66", 530), ("D-67", 451),
    ("D-68", 421), ("D-69", 530), ("D-71", 332)))
def test_a_reply_tells_why(lab, cause, code):
    lab.serve(Pureftpd, tls="none")
    lab.simulate(cause)
    lab.examine(HOST, "--port", "21", "--tls", "none", "--allow-plain").blames(cause, code=code)


@pytest.mark.parametrize("cause, code", (
    ("D-88", 452), ("D-89", 552), ("D-91", 553), ("D-92", 450)))
def test_an_upload_is_refused(lab, cause, code):
    lab.serve(Vsftpd, tls="none")
    lab.simulate(cause)
    lab.examine(HOST, "--port", "21", "--tls", "none").blames(cause, code=code)


@pytest.mark.quick
def test_the_user_may_only_read(lab):
    lab.serve(Pyftpdlib, more={"permissions": "elr"})
    lab.examine().blames("D-90", code=550)


def test_the_server_is_read_only(lab):
    lab.serve(Vsftpd, more={"write_enable": "NO"})
    lab.examine().blames("D-90", code=550)


def test_the_home_belongs_to_someone_else(lab):
    server = lab.serve(Proftpd)
    server.home.chmod(0o555)
    lab.examine().blames("D-90", code=550)


@each(Vsftpd, Proftpd)
def test_the_disk_is_full(lab, kind):
    """The home lies on a file system of 64 KiB: the small file fits, the large one does not."""
    lab.serve(kind, disk_kib=64)
    lab.examine().blames("D-88", code={426, 451, 452, 552})
