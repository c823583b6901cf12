"""The robustness table of one group: how often the original of a distorted copy comes first, by distortion."""

from typing import Any

import numpy as np

from benchmarks.metrics.averages import micro
from benchmarks.scoring import RetrievalScore, canary_findings, score_robustness
from benchmarks.store import Store
from benchmarks.tables.groups import Group, rankable
from benchmarks.tables.identical import counted, identical_left_out
from benchmarks.tables.model import Column, Table, fraction
from benchmarks.tables.notes import robustness_notes
from benchmarks.tables.retrieval import METHOD, intervals, marks
from datasets.distortions import DISTORTIONS
from methods.spec import MethodSpec

_COLUMNS = (
    METHOD,
    Column("hit@1", "hit@1", fraction),
    *(Column(name, f"hit@1_{name}", fraction) for name in DISTORTIONS),
    Column("MRR", "MRR", fraction),
    Column("tie_rate@1", "tie_rate@1", fraction),
)


class RobustnessTable:
    """One group's robustness cells, scored once."""

    def __init__(self, store: Store, group: Group) -> None:
        scores = {cell.method: score_robustness(store, cell, row) for cell, row, _ in group.entries}
        self.scores = {name: score for name, score in scores.items() if score is not None}
        self.findings = [text for name, score in self.scores.items() for text in canary_findings(name, score)]
        rows = [_row(cell.method, row, spec, self.scores.get(cell.method)) for cell, row, spec in group.entries]
        ranked = {name: self.scores[name] for name in rankable(group.entries) if name in self.scores}
        best, tied = marks(ranked, ("hit@1", "MRR"))
        number, identical = identical_left_out(store, group)
        notes = robustness_notes(group, self.scores, self.findings, identical)
        title = f"{group.heading}: hit@1 of the original"
        self.table = Table(title, _COLUMNS, counted(rows, number), notes, best, tied)


def _row(method: str, row: dict[str, Any], spec: MethodSpec, score: RetrievalScore | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "method": method,
        "shown_method": method,
        "family": spec.family,
        "status": row["status"],
        "trained": row["trained"],
        "device": row["cell"]["device"],
        "reason": row["reason"],
        "word": row["status"],
        "word_in": ("hit@1",),
        "wall_s": row["wall_s"],
        **{name: row.get("counts", {}).get(name) for name in ("gallery", "queries", "originals", "undetected_queries")},
    }
    if score:
        for name in ("hit@1", "hit@5", "MRR", "tie_rate@1"):
            estimate = score.estimates[name]
            shown |= {name: estimate.mean, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        shown |= intervals("hit@1", score.estimates["hit@1"], "original")
        for name in DISTORTIONS:
            shown[f"hit@1_{name}"] = micro(np.where(score.classes == name, score.values["hit@1"], np.nan))
    return shown
