"""A temporary folder for each process that computes: what libraries leave there goes with it, however it ended.

A process that is killed, or that skips the interpreter's teardown, removes nothing itself (TensorFlow's generated
sources, multiprocessing's folders). So its parent makes the folder and removes it. Whoever holds a folder keeps a lock
on it, which the system lets go even after SIGKILL: a folder that nobody holds is removed by the next run.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "ris-"
_LONGEST = 48
"""Characters of the folder that these folders lie in: sockets two levels below it must fit the 107 of an address."""
_ABANDONED_SECONDS = 60.0
"""A younger folder may not be locked yet."""


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A fresh folder, removed with all it holds at the end of the block."""
    base = _base()
    remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def use(folder: Path) -> None:
    """Make `folder` the temporary folder of this process and of all that it starts."""
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)


def own_temporary_folder() -> None:
    """Give this process a temporary folder until it exits; programs that it starts elsewhere do not hear of it.

    To be called before multiprocessing is imported, which removes its own folder in there at exit.
    """
    stack = contextlib.ExitStack()
    tempfile.tempdir = str(stack.enter_context(temporary_folder()))
    atexit.register(stack.close)


def remove_abandoned(base: Path) -> None:
    """Remove this user's folders in `base` whose holder was killed."""
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or not _is_free(folder):
                continue
            shutil.rmtree(folder, ignore_errors=True)


def _is_free(folder: Path) -> bool:
    """True where nobody holds the folder and it is no newcomer; raises OSError where that cannot be seen."""
    if time.time() - folder.stat().st_mtime < _ABANDONED_SECONDS:
        return False
    handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _base() -> Path:
    """The system's temporary folder, or a shorter one where its name leaves no room for sockets."""
    usual = Path(tempfile.gettempdir())
    if len(os.fsencode(usual)) <= _LONGEST + len(PREFIX) + 9 or not os.access("/tmp", os.W_OK | os.X_OK):
        return usual
    return Path("/tmp")
