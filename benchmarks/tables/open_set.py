"""The open-set table of one group: accuracy for labels that were not there when the method learned."""

from typing import Any

from benchmarks.cells import Cell
from benchmarks.scoring import RetrievalScore, canary_findings, score_retrieval
from benchmarks.store import Store
from benchmarks.tables.groups import Group, rankable
from benchmarks.tables.identical import counted, identical_left_out
from benchmarks.tables.model import Column, Table, fraction
from benchmarks.tables.notes import open_set_notes
from benchmarks.tables.retrieval import METHOD, intervals, marks
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
    """One group's open-set cells, each beside the same queries of the retrieval task.

    A method that learns nothing has no open-set cell: unseen labels are all the same to it, so its row is read off
    its retrieval ranking.
    """

    def __init__(self, store: Store, group: Group, retrieval: Group | None) -> None:
        asked = next(
            (arrays["positions"] for cell, _, _ in group.entries if (arrays := store.arrays(cell, "asked"))), None
        )
        closed = retrieval.entries if retrieval and retrieval.manifest == group.manifest and asked is not None else []
        learners = {cell.method for cell, _, _ in group.entries}
        unlearned = [entry for entry in closed if entry[0].method not in learners and _stands_alone(entry[2])]
        seen = {cell.method: score_retrieval(store, cell, row, only=asked) for cell, row, _ in closed}
        scores = {cell.method: score_retrieval(store, cell, row) for cell, row, _ in group.entries}
        scores |= {cell.method: seen[cell.method] for cell, _, _ in unlearned}
        self.scores = {name: score for name, score in scores.items() if score is not None}
        self.findings = [text for name, score in self.scores.items() for text in canary_findings(name, score)]
        place = {cell.method: number for number, (cell, _, _) in enumerate(closed)}
        entries = sorted([*unlearned, *group.entries], key=lambda entry: place.get(entry[0].method, len(place)))
        rows = [_row(*entry, self.scores.get(entry[0].method), seen.get(entry[0].method)) for entry in entries]
        best, tied = marks({m: self.scores[m] for m in rankable(entries) if m in self.scores}, _SHOWN)
        number, identical = identical_left_out(store, group)
        notes = open_set_notes(group, self.scores, self.findings, identical)
        self.table = Table(group.heading, _COLUMNS, counted(rows, number), notes, best, tied)


def _stands_alone(spec: MethodSpec) -> bool:
    """Learns nothing, and is no index variant of another row."""
    return not spec.learns and not spec.supervised and not spec.reference


def _row(
    cell: Cell, row: dict[str, Any], spec: MethodSpec, score: RetrievalScore | None, seen: RetrievalScore | None
) -> dict[str, Any]:
    word = row["status"] if row["status"] != "ok" else "untrained"
    shown: dict[str, Any] = {
        "method": cell.method,
        "shown_method": cell.method + (" †" if spec.supervised and spec.family != "canary" else ""),
        "family": spec.family,
        "learns": spec.learns or spec.supervised,
        "status": row["status"],
        "trained": row["trained"],
        "device": row["cell"]["device"],
        "reason": row["reason"],
        "word": word,
        "word_in": ("hit@1",),
        "wall_s": row["wall_s"],
        **{name: row.get("counts", {}).get(name) for name in ("gallery", "fitted_on", "unseen_labels")},
    }
    if not score:
        return shown
    for name in _SHOWN:
        estimate = score.estimates[name]
        shown |= {name: estimate.mean, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        shown[f"{name}_macro"] = estimate.macro
    shown |= intervals("hit@1", score.estimates["hit@1"], "class")
    if seen and (spec.learns or spec.supervised):
        before = seen.estimates["hit@1"].mean
        shown |= {"hit@1_seen": before, "hit@1_lost": score.estimates["hit@1"].mean - before}
    return shown
