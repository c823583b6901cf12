"""What stands on either side of a comparison: a results folder, or a baseline file (or the folder that holds it)."""

from pathlib import Path

from benchmarks.gate.baseline import BaselineError, read_baseline
from benchmarks.gate.from_store import snapshot_of_store
from benchmarks.gate.snapshot import Snapshot
from benchmarks.store import Store
from benchmarks.tasking.registry import Tasks


def read_side(path: Path, tasks: Tasks | None = None) -> Snapshot:
    """The snapshot at `path` (`tasks`: plug-ins' too); raises BenchmarkError where there is none."""
    if path.is_file():
        return read_baseline(path)
    if (path / "cells").is_dir():
        snapshot = snapshot_of_store(Store(path), tasks)
        if not snapshot.cells:
            raise BaselineError(f"no cell is stored in {path}: run something with --out {path} first")
        return snapshot
    files = sorted(path.glob("*.json"))
    if len(files) == 1:
        return read_baseline(files[0])
    if files:
        raise BaselineError(
            f"{path} holds {len(files)} baselines: name one of {', '.join(file.name for file in files)}"
        )
    what = "holds neither results nor a baseline" if path.is_dir() else "does not exist"
    raise BaselineError(f"{path} {what}; give a run's --out folder, or a file that `baseline update` wrote")
