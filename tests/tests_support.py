"""Helpers that tests of several floors import."""

import mmap
import time


def wait_for(condition, seconds=20.0):
    """Return once `condition()` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


def touched(size):
    """`size` bytes of memory that go back to the system when closed, page by page without another copy beside them.

    What malloc gives, even for a moment, may come from a heap that earlier tests have grown, and then stays there.
    """
    block = mmap.mmap(-1, size)
    for start in range(0, size, mmap.PAGESIZE):
        block[start] = 1
    return block
