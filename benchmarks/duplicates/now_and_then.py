"""Keeping what a long comparison has found so far, so seldom that it costs next to nothing."""

import time
from collections.abc import Callable

SAVE_SECONDS = 20.0
"""What an interruption costs at most, where keeping takes no time to speak of."""
WORTH = 20
"""Times as long as keeping takes, at least, pass before the next time: of a million pictures it takes seconds."""


def now_and_then(keep: Callable[[], None]) -> Callable[[], None]:
    """A function to be called again and again, which calls `keep` where that was not done lately."""
    due = time.monotonic() + SAVE_SECONDS

    def keep_if_due() -> None:
        nonlocal due
        began = time.monotonic()
        if began >= due:
            keep()
            took = time.monotonic() - began
            due = began + took + max(SAVE_SECONDS, WORTH * took)

    return keep_if_due
