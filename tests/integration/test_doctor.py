"""The doctor against our own server: healthy, and with what can be broken on one machine."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import time

import pytest

from sallyport_lab.daemon import PASSWORD, SALLYPORT
from sallyport_lab.doctor import doctor
from sallyport_lab.wait import eventually
from sallyport_lab.wall import wall


@pytest.fixture(scope="module")
def healthy(start_module_server):
    server = start_module_server(plain_ftp=True)
    server.add_user()
    return server


def trusted(server):
    return ["--port", server.explicit, "--ca", server.authority.root]


def left_files(server):
    return [path.name for path in server.home().rglob("*") if "sallyport-doctor" in path.name]


@pytest.mark.sanitize
@pytest.mark.tsan
def test_a_healthy_server_is_healthy_within_5_seconds(healthy):
    for _ in range(4):  # the machine may be busy
        seen = doctor("localhost", *trusted(healthy))
        assert (seen.status, seen.verdict) == (0, "healthy"), seen.answer["sentence"]
        assert not [cause for cause in seen.answer["causes"] if cause["severity"] == "problem"]
        if seen.seconds < 5 or os.environ.get("SALLYPORT_BUILD", "").endswith(("asan", "tsan")):
            break
    else:
        pytest.fail(f"{seen.seconds} s, each time")
    assert {cell["mode"] for cell in seen.answer["matrix"]} >= {"epsv", "pasv", "port", "eprt"}
    for cell in seen.answer["matrix"]:
        for operation in "listing", "upload", "download", "resume", "removal":
            assert cell[operation] == "ok", cell
    assert seen.transfer("epsv", "large_upload")["moved_bytes"] == 4 * 1024 * 1024
    assert seen.transfer("epsv", "large_download")["result"] == "ok"


def test_a_healthy_server_is_left_as_it_was(healthy):
    before = sorted(path.name for path in healthy.home().rglob("*"))
    seen = doctor("localhost", *trusted(healthy))
    assert sorted(path.name for path in healthy.home().rglob("*")) == before
    assert seen.evidence["probe_file"]["was_stored"]
    assert "is_left_behind" not in seen.evidence["probe_file"]


def test_few_connections_and_logins(healthy):
    def count(what):
        return len(re.findall(rf" {what} session=", healthy.log.text))

    logins, ends = count("login"), count("disconnected")
    doctor("127.0.0.1", *trusted(healthy))
    eventually(lambda: count("disconnected") >= ends + 2)
    assert count("login") - logins == 1
    assert count("disconnected") - ends == 2  # a look, and the login


def test_the_clock_of_the_server_is_read(healthy):
    seen = doctor("127.0.0.1", *trusted(healthy), "--quick")
    assert seen.evidence["knows_clock"]
    assert abs(seen.evidence.get("clock_offset_s", 0)) <= 2


def test_sessions_are_resumed_on_data_connections(healthy):
    seen = doctor("localhost", *trusted(healthy))
    assert seen.transfer("epsv", "upload")["tls"]["is_resumed"]
    assert any(not transfer["tls"].get("offered_resumption") and transfer["result"] == "ok"
               for transfer in seen.transfers if transfer.get("tls"))


def test_required_reuse_is_seen(start_server):
    server = start_server(data_session_reuse="require")
    server.add_user()
    seen = doctor("localhost", *trusted(server))
    assert seen.transfer("epsv", "upload")["result"] == "ok"
    [full] = [transfer for transfer in seen.transfers
              if transfer.get("tls", {}).get("version")
              and not transfer["tls"].get("offered_resumption")]
    assert full["result"] != "ok"
    assert "D-52" in json.dumps(full)


def test_implicit_tls_at_an_unusual_port_is_found(healthy):
    seen = doctor("localhost", "--port", healthy.implicit, "--ca", healthy.authority.root)
    assert seen.status == 0
    [door] = seen.doors
    assert door["answer"] == "tls"
    assert door["handshake"]["outcome"] == "ok"
    assert {cell["tls_mode"] for cell in seen.answer["matrix"]} == {"implicit"}


def test_ipv6_is_examined(healthy):
    seen = doctor("::1", *trusted(healthy))
    assert seen.status == 0
    assert {cell["mode"] for cell in seen.answer["matrix"]} == {"epsv", "eprt"}
    assert all(cell["is_v6"] for cell in seen.answer["matrix"])


def test_without_a_user_nothing_is_logged_in(healthy):
    seen = doctor("localhost", *trusted(healthy), user=None)
    assert seen.transfers == []
    assert not any(command.startswith("USER") for command in seen.sent())
    assert seen.control("look")["handshake"]["outcome"] == "ok"


def test_read_only_stores_nothing(healthy):
    seen = doctor("localhost", *trusted(healthy), "--read-only")
    assert seen.status == 0
    assert {transfer["operation"] for transfer in seen.transfers} == {"list"}
    assert "was_stored" not in seen.evidence["probe_file"]


def test_the_password_is_nowhere(healthy):
    seen = doctor("localhost", *trusted(healthy))
    assert "PASS ****" in seen.sent()
    assert PASSWORD not in seen.text
    assert PASSWORD not in doctor(f"ftp://alice:{PASSWORD}@localhost/", *trusted(healthy)).text


def test_the_host_is_mended_and_that_is_said(healthy):
    seen = doctor(f"ftp://alice@localhost:{healthy.explicit}/pub", "--ca", healthy.authority.root)
    target = seen.evidence["target"]
    assert (target["host"], target["given_port"]) == ("localhost", healthy.explicit)
    assert target["had_scheme"] and target["had_path"] and target["had_user"]
    assert len(seen.transfers) > 4


# --- what is broken ------------------------------------------------------------------------------


def test_an_unknown_authority_gets_no_password(healthy):
    seen = doctor("localhost", "--port", healthy.explicit)
    assert seen.control()["login"] == "withheld"
    handshake = seen.control("look")["handshake"]
    assert handshake["verify_error"] in (19, 20, 21)
    assert not any(command.startswith(("USER", "PASS")) for command in seen.sent())


def test_insecure_goes_on_looking(healthy):
    seen = doctor("localhost", "--port", healthy.explicit, "--insecure")
    assert seen.evidence["conditions"]["is_insecure"]
    assert seen.transfer("epsv", "list")["result"] == "ok"
    assert seen.control()["handshake"]["verify_error"] != 0


def test_another_name_gets_no_password(healthy):
    seen = doctor("127.0.0.3", *trusted(healthy))
    handshake = seen.control("look")["handshake"]
    assert "name_matches" not in handshake
    assert "verify_error" not in handshake
    assert "DNS:localhost" in handshake["chain"][0]["names"]
    assert seen.control()["login"] == "withheld"


def test_the_password_stays_out_of_clear_text(healthy):
    seen = doctor("localhost", *trusted(healthy), "--tls", "none")
    assert seen.control()["login"] == "withheld"
    assert not any(command.startswith("USER") for command in seen.sent())


def test_plain_ftp_works_when_it_is_permitted(healthy):
    seen = doctor("localhost", *trusted(healthy), "--tls", "none", "--allow-plain")
    assert {cell["tls_mode"] for cell in seen.answer["matrix"]} == {"plain"}
    assert seen.transfer("pasv", "download")["result"] == "ok"


def test_a_wrong_password_is_one_login(healthy):
    seen = doctor("localhost", *trusted(healthy), password="wrong")
    assert seen.control()["login"] == "refused"
    assert seen.replies("PASS")[0]["code"] == 530
    assert sum(command == "PASS ****" for command in seen.sent()) == 1
    assert seen.transfers == []


def test_refused_ports_are_told_from_silent_ones():
    with socket.create_server(("127.0.0.1", 0)) as holder:
        closed = holder.getsockname()[1]
    seen = doctor("127.0.0.1", "--port", closed, "--retries", 1)
    assert seen.doors[0]["outcome"] == "refused"
    assert seen.status in (1, 3)


def test_read_only_users_are_told_from_broken_ways(start_server):
    server = start_server()
    server.add_user("reader", PASSWORD, "--permissions", "read-only")
    seen = doctor("localhost", *trusted(server), user="reader")
    assert seen.transfer("epsv", "list")["result"] == "ok"
    upload = seen.transfer("epsv", "upload")
    assert upload["result"] == "command_refused"
    assert upload["preliminary"]["code"] in (550, 553)


def test_active_mode_turned_off_is_a_reply_not_a_wall(start_server):
    server = start_server(active="no")
    server.add_user()
    seen = doctor("localhost", *trusted(server))
    assert seen.transfer("port", "list")["result"] == "setup_refused"
    assert seen.transfer("port", "list")["setup"]["code"] == 502
    assert seen.transfer("epsv", "download")["result"] == "ok"


def test_an_external_address_that_is_another_is_not_dialled(start_server):
    server = start_server(external_ip="192.0.2.77")
    server.add_user()
    seen = doctor("127.0.0.1", *trusted(server))
    strict = seen.transfer("pasv", "list", is_lenient=False)
    assert strict["result"] == "elsewhere"
    assert strict["announced"].startswith("192.0.2.77:")
    assert strict["announced_differs"]
    assert seen.transfer("pasv", "list", is_lenient=True)["result"] == "ok"


def test_idle_timeout_is_measured(start_server):
    server = start_server(idle_timeout=10)
    server.add_user()
    seen = doctor("localhost", *trusted(server), "--idle", "--quick", timeout=120)
    idle = seen.evidence["idle"]
    assert 9000 <= idle["waited_ms"] <= 14000
    assert idle["ending"] == "closed"
    assert idle["farewell"]["code"] == 421
    assert idle["silent_ending"] == "ok"
    assert idle["noop"] == "early"
    assert left_files(server) == []


# --- the other end --------------------------------------------------------------------------------


def test_transfers_at_the_same_time(healthy):
    seen = doctor("127.0.0.1", *trusted(healthy), "--parallel", 3)
    assert seen.evidence["parallel"] == {"wanted": 3, "logged_in": 3, "carried": 3}
    assert left_files(healthy) == []


def test_a_limit_of_data_connections_is_seen(healthy):
    with wall(healthy, "D-82a") as through:
        seen = doctor("127.0.0.1", "--port", through.port, "--tls", "none", "--allow-plain",
                      "--quick", "--parallel", 3)
    assert seen.transfer("epsv", "upload")["result"] == "ok"
    together = seen.evidence["parallel"]
    assert (together["wanted"], together["logged_in"], together["carried"]) == (3, 3, 1)
    assert left_files(healthy) == []


def test_a_limit_of_sessions_is_told_apart(start_server):
    server = start_server(user_sessions=2)
    server.add_user()
    seen = doctor("127.0.0.1", *trusted(server), "--parallel", 3)
    together = seen.evidence["parallel"]
    assert (together["wanted"], together["logged_in"], together["carried"]) == (3, 2, 2)
    assert "D-68" in together["refusal"]
    assert left_files(server) == []


def test_our_server_tells_its_end(healthy):
    seen = doctor("127.0.0.1", *trusted(healthy))
    end = seen.evidence["other_end"]
    assert end["sees"].startswith("127.0.0.1:")
    assert end["local"] == f"127.0.0.1:{healthy.explicit}"
    assert (end["passive_first"], end["passive_last"]) == (healthy.passive_ports[0],
                                                           healthy.passive_ports[-1])
    assert (end["idle_timeout_s"], end["session_reuse"]) == (120, "prefer")
    passive = seen.transfer("pasv", "list")
    assert passive["view"]["passive_reply"] == passive["setup"]["text"]
    assert (passive["view"]["arrival"], passive["view"]["resumed"]) == ("here", "yes")
    active = seen.transfer("port", "list")
    assert active["view"]["active_command"] == active["setup_command"]


def test_our_server_opens_the_port_that_is_asked_for(healthy):
    port = healthy.passive_ports[7]
    with healthy.login() as control:
        control.expect(f"SITE DOCTOR PORT {port}", 200)
        assert "data-arrival: nothing" in control.expect("SITE DOCTOR", 211).text
        with socket.create_connection(("127.0.0.1", port), 5) as data:
            def has_arrived():
                return "data-arrival: here" in control.expect("SITE DOCTOR", 211).text
            eventually(has_arrived)
            del data
        control.expect(f"SITE DOCTOR PORT {healthy.passive_ports[0] - 1}", 501)
        control.expect("SITE DOCTOR PORT x", 501)
        control.expect("SITE DOCTOR NOW", 501)
        control.expect("EPSV", 229)


def test_our_server_tells_who_else_came_to_the_port(start_server):
    server = start_server(plain_ftp=True, data_timeout=1)
    server.add_user()
    with server.login() as control:
        port = control.epsv()[1]
        with socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.2", 0)) as stray:
            reply = control.expect("LIST", 425)
            assert "[D-31]" in reply.text and "127.0.0.2" in reply.text
            assert stray.recv(1) == b""
        assert "data-arrival: elsewhere 127.0.0.2:" in control.expect("SITE DOCTOR", 211).text
        control.epsv()
        assert "data-arrival: nothing" in control.expect("SITE DOCTOR", 211).text


def test_a_data_connection_from_another_address_is_known_at_once(start_server):
    server = start_server(plain_ftp=True)
    server.add_user()
    with wall(server, "D-31") as through:
        seen = doctor("127.0.0.1", "--port", through.port, "--tls", "none", "--allow-plain",
                      "--quick")
    listing = seen.transfer("epsv", "list")
    assert listing["view"]["arrival"] == "elsewhere"
    assert (listing["result"], listing["failure"]) == ("cut", "closed")
    assert seen.evidence["duration_ms"] < 9000


def test_our_server_tells_nothing_when_it_is_turned_off(start_server):
    server = start_server(site_doctor="no")
    server.add_user()
    with server.login() as control:
        control.expect("SITE DOCTOR", 502)
        control.expect(f"SITE DOCTOR PORT {server.passive_ports[0]}", 502)
    seen = doctor("localhost", *trusted(server))
    assert "is_there" not in seen.evidence.get("other_end", {})
    assert seen.status == 0


# --- the program ----------------------------------------------------------------------------------


def test_the_checklist_has_no_colour_in_a_pipe(healthy):
    seen = doctor("localhost", *trusted(healthy), json_output=False)
    assert "✓ Login" in seen.text
    assert "\033" not in seen.text
    assert "✓ Passive, EPSV  listing, upload, download, resume, delete" in seen.text


def test_the_checklist_has_colour_on_a_terminal(healthy):
    ours, theirs = pty.openpty()
    with subprocess.Popen(
            [SALLYPORT, "doctor", "localhost", *map(str, trusted(healthy)), "--no-login"],
            stdout=theirs, stdin=subprocess.DEVNULL,
            env=os.environ | {"TERM": "xterm", "NO_COLOR": ""}) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # the other side has gone
            pass
        process.wait()
    os.close(ours)
    assert "\033[32m✓".encode() in shown
    assert "Certificate".encode() in shown


@pytest.mark.parametrize("options", [["--port", "0"], ["--port", "ftp"], ["--size", "4G5"],
                                     ["--passive-range", "5-1"], ["--tls", "yes"],
                                     ["--retries", "0"], ["--password", "x"], ["--ca", "/none"],
                                     ["--bogus"]])
def test_wrong_usage_is_2(options):
    seen = doctor("localhost", *options, "--no-login")
    assert seen.status == 2
    assert seen.errors


def test_a_host_that_is_none_is_2():
    assert doctor("https:///", "--no-login").status == 2


def test_without_a_password_and_a_terminal_it_says_how(healthy):
    seen = doctor("localhost", *trusted(healthy), password=None)
    assert seen.status == 2
    assert "--password-file" in seen.errors


def test_passwords_come_from_files_and_netrc(healthy, tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    seen = doctor("localhost", *trusted(healthy), "--password-file", file, "--quick",
                  password=None)
    assert seen.control()["login"] == "ok"
    netrc = tmp_path / "netrc"
    netrc.write_text(f'machine localhost login alice password "{PASSWORD}"\n')
    seen = doctor("localhost", *trusted(healthy), "--quick", user=None, password=None,
                  environment={"NETRC": str(netrc)})
    assert seen.control()["login"] == "ok"


def test_a_name_that_does_not_exist():
    seen = doctor("no-such-host.invalid", "--no-login", "--quick")
    assert seen.status in (1, 3)
    assert seen.evidence["dns"]["a"]["outcome"] in ("no_name", "no_address", "failed", "timed_out")
    assert seen.doors == []


def test_an_interrupt_ends_it_tidily():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with subprocess.Popen([SALLYPORT, "doctor", "127.0.0.1", "--port", str(port), "--no-login",
                               "--json"], stdout=subprocess.PIPE) as process:
            silent.settimeout(20)
            connection, _ = silent.accept()
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            answer = json.loads(process.stdout.read())
            connection.close()
        assert time.monotonic() - begin < 15
        assert answer["evidence"]["conditions"]["was_interrupted"]
        assert process.returncode in (1, 3)


def test_the_schema_describes_the_answer(healthy):
    schema = json.loads(subprocess.run([SALLYPORT, "doctor", "schema"], capture_output=True,
                                       check=True).stdout)
    seen = doctor("localhost", *trusted(healthy))

    def check(value, description, path):
        if "enum" in description:
            assert value in description["enum"], path
        elif "const" in description:
            assert value == description["const"], path
        elif description["type"] == "object":
            assert isinstance(value, dict), path
            for name, member in value.items():
                if "properties" in description:
                    assert name in description["properties"], f"{path}.{name}"
                    check(member, description["properties"][name], f"{path}.{name}")
        elif description["type"] == "array":
            for index, member in enumerate(value):
                check(member, description["items"], f"{path}[{index}]")
        else:
            kinds = {"string": str, "integer": int, "boolean": bool}
            assert isinstance(value, kinds[description["type"]]), path

    check(seen.answer, schema, "")
    assert set(schema["required"]) <= set(seen.answer)
