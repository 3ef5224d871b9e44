"""Files of 5 GiB (sparse) up and down, and REST beyond the 4 GiB where 32 bits end."""

import os
import subprocess
import time

import pytest

from sallyport_lab import clients, trees
from sallyport_lab.clients import Target
from sallyport_lab.daemon import free_space_gib

GIB = 1 << 30
SIZE = 5 * GIB + 4321
MARKS = [0, 2 * GIB - 10, 4 * GIB - 10, 4 * GIB + 100, 5 * GIB]
BEYOND = 4 * GIB + 12345

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900),
              pytest.mark.skipif(free_space_gib() < 16, reason="needs 16 GiB below /tmp")]


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True)
    server.add_user()
    return server


@pytest.fixture(scope="module")
def source(lab_folder):
    return trees.make_sparse(f"{lab_folder}/five-gib", SIZE, MARKS)


@pytest.fixture(scope="module")
def served(server):
    path = server.put("served.bin")
    trees.make_sparse(path, SIZE, MARKS)
    return path


def marks_of(path):
    """The lines that make_sparse() wrote, from where they must be."""
    with open(path, "rb") as file:
        found = []
        for offset in [*MARKS, SIZE - len(trees.mark_at(0))]:
            file.seek(offset)
            found.append(file.read(len(trees.mark_at(0))))
    return found


WANTED = [trees.mark_at(offset) for offset in [*MARKS, SIZE - len(trees.mark_at(0))]]


def report(what, begin):
    seconds = time.monotonic() - begin
    print(f"\n{what}: {SIZE / 2**20 / seconds:.0f} MiB/s")


def check_upload(server, name):
    path = server.home() / name
    assert path.stat().st_size == SIZE
    assert marks_of(path) == WANTED
    path.unlink()


def test_curl_uploads_5_gib_over_tls(server, source):
    curl, target = clients.Curl(), Target(server)
    begin = time.monotonic()
    curl.transfer(target, [(f'upload-file = "{source}"', f'url = "{curl.url(target, "up.bin")}"')],
                  "max-time = 600", timeout=700)
    report("curl, TLS, up", begin)
    check_upload(server, "up.bin")


def test_ftplib_uploads_5_gib_in_plain(server, source):
    begin = time.monotonic()
    target = Target(server, "plain")
    with clients.Ftplib().open(target, timeout=600) as ftp, open(source, "rb") as file:
        ftp.storbinary("STOR plain.bin", file, blocksize=1 << 20)
        assert ftp.size("plain.bin") == SIZE
    report("ftplib, plain, up", begin)
    check_upload(server, "plain.bin")


@pytest.mark.parametrize("mode", ["plain", "explicit"])
def test_curl_downloads_5_gib(server, served, mode):
    curl, target = clients.Curl(), Target(server, mode)
    begin = time.monotonic()
    compare = subprocess.Popen(["cmp", "-", served], stdin=subprocess.PIPE)
    config = curl.options(target) + [f'url = "{curl.url(target, "served.bin")}"']
    subprocess.run(["curl", "--config", "-", "--max-time", "600"], input="\n".join(config).encode(),
                   stdout=compare.stdin, check=True, timeout=700)
    compare.stdin.close()
    assert compare.wait() == 0
    report(f"curl, {mode}, down", begin)


def test_ftplib_downloads_5_gib_over_tls(server, served):
    begin = time.monotonic()
    total = 0
    tail = b""

    def take(block):
        nonlocal total, tail
        total += len(block)
        tail = (tail + block)[-len(WANTED[-1]):]
    with clients.Ftplib(resumes=True).open(Target(server), timeout=600) as ftp:
        ftp.retrbinary("RETR served.bin", take, blocksize=1 << 20)
    report("ftplib, TLS, down", begin)
    assert total == SIZE
    assert tail == WANTED[-1]


@pytest.mark.sanitize
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_rest_beyond_4_gib_downloads_the_tail(server, served, tls):
    with server.login(tls=tls) as control:
        control.expect("TYPE I", 200)
        assert control.expect("SIZE served.bin", 213).text == f"213 {SIZE}"
        offset = SIZE - 100_000
        control.expect(f"REST {offset}", 350)
        got = control.download("served.bin")
        with open(served, "rb") as file:
            file.seek(offset)
            assert got == file.read()


@pytest.mark.sanitize
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_rest_beyond_4_gib_uploads_the_tail(server, tls):
    path = server.put("growing.bin")
    os.truncate(path, BEYOND + 500)
    tail = os.urandom(70_000)
    with server.login(tls=tls) as control:
        control.expect("TYPE I", 200)
        control.expect(f"REST {BEYOND}", 350)
        control.upload("growing.bin", tail)
        assert path.stat().st_size == BEYOND + len(tail)
        with open(path, "rb") as file:
            file.seek(BEYOND)
            assert file.read() == tail
        control.upload("growing.bin", b"appended", verb="APPE")
        assert path.stat().st_size == BEYOND + len(tail) + 8
    path.unlink()


def test_curl_resumes_a_download_beyond_4_gib(server, served, tmp_path):
    curl, target = clients.Curl(), Target(server)
    partial = tmp_path / "partial.bin"
    trees.make_sparse(partial, SIZE, MARKS)
    os.truncate(partial, BEYOND)
    curl.transfer(target, [(f'output = "{partial}"', f'url = "{curl.url(target, "served.bin")}"')],
                  'continue-at = "-"')
    assert partial.stat().st_size == SIZE
    with open(partial, "rb") as file:
        file.seek(MARKS[-1])
        assert file.read(len(trees.mark_at(0))) == trees.mark_at(MARKS[-1])
    partial.unlink()
