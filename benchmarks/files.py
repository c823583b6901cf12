"""Files that are either the old version or the new one, never half of one."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from datasets.errors import BenchmarkError


@contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that replaces `path` when the block ends well, and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        if error.filename is None:  # a full disk does not say which
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, atomically."""
    with write_atomically(path) as file:
        file.write((json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, atomically."""
    with write_atomically(path) as file:
        file.write(text.encode())


def read_json(path: Path) -> Any:
    """The JSON value in `path`, or None if there is no such file; raises BenchmarkError for one that is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BenchmarkError(f"{path} is damaged ({error}): delete it, and what it held is measured again") from error
