"""Records of transfers and changes: the manager's database, its API and command line, the xferlog."""

import hashlib
import os
import re
import signal
import time

import pytest

from sallyport_lab.control import Background
from sallyport_lab.daemon import PASSWORD
from sallyport_lab.wait import eventually

XFERLOG = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 123]\d \d\d:\d\d:\d\d \d{4} "
    r"(?P<seconds>[1-9]\d*) (?P<host>\S+) (?P<bytes>\d+) (?P<path>/\S*) (?P<type>[ab]) _ "
    r"(?P<way>[io]) r (?P<user>\S+) ftp 0 \* (?P<end>[ci])\n")


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, hash_uploads=True, failed_login_delay=0)
    server.write_config(xferlog=server.folder / "state" / "xferlog")
    server.reload()
    server.add_user()
    return server


def records(server, query=""):
    code, answer = server.request("GET", "/transfers" + query)
    assert code == 200, answer
    return answer["transfers"]


def record_of(server, path, kind):
    return eventually(lambda: next((r for r in records(server, "?limit=1000")
                                    if r["path"] == path and r["kind"] == kind), None), 10,
                      f"the record of {kind} {path}")


def xferlog_lines(server):
    log = server.folder / "state" / "xferlog"
    lines = log.read_text().splitlines(True) if log.exists() else []
    matches = [XFERLOG.fullmatch(line) for line in lines]
    assert all(matches), lines
    return matches


@pytest.mark.tsan
@pytest.mark.sanitize
def test_every_kind_leaves_a_record_with_its_fields(server):
    content = os.urandom(100_000)
    with server.login() as control:
        control.expect("TYPE I", 200)
        session = server.session_of(control)["id"]
        control.expect("MKD made", 257)
        control.upload("made/a b.bin", content)
        assert control.download("made/a b.bin") == content
        control.expect("RNFR made/a b.bin", 350)
        control.expect("RNTO made/c.bin", 250)
        control.expect("DELE made/c.bin", 250)
        control.expect("RMD made", 250)
        control.expect("DELE made/c.bin", 550)
    wanted = [("mkdir", "/made"), ("upload", "/made/a b.bin"), ("download", "/made/a b.bin"),
              ("rename", "/made/a b.bin"), ("delete", "/made/c.bin"), ("rmdir", "/made")]
    found = {kind: record_of(server, path, kind) for kind, path in wanted if kind != "delete"}
    deletes = eventually(lambda: (d := [r for r in records(server) if r["kind"] == "delete"])
                         and len(d) == 2 and d, 10)
    found["delete"] = deletes[1]
    assert deletes[0]["result"] == "No such file or directory"
    for kind, path in wanted:
        record = found[kind]
        assert (record["user"], record["address"], record["session"], record["tls"]) == \
            ("alice", "127.0.0.1", session, True)
        assert record["result"] == "complete"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["ended"])
    for kind in ("upload", "download"):
        assert found[kind]["bytes"] == len(content)
        assert 0 <= found[kind]["seconds"] < 30
        assert found[kind]["end"] == "proven"
    assert found["upload"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert found["download"]["sha256"] is None
    assert found["rename"]["new_path"] == "/made/c.bin"
    assert found["mkdir"]["end"] is None and found["mkdir"]["new_path"] is None
    ids = [found[kind]["id"] for kind, _ in wanted]
    assert ids == sorted(ids), "ids grow in the order of events"


def test_what_is_refused_leaves_a_record_with_the_reason(start_server):
    server = start_server(plain_ftp=True)
    server.write_config(xferlog=server.folder / "state" / "xferlog")
    server.reload()
    server.add_user("alice", PASSWORD, "--deny", "*.exe", "--upload-size", "5", "--permissions",
                    "list,download,upload,mkdir")
    server.put("old", b"content")
    (server.home() / "box").mkdir(exist_ok=True)
    refused = [("STOR old", 550, "upload", "Permission denied"),
               ("STOR virus.exe", 553, "upload", "Permission denied"),
               ("STOR none/file", 550, "upload", "No such file or directory"),
               ("STOU none/y", 550, "upload", "No such file or directory"),
               ("RETR none", 550, "download", "No such file or directory"),
               ("RETR a.exe", 550, "download", "Permission denied"),
               ("DELE old", 550, "delete", "Permission denied"),
               ("RNFR old", 550, "rename", "Permission denied"),
               ("RMD box", 550, "rmdir", "Permission denied"),
               ("MKD m.exe", 553, "mkdir", "Permission denied"),
               ("SITE MKDIR n.exe", 553, "mkdir", "Permission denied"),
               ("SITE RMDIR -r box", 550, "rmdir", "Permission denied")]
    with server.login(tls=False) as control:
        control.expect("TYPE I", 200)
        for command, code, _, _ in refused:
            control.expect(command, code)
        done = control.transfer("STOR large", bytes(6))
        assert done.code == 552 and "upload_size = 5 bytes" in done.final.text
    words = [(kind, reason) for _, _, kind, reason in refused]
    words.append(("upload", "Larger than an upload may make it (upload_size)"))
    found = eventually(lambda: (r := records(server)) and r[0]["path"] == "/large" and r, 10,
                       "the record of the last")
    assert [(r["kind"], r["result"]) for r in reversed(found)] == words
    assert found[-1]["path"] == "/old" and found[-1]["end"] is None
    assert len(xferlog_lines(server)) == 1, "only one of them was a transfer"


def test_who_leaves_during_a_long_command_is_no_error_of_ours(server):
    file = server.put("endless", b"")
    os.truncate(file, 1 << 42)
    with server.login(tls=False) as control:
        session = server.session_of(control)["id"]
        control.send("HASH endless")
        eventually(lambda: server.session_of(control)["command"].startswith("HASH"), 10, "it computes")
    server.log.wait_for(rf"disconnected session={session} ")
    assert not server.log.find(rf"local-error session={session} "), "nobody must act"


def test_ends_that_are_not_proven_say_so(server):
    with server.login(tls=False) as control:
        control.upload("likely", b"x")
    assert record_of(server, "/likely", "upload")["end"] == "likely"
    with server.login() as control:
        running = control.start("STOR truncated")
        running.data.sendall(b"half")
        running.data.shutdown(1)  # FIN without close_notify
        running.data.close()
        control.expect_reply(426)
        running = control.start("STOR broken")
        running.data.sendall(b"half")
        eventually(lambda: (t := server.session_of(control)["transfer"]) and t["bytes"] == 4)
        control.send("ABOR")
        control.expect_reply(426)
        running.data.close()
    truncated = record_of(server, "/truncated", "upload")
    assert truncated["end"] == "truncated" and truncated["result"] != "complete"
    assert truncated["sha256"] is None
    assert record_of(server, "/broken", "upload")["end"] == "broken"


def test_only_whole_images_have_a_hash(server):
    with server.login() as control:
        control.expect("TYPE I", 200)
        control.upload("whole", b"0123456789")
        control.expect("REST 5", 350)
        control.upload("whole", b"56789")
        control.expect("TYPE A", 200)
        control.upload("text", b"line\r\n")
    eventually(lambda: len([r for r in records(server) if r["path"] == "/whole"]) == 2)
    resumed, first = [r for r in records(server) if r["path"] == "/whole"]
    assert first["sha256"] == hashlib.sha256(b"0123456789").hexdigest()
    assert resumed["sha256"] is None
    assert record_of(server, "/text", "upload")["sha256"] is None


def test_a_copy_leaves_a_record(server):
    content = os.urandom(50_000)
    with server.login(tls=False) as control:
        control.expect("TYPE I", 200)
        control.upload("original", content)
        control.expect("SITE CPFR original", 350)
        control.expect("SITE CPTO the-copy", 250)
        control.expect("SITE CPFR original", 350)
        control.expect("SITE CPTO missing/the-copy", 550)
    eventually(lambda: len(records(server, "?kind=copy")) == 2)
    failed, record = records(server, "?kind=copy")
    assert (record["path"], record["new_path"]) == ("/original", "/the-copy")
    assert (record["bytes"], record["result"], record["user"]) == (50_000, "complete", "alice")
    assert (failed["new_path"], failed["result"]) == ("/missing/the-copy",
                                                      "No such file or directory")


@pytest.mark.sanitize
@pytest.mark.parametrize("tls", [False, True])
def test_whole_downloads_have_a_hash_when_asked(start_server, tls):
    server = start_server(plain_ftp=True, hash_downloads=True)
    server.add_user()
    content = os.urandom(3 << 20)
    server.put("file", content)
    with server.login(tls=tls) as control:
        control.expect("TYPE I", 200)
        assert control.download("file") == content
        control.expect("REST 100", 350)
        assert control.download("file") == content[100:]
        control.expect("MODE Z", 200)
        control.expect("MODE S", 200)
        running = control.start("RETR file")
        running.data.recv(1000)
        control.send("ABOR")
        control.expect_reply(426, 226)
        running.data.close()
    eventually(lambda: len(records(server, "?kind=download")) == 3, 10)
    broken, rest, whole = records(server, "?kind=download")
    assert whole["sha256"] == hashlib.sha256(content).hexdigest()
    assert rest["sha256"] is None
    assert (broken["sha256"] is None) == (broken["result"] != "complete")


def test_who_did_something_to_a_path_is_found(server):
    server.add_user("eve")
    with server.login("eve", tls=False) as control:
        control.expect("MKD box", 257)
        control.upload("box/file", b"1")
        control.upload("boxes", b"1")
        control.expect("RNFR box", 350)
        control.expect("RNTO crate", 250)
        control.expect("SITE RMDIR -r crate", 200)
    eventually(lambda: records(server, "?user=eve&kind=rmdir"))

    def kinds(query):
        return [r["kind"] for r in records(server, f"?user=eve&{query}")]
    assert kinds("path=/box/file") == ["rename", "upload"]
    assert kinds("path=/box") == ["rename", "upload", "mkdir"]
    assert kinds("path=/crate/file") == ["rmdir"]
    assert kinds("path=/box&kind=upload") == ["upload"]
    table = server.cli("transfer", "list", "--path", "/box/file", "--kind", "upload").stdout
    assert re.search(r"eve +127\.0\.0\.1 +upload .* /box/file", table), table
    for wrong in ("path=box", "kind=steal"):
        code, problem = server.request("GET", f"/transfers?{wrong}")
        assert code == 422 and problem["field"] == wrong.split("=")[0], problem


def test_records_are_filtered_and_paged(server):
    server.add_user("pages")
    with server.login("pages", tls=False) as control:
        for i in range(7):
            control.expect(f"MKD d{i}", 257)
    eventually(lambda: len(records(server, "?user=pages")) == 7)
    seen, before = [], ""
    while True:
        code, page = server.request("GET", f"/transfers?user=pages&limit=3{before}")
        assert code == 200
        seen += [r["path"] for r in page["transfers"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == [f"/d{i}" for i in reversed(range(7))]
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    assert records(server, f"?since={later}") == []
    assert len(records(server, "?user=pages&since=2020-01-01T00%3A00%3A00Z")) == 7
    assert records(server, "?user=nobody") == []
    for wrong in ("limit=0", "limit=x", "limit=1001", "before=-1", "since=yesterday", "user=%zz"):
        code, problem = server.request("GET", f"/transfers?{wrong}")
        assert code == 422 and problem["field"] == wrong.split("=")[0], problem


def test_the_command_line_lists_records(server):
    with server.login(tls=False) as control:
        control.upload("listed", b"12345")
    record_of(server, "/listed", "upload")
    table = server.cli("transfer", "list", "--user", "alice", "--since", "1h").stdout
    assert re.search(r"alice +127\.0\.0\.1 +upload +5 B .*complete, likely +/listed", table), table
    shown = server.cli_json("transfer", "list", "--limit", "2")["transfers"]
    assert len(shown) == 2
    assert server.cli("transfer", "list", "--since", "soon", check=False).returncode == 2


@pytest.mark.sanitize
def test_the_xferlog_has_a_standard_line_per_transfer(server):
    with server.login() as control:
        control.expect("TYPE I", 200)
        control.upload("for the log", b"x" * 1234)
        control.download("for the log")
        control.expect("MKD nolog", 257)
        control.expect("TYPE A", 200)
        control.upload("log.txt", b"a\r\n")
    record_of(server, "/log.txt", "upload")
    lines = eventually(lambda: (found := [m.groupdict() for m in xferlog_lines(server)
                                          if "log" in m["path"]]) and len(found) == 3 and found)
    assert [(m["path"], m["bytes"], m["type"], m["way"], m["user"], m["host"], m["end"])
            for m in lines] == [
        ("/for_the_log", "1234", "b", "i", "alice", "127.0.0.1", "c"),
        ("/for_the_log", "1234", "b", "o", "alice", "127.0.0.1", "c"),
        ("/log.txt", "3", "a", "i", "alice", "127.0.0.1", "c")]


def test_a_reload_opens_the_xferlog_again(server):
    log = server.folder / "state" / "xferlog"
    with server.login(tls=False) as control:
        control.upload("before-rotation", b"1")
    eventually(lambda: any("before-rotation" in m["path"] for m in xferlog_lines(server)))
    log.rename(log.with_suffix(".1"))
    server.reload()
    with server.login(tls=False) as control:
        control.upload("after-rotation", b"1")
    eventually(lambda: any("after-rotation" in m["path"] for m in xferlog_lines(server)))
    assert "after-rotation" not in log.with_suffix(".1").read_text()


@pytest.mark.tsan
def test_records_survive_managers_that_are_killed(server):
    server.add_user("steady")
    names = [f"d{i}" for i in range(60)]

    def make_all():
        with server.login("steady", tls=False) as control:
            for name in names:
                control.expect(f"MKD {name}", 257)

    work = Background(make_all)
    for _ in range(2):
        manager = server.status()["manager_pid"]
        server.expected_exits += 1
        os.kill(manager, signal.SIGKILL)

        def is_back():
            try:
                return server.status()["manager_pid"] != manager
            except OSError:
                return False
        eventually(is_back, 15, "another manager")
    work.result()

    def all_there():
        try:
            found = [r["path"] for r in records(server, "?user=steady&limit=1000")]
        except OSError:
            return False
        return len(found) >= len(names) and found
    found = eventually(all_there, 15, "all records")
    assert sorted(found) == sorted(f"/{name}" for name in names), "each once"


def test_a_transfer_that_ends_with_the_server_is_recorded(start_server):
    server = start_server(plain_ftp=True)
    server.write_config(xferlog=server.folder / "state" / "xferlog")
    server.reload()
    server.add_user()
    control = server.login(tls=False)
    running = control.start("STOR cut")
    running.data.sendall(b"x" * 1000)
    eventually(lambda: any(s["transfer"] and s["transfer"]["bytes"] == 1000
                           for s in server.sessions()))
    server.terminate()
    (line,) = xferlog_lines(server)
    assert (line["path"], line["bytes"], line["end"]) == ("/cut", "1000", "i")


def test_old_records_are_pruned(start_server):
    server = start_server(plain_ftp=True, keep_transfers=2)
    server.add_user()
    with server.login(tls=False) as control:
        control.expect("MKD old", 257)
    eventually(lambda: records(server))
    eventually(lambda: not records(server), 10, "the record is pruned")


def test_without_keeping_there_are_no_records(start_server):
    server = start_server(plain_ftp=True, keep_transfers=0)
    server.write_config(xferlog=server.folder / "state" / "xferlog")
    server.reload()
    server.add_user("alice", PASSWORD)
    with server.login(tls=False) as control:
        control.upload("file", b"x")
    eventually(lambda: xferlog_lines(server))
    assert records(server) == []
