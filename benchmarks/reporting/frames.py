"""Stored rows as one tidy data frame: a row for each method, subset of a data set and task. No model is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.core.additions import load_plugins
from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.scoring import as_scored
from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import Tasks, tasks_of
from benchmarks.metrics.registry import METRICS
from benchmarks.reporting.tables.retrieval import engine_text
from benchmarks.rows.cell import CellRow
from datasets.errors import BenchmarkError
from datasets.safe_text import REASON, one_line
from methods.spec import MethodSpec

if TYPE_CHECKING:
    import pandas as pd

WHAT = ("dataset", "subset", "title", "task", "method", "family", "supervised", "device", "engine")
ENDED = ("status", "reason", "trained")
VERIFICATION = ("accuracy", "standard_error", "AUC", "TAR@FAR=1e-2", "TAR@FAR=1e-3")
COST = (
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "disturbed",
    "cold_start_ms",
    "queries_per_s",
    "gallery_images_per_s",
    "peak_bytes",
    "index_bytes",
    "gallery",
    "queries",
    "pairs",
    "undetected_queries",
    "wall_s",
)
ORIGIN = ("manifest", "commit", "started")


def columns() -> list[str]:
    """Columns of every frame, in order: each metric is followed by its 95% interval and its mean over classes."""
    metrics = [f"{name}{suffix}" for name in METRICS for suffix in ("", "_low", "_high", "_macro")]
    return [*WHAT, *ENDED, *metrics, *VERIFICATION, *COST, *ORIGIN]


def load_results(out: Path | str = "results", plugins: Sequence[Path | str] = ()) -> "pd.DataFrame":
    """Everything stored below the output folder of earlier runs, scored anew from rankings; no model is loaded.

    One row for each data set, subset, task, method and device, also for those without a result: `status` is ok,
    timeout, oom, killed, unavailable or error, and `reason` says why. Metrics are NaN where a row has none: `trained`
    is False where a network had no weights. `*_low` and `*_high` are 95% bootstrap intervals over queries, `*_macro`
    means over classes; figures of other tasks than these come last. Times end in `_ms` or `_s`, sizes in `_bytes`.
    `plugins` are files whose methods get their `family` named, and whose tasks are scored.

    Raises BenchmarkError where nothing is stored.
    """
    import pandas as pd

    store = Store(Path(out))
    registry = load_plugins([Path(path) for path in plugins])
    specs, tasks = {spec.id: spec for spec in registry}, tasks_of(registry)
    rows = [
        _row(store, tasks, cell, as_scored(store, cell, row), specs.get(cell.method_id)) for cell, row in store.rows()
    ]
    if not rows:
        raise BenchmarkError(f"nothing is stored in {out}: run something first, or name another folder")
    known = columns()
    others = dict.fromkeys(name for row in rows for name in row if name not in known)
    return pd.DataFrame(rows, columns=[*known, *others])


def _row(store: Store, tasks: Tasks, cell: Cell, row: CellRow, spec: MethodSpec | None) -> dict[str, object]:
    shown: dict[str, object] = {
        **{name: getattr(cell, name) for name in ("dataset", "subset", "task", "method", "device")},
        "family": spec.family if spec else "",
        "supervised": row["inputs"]["method"]["supervised"],
        "engine": engine_text(row),
        "status": row["status"],
        "reason": row["reason"],
        "trained": row["trained"],
        **_cost(row),
        "manifest": row["inputs"]["manifest"],
        "commit": row["provenance"]["git"]["commit"],
        "started": row["started"],
    }
    try:
        shown["title"] = read_ground_truth(store.manifest_path(row["inputs"]["manifest"])).title
        return shown | _figures(store, tasks, cell, row)
    except BenchmarkError as error:  # a damaged file costs its row, not the frame
        return shown | {"status": "error", "reason": one_line(str(error), REASON)}


def _cost(row: CellRow) -> dict[str, object]:
    latency, throughput, counts = row.get("latency", {}), row.get("throughput", {}), row.get("counts", {})
    return {
        **{name: latency.get(name) for name in ("p50_ms", "p95_ms", "p99_ms")},
        "disturbed": row.get("noise", {}).get("disturbed"),
        "cold_start_ms": row.get("cold_start_ms"),
        "queries_per_s": throughput.get("queries_per_s"),
        "gallery_images_per_s": throughput.get("gallery_images_per_s"),
        "peak_bytes": row.get("memory", {}).get("peak"),
        "index_bytes": row.get("index_bytes"),
        **{name: counts.get(name) for name in ("gallery", "queries", "pairs", "undetected_queries")},
        "wall_s": row["wall_s"],
    }


def _figures(store: Store, tasks: Tasks, cell: Cell, row: CellRow) -> dict[str, float]:
    if cell.task not in tasks:
        return {}
    task = tasks.get(cell.task)
    with tasks.blamed(task):
        return task.figures(store, cell, row)
