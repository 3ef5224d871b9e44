"""sallyport config: every value with its origin; mistakes named by file and line."""

import json
import subprocess

import pytest

from sallyport_lab.daemon import SALLYPORT, SALLYPORTD


def run(*args, program=SALLYPORT):
    return subprocess.run([program, *map(str, args)], capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL)


@pytest.fixture
def config(tmp_path, authority):
    path = tmp_path / "sallyport.conf"
    path.write_text(f"""; a comment
[ftp]
idle_timeout = 240
passive_ports = 21000-21050

[tls]
certificate = {authority.chain}
private_key = {authority.key}
""")
    return path


DEFAULTS = {  # the help pages ask for these (requirements R1 to R54)
    "explicit_ports": "21, 3021", "implicit_ports": "990, 3990", "plain_ftp": "no",
    "passive_ports": "40000-50000", "idle_timeout": "120", "passive": "yes", "active": "yes",
    "tls_minimum": "1.2", "data_session_reuse": "prefer", "user": "sallyport",
}


@pytest.mark.parametrize("name, value", DEFAULTS.items())
def test_the_defaults_are_those_of_the_help_pages(tmp_path, name, value):
    empty = tmp_path / "empty.conf"
    empty.write_text("")
    done = run("--config", empty, "config", "get", name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().replace(" ", "") == value.replace(" ", "")


def test_get_prints_the_value_in_force(config):
    assert run("--config", config, "config", "get", "passive_ports").stdout.strip() == "21000-21050"
    assert run("--config", config, "--set", "idle_timeout=99", "config", "get",
               "idle_timeout").stdout.strip().startswith("99")


def test_show_tells_where_each_value_comes_from(config):
    done = run("--config", config, "--set", "max_sessions=77", "config", "show", "--all")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.split()}
    assert f"{config}:3" in rows["idle_timeout"] and "240" in rows["idle_timeout"]
    assert "command line" in rows["max_sessions"] and "77" in rows["max_sessions"]
    assert "default" in rows["plain_ftp"]


def test_show_as_json(config):
    done = run("--config", config, "--json", "config", "show", "--all")
    assert done.returncode == 0, done.stderr
    assert "idle_timeout" in json.dumps(json.loads(done.stdout))


def test_a_good_configuration_is_checked(config):
    assert run("config", "check", config).returncode == 0
    assert run("--config", config, "config", "check").returncode == 0
    assert run("--config", config, "--check", program=SALLYPORTD).returncode == 0


@pytest.mark.parametrize("line, words", [
    ("idle_timeot = 5", ["idle_timeot", "idle_timeout"]),
    ("idle_timeout = soon", ["idle_timeout"]),
    ("login_timeout = 9999999", ["login_timeout", "86400"]),
    ("passive_ports = 50000-40000", ["passive_ports"]),
    ("passive_ports = 0-70000", ["passive_ports"]),
    ("plain_ftp = perhaps", ["plain_ftp", "yes", "no"]),
    ("explicit_ports = 21, x", ["explicit_ports"]),
    ("external_ip = not/an/address/", ["external_ip"]),
    ("umask = 999", ["umask"]),
    ("max_sessions = 5", ["max_sessions", "[server]"]),
    ("idle_timeout = 100", ["idle_timeout", "3"]),
])
def test_a_mistake_is_named_with_file_and_line_and_what_is_allowed(config, line, words):
    text = config.read_text().replace("passive_ports = 21000-21050", line, 1)
    config.write_text(text)
    for done in (run("config", "check", config),
                 run("--config", config, "--check", program=SALLYPORTD)):
        assert done.returncode != 0
        complaint = done.stderr + done.stdout
        assert f"{config}:4" in complaint, complaint
        for word in words:
            assert word in complaint, complaint


def test_an_unknown_section_is_named(config):
    config.write_text(config.read_text() + "\n[ftpp]\nx = 1\n")
    done = run("config", "check", config)
    assert done.returncode != 0
    assert "ftpp" in done.stderr + done.stdout


@pytest.mark.parametrize("line, words", [
    ("[ftp]\nexplicit_ports = 2121\nimplicit_ports = 2121", ["2121"]),
    ("[ftp]\nexplicit_ports = 40010\n", ["40010", "passive_ports"]),
])
def test_rules_that_join_settings(tmp_path, authority, line, words):
    path = tmp_path / "joined.conf"
    path.write_text(f"{line}\n[tls]\ncertificate = {authority.chain}\n"
                    f"private_key = {authority.key}\n")
    done = run("config", "check", path)
    assert done.returncode != 0
    for word in words:
        assert word in done.stderr + done.stdout


def test_a_server_without_certificate_says_what_to_do(tmp_path):
    path = tmp_path / "bare.conf"
    path.write_text("")
    done = run("config", "check", path)
    assert done.returncode != 0
    assert "certificate" in done.stderr + done.stdout


def test_help_and_versions(config):
    for program in (SALLYPORT, SALLYPORTD):
        assert run("--help", program=program).returncode == 0
        assert run("--version", program=program).stdout.strip()
    assert "user" in run("help").stdout
    misspelt = run("usre", "list")
    assert misspelt.returncode == 2
    assert "user" in misspelt.stderr
