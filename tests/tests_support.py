"""Helpers that tests of several floors import."""

import time


def wait_for(condition, seconds=20.0):
    """Return once `condition()` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)
