"""The command line from Python: a process of its own, which ends with this one, and whose errors are raised here."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO

from datasets.errors import BenchmarkError

_START = """\
import sys
sys.path[:] = {path!r}
from benchmarks.system.processes import end_with_parent
end_with_parent({parent})
from benchmarks.__main__ import main
main()
"""
_ERROR = "error:"
_DONE = (0, 1)
"""Exit codes of a run that stored its rows; 1: some without a result."""


def run_command(arguments: Sequence[str], progress: bool = False) -> None:
    """Run `ris` with `arguments`; with `progress` what it prints is printed here, line by line.

    The process imports what this one would, and never this program's main module. An interrupt here ends it. Raises
    BenchmarkError with its error line, or with the last it said where it ended otherwise.
    """
    start = _START.format(path=sys.path, parent=os.getpid())
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", start, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if progress else subprocess.DEVNULL,
            stderr=errors,
            text=True,
        )
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
            code = process.wait()
        except BaseException:
            process.terminate()  # the command takes this for an interrupt: it ends its cells
            process.wait()
            raise
        if code not in _DONE:
            raise BenchmarkError(_reason(errors, code))


def _reason(errors: IO[bytes], code: int) -> str:
    errors.seek(0)
    lines = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    told = [line.removeprefix(_ERROR).strip() for line in lines if line.startswith(_ERROR)]
    if told:
        return told[-1]
    return f"the run ended with exit code {code}: {lines[-1].strip() if lines else 'it said nothing'}"
