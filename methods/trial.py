"""Imports of foreign code, tried in a process of its own first: what exits, crashes or hangs there costs one line here.

A success is remembered by the content of the code, so that each version of a plug-in is tried once.
"""

import contextlib
import importlib
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from datasets.errors import BenchmarkError
from datasets.sources import module_digests

SECONDS = 60.0
"""A plug-in that takes longer to import hangs."""

_OK = "ok"


class PluginError(BenchmarkError):
    """A plug-in that cannot be loaded or offers something that is no MethodSpec."""


def try_import(module: str, where: str, path: Path | None = None) -> None:
    """Import `module` (of `path`, else of the search path) in another process; raises PluginError, naming `where`."""
    from methods.fingerprint import digest

    key = digest([module, str(path), module_digests((module,)), sys.version])[:32]
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
    with tempfile.TemporaryDirectory(prefix="plug-in-") as folder:
        report = Path(folder) / "report"
        command = [sys.executable, "-m", "methods.trial", str(report), module, *([str(path)] if path else [])]
        search = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
        try:
            done = subprocess.run(
                command,
                env={**os.environ, "PYTHONPATH": search},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"was still being imported after {SECONDS:.0f} s"
        said = report.read_text(encoding="utf-8") if report.exists() else ""
    if said == _OK:
        return ""
    if said:
        return f"failed to import: {said}"
    if done.returncode < 0:
        return f"crashed while it was imported ({signal.Signals(-done.returncode).name})"
    return f"ended its process while it was imported (exit code {done.returncode})"


def _remembered(key: str) -> Path | None:
    try:
        from platformdirs import user_cache_path
    except ImportError:
        return None
    return user_cache_path("reverse-image-search-benchmark") / "plug-ins" / key


def _main(report: str, module: str, path: str = "") -> None:
    """In the other process: leave in `report` how the import went."""
    try:
        import_file(module, Path(path)) if path else importlib.import_module(module)
        said = _OK
    except BaseException as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    Path(report).write_text(said, encoding="utf-8", errors="replace")
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
