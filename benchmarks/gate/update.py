"""A run's results become the baseline, and the file keeps why."""

from pathlib import Path

from benchmarks.gate.baseline import BaselineError, read_baseline, write_baseline
from benchmarks.gate.sides import read_side
from benchmarks.gate.snapshot import Snapshot, Update
from benchmarks.provenance import now
from benchmarks.tasking.registry import Tasks


def update_baseline(file: Path, results: Path, subset: str, reason: str, tasks: Tasks | None = None) -> Snapshot:
    """Write the cells of `subset` in `results` to `file`, with one more update; returns what was written.

    Raises BenchmarkError for an empty reason, where nothing is stored, or where the old file is damaged.
    """
    if not reason.strip():
        raise BaselineError("a baseline needs a reason: say with --reason why the results may change")
    run = read_side(results, tasks)
    cells = {cell: record for cell, record in run.cells.items() if cell.subset == subset}
    if not cells:
        raise BaselineError(
            f"no cell of subset {subset} is stored in {results}: run it first, or name another --subset"
        )
    before = read_baseline(file).updates if file.exists() else ()
    commit = run.provenance.get("git", {}).get("commit") or ""
    snapshot = Snapshot(str(file), cells, (*before, Update(now(), " ".join(reason.split()), commit)))
    write_baseline(file, snapshot)
    return snapshot
