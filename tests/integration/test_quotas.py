"""Quotas: bytes and files per user, group and virtual folder, exact whatever sessions do at the same
time, whatever dies, and told with figures."""

import http.client
import os
import random
import re
import signal
import socket
import struct
import subprocess

import pytest

from sallyport_lab.control import Background, Closed, Refused, Reply
from sallyport_lab.daemon import PASSWORD, SALLYPORT
from sallyport_lab.wait import eventually


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, uploads="direct", failed_login_delay=0,
                                 passive_ports=20)
    server.expected_exits = 20
    return server


@pytest.fixture(scope="module")
def atomic(start_module_server):
    return start_module_server(plain_ftp=True, uploads="atomic", failed_login_delay=0,
                                 passive_ports=20)


@pytest.fixture
def name(request):
    return re.sub(r"\W+", "-", request.node.name)[:60]


def login(server, user, **options):
    control = server.login(user, tls=False, **options)
    control.expect("TYPE I", 200)
    return control


def walk(*paths):
    """(bytes, files) that are really there."""
    total = files = 0
    for path in paths:
        for folder, _, names in os.walk(path):
            for name in names:
                file = os.path.join(folder, name)
                if not os.path.islink(file):
                    total += os.path.getsize(file)
                    files += 1
    return total, files


def pair(usage):
    return usage and (usage["bytes"], usage["files"])


def figures(server):
    """{(kind, name, folder): (bytes, files)}"""
    code, answer = server.request("GET", "/quotas", timeout=60)
    assert code == 200, answer
    return {(q["kind"], q["name"], q["folder"]): pair(q["used"]) for q in answer["quotas"]}


def used(server, user):
    return figures(server)["user", user, None]


def recount(server, **who):
    code, answer = server.request("POST", "/quotas/recount", who or {}, timeout=60)
    assert code == 200, answer
    return answer["quotas"]


def assert_exact(server, user):
    """What the server has counted is what is there, and a recount changes nothing."""
    there = walk(server.home(user))
    assert used(server, user) == there
    item, = recount(server, user=user)
    assert pair(item["before"]) == pair(item["used"]) == there
    return there


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# --- one user -------------------------------------------------------------------------------------


@pytest.mark.sanitize
def test_bytes_end_at_the_quota_and_the_session_goes_on(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "100000")
    with login(server, name) as control:
        control.upload("a", bytes(60_000))
        reply = control.transfer("STOR b", bytes(60_000)).final
        assert reply.code == 552 and "of 100000 bytes" in reply.text, reply
        assert walk(server.home(name))[0] <= 100_000
        assert control.expect("NOOP", 200)
        control.command("DELE b")
        control.upload("b", bytes(40_000))
        assert control.expect("AVBL", 213).text == "213 0"
        # Nothing fits: the client hears of it before it sends.
        with pytest.raises(Refused) as refused:
            control.start("STOR c")
        text = str(refused.value)
        assert text.startswith("552") and "100000 of 100000 bytes" in text, text
        assert "0 bytes are left" in text and "[D-89]" in text
        assert control.expect("ALLO 1", 552)
        control.expect("DELE a", 250)
        assert control.expect("AVBL", 213).text == "213 60000"
        control.upload("c", bytes(60_000))
    assert assert_exact(server, name) == (100_000, 2)


@pytest.mark.sanitize
def test_files_end_at_the_quota(server, name):
    server.add_user(name, PASSWORD, "--quota-files", "3")
    with login(server, name) as control:
        for file in "abc":
            control.upload(file, b"x")
        assert control.transfer("STOR d", b"x").code == 552
        assert control.transfer("STOU", b"x").code == 552
        control.expect("SITE CPFR a", 350)
        reply = control.expect("SITE CPTO d", 552)
        assert "3 of 3 files" in reply.text
        control.expect("MKD folder", 257)  # directories are no files
        control.upload("a", b"yy")  # the same file
        control.expect("RNFR a", 350)
        control.expect("RNTO b", 250)
        control.upload("d", b"x")
    assert assert_exact(server, name) == (4, 3)


@pytest.mark.sanitize
@pytest.mark.parametrize("mode", ["direct", "atomic"])
def test_overwriting_counts_the_difference(server, atomic, name, mode):
    server = {"direct": server, "atomic": atomic}[mode]
    server.add_user(name, PASSWORD, "--quota-bytes", "100000", "--quota-files", "1")
    with login(server, name) as control:
        control.upload("a", bytes(90_000))
        control.upload("a", bytes(100_000))
        control.upload("a", bytes(70_000))
        assert assert_exact(server, name) == (70_000, 1)
        assert control.transfer("STOR a", bytes(100_001)).code == 552
        assert (server.home(name) / "a").stat().st_size == 70_000, "the old one stays"
        assert assert_exact(server, name) == (70_000, 1)
        control.upload("a", b"")
    assert assert_exact(server, name) == (0, 1)


@pytest.mark.sanitize
@pytest.mark.parametrize("mode", ["direct", "atomic"])
def test_appending_and_resuming_count_what_grows(server, atomic, name, mode):
    server = {"direct": server, "atomic": atomic}[mode]
    server.add_user(name, PASSWORD, "--quota-bytes", "100000")
    with login(server, name) as control:
        control.upload("a", bytes(50_000))
        control.upload("a", bytes(20_000), verb="APPE")
        assert assert_exact(server, name) == (70_000, 1)
        control.expect("REST 60000", 350)
        control.upload("a", bytes(40_000))
        assert assert_exact(server, name) == (100_000, 1)
        assert control.transfer("APPE a", b"x").code == 552
        control.expect("RANG 10 99", 350)
        control.upload("a", b"y" * 90)
        assert assert_exact(server, name) == (100_000, 1)
        control.expect("REST 10", 350)
        control.upload("a", bytes(10))
        assert assert_exact(server, name) == (20, 1)
        assert control.transfer("APPE a", bytes(100_000)).code == 552
    there = assert_exact(server, name)
    assert there[0] <= 100_000


@pytest.mark.sanitize
@pytest.mark.parametrize("mode", ["direct", "atomic"])
def test_what_is_kept_of_a_broken_upload_counts_until_it_is_gone(server, atomic, name, mode):
    server = {"direct": server, "atomic": atomic}[mode]
    server.add_user(name, PASSWORD, "--quota-bytes", "100000", "--quota-files", "2")
    with login(server, name) as control:
        control.upload("a", bytes(20_000))
        running = control.start("STOR a")
        running.data.sendall(bytes(50_000))
        eventually(lambda: walk(server.home(name)) == (70_000, 2), 5)
        assert used(server, name) == (70_000, 2), "while it runs"
        reset(running.data)
        control.expect_reply(426)
        assert assert_exact(server, name) == (70_000, 2)
        control.expect("REST 50000", 350)
        control.upload("a", bytes(50_000))
        assert assert_exact(server, name) == (100_000, 1)
        control.expect("DELE a", 250)
        assert assert_exact(server, name) == (0, 0)
        running = control.start("STOR b")
        running.data.sendall(bytes(1000))
        reset(running.data)
        control.expect_reply(426)
        assert_exact(server, name)
        control.command("DELE b")
    assert assert_exact(server, name) == (0, 0)


@pytest.mark.sanitize
def test_removing_gives_back_all_that_was_in_it(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "100000")
    with login(server, name) as control:
        control.expect("SITE MKDIR -p d/e/f", 200)
        control.upload("d/a", bytes(10_000))
        control.upload("d/e/b", bytes(20_000))
        control.upload("d/e/f/c", bytes(70_000))
        assert control.transfer("STOR x", b"x").code == 552
        control.expect("SITE RMDIR -r d/e", 200)
        assert assert_exact(server, name) == (10_000, 1)
        control.expect("SITE CPFR d/a", 350)
        control.expect("SITE CPTO d/b", 250)
        assert assert_exact(server, name) == (20_000, 2)
        control.expect("SITE CPFR d/a", 350)
        control.expect("SITE CPTO d/b", 250)
        assert assert_exact(server, name) == (20_000, 2)


def test_a_deleted_file_that_grows_costs_nothing(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "100000")
    with login(server, name) as one, login(server, name) as other:
        running = one.start("STOR a")
        running.data.sendall(bytes(50_000))
        eventually(lambda: walk(server.home(name))[0] == 50_000, 5)
        other.expect("DELE a", 250)
        assert used(server, name) == (0, 0)
        assert running.finish(bytes(30_000)).code == 226
    assert assert_exact(server, name) == (0, 0)


def test_a_link_leads_to_the_quota_of_the_place_that_it_leads_to(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "1000")
    with login(server, name) as control:
        control.expect("MKD d", 257)
        control.expect("SITE SYMLINK d l", 200)
        control.upload("l/a", bytes(600))
        assert control.transfer("STOR l/b", bytes(600)).code == 552
        control.expect("DELE l/a", 250)
    assert_exact(server, name)


# --- several --------------------------------------------------------------------------------------


@pytest.mark.sanitize
def test_a_group_shares_its_quota(server, name):
    server.cli("group", "add", name, "--quota-bytes", "100000")
    users = [f"{name}-{i}" for i in range(4)]
    for user in users:
        server.add_user(user, PASSWORD, "--group", name)

    def fill(user):
        with login(server, user) as control:
            return [control.transfer(f"STOR f{i}", bytes(7_000)).code for i in range(10)]

    codes = [code for running in [Background(fill, user) for user in users]
             for code in running.result()]
    homes = [server.home(user) for user in users]
    assert set(codes) == {226, 552}
    there = walk(*homes)
    assert figures(server)["group", name, None] == there
    assert 93_000 < there[0] <= 100_000
    item, = recount(server, group=name)
    assert pair(item["before"]) == pair(item["used"]) == there
    # Somebody leaves, and takes the files along.
    left = walk(homes[0])
    server.cli("user", "set", users[0], "--group", "")
    assert figures(server)["group", name, None] == (there[0] - left[0], there[1] - left[1])
    with login(server, users[1]) as control:
        room = int(control.expect("AVBL", 213).text.split()[1])
        assert room == 100_000 - there[0] + left[0]


def test_the_reply_names_the_quota_that_is_in_the_way(atomic, name):
    server = atomic
    server.cli("group", "add", name, "--quota-bytes", "1000", "--quota-files", "3")
    server.add_user(name, PASSWORD, "--group", name, "--quota-bytes", "700")
    with login(server, name) as control:
        control.upload("a", bytes(600))
        for command, size in (("STOR b", 101), ("STOR a", 701), ("APPE a", 101)):
            assert f"user {name} is in the way: 600 of 700 bytes" in \
                control.transfer(command, bytes(size)).final.text
        control.upload("b", bytes(50))
        control.upload("c", bytes(49))
        files = f"group {name} is in the way: 699 of 1000 bytes and 3 of 3 files"
        assert files in control.transfer("STOR d", b"").final.text
        control.expect("SITE CPFR c", 350)
        assert files in control.expect("SITE CPTO d", 552).text
        # Here files are missing as well, but not for this.
        assert f"user {name} is in the way: 699 of 700 bytes" in \
            control.transfer("STOR c", bytes(51)).final.text


@pytest.mark.sanitize
def test_a_folder_has_its_own_quota(server, name):
    folder = server.put("share", None, user=f"{name}-common")
    for user in (f"{name}-1", f"{name}-2"):
        server.add_user(user, PASSWORD, "--quota-bytes", "50000",
                        "--folder", f"/share={folder}:quota=20000:files=3")
    with login(server, f"{name}-1") as one, login(server, f"{name}-2") as two:
        one.upload("share/a", bytes(15_000))
        reply = two.transfer("STOR share/b", bytes(15_000)).final
        assert reply.code == 552 and "of 20000 bytes" in reply.text and "folder" in reply.text
        assert two.expect("AVBL /share", 213).text.split()[1] != "50000"
        one.upload("own", bytes(50_000))
        two.command("DELE share/b")
        two.upload("share/b", bytes(5_000))
    assert walk(folder)[0] == 20_000
    assert figures(server)["folder", f"{name}-1", "/share"] == walk(folder)
    assert used(server, f"{name}-1") == walk(server.home(f"{name}-1"))


def test_moving_between_trees_moves_the_figures(server, name):
    """The administrator's home holds those of two users with quotas of their own."""
    root = server.data_root / name
    for user in ("a", "b"):
        server.add_user(f"{name}-{user}", PASSWORD, "--home", f"{name}/{user}",
                        "--quota-bytes", "100000")
    server.add_user(f"{name}-all", PASSWORD, "--home", name, "--quota-bytes", "150000")
    with login(server, f"{name}-a") as a, login(server, f"{name}-b") as b, \
            login(server, f"{name}-all") as both:
        a.upload("x", bytes(60_000))
        a.expect("MKD d", 257)
        a.upload("d/y", bytes(20_000))
        b.upload("z", bytes(30_000))

        def check():
            for user, home in (("a", root / "a"), ("b", root / "b"), ("all", root)):
                assert used(server, f"{name}-{user}") == walk(home), user
        check()
        both.expect("RNFR a/x", 350)
        both.expect("RNTO b/x", 250)
        check()
        both.expect("RNFR a/d", 350)
        both.expect("RNTO b/d", 250)
        check()
        both.expect("RNFR b/x", 350)
        both.expect("RNTO b/d/y", 250)
        check()
        both.expect("RNFR b/d", 350)
        both.expect("RNTO d", 250)
        check()
        assert both.transfer("STOR big", bytes(100_000)).code == 552
        both.command("DELE big")
        check()
    for user in ("a", "b", "all"):
        item, = recount(server, user=f"{name}-{user}")
        assert item["before"] == item["used"]


def test_a_directory_does_not_move_under_an_upload(server, name):
    server.add_user(f"{name}-a", PASSWORD, "--home", f"{name}/a", "--quota-bytes", "100000")
    server.add_user(f"{name}-all", PASSWORD, "--home", name)
    with login(server, f"{name}-a") as a, login(server, f"{name}-all") as both:
        a.expect("MKD d", 257)
        running = a.start("STOR d/x")
        running.data.sendall(bytes(1000))
        eventually(lambda: walk(server.data_root / name)[0] == 1000, 5)
        both.expect("RNFR a/d", 350)
        both.expect("RNTO d", 450)
        # A file may: its upload goes on at its new place, at whose cost it is.
        both.expect("RNFR a/d/x", 350)
        both.expect("RNTO x", 250)
        assert used(server, f"{name}-a") == (0, 0)
        assert running.finish(bytes(1000)).code == 226
        assert walk(server.data_root / name) == (2000, 1)
        both.expect("RNFR x", 350)
        both.expect("RNTO a/x", 250)
    assert used(server, f"{name}-a") == (2000, 1)


# --- what changes beside the sessions -------------------------------------------------------------


@pytest.mark.sanitize
def test_a_recount_finds_what_others_have_changed(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "100000")
    with login(server, name) as control:
        control.upload("a", bytes(1000))
        server.put("local", bytes(5000), user=name)
        assert used(server, name) == (1000, 1)
        text = server.cli("quota", "recount", name).stdout
        assert re.search(rf"{name} +1000 B +1 +\S+ \S+ +2", text), text
        assert used(server, name) == (6000, 2)
        assert control.expect("AVBL", 213).text == "213 94000"
    assert name in server.cli("quota", "list").stdout
    assert server.request("POST", "/quotas/recount", {"user": "nobody"})[0] == 404
    assert server.request("POST", "/quotas/recount", {"user": "a", "group": "b"})[0] == 422


def test_a_recount_counts_running_uploads_once(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "10000000")
    with login(server, name) as control:
        running = control.start("STOR a")
        sent = 0
        for _ in range(30):
            running.data.sendall(bytes(10_000))
            sent += 10_000
            recount(server, user=name)
        eventually(lambda: walk(server.home(name))[0] == sent, 5)
        assert used(server, name) == (sent, 1)
        assert running.finish(b"1").code == 226
    assert assert_exact(server, name) == (sent + 1, 1)


def test_a_killed_worker_leaves_exact_figures(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "1000000")
    with login(server, name) as control, login(server, name) as other:
        other.upload("done", bytes(5000))
        running = control.start("STOR a")
        running.data.sendall(bytes(70_000))
        eventually(lambda: walk(server.home(name))[0] == 75_000, 5)
        pids = {w["pid"] for w in server.workers()}
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises((Closed, OSError)):
            running.finish(b"")
    eventually(lambda: len({w["pid"] for w in server.workers()} - pids) == 2, 10)
    assert assert_exact(server, name) == (75_000, 2)
    with login(server, name) as control:
        assert control.expect("AVBL", 213).text == "213 925000"
        control.expect("REST 70000", 350)
        control.upload("a", bytes(30_000))
    assert assert_exact(server, name) == (105_000, 2)


def is_dead(pid):
    """Also when nobody has buried it."""
    return open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0] == "Z"


def test_who_asks_while_no_worker_lives_gets_the_figures_of_the_next_one(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "1000000")
    with login(server, name) as control:
        control.upload("a", bytes(5000))
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        for worker in server.workers():
            os.kill(worker["pid"], signal.SIGKILL)
            eventually(lambda pid=worker["pid"]: is_dead(pid), 10, "the worker is dead")
        answer = Background(used, server, name)
        with pytest.raises(AssertionError):
            answer.result(0.5)  # there is nobody who could tell
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert answer.result(30) == (5000, 1)


def test_a_manager_that_has_just_started_has_figures(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "1000000")

    def ask():
        try:
            return figures(server)
        except (OSError, http.client.HTTPException):
            return None  # it is not there yet
    for _ in range(3):
        os.kill(server.status()["manager_pid"], signal.SIGKILL)
        assert None not in eventually(ask, 20, "the next manager answers").values()


def test_a_quota_that_comes_during_an_upload_counts_it(start_server):
    server = start_server(plain_ftp=True)
    server.add_user("alice", PASSWORD)
    with login(server, "alice") as control:
        running = control.start("STOR a")
        running.data.sendall(bytes(10_000))
        server.cli("user", "set", "alice", "--quota-bytes", "50000")
        eventually(lambda: walk(server.home("alice"))[0] == 10_000, 5)
        with login(server, "alice") as other:
            assert other.expect("AVBL", 213).text == "213 40000"
            assert running.finish(bytes(5_000)).code == 226
            assert other.expect("AVBL", 213).text == "213 35000"
    assert assert_exact(server, "alice") == (15_000, 1)


def test_what_the_housekeeping_removes_is_given_back(start_server):
    server = start_server(plain_ftp=True, uploads="atomic", partial_max_age=3)
    server.add_user("alice", PASSWORD, "--quota-bytes", "50000")
    with login(server, "alice") as control:
        running = control.start("STOR a")
        running.data.sendall(bytes(10_000))
        reset(running.data)
        control.expect_reply(426)
        assert control.expect("AVBL", 213).text != "213 50000"
        eventually(lambda: control.expect("AVBL", 213).text == "213 50000", 20)
    assert assert_exact(server, "alice") == (0, 0)


def test_what_the_command_line_removes_is_counted_anew(start_server):
    server = start_server(plain_ftp=True, uploads="atomic", partial_max_age=86400)
    server.add_user("alice", PASSWORD, "--quota-bytes", "50000")
    with login(server, "alice") as control:
        running = control.start("STOR a")
        running.data.sendall(bytes(10_000))
        reset(running.data)
        control.expect_reply(426)
        assert used(server, "alice")[1] == 1
        partial = server.home("alice") / ".a.sallyport-part"
        os.utime(partial, (0, 0))
        server.cli("storage", "check", "--clean")
        assert not partial.exists()
        assert control.expect("AVBL", 213).text == "213 50000"
    assert assert_exact(server, "alice") == (0, 0)


# --- many at once ---------------------------------------------------------------------------------


class Monkey:
    """A session that does things at random with names that all others have as well."""

    NAMES = [f"{d}{n}" for d in ("", "d1/", "d2/", "d1/e/", "share/") for n in "abc"]
    DIRECTORIES = ["d1", "d2", "d1/e", "d3"]

    def __init__(self, server, user, number, is_admin):
        self.server, self.user, self.is_admin = server, user, is_admin
        # Thousands of data connections would use up the ports of one address.
        self.source = f"127.0.1.{1 + 10 * int(user[1:]) + number if not is_admin else 100 + number}"
        self.rng = random.Random(f"{user}-{number}")
        self.codes = {}
        self.survives = False  # the death of its worker

    def name(self):
        prefix = self.rng.choice(("u0/", "u1/", "u1/u2/", "")) if self.is_admin else ""
        return prefix + self.rng.choice(self.NAMES)

    def directory(self):
        prefix = self.rng.choice(("u0/", "u1/", "u1/u2/", "")) if self.is_admin else ""
        return prefix + self.rng.choice(self.DIRECTORIES)

    def content(self):
        return bytes(self.rng.choice((0, 1, 100, 5_000, 40_000, self.rng.randrange(60_000))))

    def note(self, what, reply):
        key = what, reply.code
        self.codes[key] = self.codes.get(key, 0) + 1

    def run(self, count):
        steps = [self.store] * 6 + [self.append, self.resume, self.patch, self.break_off,
                                    self.delete, self.delete, self.rename, self.rename,
                                    self.copy, self.make, self.remove, self.unique]
        while count > 0:
            try:
                with login(self.server, self.user, source=self.source) as self.control:
                    while count > 0:
                        count -= 1
                        self.rng.choice(steps)()
            except (Closed, OSError):
                if not self.survives:
                    raise
                self.note("lost", Reply(0, []))
        return self.codes

    def transfer(self, command):
        self.note(command.split()[0], self.control.transfer(command, self.content()).final)

    def store(self):
        self.transfer(f"STOR {self.name()}")

    def append(self):
        self.transfer(f"APPE {self.name()}")

    def resume(self):
        self.control.expect(f"REST {self.rng.randrange(5_000)}", 350)
        self.transfer(f"STOR {self.name()}")

    def patch(self):
        first = self.rng.randrange(3_000)
        self.control.expect(f"RANG {first} {first + self.rng.randrange(3_000)}", 350)
        self.transfer(f"STOR {self.name()}")

    def unique(self):
        self.transfer("STOU")

    def break_off(self):
        try:
            running = self.control.start(f"STOR {self.name()}")
        except Refused as refusal:
            self.note("broken", refusal.reply)
            return
        try:
            running.data.sendall(self.content())
            reset(running.data)
        except OSError:
            running.data.close()
        self.note("broken", self.control.read_reply())

    def delete(self):
        self.note("DELE", self.control.command(f"DELE {self.name()}"))

    def rename(self):
        pick = self.directory if self.rng.random() < 0.3 else self.name
        reply = self.control.command(f"RNFR {pick()}")
        self.note("RNFR", reply)
        if reply.code == 350:
            self.note("RNTO", self.control.command(f"RNTO {pick()}"))

    def copy(self):
        reply = self.control.command(f"SITE CPFR {self.name()}")
        self.note("CPFR", reply)
        if reply.code == 350:
            self.note("CPTO", self.control.command(f"SITE CPTO {self.name()}"))

    def make(self):
        self.note("MKDIR", self.control.command(f"SITE MKDIR -p {self.directory()}"))

    def remove(self):
        self.note("RMDIR", self.control.command(f"SITE RMDIR -r {self.directory()}"))


def crowd(server, count_each, killer=None):
    """20 sessions of four users: nested homes, one group, a folder of all, one who sees all."""
    folder = server.put("share", None, user="crowd-common")
    share = f"/share={folder}:quota=200000:files=4"
    server.cli("group", "add", "crowd", "--quota-bytes", "900000", "--quota-files", "40")
    for i, home in enumerate(("crowd/u0", "crowd/u1", "crowd/u1/u2")):
        server.add_user(f"u{i}", PASSWORD, "--home", home, "--group", "crowd",
                        "--quota-bytes", "400000", "--quota-files", "20", "--folder", share)
    server.add_user("all", PASSWORD, "--home", "crowd", "--folder", share)
    monkeys = [Monkey(server, user, number, user == "all")
               for user in ("u0", "u1", "u2", "all") for number in range(5)]
    for monkey in monkeys:
        monkey.survives = killer is not None
    codes = {}
    crowd_runs = [Background(monkey.run, count_each) for monkey in monkeys]
    if killer:
        killer()
    for running in crowd_runs:
        for key, n in running.result(280).items():
            codes[key] = codes.get(key, 0) + n
    # Somebody has removed the directory, and with it the file that was being written.
    odd = [x for x in server.log.find("local-error|quota-uncounted") if "Stale" not in x]
    assert not odd, odd[:5]
    return folder, codes


@pytest.mark.timeout(400)
@pytest.mark.parametrize("uploads", ["direct", "atomic"])
def test_figures_are_exact_after_ten_thousand_operations_of_twenty_sessions(start_server, uploads):
    server = start_server(plain_ftp=True, uploads=uploads, passive_ports=30)
    folder, codes = crowd(server, 500)
    # They are known, and a recount, which looks at the disk, says the same.
    for item in recount(server):
        assert item["before"] and item["before"] == item["used"], item
    assert_crowd_is_exact(server, folder)
    assert codes["STOR", 226] > 500 and codes["STOR", 552] > 10, codes
    assert codes.get(("RNTO", 250), 0) > 50 and codes.get(("CPTO", 250), 0) > 10, codes


@pytest.mark.timeout(400)
def test_figures_are_exact_when_workers_are_killed_all_the_while(start_server):
    server = start_server(plain_ftp=True, uploads="direct", passive_ports=30)
    server.expected_exits = 100

    def kill_workers():
        for _ in range(12):
            pids = eventually(lambda: [w["pid"] for w in server.workers()], 20)
            os.kill(random.choice(pids), signal.SIGKILL)
            eventually(lambda: len(server.workers()) == 2 and not
                       {w["pid"] for w in server.workers()} <= set(pids), 20)

    folder, codes = crowd(server, 150, kill_workers)
    eventually(lambda: not server.sessions(), 20)
    assert_crowd_is_exact(server, folder)
    assert codes["lost", 0] >= 12 and codes["STOR", 226] > 100, codes


def assert_crowd_is_exact(server, folder):
    root = server.data_root / "crowd"
    now = figures(server)
    assert now["user", "u0", None] == walk(root / "u0")
    assert now["user", "u1", None] == walk(root / "u1")
    assert now["user", "u2", None] == walk(root / "u1" / "u2")
    assert now["group", "crowd", None] == walk(root / "u0", root / "u1")
    assert now["folder", "u0", "/share"] == walk(folder)
    for item in recount(server):
        assert item["before"] == item["used"], item
    # All have the folder's quota; the administrator has no other one, and may fill up the homes.
    assert walk(folder)[0] <= 200_000 and walk(folder)[1] <= 4


def test_nothing_exceeds_a_quota_that_many_fill(server, name):
    server.add_user(name, PASSWORD, "--quota-bytes", "300000", "--quota-files", "15")
    most = [(0, 0)]

    def fill(number):
        rng = random.Random(number)
        with login(server, name) as control:
            for _ in range(40):
                control.transfer(f"STOR f{rng.randrange(20)}", bytes(rng.randrange(50_000)))
                now = used(server, name)
                most.append(now)

    for running in [Background(fill, number) for number in range(8)]:
        running.result(120)
    there = assert_exact(server, name)
    assert there[0] <= 300_000 and there[1] <= 15, there


def test_the_command_line_needs_no_figures_to_speak(server):
    done = subprocess.run([SALLYPORT, "--config", server.config, "quota", "recount", "x", "--group",
                           "y"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "not both" in done.stderr
