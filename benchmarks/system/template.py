"""Imported by the template process alone, first: it ignores a hangup, and ends the jobs of an owner that is gone.

It ends when its owner does, however that happened; nobody else is left to end the owner's jobs then.
"""

import atexit
import os
import signal

from benchmarks.system.processes import end_marked, identity

_OWNER = identity(os.getppid())
_TEMPLATE = os.getpid()


def _end_jobs() -> None:
    if os.getpid() == _TEMPLATE:  # what is forked from it inherits this function
        end_marked(f".{_OWNER}.")


signal.signal(signal.SIGHUP, signal.SIG_IGN)
atexit.register(_end_jobs)
