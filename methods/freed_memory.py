"""Memory that work frees and takes again at once stays with the process.

A detector takes and frees the same tens of megabytes for every image. If they go back to the kernel each time, it has
to clear every page once more: 40% of the time that one image takes.
"""

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""What glibc's mallopt calls them (malloc.h)."""

HELD_BYTES = 1 << 28
"""Freed memory at the end of a heap that is not given back; no more is held than was in use at some time."""

LARGEST_ARRAY = 1 << 25
"""Bytes up to which an array comes from a heap; the most that glibc allows."""


@cache
def hold_freed() -> None:
    """Have the C library hold what this process frees for what it takes next; only glibc can be told."""
    tell = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if tell is not None:
        tell(_TRIM_THRESHOLD, HELD_BYTES)
        tell(_MMAP_THRESHOLD, LARGEST_ARRAY)
