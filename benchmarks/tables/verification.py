"""The verification table of one group, in the form LFW View 2 is reported."""

from typing import Any

from benchmarks.metrics.intervals import share_interval
from benchmarks.metrics.verification import Verification
from benchmarks.scoring import score_verification
from benchmarks.store import Store
from benchmarks.tables.groups import Group, rankable
from benchmarks.tables.identical import counted, identical_left_out
from benchmarks.tables.model import Column, Table, count, fraction
from benchmarks.tables.notes import verification_notes
from benchmarks.tables.retrieval import METHOD

_COLUMNS = (
    METHOD,
    Column("family", "family", is_text=True),
    Column("accuracy", "accuracy", lambda value: f"{value:.4f}"),
    Column("± standard error", "standard_error", lambda value: f"{value:.4f}"),
    Column("AUC", "AUC", lambda value: f"{value:.4f}"),
    Column("TAR@FAR 1e-2", "TAR@FAR=1e-2", fraction),
    Column("TAR@FAR 1e-3", "TAR@FAR=1e-3", fraction),
    Column("pairs", "pairs", count),
    Column("undetected pairs", "undetected_pairs", count),
)


def verification_table(store: Store, group: Group) -> Table:
    """Accuracy over ten folds, AUC and true accept rates; tied when within two standard errors of both."""
    scores = {cell.method: score_verification(store, cell) for cell, _, _ in group.entries}
    rows = [_row(cell.method, row, spec, scores[cell.method]) for cell, row, spec in group.entries]
    ranked = {name: scores[name] for name in rankable(group.entries) if scores[name] is not None}
    best, tied = _marks(ranked)
    title = f"{group.heading} (View 2 protocol)"
    number, identical = identical_left_out(store, group)
    return Table(title, _COLUMNS, counted(rows, number), verification_notes(group, identical), best, tied)


def _row(method: str, row: dict[str, Any], spec: Any, score: Verification | None) -> dict[str, Any]:
    shown = {
        "method": method,
        "shown_method": method,
        "family": spec.family,
        "status": row["status"],
        "trained": row["trained"],
        "device": row["cell"]["device"],
        "reason": row["reason"],
        "word": row["status"] if row["status"] != "ok" else "",
        "word_in": ("accuracy",),
        "wall_s": row["wall_s"],
        **{name: row.get("counts", {}).get(name) for name in ("pairs", "images", "missing_pairs", "undetected_pairs")},
    }
    if score:
        shown |= {"accuracy": score.accuracy, "standard_error": score.standard_error, "AUC": score.auc}
        low, high = share_interval(score.accuracy, row.get("counts", {}).get("pairs", 0))
        shown |= {"accuracy_low": low, "accuracy_high": high}
        shown |= {"TAR@FAR=1e-2": score.tar_at_far_1e2, "TAR@FAR=1e-3": score.tar_at_far_1e3}
    return shown


def _marks(scores: dict[str, Any]) -> tuple[dict[str, str], dict[str, set[str]]]:
    if not scores:
        return {}, {}
    best = max(scores, key=lambda method: scores[method].accuracy)
    top = scores[best]
    tied = {
        method
        for method, score in scores.items()
        if method != best and abs((top.fold_accuracies - score.fold_accuracies).mean()) <= _two_errors(top, score)
    }
    return {"accuracy": best}, {"accuracy": tied}


def _two_errors(a: Verification, b: Verification) -> float:
    """Two standard errors of the folds' paired differences."""
    difference = a.fold_accuracies - b.fold_accuracies
    return float(2 * difference.std(ddof=1) / len(difference) ** 0.5)
