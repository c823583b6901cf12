"""What ends a command that is no fault of the program: one line on standard error, and exit code 2.

Nothing heavy is imported here: where memory or files are short, importing is what fails first.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.system.leaving import may_be_asked
from datasets.errors import BenchmarkError
from datasets.safe_text import REASON, one_line

MEND_FIRST = 2
"""The exit code for what the user has to fix before the command can work."""

_PLAIN, _RED = "error:", "\x1b[1;31merror:\x1b[0m"
_KEPT = "what was finished is kept"
_SHORT_OF_MEMORY = ("cannot allocate memory", "failed to map segment", "can't start new thread", "unable to allocate")
_ADVICE = {
    errno.ENOSPC: "free some space, or write elsewhere",
    errno.EDQUOT: "free some of your quota, or write elsewhere",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f), or write elsewhere",
    errno.EROFS: "write elsewhere",
    errno.EACCES: "fix its permissions, or name another place",
    errno.EPERM: "fix its permissions, or name another place",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENAMETOOLONG: "choose shorter names",
    errno.EAGAIN: "raise the limit on processes (ulimit -u), or end some",
}


class OutputError(BenchmarkError):
    """Standard output takes nothing (any more)."""


def failure(error: BaseException) -> str | None:
    """What went wrong and what to do, in one line; None for an error that only a fault of the program explains."""
    if isinstance(error, BenchmarkError):
        return one_line(str(error))
    if isinstance(error, BrokenPipeError):
        return f"standard output was closed before all was written; {_KEPT}"
    if _is_short_of_memory(error):
        return f"not enough memory ({one_line(str(error), 200) or 'allocation failed'}): raise its limit; {_KEPT}"
    if isinstance(error, UnicodeEncodeError):
        shown = one_line(repr(error.object[error.start : error.end]), 100)
        return f"{shown} cannot be written as {error.encoding}: set PYTHONIOENCODING=utf-8, or rename it"
    if isinstance(error, OSError):
        return _of_system(error)
    if type(error).__module__ == "sqlite3" and type(error).__name__ == "OperationalError":
        return one_line(f"an index database cannot be used ({error}): see to its folder, space and permissions")
    return None


@contextlib.contextmanager
def ending_in_one_line() -> Iterator[None]:
    """End the process with one line and exit code 2 where the block fails in a way that `failure` explains.

    What the block printed is flushed before it counts as printed.
    """
    try:
        if sys.stdout is None:
            raise OutputError("standard output is closed: send it to a file or to /dev/null")
        try:
            yield
        except SystemExit as end:
            if (
                end.code == 1 and type(sys.stdout).__name__ == "PacifyFlushWrapper"
            ):  # how Typer ends where standard output was closed
                raise BrokenPipeError from end
            _flush()
            raise
        _flush()
    except (Exception, MemoryError) as error:
        said = failure(error)
        if said is None:
            raise
        _say(said)
        _leave_output()
        sys.exit(MEND_FIRST)


@contextlib.contextmanager
def answering_for(method: str) -> Iterator[None]:
    """Make a BenchmarkError that names the method of whatever its code raises in the block, an exit as well.

    An interrupt stays one, unless it is seen that nobody asked for it, and so does what `failure` explains.
    """
    try:
        yield
    except BaseException as error:
        if failure(error) is not None or (isinstance(error, KeyboardInterrupt) and may_be_asked()):
            raise
        try:
            said = str(error)
        except BaseException as unsaid:
            said = f"(its text cannot be read: {type(unsaid).__name__})"
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        where = f" ({Path(last.tb_frame.f_code.co_filename).name}, line {last.tb_lineno})" if last else ""
        what = one_line(f"{type(error).__name__}: {said}", REASON)
        raise BenchmarkError(f"{method} failed: {what}{where}") from error


def open_streams() -> None:
    """Let standard input and error be the null device where they are closed; to be called before files are opened.

    A file would else get their number, and be written to as an error is. Standard output is asked for by what prints.
    """
    for number in (0, 2):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write to standard output ({error.strerror}); {_KEPT}") from error


def _of_system(error: OSError) -> str:
    place = error.filename if error.filename is not None else error.filename2
    reason = error.strerror or str(error) or type(error).__name__
    if place is None:
        try:
            _flush()
        except (OutputError, BrokenPipeError):
            return f"cannot write to standard output ({reason}); {_KEPT}"
    where = f"{os.fsdecode(place) if isinstance(place, str | bytes) else place}: " if place is not None else ""
    advice = _ADVICE.get(error.errno or 0, "fix it, and give the command again")
    return one_line(f"{where}{reason}: {advice}; {_KEPT}")


def _is_short_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, ImportError | RuntimeError) and any(
        word in str(error).lower() for word in _SHORT_OF_MEMORY
    )


def _say(line: str) -> None:
    with contextlib.suppress(OSError, AttributeError):
        coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        encoding = sys.stderr.encoding or "ascii"
        written = line.encode(encoding, "backslashreplace").decode(encoding)
        sys.stderr.write(f"{_RED if coloured else _PLAIN} {written}\n")
        sys.stderr.flush()


def _leave_output() -> None:
    """Send what is still buffered to nowhere: the interpreter would try once more, and complain."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        nowhere = os.open(Path(os.devnull), os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
