"""What a user has to hear beside a command's answer, a line each: a stored file that is damaged and made again, say.

A process that works for a command says it where nobody looks, so what it notes is also left in a file, for the command
to say again.
"""

import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOG = logging.getLogger("reverse_image_search")
_noted: set[str] = set()
_left_in: list[Path] = []
"""The file of this process, where it has one."""


def note(line: str) -> None:
    """Say it once a process, on standard error unless the caller has set up logging otherwise."""
    line = " ".join(line.split())
    if line in _noted:
        return
    _noted.add(line)
    _LOG.warning("%s", line)
    for path in _left_in:
        with contextlib.suppress(OSError), path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{line}\n")


def note_damage(path: Path, reason: object, remedy: str) -> None:
    """Note that a stored file is not what was written, why, and what is done about it."""
    note(f"stored file damaged: {path} ({' '.join(str(reason).split())[:200]}); {remedy}")


@contextmanager
def left_in(path: Path) -> Iterator[None]:
    """Have what is noted in the block also lie in `path`; `say_again` reads it."""
    _left_in.append(path)
    try:
        yield
    finally:
        _left_in.remove(path)


def say_again(path: Path) -> None:
    """Note here what another process left in `path`, and remove that; nothing where it left none."""
    with contextlib.suppress(OSError):
        lines = path.read_text(encoding="utf-8").splitlines()
        path.unlink()
        for line in lines:
            note(line)
