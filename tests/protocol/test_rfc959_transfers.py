"""RFC 959: transfers, what belongs to them, and what may come in between."""

import socket

import pytest

from specification import Row, dialogues, rfc

TEXT = b"one\r\ntwo\r\n\r\nfour"
ON_DISK = b"one\ntwo\n\nfour"
BIG = 48 * 1024 * 1024

test_marks = dialogues(
    Row("959 5.4", "retr", "RETR: 125 or 150, then 226 or 250.", "RETR file -> 150/125 226/250",
        files={"file": b"content"}),
    Row("959 5.4", "list", "LIST: 125 or 150, then 226 or 250.", "LIST -> 150/125 226/250"),
    Row("959 5.4", "nlst", "NLST: 125 or 150, then 226 or 250.", "NLST -> 150/125 226/250"),
    Row("959 5.4", "retr-missing", "RETR of what is not there: 550.", "RETR nothing -> 550"),
    Row("959 5.4", "retr-of-a-directory", "RETR of a directory: 550.", "RETR a -> 550",
        files={"a/": None}),
    Row("959 5.4", "stor-onto-a-directory", "STOR onto a directory: 553 (or 550).", "STOR a -> 553/550",
        files={"a/": None}),
    Row("959 5.4", "stor-without-folder", "STOR where no directory is: 553 (or 550).",
        "STOR no/such/folder -> 553/550"),
    Row("959 5.4", "stor-of-the-root", "STOR without a file's name: 553 (or 550).", "STOR / -> 553/550"),
    Row("959 5.4", "list-missing", "LIST of what is not there: 450 or 550.", "LIST nothing -> 450/550"),
    Row("959 5.4", "nlst-missing", "NLST of what is not there: 450 or 550.", "NLST nothing -> 450/550"),
    Row("959 5.4", "appe-onto-a-directory", "APPE onto a directory: 550.", "APPE a -> 550/553",
        files={"a/": None}),
)


@rfc("959 3.2", "Without PASV, EPSV, PORT or EPRT there is no data connection: 425.")
def test_no_data_connection_agreed_on(gate):
    gate.put("file", b"content")
    control = gate.login()
    for line in ("RETR file", "STOR new", "APPE file", "STOU", "LIST", "NLST", "MLSD"):
        control.expect(line, 425, 503)
    assert not (gate.home / "new").exists()


@rfc("959 3.2", "What was agreed on is good for one transfer.")
def test_one_transfer_for_each_pasv(gate):
    control = gate.login()
    control.listing("LIST")
    control.expect("LIST", 425, 503)


MEANS = ["pasv", "epsv", "port", "eprt"]


@pytest.mark.parametrize("means", MEANS)
@rfc("959 4.1.3", "STOR replaces the file; RETR gives it back, by every kind of data connection.")
def test_stor_and_retr(gate, means):
    payload = bytes(range(256)) * 300
    control = gate.login()
    control.expect("TYPE I", 200)
    gate.put("file", b"something longer" * 10000)
    up = control.upload("file", payload, mode=means)
    assert up.first.code in (125, 150)
    assert (gate.home / "file").read_bytes() == payload
    assert control.download("file", mode=means) == payload


@rfc("959 4.1.3", "APPE appends, or makes the file.")
def test_appe(gate):
    control = gate.login()
    control.expect("TYPE I", 200)
    control.upload("file", b"one", verb="APPE")
    control.upload("file", b"two", verb="APPE")
    assert (gate.home / "file").read_bytes() == b"onetwo"


@rfc("959 4.1.3", "STOU stores under a name that was not there and says it; nothing is overwritten.")
def test_stou(gate):
    control = gate.login()
    control.expect("TYPE I", 200)
    gate.put("file", b"old")
    names = set()
    for wish in ("STOU", "STOU", "STOU file", "STOU file"):
        done = control.transfer(wish, b"new")
        assert done.final.code in (226, 250)
        name = done.first.text.split("FILE: ")[1]
        assert name in done.final.text, "the name stands in the last reply as well"
        assert (gate.home / name).read_bytes() == b"new"
        names.add(name)
    assert len(names) == 4
    assert (gate.home / "file").read_bytes() == b"old"


@rfc("959 3.1.1.1", "In TYPE A lines end in CRLF on the wire, and as the system has it on disk.")
def test_ascii(gate):
    control = gate.login()
    control.expect("TYPE A", 200)
    control.upload("text", TEXT)
    assert (gate.home / "text").read_bytes() == ON_DISK
    assert control.download("text") == TEXT


@rfc("959 3.1.1.1", "TYPE A is the default.")
def test_ascii_is_the_default(gate):
    gate.put("text", ON_DISK)
    assert gate.login().download("text") == TEXT


@rfc("959 3.1.1.1", "In TYPE A, APPE converts as STOR does.")
def test_ascii_append(gate):
    gate.put("text", b"one\n")
    gate.login().upload("text", b"two\r\n", verb="APPE")
    assert (gate.home / "text").read_bytes() == b"one\ntwo\n"


@rfc("959 3.1.1.3", "In TYPE I the bytes are the file's bytes.")
def test_image(gate):
    control = gate.login()
    control.expect("TYPE I", 200)
    control.upload("bytes", TEXT + b"\r\n\n\r\x00\xff")
    assert (gate.home / "bytes").read_bytes() == TEXT + b"\r\n\n\r\x00\xff"
    assert control.download("bytes") == TEXT + b"\r\n\n\r\x00\xff"


@rfc("959 3.1.1.4", "TYPE L 8 is TYPE I where bytes have 8 bits.")
def test_local_8(gate):
    control = gate.login()
    control.expect("TYPE L 8", 200)
    control.upload("bytes", b"\r\n\n\xff")
    assert (gate.home / "bytes").read_bytes() == b"\r\n\n\xff"


@rfc("959 3.4.1", "In stream mode an empty file is a connection that is opened and closed.")
def test_empty(gate):
    control = gate.login()
    for type_of in ("A", "I"):
        control.expect(f"TYPE {type_of}", 200)
        control.upload("empty", b"")
        assert (gate.home / "empty").read_bytes() == b""
        assert control.download("empty") == b""


# Restart


@rfc("959 3.5", "REST, then RETR: the transfer begins there. It holds for one transfer.")
def test_rest_retr(gate):
    gate.put("file", b"0123456789")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("REST 4", 350)
    assert control.download("file") == b"456789"
    assert control.download("file") == b"0123456789"


@rfc("959 3.5", "REST, then STOR: the content behind the marker is replaced.")
def test_rest_stor(gate):
    gate.put("file", b"0123456789")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("REST 4", 350)
    control.upload("file", b"abc")
    assert (gate.home / "file").read_bytes() == b"0123abc"


@rfc("959 3.5", "REST, then APPE: the end of the file is the end.")
def test_rest_appe(gate):
    gate.put("file", b"0123456789")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("REST 4", 350)
    control.upload("file", b"abc", verb="APPE")
    assert (gate.home / "file").read_bytes() in (b"0123456789abc", b"0123abc")


@rfc("959 3.5", "REST to the very end: RETR sends nothing, STOR adds.")
def test_rest_to_the_end(gate):
    gate.put("file", b"0123")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("REST 4", 350)
    assert control.download("file") == b""
    control.expect("REST 4", 350)
    control.upload("file", b"45")
    assert (gate.home / "file").read_bytes() == b"012345"


@rfc("959 4.1.3", "REST is followed by the command to which it belongs; any other forgets it.")
def test_rest_is_forgotten_by_other_commands(gate):
    gate.put("file", b"0123456789")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("REST 4", 350)
    control.listing("LIST")
    assert control.download("file") == b"0123456789"


test_rest_arguments = dialogues(
    Row("959 5.3.2", "rest-nonsense", "The marker of a stream is a decimal number.", """
        TYPE I -> 200
        REST -1 -> 501
        REST abc -> 501
        REST 1 2 -> 501
        REST 99999999999999999999 -> 501
        REST 0 -> 350
        """),
    Row("1123 4.1.3.4; 3659 5", "rest-behind-the-end", "A marker behind the end is refused: 554.", """
        TYPE I -> 200
        REST 100 -> 350
        RETR file -> 554/550
        REST 100 -> 350
        STOR file -> 554/550
        """, files={"file": b"0123"}),
)


# During a transfer


@pytest.fixture
def big(gate):
    return gate.put_sparse("big", BIG)


def start_big(gate):
    control = gate.login()
    control.expect("TYPE I", 200)
    running = control.start("RETR big")
    running.read()
    return control, running


@rfc("959 4.1.3", "STAT during a transfer tells how far it is; the transfer goes on.")
def test_stat_during_a_transfer(gate, big):
    control, running = start_big(gate)
    assert "big" in control.expect("STAT", 211, 213).text
    done = running.finish()
    assert done.final.code == 226
    assert len(done.data) == BIG


@rfc("959 4.1.3", "ABOR during a download: 426 for the transfer, 226 for ABOR.")
def test_abor_download(gate, big):
    control, running = start_big(gate)
    control.send("ABOR")
    control.expect_reply(426)
    control.expect_reply(226)
    running.data.close()
    control.expect("NOOP", 200)
    control.listing("NLST")


@rfc("959 4.1.3", "ABOR during an upload: the same.")
def test_abor_upload(gate):
    control = gate.login()
    running = control.start("STOR half")
    running.data.sendall(b"x" * 1000)
    control.send("ABOR")
    control.expect_reply(426)
    control.expect_reply(226)
    running.data.close()
    control.expect("NOOP", 200)


@rfc("959 4.1.3", "ABOR without a transfer is answered once: 226 or 225.")
def test_abor_with_nothing_going_on(gate):
    control = gate.login()
    control.expect("ABOR", 225, 226)
    control.expect("NOOP", 200)


@rfc("959 4.1.3", "ABOR after a transfer is complete: 226 or 225, once.")
def test_abor_after_a_transfer(gate):
    control = gate.login()
    control.listing("LIST")
    control.expect("ABOR", 225, 226)
    control.expect("NOOP", 200)


@rfc("959 4.1.3", "ABOR between PASV and the transfer: the data connection that is there is closed.")
def test_abor_after_pasv(gate):
    control = gate.login()
    data = control.dial(control.pasv())
    control.expect("ABOR", 225, 226)
    data.settimeout(10)
    assert data.recv(1) == b""
    data.close()
    control.expect("NOOP", 200)


@rfc("959 4.1.3", "ABOR while the server waits for the data connection ends the wait.")
def test_abor_before_the_data_connection(gate):
    control = gate.login()
    control.pasv()
    control.send("LIST")
    control.send("ABOR")
    control.expect_reply(425, 426)
    control.expect_reply(225, 226)
    control.expect("NOOP", 200)


@rfc("959 4.1.3", "The same when the transfer and ABOR come in one piece.")
def test_abor_sent_ahead(gate):
    control = gate.login()
    control.pasv()
    control.send_raw(b"NLST\r\nABOR\r\n")
    control.expect_reply(425, 426)
    control.expect_reply(225, 226)
    control.expect("NOOP", 200)


@rfc("959 4.1.3", "STAT that comes in one piece with the transfer is answered at once as well.")
def test_stat_sent_ahead(gate):
    control = gate.login()
    address = control.pasv()
    control.send_raw(b"STOR file\r\nSTAT\r\n")
    control.expect_reply(211)
    control.dial(address).close()
    control.expect_reply(150, 125)
    control.read_reply()


@rfc("959 4.1.3", "STAT while the server waits for the data connection.")
def test_stat_before_the_data_connection(gate):
    control = gate.login()
    address = control.pasv()
    control.send("NLST")
    control.expect("STAT", 211)
    data = control.dial(address)
    control.expect_reply(150, 125)
    if gate.is_tls:
        data = control.protect_data(data)
    assert data.recv(10) == b""
    data.close()
    control.expect_reply(226)


IP_SYNCH = [
    (b"\xff\xf4\xff", b"\xf2", "IAC IP IAC, DM urgent"),
    (b"\xff\xf4", b"\xff\xf2"[:1], "IAC IP, IAC urgent, DM follows"),
    (b"", b"\xff", "IAC urgent, then IP and DM"),
]


@pytest.mark.parametrize("before, urgent, _what", IP_SYNCH, ids=["dm-urgent", "iac-urgent", "early"])
@rfc("959 4.1.3", "ABOR after the Telnet signals IP and Synch, which are sent as urgent data.",
     modes=("plain",))
def test_abor_with_synch(gate, big, before, urgent, _what):
    control, running = start_big(gate)
    if before:
        control.send_raw(before)
    control.sock.send(urgent, socket.MSG_OOB)
    if urgent == b"\xff":
        control.send_raw(b"\xf2" if before else b"\xf4\xff\xf2")
    control.send("ABOR")
    control.expect_reply(426)
    control.expect_reply(226)
    running.data.close()
    control.expect("NOOP", 200)


@rfc("959 4.1.3", "The Telnet signals before ABOR come inside TLS where there is TLS.")
def test_abor_with_inline_synch(gate, big):
    control, running = start_big(gate)
    control.send_raw(b"\xff\xf4\xff\xf2ABOR\r\n")
    control.expect_reply(426)
    control.expect_reply(226)
    running.data.close()
    control.expect("NOOP", 200)


@rfc("959 4.1.3", "IP, Synch and ABOR outside of a transfer are one ABOR.", modes=("plain",))
def test_synch_outside_of_a_transfer(gate):
    control = gate.login()
    control.send_raw(b"\xff\xf4\xff")
    control.sock.send(b"\xf2", socket.MSG_OOB)
    control.expect("ABOR", 225, 226)
    control.expect("PWD", 257)


@rfc("959 4.1.3", "ABOR is seen behind commands that wait for the end of the transfer.")
def test_abor_behind_other_commands(gate, big):
    control, running = start_big(gate)
    control.send_raw(b"PWD\r\nABOR\r\n")
    control.expect_reply(426)
    codes = [control.read_reply().code, control.read_reply().code]
    assert codes == [257, 226]
    running.data.close()


@rfc("959 4.1.1", "QUIT during a transfer: the transfer is completed, then the connection closes.")
def test_quit_during_a_transfer(gate, big):
    control, running = start_big(gate)
    control.send("QUIT")
    done = running.finish()
    assert done.final.code == 226
    assert len(done.data) == BIG
    control.expect_reply(221)
    assert control.is_closed()


@rfc("959 4.1.1", "REIN during a transfer lets it be completed.")
def test_rein_during_a_transfer(gate, big):
    control, running = start_big(gate)
    control.send("REIN")
    done = running.finish()
    assert done.final.code == 226
    assert len(done.data) == BIG
    control.expect_reply(220)
    control.expect("PWD", 530)


@rfc("959 3.3", "The server closes the data connection when the file is sent.")
def test_the_server_closes_after_the_file(gate):
    gate.put("file", b"content")
    control = gate.login()
    done = control.transfer("RETR file")
    assert done.clean_end
    assert done.final.code == 226


@rfc("959 3.3", "A download whose data connection the client closes early: 426.")
def test_a_download_that_the_client_ends(gate, big):
    control, running = start_big(gate)
    running.data.close()
    control.expect_reply(426)
    control.expect("NOOP", 200)


@rfc("959 3.2", "The data connection comes from the address of the control connection, PORT mode.")
def test_active_connections_come_from_the_same_address(gate):
    control = gate.login()
    with control.listen_active() as listener:
        control.send("NLST")
        data, peer = listener.accept()
        assert peer[0] == control.sock.getpeername()[0]
        control.expect_reply(150, 125)
        if gate.is_tls:
            data = control.protect_data(data)
        data.recv(10)
        data.close()
        control.expect_reply(226)
