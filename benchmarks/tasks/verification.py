"""Verification: a similarity for every pair of the LFW View 2 protocol (Huang et al. 2007), and its table."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.columns import Column, count, fraction
from benchmarks.core.scoring import score_verification, scored_pairs, verification_findings
from benchmarks.core.store import Store
from benchmarks.core.tasking.context import CellContext
from benchmarks.core.tasking.encoding import share_out
from benchmarks.core.tasking.task import Row, Task
from benchmarks.metrics.intervals import share_interval
from benchmarks.metrics.verification import Verification, verify
from benchmarks.reporting.tables.groups import Group, rankable
from benchmarks.reporting.tables.identical import counted, identical_left_out
from benchmarks.reporting.tables.model import MethodRow, Table
from benchmarks.reporting.tables.notes import verification_notes
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import METHOD
from benchmarks.rows.cell import CellFigures, CellRow
from benchmarks.system import memory
from datasets.dataset import Dataset
from datasets.errors import DataError
from datasets.manifest import PairManifest, build_pair_manifest
from datasets.reading import require_regular
from methods.answers import check_similarity
from methods.contracts import Verifier
from methods.progress import watched
from methods.spec import MethodSpec
from methods.stages import StageClock

FIGURES = {
    "accuracy": "accuracy",
    "standard_error": "standard_error",
    "AUC": "auc",
    "TAR@FAR=1e-2": "tar_at_far_1e2",
    "TAR@FAR=1e-3": "tar_at_far_1e3",
}
"""Key and attribute of each figure."""


class VerificationTask(Task):
    """Are two images of the same person? The threshold of each fold is learned on the others."""

    name = "verification"
    summary = "do two images show the same person (LFW View 2 pairs)?"
    metric = "accuracy"
    is_pooled = False
    may_lack = True
    manifest_type = PairManifest
    columns = (
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

    def manifest(self, dataset: Dataset, subset: str, cache: Path, again: bool) -> PairManifest | None:
        """The pairs, where the data set defines any."""
        return build_pair_manifest(dataset, subset, cache, again)

    def obstacle(self, manifest: PairManifest) -> str:
        """Pairs are official: both kinds are there."""
        return ""

    def unlearnable(self, manifest: PairManifest) -> str:
        """Nothing is learned from labels."""
        return ""

    def run(self, context: CellContext, pairs: PairManifest, store: Store) -> CellFigures:
        """The cell's measurements; the pairs' similarities are written to the working folder."""
        share_out(context, pairs.images)
        baseline = memory.resident_bytes()
        method = context.build_to_answer()
        if not isinstance(method, Verifier):
            raise TypeError(f"{context.spec.id} says it takes part in verification but has no similarity()")
        left, right = (watched(side, "images of pairs") for side in (pairs.left, pairs.right))
        clock = StageClock()
        with clock.running():
            start = time.perf_counter()
            scores = method.similarity(left, right)
            seconds = time.perf_counter() - start + clock.spared
        scores = check_similarity(context.spec.id, scores, len(pairs.left))
        context.save_arrays("pairs", scores=scores, same=np.asarray(pairs.same), fold=np.asarray(pairs.fold))
        return {
            "counts": {
                "pairs": len(scores),
                "images": len(pairs.images),
                "missing_pairs": pairs.missing,
                "undetected_pairs": int(np.isneginf(scores).sum()),
            },
            "similarity_s": seconds,
            "memory": memory.peak_over(baseline),
        }

    def values(self, store: Store, cell: Cell, row: Row) -> Mapping[str, np.ndarray] | None:
        """Whether each pair is judged right, with the threshold that its fold gets from the others."""
        pairs = scored_pairs(store, cell, row)
        if pairs is None:
            return None
        scores, same, fold = (pairs[name] for name in ("scores", "same", "fold"))
        thresholds = verify(scores, same, fold).thresholds
        threshold = thresholds[np.searchsorted(np.unique(fold), fold)]
        return {"accuracy": ((scores > threshold) == same).astype(np.float64)}

    def queries(self, store: Store, cell: Cell, row: Row) -> Sequence[str]:
        """Both images of each pair that is judged."""
        pairs = scored_pairs(store, cell, row) or {"place": np.empty(0, dtype=np.int64)}
        path = store.manifest_path(row["inputs"]["manifest"])
        try:
            require_regular(path)
            document = json.loads(path.read_text(encoding="utf-8"))
            ids = [record[0] for record in document["records"]]
            sides = [document["pairs"][place][:2] for place in pairs["place"]]
            return tuple(f"{ids[left]} = {ids[right]}" for left, right in sides)
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise DataError(
                f"stored manifest {path} cannot be read ({error}); run the cells again with --force"
            ) from error

    def figures(self, store: Store, cell: Cell, row: Row) -> dict[str, float]:
        """View 2's figures."""
        found = score_verification(store, cell)
        return {key: getattr(found, attribute) for key, attribute in FIGURES.items()} if found else {}

    def findings(self, store: Store, cell: Cell, row: Row) -> list[str]:
        """Canaries: AUC and accuracy on a half, `oracle` on 1."""
        return verification_findings(store, cell)

    def pages(self, store: Store, group: Group, beside: Mapping[str, Group]) -> list[Page]:
        """Accuracy over ten folds, AUC and true accept rates; tied when within two standard errors of both."""
        scores = {cell.method: score_verification(store, cell) for cell, _, _ in group.entries}
        rows = [_row(cell.method, row, spec, scores[cell.method]) for cell, row, spec in group.entries]
        ranked = {name: score for name in rankable(group.entries) if (score := scores[name]) is not None}
        best, tied = _marks(ranked)
        title = f"{group.heading} (View 2 protocol)"
        number, identical = identical_left_out(store, group)
        notes = verification_notes(group, identical)
        table = Table(title, self.columns, counted(rows, number), notes, best, tied)
        findings = [text for cell, row, _ in group.entries for text in self.findings(store, cell, row)]
        return [Page(group.name, group, [table], overview=table, findings=findings)]


TASK = VerificationTask()


def _row(method: str, row: CellRow, spec: MethodSpec, score: Verification | None) -> MethodRow:
    shown: dict[str, object] = {
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
    return cast(MethodRow, shown)


def _marks(scores: dict[str, Verification]) -> tuple[dict[str, str], dict[str, set[str]]]:
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
