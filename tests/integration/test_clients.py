"""Clients that people use move a tree up, list it, and bring it back the same: over explicit,
implicit and plain FTP, passive and active, IPv4 and IPv6. All of them verify the certificate."""

import itertools
import re
import statistics

import pytest

from sallyport_lab import clients, trees
from sallyport_lab.clients import Target
from sallyport_lab.wait import eventually

WAYS = [(mode, is_active, host) for mode, is_active, host in itertools.product(
    ("explicit", "implicit", "plain"), (False, True), ("127.0.0.1", "::1"))]
MATRIX = [(client, Target(None, mode, is_active, host))
          for client in clients.ALL for mode, is_active, host in WAYS
          if client.can(Target(None, mode, is_active, host))]
SANITIZED = {"lftp", "ftplib-resuming"}


def name_of(client, target):
    direction = "active" if target.is_active else "passive"
    family = "ipv6" if ":" in target.host else "ipv4"
    return f"{client.name}-{target.mode}-{direction}-{family}"


def parameters():
    for client, target in MATRIX:
        marks = [pytest.mark.sanitize] if client.name in SANITIZED else []
        yield pytest.param(client, target, id=name_of(client, target), marks=marks)


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, log_level="debug")
    server.add_user()
    return server


@pytest.fixture(scope="module")
def tree(lab_folder):
    return trees.make_tree(f"{lab_folder}/tree")


def at_least(count, lines):
    return lines if len(lines) >= count else None


def lines_of_new_sessions(server, pattern, position):
    """Those that match, of sessions begun since then: clients of earlier tests may still be leaving."""
    ids = {re.search(r" session=(\d+)", line)[1]
           for line in server.log.find(r" connected ", since=position)}
    return [line for line in server.log.find(pattern, since=position)
            if re.search(r" session=(\d+)", line)[1] in ids]


@pytest.mark.parametrize("client, target", parameters())
def test_a_tree_goes_up_and_comes_back_the_same(server, tree, tmp_path, client, target):
    target.server = server
    position = server.log.position()
    remote = f"from {name_of(client, target)}".replace(" ", "-")
    wanted = trees.fingerprints(tree)

    client.upload(target, tree, remote)
    assert trees.fingerprints(server.home() / remote) == wanted

    names = client.names(target, remote)
    assert sorted(name.rstrip("/") for name in names) == sorted(p.name for p in tree.iterdir())

    client.download(target, remote, sorted(wanted), tmp_path)
    assert trees.fingerprints(tmp_path) == wanted

    wrong_way = r'line="?(PASV|EPSV)' if target.is_active else r'line="?(PORT|EPRT)'
    assert not lines_of_new_sessions(server, wrong_way, position), "the client fell back"


@pytest.fixture(scope="module")
def many(lab_folder):
    return trees.make_many(f"{lab_folder}/many")


@pytest.mark.parametrize("parallel", [1, 8])
def test_lftp_mirrors_500_files_both_ways(server, many, tmp_path, parallel):
    target = Target(server)
    remote = f"mirror {parallel}"
    clients.Lftp().script(
        target,
        f"mirror --reverse --parallel={parallel} '{many}' '{remote}'",
        f"mirror --parallel={parallel} '{remote}' '{tmp_path}'")
    wanted = trees.fingerprints(many)
    assert len(wanted) == 500
    assert trees.fingerprints(server.home() / remote) == wanted
    assert trees.fingerprints(tmp_path) == wanted


def test_small_downloads_do_not_wait_for_delayed_acknowledgements(server, many, tmp_path):
    """GnuTLS clients send the end of their handshake in two small segments; Nagle's algorithm holds
    the second back until we acknowledge the first, which a kernel left alone does after 40 ms."""
    source = many / "part 1"
    target = Target(server)
    position = server.log.position()
    clients.Lftp().script(target, f"mirror --reverse '{source}' acks", f"mirror acks '{tmp_path}'")
    count = len(list(source.iterdir()))
    lines = eventually(lambda: at_least(count, server.log.find(
        r" download .*path=\"?/acks/", since=position)), 15, "every download stands in the log")
    times = [int(re.search(r" ms=(\d+)", line)[1]) for line in lines]
    assert statistics.median(times) < 25, times


def test_rclone_copies_500_files_with_its_parallel_connections(server, many, tmp_path):
    target = Target(server)
    clients.Rclone().upload(target, many, "by rclone")
    clients.Rclone().download(target, "by rclone", (), tmp_path)
    assert trees.fingerprints(tmp_path) == trees.fingerprints(many)


def test_lftp_gets_and_puts_names_with_spaces_and_utf8(server, tmp_path):
    source = tmp_path / "ein Größen-Test файл.txt"
    source.write_bytes(b"content\n" * 1000)
    back = tmp_path / "back again.txt"
    clients.Lftp().script(Target(server), f"put '{source}' -o 'neu ä б.txt'",
                          f"get 'neu ä б.txt' -o '{back}'", "rm 'neu ä б.txt'")
    assert back.read_bytes() == source.read_bytes()
    assert not (server.home() / "neu ä б.txt").exists()


def test_curl_resumes_a_half_download_and_a_half_upload(server, tmp_path):
    content = bytes(range(256)) * 4000
    server.put("whole.bin", content)
    half = tmp_path / "whole.bin"
    half.write_bytes(content[:400_000])
    curl, target = clients.Curl(), Target(server)
    curl.transfer(target, [(f'output = "{half}"', f'url = "{curl.url(target, "whole.bin")}"')],
                  'continue-at = "-"')
    assert half.read_bytes() == content

    remote = server.put("partly.bin", content[:300_000])
    url = curl.url(target, "partly.bin")
    curl.transfer(target, [(f'upload-file = "{half}"', f'url = "{url}"')], 'continue-at = "-"')
    assert remote.read_bytes() == content


def test_a_client_that_does_not_know_our_authority_refuses_the_certificate(server):
    target = Target(server)
    with pytest.raises(AssertionError, match="exit 60"):
        clients.run(["curl", "--silent", "--show-error", "--ssl-reqd", "--user", "alice:x",
                     f"ftp://{target.host}:{target.port}/"])
