"""What two cells on one host may not hold at the same time: the host itself while a cell is timed, and a GPU.

A token is a lock on a file of the host. It holds between the workers of one host, of whatever scheduler or run of the
same user, and the kernel gives it back when its holder dies, however it dies.
"""

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.backends.contract import Task


@contextmanager
def tokens_of(task: Task) -> Iterator[None]:
    """Hold what a task needs; blocks until it is free.

    The host is shared by cells whose times are no results, and held alone by one that is timed. A cell on a GPU holds
    the GPU alone as well, timed or not: its memory is not shared out either.
    """
    with ExitStack() as held:
        held.enter_context(_token("host", alone=task.timed))
        if task.job.cell.device == "gpu":
            visible = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
            held.enter_context(_token(f"gpu-{re.sub('[^0-9A-Za-z-]+', '-', visible)}", alone=True))
        yield


@contextmanager
def _token(name: str, alone: bool) -> Iterator[None]:
    folder = Path(tempfile.gettempdir(), f"reverse-image-search-benchmark-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / f"{name}.token").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
