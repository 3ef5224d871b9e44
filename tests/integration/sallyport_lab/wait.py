"""Waiting for an event that only shows as a changed state: poll it, never guess a duration."""

import threading
import time


def eventually(condition, within=10.0, what=""):
    """Returns the first true result of condition(); fails when none comes in `within` seconds."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or condition}")
        pause.wait(0.01)
