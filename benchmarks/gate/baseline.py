"""A snapshot as a file to commit: JSON with one line a cell, so that a diff shows which cells changed.

Query ids and provenances that several cells share are written once, under a digest of their content.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.gate.snapshot import CellRecord, Snapshot, Update, make_snapshot
from benchmarks.system.files import write_text
from benchmarks.system.named_files import Form
from datasets.errors import BenchmarkError
from datasets.safe_text import REASON, one_line

SCHEMA = 1
BASELINE = Form(signs=(b'"schema": ', b'"updates": ['))
_PLAIN = ("status", "reason", "title", "protocol", "seed", "manifest", "threads", "memory")


class BaselineError(BenchmarkError):
    """A baseline that cannot be read: damaged, written by another version, or no baseline at all."""


def write_baseline(path: Path, snapshot: Snapshot) -> None:
    """Write `snapshot`; raises BaselineError where the file cannot be written."""
    shared: dict[str, dict[str, object]] = {"queries": {}, "provenances": {}}
    cells = []
    for record in snapshot.cells.values():
        queries = _share(shared["queries"], list(record.queries))
        provenance = _share(shared["provenances"], dict(record.provenance))
        plain = {name: getattr(record, name) for name in _PLAIN}
        values = {name: _numbers(column) for name, column in record.values.items()}
        cells.append(
            {"cell": record.cell.to_json(), **plain, "queries": queries, "provenance": provenance, "values": values}
        )
    updates = [vars(update) for update in snapshot.updates]
    parts = [
        f'"schema": {SCHEMA}',
        f'"updates": {_lines(updates)}',
        *(f'"{name}": {_lines(table)}' for name, table in shared.items()),
        f'"cells": {_lines(cells)}',
    ]
    try:
        write_text(path, "{\n" + ",\n".join(parts) + "\n}\n")
    except OSError as error:
        raise BaselineError(f"cannot write {path} ({error.strerror}); name another file with --file") from error


def read_baseline(path: Path) -> Snapshot:
    """The snapshot in `path`; raises BaselineError, in one line, for anything else."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(f"it has schema {document['schema']}, this version reads {SCHEMA}")
        shared = {name: document[name] for name in ("queries", "provenances")}
        records = [_record(entry, shared) for entry in document["cells"]]
        updates = [Update(**entry) for entry in document["updates"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else one_line(str(error), REASON)
        raise BaselineError(
            f"{path} is no usable baseline ({reason}); write it again with `baseline update`"
        ) from error
    return make_snapshot(str(path), records, updates)


def _record(entry: Mapping[str, Any], shared: Mapping[str, Mapping[str, Any]]) -> CellRecord:
    queries = tuple(map(str, shared["queries"][entry["queries"]]))
    values = {name: np.array(column, dtype=np.float64) for name, column in entry["values"].items()}
    for name, column in values.items():
        if column.shape != (len(queries),):
            raise ValueError(f"{len(column)} values of {name} for {len(queries)} queries")
        if np.any((column < 0) | (column > 1)):
            raise ValueError(f"values of {name} lie outside 0 to 1")
    return CellRecord(
        cell=Cell.from_json(entry["cell"]),
        queries=queries,
        values=values,
        provenance=dict(shared["provenances"][entry["provenance"]]),
        **{name: entry[name] for name in _PLAIN},
    )


def _share(table: dict[str, object], value: Any) -> str:
    """The key of `value` in `table`, where it is put if it is not there yet."""
    key = hashlib.sha256(_line(value).encode()).hexdigest()[:16]
    table.setdefault(key, value)
    return key


def _numbers(column: np.ndarray) -> list[float | None]:
    """As short as they can be written: 1 for 1.0, null for a query that is left out."""
    return [None if np.isnan(x) else int(x) if x == int(x) else float(x) for x in column]


def _lines(value: list[Any] | dict[str, object]) -> str:
    """JSON with every entry of the outermost level on a line of its own."""
    if isinstance(value, list):
        return "[" + ",".join("\n" + _line(entry) for entry in value) + "]"
    return "{" + ",".join(f"\n{_line(key)}: {_line(entry)}" for key, entry in sorted(value.items())) + "}"


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
