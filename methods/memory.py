"""What this process holds, and refusing what cannot fit, with the figure, before the machine finds out."""

import mmap
from functools import cache
from pathlib import Path

import numpy as np

from datasets.errors import BenchmarkError

SHARE = 0.4
"""Of the machine's memory, what one array or one network's training may take."""

COPIES = 4
"""Of each parameter while Adam trains it: its value, its gradient and two running means."""

_limit: int | None = None
"""Bytes that this process may hold, where it is a cell with a limit."""

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_STATUS = Path("/proc/self/status")


class TooLargeError(BenchmarkError):
    """Something that would not fit into memory."""


@cache
def machine_bytes() -> int:
    """Memory of this machine, or of the container it runs in; asked once, since every query asks."""
    import psutil

    total = int(psutil.virtual_memory().total)
    try:
        return min(total, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no such file, or "max"
        return total


def hold_to(limit: int) -> None:
    """Have nothing allowed that would take this process beyond `limit` bytes: a cell's, which ends it otherwise."""
    global _limit
    _limit = limit


def allowance() -> int:
    """Bytes that one thing may take."""
    share = int(SHARE * machine_bytes())
    return share if _limit is None else min(share, max(0, _limit - (resident_bytes() or 0)))


def training_bytes(parameters: int) -> int:
    """Bytes that training so many float32 parameters takes, activations apart."""
    return parameters * 4 * COPIES


def resident_bytes() -> int | None:
    """Resident set size of this process now (VmRSS); None where the kernel does not say (Linux does)."""
    return _status_field("VmRSS")


def peak_bytes() -> int | None:
    """Highest resident set size since the process began, or since the mark was lowered (VmHWM).

    VmHWM belongs to this program's memory; `ru_maxrss` keeps, after fork and exec, what the parent held.
    """
    return _status_field("VmHWM")


def peak_over(resident: int | None) -> int:
    """Bytes by which the peak exceeds what was `resident` before; 0 where the kernel does not say.

    More than the work since then took, where an earlier peak was higher and the mark was not lowered after it.
    """
    peak = peak_bytes()
    return 0 if peak is None or resident is None else max(0, peak - resident)


def require_memory(needed: int, what: str) -> None:
    """Raise TooLargeError with both figures if `needed` bytes for `what` are more than the allowance."""
    if needed <= allowance():
        return
    held = resident_bytes() or 0
    if _limit is not None and needed > _limit - held:
        raise TooLargeError(
            f"needs about {(held + needed) / 2**30:.1f} GiB, limit {_limit / 2**30:.1f}: {what} takes "
            f"{needed / 2**30:.1f} GiB; raise --memory-limit or choose a smaller subset"
        )
    raise TooLargeError(
        f"{what} takes {needed / 2**30:.1f} GiB, more than {SHARE:.0%} of the {machine_bytes() / 2**30:.1f} GiB "
        "here; choose a smaller subset"
    )


def mapping_of(rows: np.ndarray) -> mmap.mmap | None:
    """The mapping that an array lies in which is mapped from a file and only read; None for any other array."""
    base: object = rows
    while isinstance(base, np.ndarray) and not base.flags.writeable:
        base = base.base
    return base if isinstance(base, mmap.mmap) else None


def let_go(rows: np.ndarray) -> None:
    """Give back the resident pages of an array that is mapped from a file and only read; looked at again, they return.

    Nothing happens to any other array.
    """
    mapping = mapping_of(rows)
    if mapping is not None:
        mapping.madvise(mmap.MADV_DONTNEED)


def _status_field(name: str) -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return None
