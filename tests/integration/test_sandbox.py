"""What the kernel holds the processes to: shown by the status, and by a daemon that the tests break
out of from inside a worker (breakout_daemon: the delivered one and one command more, XBRK)."""

import os
import resource
import signal
import socket

import pytest

from sallyport_lab import daemon
from sallyport_lab.daemon import IS_ROOT, SALLYPORTD, Server
from sallyport_lab.wait import eventually

pytestmark = pytest.mark.sanitize

BREAKOUT = SALLYPORTD.with_name("breakout_daemon")
SANITIZED = SALLYPORTD.exists() and b"__asan_init" in SALLYPORTD.read_bytes()
WHOLE = {"seccomp": True, "no_new_privs": True, "openat2": True, "core_dumps": False}


@pytest.fixture
def start_breakout(ports, authority, service_user, monkeypatch):
    """start_breakout("landlock", setting=value): a daemon whose children have these layers only."""
    running = []

    def start(layers, **settings):
        monkeypatch.setattr(daemon, "SALLYPORTD", BREAKOUT)
        if layers is not None:
            monkeypatch.setenv("SALLYPORT_BREAKOUT_LAYERS", layers)
        server = Server(ports, authority, workers=1, plain_ftp=True, **settings)
        running.append(server)
        server.start()
        server.add_user("alice")
        server.add_user("bob")
        server.put("secret", b"of bob", user="bob")
        return server

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def elsewhere():
    """The port of a service that the server has no business with."""
    with socket.create_server(("127.0.0.1", 0)) as service:
        yield service.getsockname()[1]


def tries(control, attempt):
    """What XBRK answers: "EACCES" and the like, or "" when it went through."""
    reply = control.command(f"XBRK {attempt}")
    assert reply.code in (200, 550), reply
    return "" if reply.code == 200 else reply.text.split()[-1]


def test_the_status_tells_what_is_in_force(start_server):
    server = start_server()
    sandbox = eventually(lambda: (lambda s: s if s["workers"] and s["manager"] else None)(
        server.status()["sandbox"]), 10, "all children have told")
    assert sandbox["setting"] == "prefer"
    for kind in ("workers", "manager"):
        assert sandbox[kind].items() >= WHOLE.items(), sandbox
        assert sandbox[kind]["capabilities"] == []
        assert sandbox[kind]["landlock_abi"] >= 2, "this test needs a kernel with Landlock"
    shown = server.cli("status").stdout
    assert "Sandbox of workers" in shown and "Sandbox of the manager" in shown
    assert "Landlock (ABI" in shown and "seccomp" in shown and "no capabilities" in shown


def test_the_kernel_confirms_it(start_server):
    server = start_server()
    status = server.status()
    for pid in (status["manager_pid"], *(w["pid"] for w in status["workers"])):
        def confirms(pid=pid):
            with open(f"/proc/{pid}/status") as lines:
                facts = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
            return (facts["Seccomp"] == "2" and facts["NoNewPrivs"] == "1"
                    and all(int(facts[name], 16) == 0 for name in ("CapPrm", "CapEff", "CapAmb")))
        eventually(confirms, 10, f"process {pid} is confined")


def test_off_is_off_and_the_status_says_so(start_server):
    server = start_server(sandbox="off")
    sandbox = eventually(lambda: (lambda s: s if s["workers"] and s["manager"] else None)(
        server.status()["sandbox"]), 10, "all children have told")
    assert sandbox["setting"] == "off"
    assert sandbox["workers"]["landlock_abi"] == 0 and not sandbox["workers"]["seccomp"]
    assert sandbox["workers"]["no_new_privs"], "that one stays"
    assert "no Landlock; no seccomp" in server.cli("status").stdout


def test_a_reload_changes_it_for_new_sessions(start_server):
    server = start_server(sandbox="off", plain_ftp=True)
    server.add_user()
    server.put("x", b"content")
    server.write_config(sandbox="require")
    server.reload()
    eventually(lambda: (server.status()["sandbox"]["workers"] or {}).get("seccomp"), 10,
               "the new workers are confined")
    assert server.login().download("x") == b"content"


def test_a_home_outside_needs_a_setting(start_server, tmp_path):
    server = start_server(plain_ftp=True)
    outside = server.folder / "outside"
    outside.mkdir()
    server._give(outside)
    (outside / "here").write_bytes(b"x")
    refused = server.cli("user", "add", "carol", "--password-stdin", "--home", outside,
                         text=daemon.PASSWORD + "\n", check=False)
    assert refused.returncode != 0 and "extra_data_roots" in refused.stderr
    server.write_config(extra_data_roots=outside)
    server.reload()
    server.cli("user", "add", "carol", "--password-stdin", "--home", outside,
               text=daemon.PASSWORD + "\n")
    control = server.login("carol", tls=False)
    control.expect("TYPE I", 200)
    control.expect("SIZE here", 213)
    control.expect("DELE here", 250)
    # Taken away again: the login says that there is no home, the log says why.
    server.write_config(extra_data_roots="")
    server.reload()
    control = server.connect()
    control.expect("USER carol", 331)
    control.expect(f"PASS {daemon.PASSWORD}", 530)
    server.log.wait_for(r"home-unavailable user=carol .*extra_data_roots")


@pytest.mark.skipif(not BREAKOUT.exists(), reason="not built")
@pytest.mark.parametrize("layers", ["", "landlock", *(pytest.param(
    layers, marks=pytest.mark.skipif(SANITIZED, reason="its runtime opens files by name"))
    for layers in ("seccomp", "landlock,seccomp"))])
def test_who_has_taken_over_a_worker_stays_inside(start_breakout, elsewhere, layers):
    server = start_breakout(layers, active=False)
    control = server.login(tls=False)
    landlock, seccomp = "landlock" in layers, "seccomp" in layers
    by_name = "EPERM" if seccomp else "EACCES" if landlock else ""

    # The third layer, openat2 beneath a home, is in every command: it stands alone when the other
    # two are missing.
    for path in ("/etc/passwd", "../../../etc/passwd"):
        assert control.command(f"SIZE {path}").code == 550
        assert tries(control, f"beneath {path}") == "EXDEV"
    os.symlink("/etc/passwd", server.home() / "link")
    assert control.command("SIZE link").code == 550
    assert tries(control, f"beneath {server.home('bob')}/secret") == "EXDEV"

    assert tries(control, "open /etc/passwd") == by_name
    assert tries(control, f"open {server.home('bob')}/secret") == ("EPERM" if seccomp else "")
    assert tries(control, "openat2 /etc/passwd") == ("EACCES" if landlock else "")
    assert tries(control, "openat2 ../sallyport.conf") == ("EACCES" if landlock else "")
    assert tries(control, f"open {server.folder}/state/accounts.db") == by_name
    assert tries(control, f"write {server.folder}/run/new") == by_name
    assert tries(control, f"tcp {elsewhere}") == by_name
    assert tries(control, "listen 0") == by_name
    assert tries(control, "fork") == ("EPERM" if seccomp else "")
    assert tries(control, f"unix {server.run_directory}/manager.sock") == ("EPERM" if seccomp else "")
    assert tries(control, "executable") == ("EPERM" if seccomp else "")
    assert tries(control, "signal") == ("EPERM" if landlock or seccomp else "")


@pytest.mark.skipif(not BREAKOUT.exists(), reason="not built")
@pytest.mark.parametrize("attempt", ["exec", "ptrace", "memory", "setuid"])
def test_what_is_plainly_hostile_ends_the_worker(start_breakout, attempt):
    server = start_breakout("seccomp")
    server.expected_exits = 1
    control = server.login(tls=False)
    control.send(f"XBRK {attempt}")
    server.log.wait_for(r"child-exited child=worker.* SIGSYS \(a system call that the sandbox")
    # Another worker serves, at once.
    eventually(lambda: server.workers(), 10, "a new worker")
    server.login(tls=False).expect("PWD", 257)


@pytest.mark.skipif(not BREAKOUT.exists(), reason="not built")
def test_landlock_alone_stops_a_program(start_breakout):
    control = start_breakout("landlock").login(tls=False)
    assert tries(control, "exec") == "EACCES"
    assert tries(control, "ptrace") == "EPERM"


def test_the_delivered_daemon_has_no_way_to_try(start_server):
    server = start_server(plain_ftp=True)
    server.add_user()
    assert server.login(tls=False).command("XBRK open /etc/passwd").code == 500
    assert b"XBRK" not in SALLYPORTD.read_bytes()


@pytest.mark.skipif(not IS_ROOT, reason="only root may leave from port 20")
def test_port_20_is_the_only_capability(start_server, ports):
    source = 931  # one below 1024 that nobody else uses
    server = start_server(active_source_port=source, plain_ftp=True, user="sallyport")
    server.add_user()
    sandbox = eventually(lambda: server.status()["sandbox"]["workers"], 10, "a worker has told")
    assert sandbox["capabilities"] == ["net_bind_service"]
    assert server.status()["sandbox"]["manager"]["capabilities"] == []
    control = server.login(tls=False)
    with socket.create_server(("127.0.0.1", 0)) as mine:
        mine.settimeout(10)
        high, low = divmod(mine.getsockname()[1], 256)
        control.expect(f"PORT 127,0,0,1,{high},{low}", 200)
        control.send("NLST")
        data, peer = mine.accept()
        data.close()
        assert peer[1] == source


@pytest.mark.skipif(not IS_ROOT, reason="only root stays root")
def test_a_server_that_stays_root_keeps_what_is_documented(start_server):
    server = start_server(user="root")
    sandbox = eventually(lambda: server.status()["sandbox"]["workers"], 10, "a worker has told")
    assert sandbox["capabilities"] == ["dac_override", "dac_read_search", "fowner"]
    assert sandbox["seccomp"] and sandbox["landlock_abi"]


def test_names_are_looked_up_inside(start_server):
    server = start_server(external_ip="localhost", plain_ftp=True)
    server.add_user()
    assert "(127,0,0,1," in server.login(tls=False).expect("PASV", 227).text


def core_limits(pid):
    with open(f"/proc/{pid}/limits") as limits:
        core = next(line for line in limits if line.startswith("Max core file size"))
    return core.split()[4:6]


def test_the_supervisor_leaves_no_core_either(start_server):
    """It holds the private keys."""
    server = start_server()
    pid = server.process.pid
    assert core_limits(pid) == ["0", "0"]
    if IS_ROOT:  # what belongs to root in /proc is of a process that cannot be dumped or traced
        assert os.stat(f"/proc/{pid}").st_uid != os.stat(f"/proc/{pid}/environ").st_uid == 0
    server.reload()
    assert core_limits(pid) == ["0", "0"]


def test_dumps_are_forbidden_from_the_reload_on_that_wants_it(start_server):
    server = start_server(sandbox="off")
    pid = server.process.pid
    ours = resource.getrlimit(resource.RLIMIT_CORE)[1]
    assert (core_limits(pid)[1] == "0") == (ours == 0), "as it was started"
    server.write_config(sandbox="prefer")
    server.reload()
    assert core_limits(pid) == ["0", "0"]


def test_a_killed_worker_leaves_no_core(start_server):
    server = start_server()
    server.expected_exits = 1
    pid = server.workers()[0]["pid"]
    assert core_limits(pid) == ["0", "0"]
    os.kill(pid, signal.SIGQUIT)
    line = server.log.wait_for("child-exited .*SIGQUIT")
    assert "core dumped" not in line
