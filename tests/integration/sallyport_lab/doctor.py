"""Runs `sallyport doctor` and reads what it says."""

import json
import os
import subprocess
import time

from sallyport_lab.daemon import PASSWORD, SALLYPORT, SANITIZER_REPORT


class Examination:
    def __init__(self, result, seconds):
        self.status = result.returncode
        self.seconds = seconds
        self.errors = result.stderr
        self.answer = json.loads(result.stdout) if result.stdout.startswith("{") else {}
        self.text = result.stdout
        self.evidence = self.answer.get("evidence", {})
        self.verdict = self.answer.get("verdict")
        self.transfers = self.evidence.get("transfers", [])
        self.controls = self.evidence.get("controls", [])
        self.doors = self.evidence.get("doors", [])

    def transfer(self, mode, operation, **wanted):
        """The first transfer of this mode and operation, and with these values."""
        for transfer in self.transfers:
            if (transfer.get("mode"), transfer.get("operation")) == (mode, operation) and all(
                    transfer.get(name, False) == value for name, value in wanted.items()):
                return transfer
        raise AssertionError(f"no {mode} {operation} {wanted} among {self.transfers}")

    def control(self, purpose="main"):
        found = [one for one in self.controls if one["purpose"] == purpose]
        assert found, f"no control connection for {purpose}"
        return found[0]

    def replies(self, verb, purpose="main"):
        return [exchange.get("reply", {}) for exchange in self.control(purpose)["exchanges"]
                if exchange.get("verb", "") == verb]

    def sent(self):
        """All commands of all sessions, as they are noted."""
        return [exchange.get("command", "") for control in self.controls
                for exchange in control.get("exchanges", [])]


def doctor(host, *options, user="alice", password=PASSWORD, json_output=True, timeout=90,
           environment=None):
    command = [str(SALLYPORT), "doctor", host, *map(str, options)]
    if user:
        command += ["--user", user]
    if json_output:
        command.append("--json")
    settings = {name: value for name, value in os.environ.items()
                if name not in ("SALLYPORT_PASSWORD", "NETRC", "HOME")}
    if password is not None:
        settings["SALLYPORT_PASSWORD"] = password
    begin = time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout,
                            stdin=subprocess.DEVNULL, check=False,
                            env=settings | (environment or {}))
    examination = Examination(result, time.monotonic() - begin)
    assert not SANITIZER_REPORT.search(result.stderr), result.stderr
    assert result.returncode in (0, 1, 2, 3), (result.returncode, result.stderr)
    return examination
