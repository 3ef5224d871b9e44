"""What 226 promises, and what a broken upload must not do: the old file stays, what has arrived is
kept and continued, two uploads never mix, a full disk leaves no ghost."""

import os
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import time
from pathlib import Path

import pytest

from sallyport_lab import clients
from sallyport_lab.clients import Target
from sallyport_lab.control import Background, Closed
from sallyport_lab.daemon import IS_ROOT, PASSWORD, SERVICE_USER
from sallyport_lab.faults import Faults
from sallyport_lab.wait import eventually

OLD = random.Random(1).randbytes(300_000)
NEW = random.Random(2).randbytes(900_000)
HALF = 500_000


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, uploads="atomic")
    server.add_user()
    server.expected_exits = 10
    return server


@pytest.fixture(scope="module")
def direct(start_module_server):
    server = start_module_server(plain_ftp=True, uploads="direct")
    server.add_user()
    return server


@pytest.fixture
def name(request):
    return re.sub(r"\W+", "-", request.node.name)[:80]


def login(server, tls):
    control = server.login(tls=tls)
    control.expect("TYPE I", 200)
    return control


def names_of(server):
    return sorted(os.listdir(server.home()))


def partial(server, name):
    return server.home() / f".{name}.sallyport-part"


def temporary(server, name):
    """The file that the running upload writes to: the hidden one, unless it is new and direct."""
    found = [n for n in names_of(server) if n == name or n.startswith(f".{name}.")]
    return server.home() / found[0] if found else None


def send_half(server, control, command, content=NEW[:HALF]):
    """A running upload of which the server has written that much."""
    running = control.start(command)
    running.data.sendall(content)
    path = command.split()[1]

    def has_it():
        found = temporary(server, path)
        return found and found.stat().st_size >= len(content)
    eventually(has_it, 10, "the server has written the first half")
    return running


def reset(sock):
    if isinstance(sock, ssl.SSLSocket):
        sock = socket.socket(fileno=sock.detach())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def end_plain(sock):
    """FIN without close_notify."""
    socket.socket(fileno=sock.detach()).close()


def kept_of(reply):
    found = re.search(r"(\d+) bytes are kept; resume with REST (\d+)", reply.text)
    assert found, reply
    assert found[1] == found[2]
    return int(found[1])


# --- the old content stays ------------------------------------------------------------------------


BREAKS = {
    "reset": lambda control, running: reset(running.data),
    "no-close-notify": lambda control, running: end_plain(running.data),
    "abor": lambda control, running: control.send("ABOR"),
}


@pytest.mark.sanitize
@pytest.mark.parametrize("how, tls", [("reset", False), ("reset", True), ("no-close-notify", True),
                                      ("abor", False), ("abor", True)])
def test_a_broken_overwrite_keeps_the_old_file_and_is_resumed(server, name, how, tls):
    file = server.put(name, OLD)
    before = file.stat()
    with login(server, tls) as control:
        running = send_half(server, control, f"STOR {name}")
        assert file.read_bytes() == OLD
        BREAKS[how](control, running)
        reply = control.expect_reply(426)
        if how == "abor":
            control.expect_reply(226)
        kept = kept_of(reply)
        assert kept == HALF
        after = file.stat()
        assert file.read_bytes() == OLD
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        assert partial(server, name).read_bytes() == NEW[:kept]
        assert control.expect(f"SIZE .{name}.sallyport-part", 213).text == f"213 {kept}"
        control.expect(f"REST {kept}", 350)
        control.upload(name, NEW[kept:])
    assert file.read_bytes() == NEW
    assert not partial(server, name).exists()


@pytest.mark.sanitize
def test_a_killed_worker_leaves_the_old_file_and_the_partial(server, name):
    file = server.put(name, OLD)
    with login(server, False) as control:
        running = send_half(server, control, f"STOR {name}")
        os.kill(server.worker_of(control), signal.SIGKILL)
        with pytest.raises(Closed):
            control.read_reply()
        running.data.close()
    assert file.read_bytes() == OLD
    with login(server, True) as control:
        control.expect("REST 400000", 350)
        control.upload(name, NEW[400_000:])
    assert file.read_bytes() == NEW
    assert not partial(server, name).exists()


@pytest.mark.sanitize
@pytest.mark.parametrize("mode", ["atomic", "direct"])
def test_a_broken_new_upload_is_continued_by_appe(server, direct, name, mode):
    server = direct if mode == "direct" else server
    with login(server, False) as control:
        reset(send_half(server, control, f"STOR {name}").data)
        assert kept_of(control.expect_reply(426)) == HALF
        assert (server.home() / name).exists() == (mode == "direct")
        assert control.expect(f"SIZE {name}", 213).text == f"213 {HALF}"
        control.upload(name, NEW[HALF:], verb="APPE")
    assert (server.home() / name).read_bytes() == NEW
    assert not partial(server, name).exists()


def test_partials_are_hidden_and_have_no_name_of_their_own(server, name):
    partial(server, name).write_bytes(b"kept")
    server._give(partial(server, name))
    hidden = f".{name}.sallyport-part"
    with login(server, False) as control:
        for command in ("LIST", "LIST -a", "NLST", "MLSD", f"NLST .{name}*"):
            assert not [x for x in control.listing(command) if "sallyport-part" in x], command
        for command in (f"RETR {hidden}", f"STOR {hidden}", f"APPE {hidden}", f"DELE {hidden}",
                        f"RNFR {hidden}", f"MKD {hidden}", f"MLST {hidden}", f"MDTM {hidden}",
                        f"SITE CHMOD 777 {hidden}", f"SITE CPFR {hidden}",
                        f"SITE SYMLINK {hidden} alias"):
            assert control.command(command).code == 553, command
        control.expect(f"RETR {name}", 550)
        control.expect("REST 5", 350)
        assert "REST 4" in control.expect(f"STOR {name}", 554).text
        control.expect(f"DELE {name}", 250)
        control.expect(f"SIZE {name}", 550)
    assert not partial(server, name).exists()


def test_a_directory_with_nothing_but_partials_can_be_removed(server):
    server.put("box/.lost.sallyport-part", b"kept")
    with login(server, False) as control:
        control.expect("RMD box", 250)
    assert not (server.home() / "box").exists()


def test_who_may_not_overwrite_cannot_continue_either(start_server):
    server = start_server(plain_ftp=True, uploads="atomic")
    server.add_user("alice", "correct horse battery", "--permissions", "list,upload")
    server.put("file", OLD)
    server.put(".file.sallyport-part", NEW[:10])
    with login(server, False) as control:
        control.expect("REST 10", 350)
        control.expect("STOR file", 550)
        control.expect("APPE file", 550)
    assert (server.home() / "file").read_bytes() == OLD


# --- clients that resume --------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(NEW)
    return path


def break_off(server, name, tls=True):
    with login(server, tls) as control:
        reset(send_half(server, control, f"STOR {name}").data)
        kept_of(control.expect_reply(426))


@pytest.mark.parametrize("old", [None, OLD[:1000]], ids=["new", "existing"])
def test_curl_resumes(server, name, source, old):
    if old is not None:
        server.put(name, old)
    break_off(server, name)
    curl, target = clients.Curl(), Target(server)
    curl.transfer(target, [(f'upload-file = "{source}"', f'url = "{curl.url(target, name)}"')],
                  'continue-at = "-"')
    assert (server.home() / name).read_bytes() == NEW


@pytest.mark.parametrize("old", [None, OLD[:1000]], ids=["new", "existing"])
def test_lftp_resumes(server, name, source, old):
    if old is not None:
        server.put(name, old)
    break_off(server, name)
    clients.Lftp().script(Target(server), f"put -c {source} -o {name}")
    assert (server.home() / name).read_bytes() == NEW


def test_ftplib_resumes(server, name, source):
    break_off(server, name)
    with clients.Ftplib().open(Target(server)) as ftp, open(source, "rb") as file:
        ftp.voidcmd("TYPE I")
        at = ftp.size(name)
        file.seek(at)
        ftp.storbinary(f"STOR {name}", file, rest=at)
    assert at == HALF
    assert (server.home() / name).read_bytes() == NEW


def test_a_client_that_believes_in_a_longer_old_file_is_refused(server, name):
    server.put(name, OLD * 2)
    break_off(server, name)
    with login(server, False) as control:
        control.expect(f"SIZE {name}", 213)
        control.expect(f"APPE {name}", 554)
    assert (server.home() / name).read_bytes() == OLD * 2


# --- replacing ------------------------------------------------------------------------------------


@pytest.mark.tsan
@pytest.mark.parametrize("mode", ["atomic", "direct"])
def test_uploads_at_the_same_time_never_mix(server, direct, name, mode):
    server = direct if mode == "direct" else server
    contents = [bytes([65 + i]) * (400_000 + i) for i in range(6)]

    def upload(content):
        with login(server, False) as control:
            control.upload(name, content)

    for _ in range(3):
        for one in [Background(upload, content) for content in contents]:
            one.result()
        assert (server.home() / name).read_bytes() in contents
    assert [n for n in names_of(server) if name in n] == [name]


def stop(pids):
    """Returns when no thread of these processes goes on: the signal takes its way through one."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)

    def are_stopped():
        states = [Path(task, "stat").read_text().rsplit(") ", 1)[1][0]
                  for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
        return set(states) == {"T"}
    eventually(are_stopped, 10, "all threads have stopped")


@pytest.mark.sanitize
@pytest.mark.parametrize("sent", [b"", b"the first part", bytes(200_000)],
                         ids=["nothing", "little", "much"])
@pytest.mark.parametrize("mode", ["atomic", "direct"])
def test_who_gives_up_and_closes_both_connections_has_not_ended_a_file(server, direct, name, mode,
                                                                       sent):
    """The end of a plain data connection is the end of the file, unless the client is gone."""
    server = direct if mode == "direct" else server
    file = server.put(name, OLD)
    with login(server, False) as control:
        session = server.session_of(control)["id"]
        worker = server.worker_of(control)
        pids = [w["pid"] for w in server.workers()]
        assert worker in pids
        address = control.epsv()
        try:
            stop(pids)
            with control.dial(address) as data:
                data.sendall(sent)
                control.send(f"STOR {name}")
            control.sock.close()
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
    server.log.wait_for(f" disconnected session={session} ")
    assert file.read_bytes() == OLD
    with login(server, False) as control:
        control.upload(name, NEW)
    assert file.read_bytes() == NEW


@pytest.mark.sanitize
@pytest.mark.parametrize("sent", [b"", b"the first part"], ids=["nothing", "little"])
@pytest.mark.parametrize("mode", ["atomic", "direct"])
def test_a_client_that_was_told_to_go_and_left_has_not_ended_a_file(server, direct, name, mode,
                                                                    sent):
    """The farewell is heard before the end of the data, and the client's end all the same."""
    server = direct if mode == "direct" else server
    file = server.put(name, OLD)
    with login(server, False) as control:
        session = server.session_of(control)["id"]
        pids = [w["pid"] for w in server.workers()]
        running = control.start(f"STOR {name}")
        try:
            stop(pids)
            server.cli("session", "kick", session)
            control.sock.close()
            running.data.sendall(sent)
            running.data.close()
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
    server.log.wait_for(f" disconnected session={session} ")
    assert file.read_bytes() == OLD


@pytest.mark.parametrize("sent", [b"", b"the first part"], ids=["nothing", "little"])
def test_the_plain_end_of_the_data_is_the_end_of_the_file(server, name, sent):
    """In clear nothing else tells the end of a file (RFC 959 3.4.1): as long as the client is
    there, whatever it closes next."""
    file = server.put(name, OLD)
    with login(server, False) as control:
        running = control.start(f"STOR {name}")
        running.data.sendall(sent)
        running.data.close()
        control.expect_reply(226)
    assert file.read_bytes() == sent


def test_urgent_data_does_not_cut_a_file_that_has_come_whole(direct, name):
    """A read stops at the urgent mark, also when the end of the connection is there already. The urgent
    byte itself is not in the stream (RFC 959 knows none on data connections)."""
    with login(direct, False) as control:
        address = control.epsv()
        pids = [w["pid"] for w in direct.workers()]
        try:
            stop(pids)
            with control.dial(address) as data:
                data.sendall(NEW[:1000])
                data.send(b"!", socket.MSG_OOB)
                data.sendall(NEW[1000:3000])
                control.send(f"STOR {name}")
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        control.expect_reply(150)
        control.expect_reply(226)
    assert (direct.home() / name).read_bytes() == NEW[:3000]


@pytest.mark.sanitize
def test_the_last_that_is_complete_wins(server, name):
    with login(server, False) as first, login(server, False) as second:
        one, two = first.start(f"STOR {name}"), second.start(f"STOR {name}")
        two.data.sendall(b"second")
        one.data.sendall(b"first")
        assert two.finish(b"!").code == 226
        assert (server.home() / name).read_bytes() == b"second!"
        assert one.finish(b"?").code == 226
    assert (server.home() / name).read_bytes() == b"first?"
    assert [n for n in names_of(server) if name in n] == [name]


def test_readers_see_the_old_file_or_the_new_one(server, name):
    file = server.put(name, OLD)
    seen, done = set(), []

    def read():
        while not done:
            seen.add(file.read_bytes())

    reader = Background(read)
    with login(server, False) as control:
        for number in range(30):
            control.upload(name, [NEW, OLD][number % 2])
    done.append(True)
    reader.result()
    assert seen <= {OLD, NEW}


def test_mode_and_owner_are_preserved(server, name):
    file = server.put(name, OLD)
    file.chmod(0o604)
    before = file.stat()
    with login(server, False) as control:
        control.upload(name, NEW)
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid,
                                                           before.st_gid)
    assert after.st_ino != before.st_ino
    assert file.read_bytes() == NEW


def test_uploads_into_a_renamed_home_stay_in_it(server, name):
    """The home's own descriptor serves for the names in it."""
    home = server.home()
    moved = home.with_name(home.name + "-moved")
    with login(server, False) as control:
        running = control.start(f"STOR {name}")
        running.data.sendall(NEW[:1000])
        os.rename(home, moved)
        try:
            assert running.finish(NEW[1000:]).code == 226
            control.upload(f"{name}-2", OLD)
            assert (moved / name).read_bytes() == NEW
            assert (moved / f"{name}-2").read_bytes() == OLD
        finally:
            os.rename(moved, home)


def test_a_parent_renamed_during_the_upload_takes_it_along(server):
    server.put("there/file", OLD)
    with login(server, False) as control, login(server, False) as other:
        running = control.start("STOR there/file")
        running.data.sendall(NEW[:1000])
        other.expect("RNFR there", 350)
        other.expect("RNTO elsewhere", 250)
        assert running.finish(NEW[1000:]).code == 226
    assert (server.home() / "elsewhere" / "file").read_bytes() == NEW


# --- no ghosts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["atomic", "direct"])
def test_nothing_arrives_and_nothing_is_left(server, direct, name, mode):
    server = direct if mode == "direct" else server
    with login(server, False) as control:
        running = control.start(f"STOR {name}")
        control.send("ABOR")
        assert "Nothing of it is kept" in control.expect_reply(426).text
        control.expect_reply(226)
        running.data.close()
        reset(control.start(f"STOR {name}").data)
        control.expect_reply(426)
    assert [n for n in names_of(server) if name in n] == []


@pytest.fixture
def small_disk(start_server):
    """Two megabytes for the homes, in a mount namespace of the server's own."""
    if not IS_ROOT or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        pytest.skip("only root can mount a small disk")

    def prepare(server):
        server.wrapper = ["unshare", "-m", "--propagation", "private", "sh", "-c",
                          f'mount -t tmpfs -o size=2m,mode=755 tmpfs {server.data_root} && '
                          f'mkdir {server.data_root}/alice && '
                          f'chown -R {SERVICE_USER}: {server.data_root} && exec "$0" "$@"']
    server = start_server(prepare, plain_ftp=True, uploads="atomic")
    server.cli("user", "add", "alice", "--password-stdin", text="correct horse battery\n")
    server.inside = f"/proc/{server.process.pid}/root{server.home()}"
    return server


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_full_disk_loses_nothing(small_disk, tls):
    server = small_disk
    with login(server, tls) as control:
        control.upload("old", OLD)
        for target in ("old", "new"):
            done = control.transfer(f"STOR {target}", bytes(4_000_000))
            assert done.code == 452, done.final
            figures = re.search(r"(\d+) bytes were written, (\d+) are free now", done.final.text)
            assert int(figures[1]) > 0 and int(figures[2]) > 1_000_000, done.final
        assert os.listdir(server.inside) == ["old"]
        control.upload("small", b"fits again")
        assert control.download("old") == OLD
        control.expect("NOOP", 200)


# --- durability -----------------------------------------------------------------------------------


@pytest.fixture
def faulty(start_server, tmp_path):
    if "asan" in os.environ.get("SALLYPORT_BUILD", "") or "tsan" in os.environ.get(
            "SALLYPORT_BUILD", ""):
        pytest.skip("a sanitizer wants to be the first library")
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    faults = Faults(tmp_path / "plan")

    def start(**settings):
        server = start_server(lambda s: s.environment.update(faults.environment), plain_ftp=True,
                              **({"uploads": "atomic"} | settings))
        server.add_user()
        return server, faults
    return start


def test_226_comes_after_the_disk_has_it(faulty):
    server, faults = faulty(durability="fsync")
    with login(server, False) as control:
        control.upload("new", OLD)
        assert faults.seen("fsync") == 2  # the file, its directory
        control.upload("new", NEW)
        assert faults.seen("fsync") == 4
        faults.arm("fsync", "EIO", 1)
        assert control.transfer("STOR new", OLD).code == 451
        assert faults.disarm() == 1
    assert (server.home() / "new").read_bytes() == NEW
    assert names_of(server) == ["new"]


def test_without_durability_nothing_waits_for_the_disk(faulty):
    server, faults = faulty()
    with login(server, False) as control:
        control.upload("new", OLD)
    assert faults.seen("fsync") == 0 and faults.seen("write") > 0


# --- leftovers ------------------------------------------------------------------------------------


def test_storage_check_lists_and_cleans(start_server):
    server = start_server(plain_ftp=True, uploads="atomic")
    server.add_user()
    server.put(".young.sallyport-part", b"12345")
    old = [server.put(".old.sallyport-part", b"123"),
           server.put("deep/.x.00000001.sallyport-temp", b"1")]
    ten_days_ago = time.time() - 10 * 86400
    for path in old:
        os.utime(path, (ten_days_ago, ten_days_ago))
    with login(server, False) as control:
        running = send_half(server, control, "STOR busy")
        found = server.cli_json("storage", "check")
        states = {os.path.basename(x["path"]): (x["kind"], x["state"], x["bytes"])
                  for x in found["leftovers"]}
        assert states == {
            ".young.sallyport-part": ("partial", "kept", 5),
            ".old.sallyport-part": ("partial", "expired", 3),
            ".x.00000001.sallyport-temp": ("temporary", "expired", 1),
            ".busy.sallyport-part": ("partial", "in use", HALF)}
        assert found["found"] == 4 and found["removed"] == 0
        assert "4 found" in server.cli("storage", "check").stdout
        assert server.cli_json("storage", "check", "--clean")["removed"] == 2
        assert running.finish(NEW[HALF:]).code == 226
    assert (server.home() / "busy").read_bytes() == NEW
    assert names_of(server) == [".young.sallyport-part", "busy", "deep"]


def test_the_server_removes_what_has_expired(start_server):
    server = start_server(plain_ftp=True, uploads="atomic", partial_max_age=1)
    server.add_user()
    path = server.put(".old.sallyport-part", b"123")
    eventually(lambda: not path.exists(), 10, "the partial has expired")
    server.log.wait_for("partial-expired")


def test_leftovers_in_extra_data_roots_are_found_once_and_removed(start_server):
    def prepare(server):
        for name in ("far", "far/home", "far/folder"):
            (server.folder / name).mkdir()
            server._give(server.folder / name)
        server.write_config(extra_data_roots=f"{server.folder / 'far'}, {server.folder / 'far/home'}",
                            partial_max_age=1000)

    server = start_server(prepare, plain_ftp=True)
    far = server.folder / "far"
    server.add_user("alice", PASSWORD, "--folder", f"/share={far / 'folder'}")
    server.cli("user", "add", "bob", "--home", far / "home", "--password-stdin",
               text=PASSWORD + "\n")
    left = [server.put(path, b"123") for path in (
        far / "home/.a.sallyport-part", far / "folder/.b.sallyport-part")]
    found = server.cli_json("storage", "check")
    assert sorted(x["path"] for x in found["leftovers"]) == sorted(map(str, left))
    server.write_config(partial_max_age=1)
    server.reload()
    eventually(lambda: not any(x.exists() for x in left), 10, "the partials have expired")
