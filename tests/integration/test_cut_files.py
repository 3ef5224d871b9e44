"""A file that becomes shorter, or longer, while it is downloaded: no 226 for less than the file was, no
byte that was never in it taken for content, and nobody dies of it."""

import array
import os
import ssl

import pytest

from sallyport_lab.wait import eventually

MIB = 1 << 20
SIZE = 32 * MIB  # more than all buffers of a connection hold: the server is in the middle of it
PAGE = 4096
CONTENT = b"content " * (SIZE // 8)
WAYS = [(tls, kind) for tls in (False, True) for kind in "IA"]
WAY_NAMES = [f"{'TLS' if tls else 'plain'}-{kind}" for tls, kind in WAYS]


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True)
    server.add_user()
    server.put("other", b"other" * MIB)
    return server


def begin(control, kind, name):
    """A download whose first bytes are here and whose client takes no more for now."""
    control.expect(f"TYPE {kind}", 200)
    if control.context:  # Python would take a bare FIN for an end in order
        control.context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    running = control.start(f"RETR {name}")
    assert running.read(1)
    return running


def take_the_rest(running):
    """All bytes of the file, and whether they had an end in order."""
    pieces, is_clean = [running.result.data], True
    try:
        while piece := running.data.recv(1 << 18):
            pieces.append(piece)
    except OSError:
        is_clean = False
    running.data.close()
    return b"".join(pieces), is_clean


def record_of(server, name):
    def find():
        listed = server.request("GET", "/transfers?limit=1000")[1]["transfers"]
        return next((each for each in listed if each["path"] == f"/{name}"), None)
    return eventually(find, 10, f"the record of {name}")


@pytest.mark.parametrize("left", [0, 16 * MIB, SIZE - PAGE, SIZE - 100],
                         ids=["nothing", "half", "all-but-a-page", "all-but-some-bytes"])
@pytest.mark.parametrize("tls, kind", WAYS, ids=WAY_NAMES)
def test_a_file_that_is_cut_is_not_complete(server, tls, kind, left):
    name = f"cut-{tls}-{kind}-{left}"
    path = server.put(name, CONTENT)
    with server.login(tls=tls) as control:
        worker = server.worker_of(control)
        running = begin(control, kind, name)
        os.truncate(path, left)
        data, is_clean = take_the_rest(running)
        assert "shorter" in control.expect_reply(451).text
        assert not tls or not is_clean, "close_notify would prove the end"
        # The kernel fills up the last page with zeros, which nobody can see in time.
        assert CONTENT.startswith(data[:left] if left % PAGE else data)
        # The session and its worker go on.
        assert control.download("other") == b"other" * MIB
        assert server.worker_of(control) == worker
    os.unlink(path)
    record = record_of(server, name)
    assert record["end"] == "broken" and "shorter" in record["result"]


@pytest.mark.parametrize("tls, kind", WAYS, ids=WAY_NAMES)
def test_a_file_that_grows_is_what_it_was_at_first(server, tls, kind):
    name = f"grown-{tls}-{kind}"
    path = server.put(name, CONTENT)
    with server.login(tls=tls) as control:
        running = begin(control, kind, name)
        with open(path, "ab") as file:
            file.write(b"more")
        done = running.finish()
        assert done.final.code == 226 and done.clean_end
        assert done.data == CONTENT
    os.unlink(path)


@pytest.mark.parametrize("offset", [1, PAGE - 1, PAGE, 12345678, SIZE - 300 * 1024, SIZE - 1])
def test_a_download_over_tls_begins_at_any_byte(server, offset):
    content = array.array("I", range(SIZE // 4)).tobytes()
    path = server.put("numbers", content)
    with server.login() as control:
        control.expect("TYPE I", 200)
        control.expect(f"REST {offset}", 350)
        assert control.download("numbers") == content[offset:]
    os.unlink(path)
