"""Clients that take their time with TLS: no thread waits for the flights of a data handshake, and records
come in whatever pieces the network makes of them."""

import random
import socket
import ssl

import pytest

PAYLOAD = random.Random(5).randbytes(300_000)


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server()
    server.add_user()
    server.put("big.bin", PAYLOAD)
    return server


@pytest.fixture
def control(server):
    with server.login() as control:
        control.expect("TYPE I", 200)
        yield control


class Pieces:
    """TLS whose records are sent in pieces of the given sizes."""

    def __init__(self, sock, context, host, sizes, session=None):
        self.sock, self.sizes = sock, sizes
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.come, self.go, server_hostname=host, session=session)

    def flush(self):
        rest = self.go.read()
        while rest:
            size = self.sizes()
            self.sock.sendall(rest[:size])
            rest = rest[size:]

    def run(self, step, *args):
        while True:
            try:
                done = step(*args)
                self.flush()
                return done
            except ssl.SSLWantReadError:
                self.flush()
                got = self.sock.recv(65536)
                if got:
                    self.come.write(got)
                else:
                    self.come.write_eof()

    def read_all(self):
        got = b""
        while True:
            try:
                piece = self.run(self.tls.read, 65536)
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                return got
            got += piece


def begin(control, command):
    """The data connection, without TLS yet, behind the 150."""
    data = control.dial(control.epsv())
    control.send(command)
    control.expect_reply(150)
    return data


def hello(control):
    """The first flight of a client."""
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = control.context.wrap_bio(come, go, server_hostname=control.host,
                                      session=control.sock.session)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return go.read()


def single(_rng):
    return lambda: 1


def mixed(rng):
    return lambda: rng.choice([1, 4, 5, 6, 100, 5000])


@pytest.mark.sanitize
@pytest.mark.tsan
@pytest.mark.parametrize("sizes", [single, mixed])
@pytest.mark.parametrize("verb", ["RETR", "STOR"])
def test_a_handshake_in_pieces_goes_on_with_the_transfer(control, verb, sizes):
    sizes = sizes(random.Random(7))
    path = "big.bin" if verb == "RETR" else "pieces.bin"
    with begin(control, f"{verb} {path}") as data:
        client = Pieces(data, control.context, control.host, sizes, control.sock.session)
        client.run(client.tls.do_handshake)
        if verb == "RETR":
            assert client.read_all() == PAYLOAD
        else:
            client.sizes = mixed(random.Random(8))
            for at in range(0, 20_000, 1000):
                client.run(client.tls.write, PAYLOAD[at:at + 1000])
            try:
                client.tls.unwrap()
            except ssl.SSLWantReadError:
                client.flush()
            data.shutdown(socket.SHUT_WR)
    control.expect_reply(226)
    if verb == "STOR":
        assert control.download(path) == PAYLOAD[:20_000]


@pytest.mark.sanitize
@pytest.mark.tsan
@pytest.mark.parametrize("verb", ["RETR big.bin", "STOR aborted.bin"])
@pytest.mark.parametrize("has_begun", [False, True], ids=["silent", "begun"])
def test_abor_ends_a_transfer_that_waits_for_the_handshake(control, verb, has_begun):
    with begin(control, verb) as data:
        if has_begun:
            data.sendall(hello(control))
            assert data.recv(1)  # the server's flight: it waits for ours
        control.expect("ABOR", 426)
        control.expect_reply(225, 226)
    control.expect("NOOP", 200)
    control.expect("SIZE aborted.bin", 550)
    assert control.download("big.bin") == PAYLOAD


@pytest.mark.parametrize("has_begun", [False, True], ids=["silent", "begun"])
def test_noop_is_answered_while_the_handshake_waits(control, has_begun):
    data = begin(control, "RETR big.bin")
    if has_begun:
        client = Pieces(data, control.context, control.host, lambda: 65536, control.sock.session)
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.do_handshake()
        client.flush()
    control.expect("NOOP", 200)
    if not has_begun:
        client = Pieces(data, control.context, control.host, lambda: 65536, control.sock.session)
    client.run(client.tls.do_handshake)
    assert client.read_all() == PAYLOAD
    data.close()
    control.expect_reply(226)


@pytest.mark.parametrize("has_begun", [False, True], ids=["silent", "begun"])
@pytest.mark.parametrize("verb", ["RETR big.bin", "STOR gone.bin"])
def test_a_client_that_leaves_the_handshake_is_told_so(control, verb, has_begun):
    data = begin(control, verb)
    if has_begun:
        data.sendall(hello(control))
        assert data.recv(65536)
    data.close()
    assert "D-55" in control.expect_reply(425).text
    control.expect("SIZE gone.bin", 550)


def test_a_session_that_leaves_during_the_handshake_ends(server):
    with server.login() as control:
        data = begin(control, "STOR left.bin")
        data.sendall(hello(control))
    assert data.recv(65536)
    while data.recv(65536):
        pass
    with server.login() as control:
        control.expect("SIZE left.bin", 550)


@pytest.mark.sanitize
def test_commands_whose_records_come_in_pieces_are_all_answered(server):
    rng = random.Random(11)
    sock = socket.create_connection((server.host, server.implicit), timeout=20)
    client = Pieces(sock, server.trust(), server.host, mixed(rng))
    client.run(client.tls.do_handshake)
    greeting = client.run(client.tls.read, 4096)
    assert greeting.startswith(b"220")
    for _ in range(200):
        n, replies = rng.randrange(1, 6), b""
        for _ in range(n):  # a record each, sent together
            client.tls.write(b"NOOP\r\n")
        client.flush()
        while replies.count(b"\r\n") < n:
            replies += client.run(client.tls.read, 4096)
        assert replies.count(b"200 ") == n
    sock.close()
