"""Reads a struct of a Matlab file in a process of its own: the reader crashes on files made for that.

Run as a script: it imports nothing of the project, reads under limits on time and memory, and leaves plain arrays.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SECONDS = 600
MEMORY = 12 << 30
"""Bytes of address space; the official file needs a few GiB."""
_FAILED = 3


class UnreadableError(Exception):
    """Why a Matlab file cannot be read, in a few words."""


def read_struct(path: Path, name: str, fields: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Those of the fields of struct `name` that are there, flattened: numbers as float64, text as str.

    Raises UnreadableError, whatever the file does to its reader.
    """
    with tempfile.TemporaryDirectory(prefix="mat-") as folder:
        rows = Path(folder) / "rows.npz"
        command = [sys.executable, "-P", __file__, str(path.resolve()), name, ",".join(fields), str(rows)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            raise UnreadableError(f"reading it takes longer than {SECONDS} s") from error
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise UnreadableError(last if done.returncode == _FAILED else f"its reader ended with {done.returncode}")
        with np.load(rows, allow_pickle=False) as arrays:
            return dict(arrays)


def _column(values: np.ndarray) -> np.ndarray:
    values = values.ravel()
    if values.dtype != object:
        return values.astype(np.float64)
    return np.array([str(text.item()) if text.size == 1 else "" for text in values], dtype=np.str_)


def _main(path: str, name: str, fields: str, rows: str) -> None:
    import os
    import resource

    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each of its threads reserves address space
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import scipy.io

    struct = scipy.io.loadmat(path, variable_names=[name])[name][0, 0]
    present = struct.dtype.names or ()
    np.savez(
        rows, allow_pickle=False, **{field: _column(struct[field]) for field in fields.split(",") if field in present}
    )


if __name__ == "__main__":
    try:
        _main(*sys.argv[1:])
    except BaseException as error:  # a damaged file surfaces as any of OSError, ValueError, TypeError, zlib.error, ...
        print(" ".join(f"{type(error).__name__}: {error}".split())[:300], file=sys.stderr)
        sys.exit(_FAILED)
