"""Imports of foreign code, tried in a process of its own first: what exits, crashes or hangs there costs one line here.

So does code that forks, or leaves processes behind, or kills its parent: that is a second process, which watches the
first, adopts its orphans and ends whatever is left. A success is remembered by the content of the code, so that each
version of a plug-in is tried once.
"""

import contextlib
import ctypes
import importlib
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from datasets.errors import BenchmarkError
from datasets.sources import module_digests

SECONDS = 60.0
"""A plug-in that takes longer to import hangs."""

_TRIED = 2
"""Changes with what a trial finds: what was tried before is tried again."""
_GRACE = 2.0
"""Seconds for what an import started to end with it, as Python's own helpers do."""
_TURN = 0.01
_PDEATHSIG, _CHILD_SUBREAPER = 1, 36  # of prctl


class PluginError(BenchmarkError):
    """A plug-in that cannot be loaded or offers something that is no MethodSpec."""


def try_import(module: str, where: str, path: Path | None = None) -> None:
    """Import `module` (of `path`, else of the search path) in another process; raises PluginError, naming `where`."""
    from methods.fingerprint import digest

    key = digest([module, str(path), module_digests((module,)), sys.version, _TRIED])[:32]
    known = _remembered(key)
    if known and known.exists():
        return
    problem = _problem(module, path)
    if problem:
        raise PluginError(f"{where} {problem}")
    if known:
        with contextlib.suppress(OSError):  # then it is tried again next time
            known.parent.mkdir(parents=True, exist_ok=True)
            known.touch()


def import_file(module: str, path: Path):  # type: ignore[no-untyped-def]
    """Execute a file as the module of that name; raises what it raises."""
    spec = importlib.util.spec_from_file_location(module, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    try:
        spec.loader.exec_module(loaded)
    except BaseException:
        sys.modules.pop(module, None)
        raise
    return loaded


def _problem(module: str, path: Path | None) -> str:
    """What is wrong with the import, in words that follow a name; "" for nothing."""
    with tempfile.TemporaryDirectory(prefix="plug-in-") as folder:
        report = Path(folder) / "report"
        search = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
        arguments = [str(report), str(SECONDS), module, *([str(path)] if path else [])]
        done = subprocess.run(
            [sys.executable, "-m", "methods.trial", *arguments],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )
        if report.exists():
            return report.read_text(encoding="utf-8")
    how = signal.Signals(-done.returncode).name if done.returncode < 0 else f"exit code {done.returncode}"
    return f"ended the process that started it while it was imported ({how})"


def _remembered(key: str) -> Path | None:
    try:
        from platformdirs import user_cache_path
    except ImportError:
        return None
    return user_cache_path("reverse-image-search-benchmark") / "plug-ins" / key


def _main(report: str, seconds: str, module: str, path: str = "") -> None:
    """In the process that watches: leave in `report` how the import went, and no process behind."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc:
        libc.prctl(_CHILD_SUBREAPER, 1)
        libc.prctl(_PDEATHSIG, signal.SIGKILL)
    said = Path(f"{report}.import")
    importing = os.fork()
    if not importing:
        if libc:
            libc.prctl(_PDEATHSIG, signal.SIGKILL)
        os.setsid()  # what it does to its group is done to itself alone
        _import(said, module, path)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    problem = _watch(importing, float(seconds), said)
    left = _end_others()
    if not problem and left:
        problem = "leaves a process behind that it started while it was imported: start it when a method is built"
    partial = Path(f"{report}.part")
    partial.write_text(problem, encoding="utf-8", errors="replace")
    partial.replace(report)
    os._exit(0)


def _import(said: Path, module: str, path: str) -> None:
    """In the process that imports: leave in `said` what was raised, nothing where all is well."""
    forks: list[bool] = []
    os.register_at_fork(before=lambda: forks.append(True), after_in_child=lambda: os._exit(0))
    own = os.getpid()
    try:
        import_file(module, Path(path)) if path else importlib.import_module(module)
        problem = ""
    except BaseException as error:
        problem = f"failed to import: {' '.join(f'{type(error).__name__}: {error}'.split())[:500]}"
    if os.getpid() != own:  # forked by other means than Python's
        os._exit(0)
    if forks:
        problem = "forks while it is imported: start processes when a method is built"
    said.write_text(problem, encoding="utf-8", errors="replace")
    os._exit(0)


def _watch(importing: int, seconds: float, said: Path) -> str:
    """What is wrong with the import once its process has ended, or `seconds` are over; "" for nothing."""
    end = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(importing, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > end:
            return f"was still being imported after {seconds:.0f} s"
        time.sleep(_TURN)
    if said.exists():
        return said.read_text(encoding="utf-8")
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return f"crashed while it was imported ({signal.Signals(-code).name})"
    return f"ended its process while it was imported (exit code {code})"


def _end_others() -> bool:
    """Kill whatever is left of what the import started; whether anything did not end by itself."""
    import psutil

    end = time.monotonic() + _GRACE
    left = False
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        others = psutil.Process().children(recursive=True)
        if not others:
            return left
        if time.monotonic() > end:
            left = True
            for each in others:
                with contextlib.suppress(psutil.Error):
                    each.kill()
        time.sleep(_TURN)


if __name__ == "__main__":
    _main(*sys.argv[1:])
