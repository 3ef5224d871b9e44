"""The machine that is measured on: what it is, and how busy others keep it."""

import os
import platform
import subprocess
import time


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return default


def busy_cpu_s():
    """CPU seconds that all of the machine has spent on work since its start, stolen time included."""
    ticks = [int(word) for word in read("/proc/stat").split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = ticks[:8]
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def busy_share(seconds=2.0):
    """How much of one core others use at the moment."""
    before, began = busy_cpu_s(), time.monotonic()
    time.sleep(seconds)
    return (busy_cpu_s() - before) / (time.monotonic() - began)


def wait_for_calm(seconds, share=0.2):
    """Waits, but not for ever, for a quarter of a second in which others use little."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and busy_share(0.25) > share:
        pass


def meminfo_bytes(name):
    for line in read("/proc/meminfo").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


def touch_memory(folder, gib):
    """Touches fresh memory once: in a virtual machine the first use of a page is slow, which would
    hit the server that comes first."""
    room = (meminfo_bytes("MemAvailable") >> 30) - 4
    block = bytes(1 << 20)
    paths = []
    try:
        for number in range(max(0, min(gib, room))):
            paths.append(os.path.join(folder, f"touch{number}"))
            with open(paths[-1], "wb", buffering=0) as file:
                for _ in range(1024):
                    file.write(block)
    finally:
        for path in paths:
            os.unlink(path)


def _first(path, key):
    for line in read(path).splitlines():
        if line.startswith(key):
            return line.split(":" if ":" in line else "=", 1)[1].strip().strip('"')
    return ""


def describe():
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False)
    commit = subprocess.run(["git", "-c", "safe.directory=*", "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True, check=False,
                            cwd=os.path.dirname(os.path.abspath(__file__)))
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "cpu": _first("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(meminfo_bytes("MemTotal") / (1 << 30)),
        "kernel": os.uname().release,
        "system": _first("/etc/os-release", "PRETTY_NAME"),
        "openssl": openssl.stdout.strip(),
        "commit": commit.stdout.strip(),
    }
