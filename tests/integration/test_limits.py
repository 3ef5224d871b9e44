"""Limits: bandwidth, sessions, size of uploads, the slowest transfer; and what clients are told."""

import contextlib
import os
import socket
import threading
import time

import pytest

from sallyport_lab.control import Background, Refused
from sallyport_lab.daemon import PASSWORD
from sallyport_lab.wait import eventually

RATE = 400_000
LIMITS = ["session_upload_rate", "session_download_rate", "user_upload_rate",
          "user_download_rate", "user_sessions", "upload_size", "min_rate"]


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True, failed_login_delay=0, min_rate_time=1,
                                 max_login_attempts=10)
    server.add_user("free")
    server.put("large", os.urandom(1 << 20) * 16, "free")
    return server


def add_user(server, name, *options):
    server.add_user(name, PASSWORD, *options)
    target = server.home(name) / "large"
    os.link(server.home("free") / "large", target)
    return name


def pull(running, seconds, begin):
    """Reads a download until `seconds` after begin; returns (bytes, times of pieces)."""
    running.data.settimeout(0.5)
    total, times = 0, []
    while time.monotonic() < begin + seconds:
        try:
            piece = running.data.recv(65536)
        except TimeoutError:
            continue
        assert piece, "the file was long enough"
        total += len(piece)
        times.append((time.monotonic() - begin, len(piece)))
    return total, times


def start_all(server, user, commands, tls=False, **options):
    controls = [server.login(user, tls=tls, **options) for _ in commands]
    for control in controls:
        control.expect("TYPE I", 200)
    return [control.start(command) for control, command in zip(controls, commands)]


def end_all(running):
    for one in running:
        one.data.close()
        one.control.sock.close()


def measure_downloads(server, user, n, seconds, tls=False):
    """Bytes per second of each of n downloads, after a second in which they get going."""
    return rates_of(start_all(server, user, ["RETR large"] * n, tls), seconds)


def rates_of(running, seconds):
    """Reads for a second more, in which what has gathered in the sockets comes."""
    begin = time.monotonic()
    pulls = [Background(pull, one, 1 + seconds, begin) for one in running]
    pieces = [one.result(seconds + 30)[1] for one in pulls]
    end_all(running)
    return [sum(length for at, length in times if at > 1) / seconds for times in pieces]


def feed(running, stop):
    running.data.settimeout(0.2)
    while not stop.is_set():
        try:
            running.data.send(bytes(16384))
        except TimeoutError:
            continue
        except OSError:
            return


def measure_uploads(server, user, n, seconds):
    running = start_all(server, user, [f"STOR up{i}" for i in range(n)])
    stop = threading.Event()
    feeders = [Background(feed, one, stop) for one in running]

    def received():
        return [s["transfer"]["bytes"] for s in sorted(server.sessions(), key=lambda s: s["id"])
                if s["user"] == user and s["transfer"]]
    eventually(lambda: sum(received()) > RATE, 20, "the uploads are going on")
    before, begin = received(), time.monotonic()
    stop.wait(seconds)
    after, took = received(), time.monotonic() - begin
    stop.set()
    for one in feeders:
        one.result()
    end_all(running)
    return [(b - a) / took for a, b in zip(before, after)]


def check_rates(measure, tolerance, fairness=1.6, tries=3):
    """A busy machine may keep readers and writers from their work; a limit that is wrong is wrong each
    time. Returns the rates."""
    for _ in range(tries):
        rates = measure()
        if abs(sum(rates) / RATE - 1) < tolerance and max(rates) < fairness * min(rates):
            return rates
    raise AssertionError(f"{sum(rates):.0f} of {RATE} bytes/s, from {min(rates):.0f} "
                         f"to {max(rates):.0f} each")


@pytest.mark.parametrize("tls", [False, True])
def test_one_download_keeps_to_the_rate_of_its_user(server, tls):
    user = add_user(server, f"down1{tls}".lower(), "--user-download-rate", RATE)
    check_rates(lambda: measure_downloads(server, user, 1, 3, tls), 0.1)


def test_ten_downloads_share_the_rate_of_their_user_fairly(server):
    user = add_user(server, "down10", "--user-download-rate", RATE)
    check_rates(lambda: measure_downloads(server, user, 10, 3), 0.1)


def test_ten_uploads_share_the_rate_of_their_user_fairly(server):
    user = add_user(server, "up10", "--user-upload-rate", RATE)
    check_rates(lambda: measure_uploads(server, user, 10, 3), 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 10])
@pytest.mark.parametrize("measure", [measure_downloads, measure_uploads])
def test_a_rate_is_kept_within_five_percent_over_ten_seconds(server, n, measure):
    way = "download" if measure is measure_downloads else "upload"
    user = add_user(server, f"precise{way}{n}", f"--user-{way}-rate", RATE)
    rates = check_rates(lambda: measure(server, user, n, 10), 0.05, fairness=3)
    print(f"{n} {way}s: {sum(rates):.0f} of {RATE} bytes/s, "
          f"slowest {min(rates):.0f}, fastest {max(rates):.0f}")


def test_limited_bytes_come_smoothly(server):
    user = add_user(server, "smooth", "--session-download-rate", RATE)
    (running,) = start_all(server, user, ["RETR large"])
    begin = time.monotonic()
    _, times = pull(running, 3, begin)
    end_all([running])
    tenths = [0] * 30
    for at, length in times:
        if at < 3:
            tenths[int(at * 10)] += length
    quiet = [i for i, amount in enumerate(tenths[2:], 2) if amount == 0]
    assert len(quiet) <= 3, f"no byte in these tenths of a second: {quiet}"
    assert max(tenths[2:]) < RATE / 2, tenths


def test_a_session_has_its_own_rate_in_each_direction(server):
    user = add_user(server, "apiece", "--session-download-rate", RATE)
    rates = measure_downloads(server, user, 2, 2)
    assert all(RATE * 0.85 < rate < RATE * 1.15 for rate in rates), rates
    with server.login(user) as control:
        begin = time.monotonic()
        control.upload("fast", bytes(4 * RATE))
        assert time.monotonic() - begin < 3, "the other direction is not limited"


def test_all_users_share_the_total_rate(start_server):
    server = start_server(plain_ftp=True, total_download_rate=RATE)
    content = bytes(1 << 23)
    running = []
    for user in ("anna", "bert"):
        server.add_user(user)
        server.put("large", content, user)
        running += start_all(server, user, ["RETR large"])
    rates = rates_of(running, 3)
    assert RATE * 0.85 < sum(rates) < RATE * 1.15
    assert max(rates) < 1.5 * min(rates), rates


@pytest.mark.tsan
def test_a_transfer_that_waits_for_its_rate_hears_its_client(server):
    user = add_user(server, "patient", "--user-download-rate", "1K")
    with server.login(user, tls=False) as control:
        running = control.start("RETR large")
        assert control.expect("NOOP", 200)
        status = control.expect("STAT", 211, 213).text
        assert "[D-81] Limited to 1024 bytes/s by user_download_rate" in status
        control.send("ABOR")
        control.expect_reply(426)
        control.expect_reply(226)
        running.data.close()
        running = control.start("RETR large")
        session = server.session_of(control)["id"]
        server.cli("session", "kick", session)
        eventually(lambda: not any(s["id"] == session for s in server.sessions()), 5)
        running.data.close()


def test_the_reply_names_the_limit_that_held_a_transfer_back(server):
    user = add_user(server, "told", "--user-upload-rate", RATE)
    with server.login(user) as control:
        done = control.upload("held", bytes(RATE))
        assert f"[D-81] It was held back by user_upload_rate = {RATE} bytes/s" in done.final.text


# Sessions


def refused_login(server, user):
    control = server.connect()
    control.expect(f"USER {user}", 331)
    return control.expect(f"PASS {PASSWORD}", 421, 230), control


@pytest.mark.sanitize
def test_a_user_has_no_more_sessions_than_it_may(server):
    server.add_user("few", PASSWORD, "--user-sessions", "2")
    open_ones = [server.login("few", tls=False) for _ in range(2)]
    reply, control = refused_login(server, "few")
    assert reply.code == 421
    assert "[D-68] Too many sessions for few (limit 2, 2 open; the oldest idle one since" in reply.text
    assert "user_sessions" in reply.text
    assert control.is_closed()
    open_ones.pop().expect("QUIT", 221)
    eventually(lambda: refused_login(server, "few")[0].code == 230, 5, "the place is free again")
    for one in open_ones:
        one.sock.close()


@pytest.mark.tsan
def test_many_logins_at_once_in_all_workers_never_exceed_the_limit(server):
    server.add_user("crowd", PASSWORD, "--user-sessions", "5")
    gate, controls = threading.Barrier(24), [server.connect() for _ in range(24)]

    def log_in(control):
        control.expect("USER crowd", 331)
        gate.wait(20)
        return control.command(f"PASS {PASSWORD}").code

    codes = [one.result() for one in [Background(log_in, control) for control in controls]]
    assert sorted(codes) == [230] * 5 + [421] * 19
    for control in controls:
        control.sock.close()


@pytest.mark.tsan
def test_sessions_of_a_killed_worker_are_given_back(server):
    server.add_user("victim", PASSWORD, "--user-sessions", "1")
    control = server.login("victim", tls=False)
    server.expected_exits += 1
    os.kill(server.worker_of(control), 9)
    assert control.is_closed()
    eventually(lambda: refused_login(server, "victim")[0].code == 230, 10)


def test_an_address_has_no_more_sessions_than_it_may(start_server):
    server = start_server(plain_ftp=True, address_sessions=3)
    first = [server.connect(source="127.0.0.5") for _ in range(3)]
    late = server.connect(source="127.0.0.5", banner=False)
    reply = late.expect_reply(421)
    assert "[D-68] Too many sessions from 127.0.0.5 (limit 3, 3 open" in reply.text
    assert "address_sessions" in reply.text
    assert late.is_closed()
    late = server.connect(implicit=True, source="127.0.0.5", banner=False)
    assert "[D-68] Too many sessions from 127.0.0.5 (limit 3, 3 op" in late.expect_reply(421).text
    assert late.is_closed()
    with server.connect(source="127.0.0.6"):
        pass
    first.pop().expect("QUIT", 221)

    def gets_in():
        control = server.connect(source="127.0.0.5", banner=False)
        return control.read_reply().code == 220
    eventually(gets_in, 5)


def test_a_full_server_says_so(start_server):
    server = start_server(plain_ftp=True, max_sessions=2)
    held = [server.connect() for _ in range(2)]
    reply = server.connect(banner=False).expect_reply(421)
    assert "[D-15] Too many sessions on this server (limit 2, 2 open)" in reply.text
    reply = server.connect(implicit=True, banner=False).expect_reply(421)
    assert "[D-15] Too many sessions on this server (limit 2, 2 open)" in reply.text
    assert held


@pytest.mark.sanitize
@pytest.mark.tsan
def test_clients_that_are_refused_and_say_nothing_are_in_nobodys_way(start_server):
    server = start_server(plain_ftp=True, max_sessions=1, workers=1)
    held = server.connect()
    silent = [socket.create_connection((server.host, server.implicit)) for _ in range(12)]
    held.expect("NOOP", 200, 530)
    # Some are cut off at once, the others after a while; then the next one is told.
    for one in silent:
        one.settimeout(10)
        assert one.recv(1) == b""
    server.connect(implicit=True, banner=False).expect_reply(421)


# Files and slowness


@pytest.mark.sanitize
def test_an_upload_that_would_be_too_large_is_refused_or_cut(server):
    server.add_user("small", PASSWORD, "--upload-size", "10K")
    with server.login("small") as control:
        control.upload("fits", bytes(10240))
        control.expect("ALLO 10240", 200)
        assert "a file may have 10240" in control.expect("ALLO 10241", 552).text
        with pytest.raises(Refused) as refusal:
            control.epsv()
            control.start("APPE fits")
        assert refusal.value.reply.code == 552
        assert "upload_size = 10240 bytes" in refusal.value.reply.text
        done = control.transfer("STOR large", bytes(10241))
        assert done.final.code == 552, done.final
        assert "upload_size = 10240 bytes" in done.final.text
        control.expect("NOOP", 200)
        control.upload("again", b"usable")


def test_a_copy_is_no_larger_than_an_upload_may_be(server):
    server.add_user("copier", PASSWORD, "--upload-size", "10K")
    server.put("large-one", bytes(10241), "copier")
    with server.login("copier", tls=False) as control:
        control.expect("SITE CPFR large-one", 350)
        assert "upload_size = 10240 bytes" in control.expect("SITE CPTO copy", 552).text
    assert not (server.home("copier") / "copy").exists()


def test_a_transfer_below_the_floor_is_ended_with_the_reason(server):
    user = add_user(server, "slow", "--min-rate", "100K")
    with server.login(user, tls=False) as control:
        control.expect("TYPE I", 200)
        running = control.start("STOR trickle")
        running.data.sendall(b"x" * 1000)
        reply = control.expect_reply(426)
        assert "[D-81] The transfer is too slow: " in reply.text
        assert "at least 102400 are wanted (min_rate)" in reply.text
        running.data.close()
        running = control.start("RETR large")  # and never read
        assert "too slow" in control.expect_reply(426).text
        running.data.close()
        assert len(control.download("large")) == 16 << 20


def test_a_bandwidth_limit_does_not_make_a_transfer_too_slow(server):
    user = add_user(server, "both", "--min-rate", "100K", "--user-upload-rate", "20K")
    with server.login(user) as control:
        control.upload("held", bytes(50_000))


# Of a user


def test_limits_of_a_user_are_set_shown_and_reset(server):
    server.add_user("tuned", PASSWORD, "--user-sessions", "3")
    shown = server.cli_json("user", "show", "tuned")["limits"]
    assert shown == dict.fromkeys(LIMITS) | {"user_sessions": 3}
    server.cli("user", "set", "tuned", "--upload-size", "2G", "--min-rate", "none")
    text = server.cli("user", "show", "tuned").stdout
    assert "User sessions" in text and "2G" in text and "no limit" in text
    server.cli("user", "set", "tuned", "--user-sessions", "default", "--min-rate", "default")
    shown = server.cli_json("user", "show", "tuned")["limits"]
    assert shown == dict.fromkeys(LIMITS) | {"upload_size": 2 << 30}
    assert server.cli("user", "set", "tuned", "--min-rate", "fast", check=False).returncode == 2
    for wrong in ({"speed": 1}, {"min_rate": -1}, {"min_rate": "1"}, {"min_rate": 1.5}):
        code, problem = server.request("PATCH", "/users/tuned", {"limits": wrong})
        assert code == 422 and problem["field"] == "limits", problem


def test_an_own_limit_wins_over_that_of_the_server(start_server):
    server = start_server(plain_ftp=True, user_sessions=1)
    server.add_user("plain")
    server.add_user("more", PASSWORD, "--user-sessions", "none")
    held = [server.login("plain", tls=False)] + [server.login("more", tls=False) for _ in range(3)]
    reply, _ = refused_login(server, "plain")
    assert "limit 1, 1 open" in reply.text
    assert held


def test_a_few_clients_are_spread_over_the_workers(server):
    """Eight of them: no worker serves many more than the other, whoever accepted them."""
    server.add_user()
    with contextlib.ExitStack() as clients:
        for _ in range(8):
            clients.enter_context(server.login())
        counts = [worker["sessions"] for worker in server.workers()]
        assert sum(counts) == 8 and max(counts) - min(counts) <= 2
