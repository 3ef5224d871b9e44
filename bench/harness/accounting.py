"""How much CPU and memory a server uses, all of its processes together, those that have ended too.

With writable control groups (v1 or v2) the kernel counts exactly, its own memory included. Without
them there is a fallback that adds up what /proc shows: CPU in ticks of 10 ms and memory as PSS, which
knows no kernel memory. The report says which one it was.
"""

import os
import random
import time

from .machine import read

NAME = "sallyport-bench"
PSS_SAMPLE = 1500  # so many processes are looked at when there are more


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _pss_bytes(pids):
    """PSS of all of them; estimated from some when there are very many."""
    some = pids if len(pids) <= PSS_SAMPLE else random.sample(pids, PSS_SAMPLE)
    total = seen = 0
    for pid in some:
        for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
                seen += 1
    return int(total * len(pids) / seen) if seen else 0


def _table(path):
    return {key: int(value) for key, value in
            (line.split()[:2] for line in read(path).splitlines() if " " in line)}


class Group:
    """What the kinds of accounting have in common."""

    has_kernel_memory = True
    cpu_folder = None  # ftpload reads the CPU time from there

    def join(self):
        """Called in a child before it becomes the server."""

    def adopt(self, pid):
        """Called once the server's first process is known."""

    def memory(self, with_pss=True):
        pids = self.pids()
        found = dict(self._memory(), processes=len(pids))
        if with_pss:
            found["pss"] = _pss_bytes(pids)
        return found

    def memory_bytes(self):
        return self._memory()["used"]

    def remove(self):
        pass


class GroupV1(Group):
    what = "control groups (v1): exact CPU time and memory, kernel memory included"
    CPU, MEMORY = "/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/memory"

    def __init__(self, name):
        self.cpu_folder = f"{self.CPU}/{NAME}/{name}"
        self.memory_folder = f"{self.MEMORY}/{NAME}/{name}"
        for folder in (self.cpu_folder, self.memory_folder):
            os.makedirs(folder, exist_ok=True)
        try:  # turns the accounting of socket memory on
            write(self.memory_folder + "/memory.kmem.tcp.limit_in_bytes", str(64 << 30))
        except OSError:
            pass  # newer kernels count it always

    def join(self):
        for folder in (self.cpu_folder, self.memory_folder):
            write(folder + "/cgroup.procs", str(os.getpid()))

    def pids(self):
        return [int(pid) for pid in read(self.cpu_folder + "/cgroup.procs").split()]

    def cpu_s(self):
        return int(read(self.cpu_folder + "/cpuacct.usage", "0")) * 1e-9

    def _memory(self):
        stat = _table(self.memory_folder + "/memory.stat")
        number = lambda file: int(read(f"{self.memory_folder}/{file}", "0"))
        files = stat.get("total_cache", 0) - stat.get("total_shmem", 0)  # the log: not a session's
        return {"used": number("memory.usage_in_bytes") - files,
                "kernel": number("memory.kmem.usage_in_bytes")}

    def remove(self):
        for folder in (self.cpu_folder, self.memory_folder):
            _remove_folder(folder)


class GroupV2(Group):
    what = "control groups (v2): exact CPU time and memory, kernel memory included"
    ROOT = "/sys/fs/cgroup"

    def __init__(self, name):
        parent = f"{self.ROOT}/{NAME}"
        os.makedirs(parent, exist_ok=True)
        for folder in (self.ROOT, parent):
            write(folder + "/cgroup.subtree_control", "+cpu +memory")
        self.cpu_folder = f"{parent}/{name}"
        os.makedirs(self.cpu_folder, exist_ok=True)

    def join(self):
        write(self.cpu_folder + "/cgroup.procs", str(os.getpid()))

    def pids(self):
        return [int(pid) for pid in read(self.cpu_folder + "/cgroup.procs").split()]

    def cpu_s(self):
        return _table(self.cpu_folder + "/cpu.stat").get("usage_usec", 0) * 1e-6

    def _memory(self):
        stat = _table(self.cpu_folder + "/memory.stat")
        files = stat.get("file", 0) - stat.get("shmem", 0)
        kernel = stat.get("kernel", stat.get("slab", 0) + stat.get("kernel_stack", 0)
                          + stat.get("pagetables", 0)) + stat.get("sock", 0)
        return {"used": int(read(self.cpu_folder + "/memory.current", "0")) - files,
                "kernel": kernel}

    def remove(self):
        _remove_folder(self.cpu_folder)


class Processes(Group):
    """Without control groups: the process that was started and all that descend from it."""

    what = ("no writable control groups: CPU in ticks of /proc, memory as PSS WITHOUT kernel memory"
            " (not comparable with figures from control groups)")
    has_kernel_memory = False

    def __init__(self, name):
        self.name = name
        self.first = None

    def adopt(self, pid):
        self.first = pid

    @staticmethod
    def _stat(pid):
        """(parent, session, ticks of it and of its children that have ended)"""
        fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if not fields:
            return None
        return int(fields[1]), int(fields[3]), sum(int(field) for field in fields[11:15])

    def _all(self):
        """{pid: ticks}; daemons that have left their parents are found by the session."""
        stats = {int(name): self._stat(name) for name in os.listdir("/proc") if name.isdigit()}
        stats = {pid: stat for pid, stat in stats.items() if stat}
        mine = {pid for pid, stat in stats.items() if pid == self.first or stat[1] == self.first}
        grows = True
        while grows and self.first:
            more = {pid for pid, stat in stats.items() if stat[0] in mine} - mine
            mine |= more
            grows = bool(more)
        return {pid: stats[pid][2] for pid in mine} if self.first else {}

    def pids(self):
        return list(self._all())

    def cpu_s(self):
        return sum(self._all().values()) / os.sysconf("SC_CLK_TCK")

    def _memory(self):
        return {"used": _pss_bytes(self.pids()), "kernel": 0}


def _remove_folder(folder):
    for _ in range(50):
        try:
            os.rmdir(folder)
            return
        except FileNotFoundError:
            return
        except OSError:  # the last process is still leaving
            time.sleep(0.1)


def choose():
    """The best kind of accounting that works here."""
    for kind in (GroupV1, GroupV2):
        try:
            probe = kind("probe")
            works = bool(kind is GroupV2 or os.path.exists(probe.cpu_folder + "/cpuacct.usage"))
            works = works and probe.memory(False)["used"] >= 0
            probe.remove()
            if works:
                return kind
        except OSError:
            continue
    return Processes


def remove_all():
    """The parents, when the groups below them have gone."""
    for root in (GroupV1.CPU, GroupV1.MEMORY, GroupV2.ROOT):
        try:
            os.rmdir(f"{root}/{NAME}")
        except OSError:
            pass  # was not made, or another run still uses it
