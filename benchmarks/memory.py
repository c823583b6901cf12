"""Resident memory of this process as the kernel counts it (Linux); None where it cannot be read."""

from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


def resident_bytes() -> int | None:
    """Resident set size now (VmRSS)."""
    return _status_field("VmRSS")


def peak_bytes() -> int | None:
    """Highest resident set size since the process began, or since `reset_peak` (VmHWM).

    Read from the process itself: `ru_maxrss` starts at the parent's peak after a fork, VmHWM does not.
    """
    return _status_field("VmHWM")


def reset_peak() -> bool:
    """Lower VmHWM to the present VmRSS (see proc(5), clear_refs); False where the kernel does not allow it."""
    try:
        _CLEAR_REFS.write_text("5")
    except OSError:
        return False
    return True


def _status_field(name: str) -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return None
