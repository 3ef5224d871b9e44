"""The commands, one by one, as dialogues: right replies, right effects, right order."""

import os
import re
import socket
import time

import pytest

from sallyport_lab.control import Background
from sallyport_lab.wait import eventually

BIG = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server(plain_ftp=True)
    server.add_user()
    server.add_user("bob")
    return server


@pytest.fixture
def control(server):
    """A logged-in plain session: dialogues of commands are the same in TLS."""
    with server.login(tls=False) as control:
        yield control


@pytest.fixture
def big(server):
    path = server.put("big.bin")
    with open(path, "r+b") as file:
        file.truncate(BIG)
    return path


# Greeting and login


@pytest.mark.sanitize
def test_the_greeting_comes_at_once_and_login_asks_for_a_password(server):
    with server.connect() as control:
        assert control.banner.code == 220
        control.expect("USER alice", 331)
        control.expect("PASS correct horse battery", 230)
        control.expect("QUIT", 221)
        assert control.is_closed()


def test_commands_before_login_get_530(server):
    with server.connect() as control:
        for line in ("PWD", "CWD /", "LIST", "RETR x", "STOR x", "PASV", "EPSV",
                     "PORT 127,0,0,1,200,1", "MKD x", "DELE x", "SIZE x", "TYPE I", "REST 0"):
            control.expect(line, 530)


def test_these_commands_work_before_login(server):
    with server.connect() as control:
        control.expect("SYST", 215)
        control.expect("FEAT", 211)
        control.expect("HELP", 214)
        control.expect("NOOP", 200)
        control.expect("OPTS UTF8 ON", 200)
        control.expect("QUIT", 221)


def test_pass_without_user_is_a_bad_sequence(server):
    with server.connect() as control:
        control.expect("PASS secret", 503)


def test_a_wrong_password_is_530_and_another_try_may_succeed(server):
    with server.connect() as control:
        control.expect("USER alice", 331)
        control.expect("PASS wrong", 530)
        control.log_in("alice", "correct horse battery")


def test_user_again_after_login_is_refused_and_changes_nothing(server):
    """RFC 959 4.1.1 lets a server allow a change of user; ours asks for a new connection."""
    with server.login(tls=False) as control:
        control.expect("MKD only-alice", 257)
        control.expect("USER bob", 503, 530)
        control.expect("CWD only-alice", 250)


def test_three_wrong_passwords_end_the_connection(server):
    with server.connect() as control:
        for _ in range(2):
            control.expect("USER alice", 331)
            control.expect("PASS wrong", 530)
        control.expect("USER alice", 331)
        control.expect("PASS wrong", 421, 530)
        assert control.is_closed()


# What is said about the server


def test_feat_lists_what_is_there_and_nothing_needs_login(server):
    with server.connect() as control:
        reply = control.expect("FEAT", 211)
        features = {line.strip() for line in reply.lines[1:-1]}
        assert all(line.startswith(" ") for line in reply.lines[1:-1])
        for wanted in ("AUTH TLS", "PBSZ", "PROT", "UTF8", "EPSV", "EPRT", "SIZE", "MDTM",
                       "REST STREAM", "TVFS"):
            assert wanted in features, reply
        assert any(feature.startswith("MLST ") for feature in features), reply


def test_syst_help_opts_and_noop(control):
    assert control.expect("SYST", 215).text.startswith("215 UNIX Type: L8")
    text = control.expect("HELP", 214).text
    for verb in ("RETR", "STOR", "MLSD", "ABOR"):
        assert verb in text
    assert "RETR" in control.expect("HELP RETR", 214).text
    control.expect("HELP NONSENSE", 501, 502, 504)
    control.expect("OPTS UTF8 ON", 200)
    control.expect("OPTS utf8 on", 200)
    control.expect("OPTS NONSENSE", 501)
    control.expect("NOOP", 200)


def test_stat_tells_about_the_session_and_lists_on_the_control_connection(server, control):
    server.put("stat-dir/file.txt", b"12345")
    assert "alice" in control.expect("STAT", 211).text
    listing = control.expect("STAT stat-dir", 212, 213)
    assert any(line.strip().endswith("file.txt") for line in listing.lines)
    control.expect("STAT no-such-thing", 450, 550)


# Parameters


def test_type_stru_and_mode(control):
    for line in ("TYPE I", "TYPE A", "TYPE A N", "type i", "TYPE L 8", "STRU F", "MODE S"):
        control.expect(line, 200)
    for line in ("TYPE E", "STRU R", "STRU P", "MODE B", "MODE C", "TYPE L 36", "TYPE A C"):
        control.expect(line, 504)
    for line in ("TYPE", "TYPE X", "STRU", "MODE"):
        control.expect(line, 501, 504)


def test_unknown_commands_are_500_and_missing_arguments_501(control):
    control.expect("XYZZY", 500, 502)
    for verb in ("MKD", "RMD", "DELE", "RETR", "STOR", "APPE", "RNFR", "SIZE", "MDTM", "CWD"):
        control.expect(verb, 501)
    control.expect("NOOP", 200)


def test_verbs_are_known_in_any_case(control):
    control.expect("noop", 200)
    control.expect("PwD", 257)


# Directories


@pytest.mark.sanitize
def test_walking_through_directories(control):
    assert control.expect("PWD", 257).text.startswith('257 "/"')
    assert '"/walk"' in control.expect("MKD walk", 257).text
    control.expect("MKD walk", 550)
    assert '"/walk/deeper"' in control.expect("MKD walk/deeper", 257).text
    control.expect("CWD walk/deeper", 250)
    assert '"/walk/deeper"' in control.expect("PWD", 257).text
    control.expect("CDUP", 250, 200)
    assert '"/walk"' in control.expect("PWD", 257).text
    control.expect("CWD ..", 250)
    control.expect("CDUP", 250, 200)
    assert '"/"' in control.expect("PWD", 257).text, "above the home is the home"
    control.expect("RMD walk", 550)
    control.expect("RMD walk/deeper", 250)
    control.expect("RMD walk", 250)
    control.expect("CWD walk", 550)


def test_the_x_aliases_do_the_same(control):
    control.expect("XMKD old", 257)
    control.expect("XCWD old", 250)
    assert '"/old"' in control.expect("XPWD", 257).text
    control.expect("XCUP", 250, 200)
    control.expect("XRMD old", 250)


def test_quotes_in_a_directory_are_doubled(control):
    assert '"/say ""hi"""' in control.expect('MKD say "hi"', 257).text
    control.expect('CWD say "hi"', 250)
    assert '"/say ""hi"""' in control.expect("PWD", 257).text
    control.expect("CDUP", 250, 200)
    control.expect('RMD say "hi"', 250)


def test_names_with_spaces_at_both_ends_are_kept(server, control):
    control.upload(" two spaces ", b"x")
    assert (server.home() / " two spaces ").read_bytes() == b"x"
    control.expect("DELE  two spaces ", 250)


def test_cwd_to_a_file_is_refused(server, control):
    server.put("plain-file", b"x")
    control.expect("CWD plain-file", 550)


# Files


def test_delete_and_rename(server, control):
    server.put("old name.txt", b"content")
    control.expect("RNTO nothing-asked-before", 503)
    control.expect("RNFR missing", 550)
    control.expect("RNFR old name.txt", 350)
    control.expect("RNTO new name.txt", 250)
    assert (server.home() / "new name.txt").read_bytes() == b"content"
    control.expect("DELE old name.txt", 550)
    control.expect("DELE new name.txt", 250)


def test_rnfr_is_forgotten_by_another_command(server, control):
    server.put("stays", b"")
    control.expect("RNFR stays", 350)
    control.expect("NOOP", 200)
    control.expect("RNTO moved", 503)


def test_dele_of_a_directory_and_rmd_of_a_file_are_refused(server, control):
    server.put("a-dir", None)
    server.put("a-file", b"")
    control.expect("DELE a-dir", 550)
    control.expect("RMD a-file", 550)


def test_size_and_mdtm(server, control):
    path = server.put("dated.bin", b"x" * 12345)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    control.expect("TYPE I", 200)
    assert control.expect("SIZE dated.bin", 213).text == "213 12345"
    assert control.expect("MDTM dated.bin", 213).text.startswith("213 20010909014640")
    control.expect("SIZE missing", 550)
    control.expect("MDTM missing", 550)
    server.put("a-dir", None)
    control.expect("SIZE a-dir", 550)


# Listings


def test_list_shows_unix_lines(server, control):
    server.put("listed/file with space.txt", b"123")
    server.put("listed/folder", None)
    lines = control.listing("LIST listed")
    names = {re.match(r"([-d])[rwxsStT-]{9}\s+\d+ +\S+ +\S+ +(\d+) +\w{3} +\d+ +[\d:]+ (.*)", line)
             for line in lines if not line.startswith("total")}
    assert None not in names, lines
    assert {(m[1], m[3]) for m in names} == {("-", "file with space.txt"), ("d", "folder")}
    assert next(m[2] for m in names if m[1] == "-") == "3"


def test_list_ignores_the_options_of_ls(server, control):
    server.put("listed/file with space.txt", b"123")
    for options in ("-a", "-l", "-la", "-al"):
        lines = control.listing(f"LIST {options} listed")
        assert any("file with space.txt" in line for line in lines)


def test_nlst_gives_names_only(server, control):
    server.put("names/one", b"")
    server.put("names/two", b"")
    assert {line.split("/")[-1] for line in control.listing("NLST names")} == {"one", "two"}
    control.expect("CWD names", 250)
    assert sorted(control.listing("NLST")) == ["one", "two"]
    control.expect("CWD /", 250)


def test_ncftp_asks_for_nlst_with_an_option(server, control):
    server.put("names/one", b"")
    control.expect("CWD names", 250)
    assert "one" in control.listing("NLST -1")


def parse_facts(line):
    facts, name = line.split(" ", 1)
    assert facts.endswith(";"), line
    return {k.lower(): v for k, v in (fact.split("=", 1) for fact in facts[:-1].split(";"))}, name


def test_mlsd_and_mlst_follow_rfc_3659(server, control):
    path = server.put("facts/file ä.bin", b"x" * 77)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    server.put("facts/sub", None)
    entries = {name: facts for facts, name in map(parse_facts, control.listing("MLSD facts"))}
    assert entries["file ä.bin"]["type"] == "file"
    assert entries["file ä.bin"]["size"] == "77"
    assert entries["file ä.bin"]["modify"] == "20010909014640"
    assert entries["sub"]["type"] == "dir"
    assert {facts["type"] for facts in entries.values()} <= {"file", "dir", "cdir", "pdir"}

    reply = control.expect("MLST facts/file ä.bin", 250)
    assert len(reply.lines) == 3
    facts, name = parse_facts(reply.lines[1].removeprefix(" "))
    assert facts["size"] == "77"
    assert name.startswith("/") and name.endswith("file ä.bin")


def test_mlsd_of_a_file_is_501_and_of_nothing_550(server, control):
    server.put("no-dir", b"")
    assert control.transfer("MLSD no-dir").code == 501
    assert control.transfer("MLSD missing").code == 550


def test_an_empty_directory_lists_as_nothing_with_226(server, control):
    server.put("empty-dir", None)
    assert control.listing("LIST empty-dir") in ([], ["total 0"])
    assert control.listing("NLST empty-dir") == []
    assert control.transfer("LIST missing-dir").code in (450, 550)


# Transfers


@pytest.mark.sanitize
@pytest.mark.tsan
@pytest.mark.parametrize("mode", ["epsv", "pasv", "port", "eprt"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_file_goes_up_and_down_on_each_kind_of_data_connection(server, mode, tls):
    payload = bytes(range(256)) * 5000
    with server.login(tls=tls) as control:
        control.expect("TYPE I", 200)
        up = control.upload(f"up-{mode}-{tls}", payload, mode=mode)
        assert up.first.code in (150, 125)
        assert up.clean_end
        assert control.download(f"up-{mode}-{tls}", mode=mode) == payload


@pytest.mark.parametrize("mode", ["epsv", "eprt"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_same_over_ipv6(server, mode, tls):
    with server.login(tls=tls, host="::1") as control:
        control.upload("six", b"six" * 1000, mode=mode)
        assert control.download("six", mode=mode) == b"six" * 1000


def test_pasv_over_ipv6_is_refused_and_says_epsv(server):
    with server.login(tls=False, host="::1") as control:
        assert "EPSV" in control.expect("PASV", 425, 522, 501).text
        control.expect("EPSV", 229)


def test_epsv_knows_protocols_and_all(server):
    with server.login(tls=False) as control:
        control.expect("EPSV 1", 229)
        control.expect("EPSV 2", 522)
        control.expect("EPSV 9", 522)
        control.expect("EPSV nonsense", 501, 522)
        control.expect("EPSV ALL", 200)
        control.expect("PASV", 501, 503, 520, 522)
        control.expect("PORT 127,0,0,1,200,1", 501, 503, 520, 522)
        control.expect("EPSV", 229)


def test_a_transfer_without_pasv_or_port_is_425(server, control):
    server.put("here", b"x")
    control.expect("RETR here", 425, 503)
    control.expect("LIST", 425, 503)


def test_retr_of_what_is_not_there_is_550_and_opens_nothing(server, control):
    assert control.transfer("RETR missing").code == 550
    server.put("a-dir", None)
    assert control.transfer("RETR a-dir").code == 550


def test_stor_replaces_and_appe_appends(server, control):
    control.upload("note", b"first version, long")
    control.upload("note", b"second")
    assert (server.home() / "note").read_bytes() == b"second"
    control.upload("note", b" and third", verb="APPE")
    assert (server.home() / "note").read_bytes() == b"second and third"
    control.upload("note2", b"made by appe", verb="APPE")
    assert (server.home() / "note2").read_bytes() == b"made by appe"


def test_rest_resumes_both_ways(server, control):
    server.put("long", b"0123456789")
    control.expect("TYPE I", 200)
    control.expect("REST 4", 350)
    assert control.download("long") == b"456789"
    assert control.download("long") == b"0123456789", "REST counts for one transfer"
    control.expect("REST 6", 350)
    control.upload("long", b"SIXSEVEN")
    assert (server.home() / "long").read_bytes() == b"012345SIXSEVEN"
    control.expect("REST -1", 501)
    control.expect("REST abc", 501)


def test_ascii_type_converts_line_ends(server, control):
    control.expect("TYPE A", 200)
    control.upload("text", b"one\r\ntwo\r\n")
    assert (server.home() / "text").read_bytes() == b"one\ntwo\n"
    assert control.download("text") == b"one\r\ntwo\r\n"
    control.expect("TYPE I", 200)
    assert control.download("text") == b"one\ntwo\n"


def test_an_empty_file_goes_both_ways(server):
    for tls in (False, True):
        with server.login(tls=tls) as control:
            control.upload("nothing", b"")
            assert control.download("nothing") == b""
            assert (server.home() / "nothing").stat().st_size == 0


# During a transfer


@pytest.mark.tsan
@pytest.mark.sanitize
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_noop_and_stat_are_answered_during_a_transfer(server, big, tls):
    with server.login(tls=tls) as control:
        control.expect("TYPE I", 200)
        running = control.start("RETR big.bin")
        running.read()
        control.expect("NOOP", 200)
        assert "big.bin" in control.expect("STAT", 211, 213).text
        control.expect("NOOP", 200)
        done = running.finish()
        assert done.final.code == 226
        assert len(done.data) == BIG


@pytest.mark.tsan
@pytest.mark.sanitize
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_abor_ends_a_transfer_with_426_then_226_and_the_session_lives_on(server, big, tls):
    with server.login(tls=tls) as control:
        control.expect("TYPE I", 200)
        running = control.start("RETR big.bin")
        running.read()
        control.send("ABOR")
        control.expect_reply(426)
        control.expect_reply(226, 225)
        running.data.close()
        assert '"/"' in control.expect("PWD", 257).text
        control.upload("after-abor", b"fine")


def test_abor_with_telnet_signals_as_old_clients_send_it(server, big, control):
    running = control.start("RETR big.bin")
    running.read()
    control.send_raw(b"\xff\xf4\xff")  # IAC IP IAC ...
    control.sock.send(b"\xf2", socket.MSG_OOB)  # ... DM, urgent (RFC 959 4.1.3)
    control.send_raw(b"ABOR\r\n")
    control.expect_reply(426)
    control.expect_reply(226, 225)
    control.expect("NOOP", 200)


def test_abor_without_a_transfer_is_answered_once(control):
    control.expect("ABOR", 225, 226)
    control.expect("NOOP", 200)


def test_abor_of_an_upload_says_so(server, control):
    running = control.start("STOR half.bin")
    running.data.sendall(b"x" * 100_000)
    control.send("ABOR")
    control.expect_reply(426)
    control.expect_reply(226, 225)
    control.expect("NOOP", 200)


def test_a_second_transfer_during_a_transfer_does_not_disturb_it(server, big, control):
    running = control.start("RETR big.bin")
    running.read()
    control.send("RETR big.bin")
    done = running.finish()
    replies = [done.final, control.read_reply()]
    assert 226 in [reply.code for reply in replies]
    assert any(reply.code >= 400 for reply in replies)
    assert len(done.data) == BIG


def test_quit_during_a_transfer_lets_it_finish(server, big, control):
    running = control.start("RETR big.bin")
    running.read()
    control.send("QUIT")
    done = running.finish()
    assert len(done.data) == BIG
    codes = {done.final.code, control.read_reply().code}
    assert codes == {226, 221}


# Files come into being only when their data is there


@pytest.fixture(scope="module")
def impatient(start_module_server):
    server = start_module_server(plain_ftp=True, data_timeout=1, idle_timeout=2, stall_timeout=3,
                                 login_timeout=2, handshake_timeout=2)
    server.add_user()
    return server


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_no_data_connection_is_425_with_cause_port_and_range_and_no_file(impatient, tls):
    with impatient.login(tls=tls) as control:
        _, port = control.epsv()
        control.send("STOR never.bin")
        reply = control.read_reply()
        if reply.code < 200:
            reply = control.read_reply()
        assert reply.code == 425
        assert "[D-20]" in reply.text
        assert str(port) in reply.text
        assert f"{impatient.passive_ports[0]}-{impatient.passive_ports[-1]}" in reply.text
        assert not (impatient.home() / "never.bin").exists()
        control.expect("NOOP", 200)


def test_no_tls_on_the_data_connection_leaves_no_file_either(impatient):
    with impatient.login() as control:
        data = control.dial(control.epsv())
        control.send("STOR never-tls.bin")
        control.expect_reply(150, 125)
        reply = control.read_reply()  # the client stays silent: handshake_timeout
        assert reply.code in (425, 426, 522)
        assert not (impatient.home() / "never-tls.bin").exists()
        data.close()


def test_an_active_connection_that_nobody_takes_is_425_and_leaves_no_file(impatient):
    with impatient.login(tls=False) as control:
        control.listen_active().close()
        done = control.command("STOR never-active.bin")
        if done.code < 200:
            done = control.read_reply()
        assert done.code == 425
        assert not (impatient.home() / "never-active.bin").exists()


def test_overwriting_keeps_the_old_content_when_no_data_connection_comes(impatient):
    path = impatient.put("kept.txt", b"old content")
    with impatient.login(tls=False) as control:
        control.epsv()
        control.send("STOR kept.txt")
        reply = control.read_reply()
        if reply.code < 200:
            reply = control.read_reply()
        assert reply.code == 425
        assert path.read_bytes() == b"old content"


# Time limits


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_an_idle_session_ends_with_421_that_names_the_limit(impatient, tls):
    begin = time.monotonic()  # before the last command
    with impatient.login(tls=tls) as control:
        reply = control.expect_reply(421)
        assert 1.5 < time.monotonic() - begin < 15
        assert re.search(r"\b2 ?s", reply.text), reply
        assert control.is_closed()


def test_a_session_that_never_logs_in_ends_with_421(impatient):
    with impatient.connect() as control:
        control.expect_reply(421)
        assert control.is_closed()


def test_a_transfer_is_never_idle(impatient):
    """A throttled client: no command for far longer than idle_timeout, and bytes all the time."""
    size = 24 * 1024 * 1024
    path = impatient.put("slow.bin")
    with open(path, "r+b") as file:
        file.truncate(size)
    with impatient.login(tls=False) as control:
        control.expect("TYPE I", 200)
        running = control.start("RETR slow.bin")
        end = time.monotonic() + 4.5
        total = 0
        while time.monotonic() < end:
            total += len(running.read(65536))
            assert not control.has_reply(0.05), control.read_reply()
        done = running.finish()
        assert done.final.code == 226
        assert len(done.data) == size > total
        control.expect("NOOP", 200)


def test_a_stalled_transfer_ends(impatient):
    path = impatient.put("stalled.bin")
    with open(path, "r+b") as file:
        file.truncate(BIG)
    with impatient.login(tls=False) as control:
        running = control.start("RETR stalled.bin")
        running.read()
        control.expect_reply(426, 425, 421)
        running.data.close()


def test_a_client_that_never_speaks_tls_on_the_implicit_port_is_let_go(impatient):
    with socket.create_connection((impatient.host, impatient.implicit), 20) as silent:
        assert silent.recv(100) == b""


# Addresses


def test_plain_ftp_is_refused_by_default_and_the_reply_says_auth_tls(start_server):
    server = start_server()
    server.add_user()
    with server.connect() as control:
        reply = control.command("USER alice")
        assert 500 <= reply.code < 600
        assert "AUTH TLS" in reply.text
        control.expect("PASS correct horse battery", 503, 530)
        control.auth_tls()
        control.log_in("alice", "correct horse battery")


@pytest.mark.parametrize("rules, source, announced", [
    ("203.0.113.5", None, "203.0.113.5"),
    ("127.3.0.0/16=10.9.8.7, 203.0.113.5", "127.3.0.1", "10.9.8.7"),
    ("127.3.0.0/16=10.9.8.7, 203.0.113.5", "127.4.0.1", "203.0.113.5"),
    ("127.3.0.0/16=local, 203.0.113.5", "127.3.0.1", "127.0.0.1"),
    ("localhost", None, "127.0.0.1"),
    ("", None, "127.0.0.1"),
], ids=["fixed", "by-network", "by-network-other", "local", "name", "default"])
def test_227_announces_the_external_ip(start_server, rules, source, announced):
    server = start_server(plain_ftp=True, external_ip=rules)
    server.add_user()
    with server.login(tls=False, source=source) as control:
        address, port = control.pasv()
        assert address == announced
        assert port in server.passive_ports


# Pipelining


def test_pipelined_commands_are_answered_in_order(control):
    control.send_raw(b"NOOP\r\nPWD\r\nSYST\r\nTYPE I\r\nNOOP\r\n")
    assert [control.read_reply().code for _ in range(5)] == [200, 257, 215, 200, 200]


def test_many_sessions_work_side_by_side(server):
    def story(number):
        with server.login(tls=number % 2 == 0) as control:
            for step in range(3):
                control.upload(f"side-{number}", f"{number}:{step}".encode())
                assert control.download(f"side-{number}") == f"{number}:{step}".encode()
    for story_running in [Background(story, number) for number in range(20)]:
        story_running.result()


def test_the_session_list_shows_what_goes_on(server, big):
    with server.login() as control:
        control.expect("TYPE I", 200)
        running = control.start("RETR big.bin")
        running.read()
        session = eventually(lambda: next((s for s in server.sessions() if s["transfer"]), None))
        assert session["user"] == "alice"
        assert session["transfer"]["kind"] == "download"
        assert session["transfer"]["path"].endswith("big.bin")
        assert session["tls"].startswith("TLSv1.3")
        running.finish()
