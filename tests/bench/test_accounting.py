"""Where control groups cannot be written, and where they are those of version 2."""

import os
import subprocess

from harness import accounting
from sallyport_lab.wait import eventually

# Two processes with 8 MiB each that work for 0.3 s.
BUSY = """
import os, time
os.fork()
x = bytearray(8 << 20)
while time.process_time() < 0.3:
    pass
time.sleep(60)
"""


def test_without_control_groups_processes_are_added_up():
    process = subprocess.Popen(["/usr/bin/python3", "-c", BUSY], start_new_session=True)
    group = accounting.Processes("test")
    group.adopt(process.pid)
    try:
        eventually(lambda: group.cpu_s() >= 0.5, 20, "both processes are counted")
        assert len(group.pids()) == 2
        memory = group.memory()
        assert memory["used"] > 16 << 20 and memory["processes"] == 2
        assert "WITHOUT kernel memory" in group.what and group.cpu_folder is None
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def test_control_groups_of_version_2(tmp_path, monkeypatch):
    monkeypatch.setattr(accounting.GroupV2, "ROOT", str(tmp_path))
    group = accounting.GroupV2("mine")
    folder = tmp_path / accounting.NAME / "mine"
    assert group.cpu_folder == str(folder)
    assert "+memory" in (tmp_path / accounting.NAME / "cgroup.subtree_control").read_text()
    (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n")
    (folder / "memory.current").write_text("9000\n")
    (folder / "memory.stat").write_text("anon 1\nfile 3000\nshmem 1000\nkernel 500\nsock 20\n")
    (folder / "cgroup.procs").write_text("")
    assert group.cpu_s() == 1.5
    assert group.memory(with_pss=False) == {"used": 7000, "kernel": 520, "processes": 0}
