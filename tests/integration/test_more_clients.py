"""The client matrix of test_clients.py, grown by wget, aria2, inetutils-ftp, ftp-ssl, Perl's Net::FTP
and Net::FTPSSL, PHP's ftp extension, Ruby's net-ftp, npm's basic-ftp and Java's commons-net; and what
all of them can do beyond moving a tree: rename, delete, resume in both directions. Each in every mode
that it has; certificates are verified by all but PHP's extension. A mode or step that is missing here
is one that the client lacks or breaks by itself:

- wget and aria2 only download. aria2, inetutils-ftp, tnftp and ncftp have no TLS for FTP; aria2 is
  told not to keep connections, since it loses a 226 that arrives together with its 150 and then waits
  for its timeout.
- ftp-ssl has no implicit TLS and never ends an upload with close_notify. The server must not take
  that end for the end of the file, and says 426 [D-57], unless `require_close_notify = no`.
- Node.js now and then loses the close_notify that follows a handshake at once, and so basic-ftp that
  of an empty file: over TLS its tree has none.
- PHP's and Ruby's (0.1.3, of Debian 12) have no implicit TLS; PHP's verifies no certificate.
- basic-ftp, rclone and Net::FTPSSL are passive only; Net::FTPSSL has no plain mode here and no IPv6.
  Debian 12 does not package it: its tests are there when perl finds the module.
- commons-net and Net::FTPSSL do not resume their TLS session on data connections; Net::FTP does so
  only when it is active, for it looks a passive one up by its port; rclone's parallel connections
  take each other's tickets. They need `data_session_reuse = prefer`, the default.
- ncftpput -z sends REST and then the whole file again, and so damages it on every server. rclone has
  no resume. `rclone test info` is asked for two of its checks: after each name that is refused it
  waits for a second, and its search for the longest one takes half a minute.
"""

import itertools
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from sallyport_lab import trees
from sallyport_lab.certificates import Authority
from sallyport_lab.clients import Target
from sallyport_lab.more_clients import KNOWN, NEW, TIDYING, FtpSsl, Rclone

WAYS = [Target(None, mode, is_active, host) for mode, is_active, host in itertools.product(
    ("explicit", "implicit", "plain"), (False, True), ("127.0.0.1", "::1"))]


def name_of(client, target):
    direction = "active" if target.is_active else "passive"
    family = "ipv6" if ":" in target.host else "ipv4"
    return f"{client.name}-{target.mode}-{direction}-{family}"


def matrix(who, needs=frozenset(), condition=lambda client, target: True):
    return pytest.mark.parametrize("client, target", [
        pytest.param(client, target, id=name_of(client, target))
        for client in who if needs <= client.does
        for target in WAYS if client.can(target) and condition(client, target)])


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, log_level="debug")
    server.add_user()
    return server


@pytest.fixture(scope="module")
def tolerant(start_module_server):
    server = start_module_server(plain_ftp=True, log_level="debug", require_close_notify=False)
    server.add_user()
    return server


@pytest.fixture(scope="module")
def strict(start_module_server):
    server = start_module_server(data_session_reuse="require", require_close_notify=False)
    server.add_user()
    return server


@pytest.fixture
def serving(request, client, target):
    """The server that this client needs; the target points to it."""
    target.server = request.getfixturevalue("tolerant" if client.forgets_close_notify else "server")
    return target.server


@pytest.fixture(scope="module")
def tree(lab_folder):
    return trees.make_tree(f"{lab_folder}/more-tree")


@pytest.fixture(scope="module")
def tree_with_content(lab_folder):
    folder = trees.make_tree(f"{lab_folder}/tree-with-content")
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size == 0:
            path.unlink()
    return folder


@pytest.fixture
def suitable_tree(request, client, target):
    loses_some = client.loses_empty_files and target.mode != "plain"
    return request.getfixturevalue("tree_with_content" if loses_some else "tree")


def caught_up(server):
    """Where the log ends once it holds all that clients did until now: behind a connection of ours."""
    position = server.log.position()
    control = server.connect()
    port = control.sock.getsockname()[1]
    control.close()
    server.log.wait_for(rf" connected .*peer=127.0.0.1:{port} ", since=position)
    return server.log.position()


@pytest.fixture
def went_as_asked(serving, target):
    """Checks afterwards, in the server's log, that the session went the way that was asked for."""
    position = caught_up(serving)
    yield
    caught_up(serving)
    # Of sessions begun since then: clients of earlier tests may still be leaving.
    ids = {re.search(r" session=(\d+)", line)[1]
           for line in serving.log.find(r" connected ", since=position)}

    def find(pattern):
        return [line for line in serving.log.find(pattern, since=position)
                if re.search(r" session=(\d+)", line)[1] in ids]
    logins = find(r" login session=")
    wrong_way = r'line="?(PASV|EPSV)' if target.is_active else r'line="?(PORT|EPRT)'
    assert not find(wrong_way), "the client fell back to the other way"
    assert logins and all(('tls=""' in line) == (target.mode == "plain") for line in logins)
    if target.mode != "plain":
        assert not find(r"bound=no-tls"), "a transfer in clear text"


@matrix(NEW)
def test_a_tree_goes_up_is_listed_and_comes_back(serving, went_as_asked, suitable_tree, tmp_path,
                                                 client, target):
    tree = suitable_tree
    remote = f"tree of {name_of(client, target)}"
    wanted = trees.fingerprints(tree)

    if "put" in client.does:
        client.upload(target, tree, remote)
    else:
        for name in wanted:
            serving.put(f"{remote}/{name}", (tree / name).read_bytes())
    assert trees.fingerprints(serving.home() / remote) == wanted

    if "names" in client.does:
        names = client.names(target, remote)
        assert sorted(names) == sorted(path.name for path in tree.iterdir())

    client.download(target, remote, sorted(wanted), tmp_path)
    assert trees.fingerprints(tmp_path) == wanted


@matrix(NEW + KNOWN, needs=TIDYING)
def test_files_and_folders_are_renamed_and_removed(serving, went_as_asked, tree, client, target):
    folder = f"tidied by {name_of(client, target)}"
    serving.put(folder, None)
    serving.put(f"{folder}/old ö.txt", b"old")
    serving.put(f"{folder}/unwanted.txt", b"unwanted")
    serving.put(f"{folder}/empty folder", None)

    client.session(target,
                   ("put", str(tree / "hello.txt"), f"{folder}/new.txt"),
                   ("rename", f"{folder}/old ö.txt", f"{folder}/renamed ü.txt"),
                   ("delete", f"{folder}/unwanted.txt"),
                   ("rmdir", f"{folder}/empty folder"),
                   ("mkdir", f"{folder}/made folder"))

    there = {path.name: path.is_dir() for path in (serving.home() / folder).iterdir()}
    assert there == {"new.txt": False, "renamed ü.txt": False, "made folder": True}
    assert (serving.home() / folder / "renamed ü.txt").read_bytes() == b"old"


HALF = 700_001
BLOCK = 16_384  # in which aria2 counts


def bytes_moved(server, direction, name, position):
    line = server.log.wait_for(rf" {direction} .*{name}.* bytes=\d+ ", since=position)
    return int(re.search(r" bytes=(\d+) ", line)[1])


@matrix(NEW + KNOWN, needs={"reget"})
def test_half_a_download_is_completed(serving, went_as_asked, tree, tmp_path, client, target):
    content = (tree / "large.bin").read_bytes()
    name = f"{name_of(client, target)}.bin"
    serving.put(name, content)
    half = tmp_path / name
    half.write_bytes(content[:HALF])
    position = serving.log.position()

    client.session(target, ("reget", name, str(half)))

    assert half.read_bytes() == content
    assert bytes_moved(serving, "download", name, position) <= len(content) - HALF + BLOCK


@matrix(NEW + KNOWN, needs={"reput"})
def test_half_an_upload_is_completed(serving, went_as_asked, tree, client, target):
    whole = tree / "large.bin"
    content = whole.read_bytes()
    name = f"half by {name_of(client, target)}.bin"
    half = serving.put(name, content[:HALF])
    position = serving.log.position()

    client.session(target, ("reput", str(whole), name))

    assert half.read_bytes() == content
    assert bytes_moved(serving, "upload", name, position) == len(content) - HALF


@matrix(NEW + KNOWN, needs={"put"}, condition=lambda client, target: target.mode != "plain"
        and target.host == "127.0.0.1" and client.resumes_tls in (
            "always", "active" if target.is_active else "always"))
def test_a_client_that_resumes_its_tls_session_may_be_required_to(
        strict, tree, tmp_path, client, target):
    target.server = strict
    content = (tree / "large.bin").read_bytes()
    name, back = f"required of {name_of(client, target)}.bin", tmp_path / "back.bin"

    client.session(target, ("put", str(tree / "large.bin"), name))
    assert (strict.home() / name).read_bytes() == content
    if "get" in client.does:
        client.session(target, ("get", name, str(back)))
        assert back.read_bytes() == content


@dataclass
class Stranger(Target):
    """A target whose authority is not the one that the client is told to trust."""

    trusted: str = ""

    @property
    def root(self):
        return self.trusted


@pytest.fixture(scope="module")
def other_root(lab_folder):
    folder = f"{lab_folder}/another authority"
    Path(folder).mkdir(exist_ok=True)
    return str(Authority(folder).root)


@matrix(NEW, condition=lambda client, target: client.verifies and target.mode != "plain"
        and target.host == "127.0.0.1" and not target.is_active)
def test_a_certificate_of_another_authority_is_refused(server, other_root, tmp_path, client, target):
    target = Stranger(server, target.mode, trusted=other_root)
    server.put("secret.txt", b"secret")
    position = server.log.position()
    with pytest.raises(AssertionError, match="exit|[45]"):
        client.session(target, ("get", "secret.txt", str(tmp_path / "secret.txt")))
    caught_up(server)
    assert not server.log.find(r" login session=", since=position)


def test_an_upload_of_ftp_ssl_counts_as_cut_short_unless_that_is_allowed(server, tree):
    with pytest.raises(AssertionError, match=r"426 \[D-57\]"):
        FtpSsl().session(Target(server), ("put", str(tree / "hello.txt"), "cut.txt"))


class TestRclone:
    def test_sync_adds_changes_and_removes_and_check_agrees(self, server, tree, tmp_path):
        rclone, target = Rclone(), Target(server)
        source = tmp_path / "source"
        shutil.copytree(tree, source)
        rclone.command(target, "sync", str(source), ":ftp:synced")
        (source / "hello.txt").write_bytes(b"changed and longer than before\n")
        (source / "one byte").unlink()
        (source / "deep" / "new").write_bytes(b"new")
        rclone.command(target, "sync", str(source), ":ftp:synced")

        assert trees.fingerprints(server.home() / "synced") == trees.fingerprints(source)
        rclone.command(target, "check", "--download", str(source), ":ftp:synced")

    def test_check_sees_a_difference(self, server, tree):
        rclone, target = Rclone(), Target(server)
        rclone.command(target, "copy", str(tree), ":ftp:differs")
        server.put("differs/one byte", b"y")
        with pytest.raises(AssertionError, match="1 differences found"):
            rclone.command(target, "check", "--download", str(tree), ":ftp:differs")

    @pytest.mark.parametrize("mode", ["explicit", "implicit", "plain"])
    def test_info_finds_that_names_are_kept_and_streams_work(self, server, mode):
        found = Rclone().command(Target(server, mode), "test", "info", "--check-normalization",
                                 "--check-streaming", f":ftp:info-{mode}")
        assert "canWriteUnnormalized = true" in found
        assert "canReadUnnormalized   = true" in found
        assert "canReadRenormalized   = false" in found
        assert "canStream = true" in found
