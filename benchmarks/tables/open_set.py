"""The open-set table of one group: accuracy for labels that were not there when the method learned."""

from typing import Any

from benchmarks.cells import Cell
from benchmarks.metrics.averages import micro
from benchmarks.scoring import RetrievalScore, canary_findings, score_retrieval
from benchmarks.store import Store
from benchmarks.tables.groups import Group, rankable
from benchmarks.tables.model import Column, Table, fraction
from benchmarks.tables.notes import open_set_notes
from benchmarks.tables.retrieval import METHOD, marks
from methods.spec import MethodSpec

_SHOWN = ("hit@1", "hit@5", "recall@20", "mAP", "MAP@R", "kNN-vote@5")

_COLUMNS = (
    METHOD,
    Column("family", "family", is_text=True),
    *(Column(name, name, fraction) for name in _SHOWN),
    Column("hit@1 when seen", "hit@1_seen", fraction),
    Column("lost", "hit@1_lost", lambda value: f"{value:+.3f}"),
)


class OpenSetTable:
    """One group's open-set cells, each beside the same queries of the retrieval cell."""

    def __init__(self, store: Store, group: Group) -> None:
        scores = {cell.method: score_retrieval(store, cell, row) for cell, row, _ in group.entries}
        self.scores = {name: score for name, score in scores.items() if score is not None}
        self.findings = [text for name, score in self.scores.items() for text in canary_findings(name, score)]
        rows = [_row(store, cell, row, spec, self.scores.get(cell.method)) for cell, row, spec in group.entries]
        best, tied = marks({m: self.scores[m] for m in rankable(group.entries) if m in self.scores}, _SHOWN)
        notes = open_set_notes(group, self.scores, self.findings)
        self.table = Table(group.heading, _COLUMNS, rows, notes, best, tied)


def _row(
    store: Store, cell: Cell, row: dict[str, Any], spec: MethodSpec, score: RetrievalScore | None
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "method": cell.method,
        "shown_method": cell.method + (" †" if spec.supervised and spec.family != "canary" else ""),
        "family": spec.family,
        "status": row["status"],
        "reason": row["reason"],
        "word": row["status"],
        "word_in": ("hit@1",),
        "wall_s": row["wall_s"],
        **{name: row.get("counts", {}).get(name) for name in ("gallery", "queries", "fitted_on", "unseen_labels")},
    }
    if not score:
        return shown
    for name in _SHOWN:
        estimate = score.estimates[name]
        shown |= {name: estimate.mean, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        shown[f"{name}_macro"] = estimate.macro
    shown["hit@1_interval"] = (score.estimates["hit@1"].low, score.estimates["hit@1"].high)
    seen = _hits_when_seen(store, cell, row)
    if seen is not None:
        shown |= {"hit@1_seen": seen, "hit@1_lost": score.estimates["hit@1"].mean - seen}
    return shown


def _hits_when_seen(store: Store, cell: Cell, row: dict[str, Any]) -> float | None:
    """hit@1 of the same queries in the retrieval cell over the same images, where all labels were fitted on."""
    closed = Cell(cell.dataset, cell.subset, "retrieval", cell.method, cell.device)
    closed_row, asked = store.row(closed), store.arrays(cell, "asked")
    if closed_row is None or asked is None or closed_row["inputs"]["manifest"] != row["inputs"]["manifest"]:
        return None
    score = score_retrieval(store, closed, closed_row)
    return micro(score.values["hit@1"][asked["positions"]]) if score else None
