"""A snapshot of a results folder: values per query from the stored rankings, no model needed."""

from collections.abc import Mapping
from typing import Any
from zipfile import BadZipFile

import numpy as np

from benchmarks.cells import Cell
from benchmarks.gate.snapshot import DECIMALS, UNTRAINED, CellRecord, Snapshot, make_snapshot
from benchmarks.ground_truth import read_ground_truth
from benchmarks.scoring import as_scored
from benchmarks.store import Store
from benchmarks.tasking.registry import Tasks, own_tasks
from datasets.errors import DataError

UNKNOWN = "its task is a plug-in's: name the file with --plugin"


def snapshot_of_store(store: Store, tasks: Tasks | None = None) -> Snapshot:
    """Every stored cell; raises BenchmarkError where one is damaged. `tasks`: those of plug-ins too, if they count."""
    known = tasks or own_tasks()
    try:
        records = [_record(store, known, cell, row) for cell, row in store.rows()]
        return make_snapshot(str(store.root), records)
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, BadZipFile) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"a cell stored in {store.root} is damaged ({reason}); run it again with --force") from error


def _record(store: Store, tasks: Tasks, cell: Cell, row: dict[str, Any]) -> CellRecord:
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
