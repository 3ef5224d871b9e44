"""GET /api/v1/stream: what happens reaches those who look at the page, and nobody else is kept waiting for it."""

import json
import socket

import pytest

from sallyport_lab.daemon import UnixHttp
from sallyport_lab.wait import eventually


class Stream:
    """The messages of one event stream, as (event, data)."""

    def __init__(self, server, topics, timeout=20):
        self.connection = UnixHttp(server.run_directory / "manager.sock", timeout)
        self.connection.request("GET", f"/api/v1/stream?topics={topics}")
        self.response = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def next(self):
        """The next message; None at the end."""
        fields = {}
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if line.startswith(("event: ", "data: ", "id: ")):
                name, value = line.split(": ", 1)
                fields[name] = value
            elif not line and "data" in fields:
                return fields["event"], json.loads(fields["data"])
            elif not line and self.response.isclosed():
                return None

    def until(self, is_it, most=30):
        for _ in range(most):
            event, data = self.next()
            if is_it(data):
                return data
        raise AssertionError("the message did not come")


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True)
    server.add_user()
    return server


def test_sessions_are_told_at_once_and_when_they_change(server):
    with Stream(server, "sessions") as stream:
        assert stream.response.status == 200
        assert stream.response.getheader("Content-Type").startswith("text/event-stream")
        stream.until(lambda data: data["total"] == 0)
        with server.login(tls=False):
            told = stream.until(lambda data: data["total"] == 1 and data["sessions"][0]["logged_in"])
            assert told["sessions"][0]["user"] == "alice"
        stream.until(lambda data: data["total"] == 0)


def test_throughput_comes_every_second_and_counts_what_flows(server):
    server.put("big", bytes(4_000_000))
    with Stream(server, "throughput") as stream, server.login(tls=False) as control:
        stream.next()
        assert len(control.download("big")) == 4_000_000
        told = stream.until(lambda data: data["bytes_out_per_s"] > 0)
        assert told["sessions"] == 1 and told["bytes_in_per_s"] == 0


def test_transfers_are_told_when_they_are_stored(server):
    """As GET /transfers has them from then on, failed ones too."""
    with Stream(server, "transfers") as stream, server.login(tls=False, source="127.6.1.9") as control:
        control.upload("told.txt", b"x" * 1000)
        event, told = stream.next()
        assert event == "transfers" and (told["kind"], told["bytes"]) == ("upload", 1000)
        assert (told["user"], told["path"], told["address"]) == ("alice", "/told.txt", "127.6.1.9")
        control.expect("DELE told.txt", 250)
        gone = stream.until(lambda data: data["kind"] == "delete")
        control.command("DELE told.txt")
        failed = stream.until(lambda data: data["kind"] == "delete")
        assert gone["result"] == "complete" != failed["result"]
    listed = {one["id"]: one for one in server.get("/transfers?limit=1000&address=127.6.1.9")["transfers"]}
    assert {told["id"], gone["id"], failed["id"]} == set(listed)
    assert [listed[one["id"]] for one in (told, gone, failed)] == [told, gone, failed]


def test_networks_are_told_when_a_data_connection_has_come_or_failed(start_server):
    server = start_server(plain_ftp=True, data_timeout=1)
    server.add_user()
    with Stream(server, "connectivity") as stream, server.login(tls=False, source="127.6.2.9") as control:
        control.upload("came", b"x")
        event, came = stream.next()
        assert event == "connectivity" and came["network"] == "127.6.2.0/24"
        assert (came["state"], came["arrived"], came["never"]) == ("ok", 1, 0)
        control.epsv()  # and nothing comes
        control.command("RETR came")
        failed = stream.next()[1]
        assert (failed["state"], failed["never"], failed["cause"]["id"]) == ("mixed", 1, "D-20")
        assert failed.items() <= server.get("/connectivity/127.6.2.0%2F24").items()


@pytest.mark.parametrize("topics", ["", "%20", "a%0Ab", "../x", "a" * 400])
def test_topics_that_are_none_are_refused(server, topics):
    status, answer = server.request("GET", f"/stream?topics={topics}")
    assert (status, answer["field"]) == (422, "topics")


def test_streams_are_few_and_their_places_come_free(server):
    def is_open():
        with Stream(server, "events") as stream:
            return stream.response.status == 200

    streams = []
    try:
        for _ in range(40):
            stream = Stream(server, "events")
            if stream.response.status != 200:
                break
            streams.append(stream)
        assert stream.response.status == 503 and stream.response.getheader("Retry-After")
        assert 28 < len(streams) <= 32, "those of the last test may be going yet"
        assert server.status()["workers"], "others are answered meanwhile"
    finally:
        for stream in streams:
            stream.connection.sock.shutdown(socket.SHUT_RDWR)
            stream.__exit__()
    eventually(is_open, 20, "the places of those who left come free")


def test_a_reload_ends_streams(server):
    with Stream(server, "events") as stream:
        assert stream.response.status == 200
        server.reload()
        assert stream.next() is None
