"""A snapshot of a results folder: values per query from the stored rankings, no model needed."""

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from benchmarks.cells import Cell
from benchmarks.gate.snapshot import DECIMALS, UNTRAINED, CellRecord, Snapshot, make_snapshot
from benchmarks.ground_truth import read_ground_truth
from benchmarks.metrics.verification import verify
from benchmarks.scoring import as_scored, judge_retrieval, judge_robustness, scored_pairs
from benchmarks.store import Store
from datasets.distortions import DISTORTIONS
from datasets.errors import DataError

GATED = ("hit@1", "mAP")
"""Metrics of rankings that are compared; the first says which queries flipped."""


def snapshot_of_store(store: Store) -> Snapshot:
    """Every stored cell; raises BenchmarkError where one is damaged."""
    try:
        return make_snapshot(str(store.root), [_record(store, cell, row) for cell, row in store.rows()])
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, BadZipFile) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"a cell stored in {store.root} is damaged ({reason}); run it again with --force") from error


def _record(store: Store, cell: Cell, row: dict[str, Any]) -> CellRecord:
    row, inputs = as_scored(store, cell, row), row["inputs"]
    manifest = store.manifest_path(inputs["manifest"])
    trained = row.get("trained", True)
    status = UNTRAINED if row["status"] == "ok" and not trained else row["status"]
    queries, values = _values(store, cell, row) if status == "ok" else ((), {})
    return CellRecord(
        cell=cell,
        status=status,
        reason=row["reason"],
        title=read_ground_truth(manifest).title,
        protocol=inputs["protocol"],
        seed=inputs["seed"],
        manifest=inputs["manifest"],
        threads=inputs["threads"],
        queries=queries,
        values={name: np.round(column, DECIMALS) for name, column in values.items()},
        memory=row.get("memory", {}).get("peak") if cell.task == "retrieval" and status == "ok" else None,
        provenance=row.get("provenance", {}),
    )


def _values(store: Store, cell: Cell, row: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """Query ids, and a value for each by metric name."""
    if cell.task == "verification":
        return _verification(store, cell, row)
    judged = judge_robustness(store, cell, row) if cell.task == "robustness" else judge_retrieval(store, cell, row)
    if judged is None:
        return (), {}
    return _query_ids(store, cell, row), judged.evaluate(GATED)


def _query_ids(store: Store, cell: Cell, row: dict[str, Any]) -> tuple[str, ...]:
    truth = read_ground_truth(store.manifest_path(row["inputs"]["manifest"]))
    if cell.task == "robustness":
        copies = store.arrays(cell, "copies") or {}
        names = list(DISTORTIONS)
        pairs = zip(truth.gallery_ids[copies["original"]], copies["distortion"], strict=True)
        return tuple(f"{id} ({names[distortion]})" for id, distortion in pairs)
    asked = store.arrays(cell, "asked")
    return tuple((truth.query_ids if asked is None else truth.query_ids[asked["positions"]]).tolist())


def _verification(store: Store, cell: Cell, row: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """Whether each pair is judged right, with the threshold that its fold gets from the others."""
    pairs = scored_pairs(store, cell, row)
    if pairs is None:
        return (), {}
    scores, same, fold = (pairs[name] for name in ("scores", "same", "fold"))
    thresholds = verify(scores, same, fold).thresholds
    threshold = thresholds[np.searchsorted(np.unique(fold), fold)]
    right = (scores > threshold) == same
    ids = _pair_ids(store.manifest_path(row["inputs"]["manifest"]))
    return tuple(ids[place] for place in pairs["place"]), {"accuracy": right.astype(np.float64)}


def _pair_ids(path: Path) -> tuple[str, ...]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        ids = [record[0] for record in document["records"]]
        return tuple(f"{ids[left]} = {ids[right]}" for left, right, _, _ in document["pairs"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(f"stored manifest {path} cannot be read ({error}); run the cells again with --force") from error
