"""How a command's process ends: at a signal as at an interrupt, from its first import on, and always soon.

Nothing heavy is imported here: until this is, a signal is Python's own affair.
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from typing import NoReturn

INTERRUPTED = 130
"""The exit code after an interrupt."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAID = "interrupted; what was finished is kept, the same command goes on from there"
_PATIENCE = 2.0
"""Seconds that threads have to end once a command is done, and that signals are waited out."""
_asked: list[int] = []
"""Signals that interrupted the command."""


def heed_signals() -> None:
    """Make the signals that end a command an interrupt, but for those that are ignored (nohup, a shell's background).

    SIGTERM is always heeded: asked to end, a run ends its cells as well.
    """
    for number in _SIGNALS:
        if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def interrupt(number: int, frame: object) -> NoReturn:
    """The handler of signals that end a command: an interrupt, of which is known that somebody asked for it."""
    _asked.append(number)
    raise KeyboardInterrupt


def may_be_asked() -> bool:
    """False where no signal came although all that interrupt would have been noticed."""
    return bool(_asked) or signal.getsignal(signal.SIGINT) not in (interrupt, signal.SIG_IGN)


def leave(code: object) -> NoReturn:
    """End the process with what `sys.exit` takes; nothing keeps it, neither a thread nor the interpreter's end.

    What is to be done at exit is done, whatever signal comes meanwhile: only one that comes late ends it at once.
    """
    began = time.monotonic()

    def wait_out(number: int, frame: object) -> None:
        if time.monotonic() > began + _PATIENCE:
            os._exit(INTERRUPTED)

    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, wait_out)
    if code == INTERRUPTED or isinstance(code, str):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            print(_SAID if code == INTERRUPTED else code, file=sys.stderr)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon and not _is_pooled(thread):
            thread.join(max(0.0, began + _PATIENCE - time.monotonic()))
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _is_pooled(thread: threading.Thread) -> bool:
    """True for a thread that waits for more work as long as the interpreter runs."""
    return getattr(getattr(thread, "_target", None), "__module__", "") == "concurrent.futures.thread"
