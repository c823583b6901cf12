"""A child process that answers orders, as its session sees it: started, asked, watched, ended with all it started."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.execution.launch import ended_by
from benchmarks.system.logs import LARGEST, trim
from benchmarks.system.processes import Family
from benchmarks.system.temporary import temporary_folder
from datasets.safe_text import REASON, one_line

LOOK_SECONDS = 0.25
"""Between two looks at what it takes."""
_END_SECONDS = 5.0
"""Until a process that has hung up, or was killed, is gone."""
_LOG_WHILE_RUNNING = 16 * LARGEST
"""Bytes of log at which its middle is cut out although the process still writes."""


@dataclass(frozen=True)
class Child:
    """A process that was started, and our end of its connection."""

    pid: int
    join: Callable[[float], int | None]
    """Waits so many seconds for its end; its exit code, None while it runs."""
    connection: Connection


class Server:
    """Once `status` is not "ok" it takes no further part; `reason` says why."""

    def __init__(self, out: Path, log: Path, memory_limit: int, shared: bool = True) -> None:
        """`out` is the folder it works for; `log` is appended to by it; bytes that others share count if `shared`."""
        self.status = "ok"
        self.reason = ""
        self._log = log
        self._memory_limit = memory_limit
        self._shared = shared
        self._family = Family(out)
        self._child: Child | None = None
        self._held = contextlib.ExitStack()
        """What goes when the process has ended: its temporary folder."""

    def begin(self, start: Callable[[Path, str], Child], patience: float, first: object = None) -> Any:
        """Start the process with a temporary folder and a mark of its own, and send it `first` if given.

        Its first answer, or None where it failed within `patience` seconds.
        """
        scratch = self._held.enter_context(temporary_folder())
        self._child = start(scratch, self._family.mark)
        return self._answer(patience) if first is None else self.tell(first, patience)

    def tell(self, order: object, patience: float, look: float = LOOK_SECONDS) -> Any:
        """The answer to an order; None where the process failed, now or before.

        Its memory is looked at every `look` seconds: seldom, where looking would disturb what it times.
        """
        if self.status != "ok" or self._child is None:
            return None
        with contextlib.suppress(OSError):  # it has ended: found out below
            self._child.connection.send(order)
        return self._answer(patience, look)

    def stop(self) -> None:
        """End the process and whatever it started."""
        if self._child is None:
            return
        self._family.end(self._child.pid)
        self._child.join(_END_SECONDS)
        self._child.connection.close()
        self._child = None
        self._held.close()

    def _answer(self, patience: float, look: float = LOOK_SECONDS) -> Any:
        assert self._child is not None
        deadline = time.monotonic() + patience
        try:
            while not self._child.connection.poll(min(look, patience)):
                if time.monotonic() > deadline:
                    return self._fail("timeout", f"no answer within {patience:.0f} s; raise --timeout")
                trim(self._log, _LOG_WHILE_RUNNING)
                if (used := self._family.memory(self._child.pid, self._shared)) > self._memory_limit:
                    limit = self._memory_limit / 2**30
                    return self._fail("oom", f"used {used / 2**30:.1f} GiB, over the limit of {limit:.1f} GiB")
            answer = self._child.connection.recv()
        except (EOFError, OSError):
            return self._fail("killed", ended_by(self._child.join(_END_SECONDS)))
        if isinstance(answer, dict) and "error" in answer:
            return self._fail(answer.get("status", "error"), answer["error"])
        return answer

    def _fail(self, status: str, reason: str) -> None:
        self.status, self.reason = status, one_line(reason, REASON)
        self.stop()
        trim(self._log)
