"""All processes that a job starts, found whatever sessions they open, and ended with the job or with its owner.

A daemon is in no process group of its job, and no descendant once its parent has ended. So each job has a mark in its
environment, which its descendants inherit and `/proc/PID/environ` shows; and a job's process adopts its orphans while
it lives. The mark names the output folder and the owner, the process that waits for the job.
"""

import contextlib
import ctypes
import hashlib
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterable
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

import psutil

MARK = "RIS_CELL"
"""The environment variable."""
_LENGTH = 64
BLANK = "." * _LENGTH
"""Room for a mark, in the environment that the template process starts with."""
_ROUNDS = 25
_ROUND_SECONDS = 0.02
_PDEATHSIG, _CHILD_SUBREAPER = 1, 36  # of prctl


class Family:
    """One job's processes, as its owner sees them."""

    def __init__(self, out: Path) -> None:
        """`out` is the output folder that the job works for."""
        self.mark = f"{_digest(out)}.{identity(os.getpid())}.{uuid.uuid4().hex[:12]}".ljust(_LENGTH, ".")
        self._seen: set[psutil.Process] = set()
        self._earlier = set(psutil.pids())
        """Of processes that ran before there was this mark, so that none of them bears it."""

    def members(self, pid: int) -> list[psutil.Process]:
        """The job's process `pid`, all that descend from it, and all that bear its mark; none that has ended."""
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(pid)
            self._seen |= {leader, *leader.children(recursive=True)}
        present = set(psutil.pids())
        self._earlier &= present  # an id of a process that has ended may be given to another
        self._seen |= set(_marked(self.mark, present - self._earlier))
        self._seen = set(_running(self._seen))
        return list(self._seen)

    def memory(self, pid: int, shared: bool = True) -> int:
        """Resident bytes of all of them; without pages that others may share unless `shared`."""
        total = 0
        for member in self.members(pid):
            with contextlib.suppress(psutil.Error):
                used = member.memory_info()
                total += used.rss - (0 if shared else getattr(used, "shared", 0))
        return total

    def end(self, pid: int) -> None:
        """Kill them all: the job leads a process group; others are looked for until none is left."""
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        for _ in range(_ROUNDS):
            if not _kill_all(self.members(pid)):
                return
            time.sleep(_ROUND_SECONDS)


def begin(mark: str) -> None:
    """To be called first in a job's process: it bears the mark from now on, and ends when its owner does."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.getenv.restype = ctypes.c_void_p
        # The kernel shows the environment as it was when the template process started, so the mark is written over it.
        if (place := libc.getenv(MARK.encode())) and len(ctypes.string_at(place)) == len(mark):
            ctypes.memmove(place, mark.encode(), len(mark))
        libc.prctl(_CHILD_SUBREAPER, 1)
        libc.prctl(_PDEATHSIG, signal.SIGKILL)
    os.environ[MARK] = mark
    # Whoever holds this pipe keeps the template process alive, which is to end with the owner.
    server: Any = forkserver._forkserver  # type: ignore[attr-defined]
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None
    if not _is_alive(_owner(mark)):  # it ended before that
        os._exit(1)


def start_tracker() -> None:
    """Start multiprocessing's tracker of resources before anything else does: deaf to a hangup, too.

    A terminal that is closed sends one to all processes of a command; the tracker ignores its other signals itself,
    and ends with this process. One that died is told of on standard error.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    try:
        resource_tracker.ensure_running()  # where it starts a process, it lets this thread hear SIGINT and SIGTERM
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent(parent: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Have the system send a signal to this process when its parent ends, however that ends; on Linux alone.

    The parent must have started it from its main thread: the system watches the thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before that
            sys.exit(2)


def end_descendants() -> None:
    """Kill all that this process started, orphans included."""
    for _ in range(_ROUNDS):
        if not _kill_all(_running(psutil.Process().children(recursive=True))):
            return
        time.sleep(_ROUND_SECONDS)


def end_owned(owner: int | None = None) -> None:
    """Kill all jobs of an owner (this process unless given), and whatever they started."""
    end_marked(f".{identity(owner or os.getpid())}.")


def end_marked(part: str) -> None:
    """Kill all whose mark contains `part`."""
    for _ in range(_ROUNDS):
        if not _kill_all(_running(_marked(part))):
            return
        time.sleep(_ROUND_SECONDS)


def end_strays(out: Path) -> list[str]:
    """Kill jobs that work for this output folder although their owner is gone; their names and process ids."""
    found: dict[psutil.Process, str] = {}
    for _ in range(_ROUNDS):
        strays = [
            stray for stray in _running(_marked(f"{_digest(out)}.")) if not _is_alive(_owner(_mark_of(stray.pid)))
        ]
        for stray in strays:
            with contextlib.suppress(psutil.Error):
                found.setdefault(stray, f"{stray.name()} ({stray.pid})")
        if not _kill_all(strays):
            break
        time.sleep(_ROUND_SECONDS)
    return sorted(found.values())


def _kill_all(processes: Iterable[psutil.Process]) -> int:
    """Send SIGKILL to each; how many there were."""
    count = 0
    for count, process in enumerate(processes, 1):  # noqa: B007
        with contextlib.suppress(psutil.Error):
            process.kill()
    return count


def _marked(part: str, pids: Iterable[int] | None = None) -> list[psutil.Process]:
    """This user's processes whose mark contains `part`, of these ids if given, without this one."""
    found = []
    for pid in psutil.pids() if pids is None else pids:
        if pid != os.getpid() and part in _mark_of(pid):
            with contextlib.suppress(psutil.Error):
                found.append(psutil.Process(pid))
    return found


def _running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended: not even as a zombie that nobody waits for."""
    alive = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
    return alive


def _mark_of(pid: int) -> str:
    """The mark of a process; "" where it has none or is another user's."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return ""
    _, found, rest = (b"\0" + environment).partition(f"\0{MARK}=".encode())
    return rest.split(b"\0", 1)[0].decode("ascii", "replace") if found else ""


def _digest(out: Path) -> str:
    return hashlib.sha256(os.fsencode(os.path.realpath(out))).hexdigest()[:16]


def identity(pid: int) -> str:
    """A process id with the time it started in clock ticks: an id alone is used again."""
    try:
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        started = "0"
    return f"{pid}.{started}"


def _owner(mark: str) -> str:
    return ".".join(mark.split(".")[1:3])


def _is_alive(owner: str) -> bool:
    """True where the process still runs (and where that cannot be seen)."""
    pid = owner.partition(".")[0]
    if not pid.isdigit() or sys.platform != "linux":
        return True
    with contextlib.suppress(psutil.Error):
        if psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE:
            return False
    return identity(int(pid)) == owner
