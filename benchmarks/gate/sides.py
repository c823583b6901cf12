"""What stands on either side of a comparison: a results folder, or a baseline file (or the folder that holds it).

Of a results folder, values per query are made from the stored rankings, no model needed. `update_baseline` makes a
run's results the baseline.
"""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.scoring import as_scored
from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import Tasks, own_tasks
from benchmarks.gate.baseline import BaselineError, read_baseline, write_baseline
from benchmarks.gate.snapshot import DECIMALS, UNTRAINED, CellRecord, Snapshot, Update, make_snapshot
from benchmarks.rows.cell import CellRow
from benchmarks.system.provenance import now
from datasets.errors import DataError

UNKNOWN = "its task is a plug-in's: name the file with --plugin"


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


def snapshot_of_store(store: Store, tasks: Tasks | None = None) -> Snapshot:
    """Every stored cell; raises BenchmarkError where one is damaged. `tasks`: those of plug-ins too, if they count."""
    known = tasks or own_tasks()
    try:
        records = [_record(store, known, cell, row) for cell, row in store.rows()]
        return make_snapshot(str(store.root), records)
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, BadZipFile) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"a cell stored in {store.root} is damaged ({reason}); run it again with --force") from error


def _record(store: Store, tasks: Tasks, cell: Cell, row: CellRow) -> CellRecord:
    row, inputs = as_scored(store, cell, row), row["inputs"]
    manifest = store.manifest_path(inputs["manifest"])
    task = tasks.get(cell.task) if cell.task in tasks else None
    status, reason = row["status"], row["reason"]
    if status == "ok" and not row.get("trained", True):
        status = UNTRAINED
    elif status == "ok" and task is None:
        status, reason = "unavailable", UNKNOWN
    queries: tuple[str, ...] = ()
    values: Mapping[str, np.ndarray] = {}
    if status == "ok" and task is not None:
        with tasks.blamed(task):
            values = task.values(store, cell, row) or {}
            queries = tuple(task.queries(store, cell, row)) if values else ()
    is_timed = task is not None and task.is_timed
    return CellRecord(
        cell=cell,
        status=status,
        reason=reason,
        title=read_ground_truth(manifest).title,
        protocol=inputs["protocol"],
        seed=inputs["seed"],
        manifest=inputs["manifest"],
        threads=inputs["threads"],
        queries=queries,
        values={name: np.round(column, DECIMALS) for name, column in values.items()},
        memory=row.get("memory", {}).get("peak") if is_timed and status == "ok" else None,
        provenance=row.get("provenance", {}),
    )


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
