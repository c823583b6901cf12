"""Unseen classes: the queried labels were not there when the method learned; then they were put in the gallery.

The zero-shot split of metric learning (Musgrave et al. 2020); called "open-set" before.
"""

from collections.abc import Mapping

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.columns import Column, fraction
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.judged.relevance import of_labels
from benchmarks.core.scoring import RetrievalScore, canary_findings, score_retrieval
from benchmarks.core.store import Store
from benchmarks.core.tasking.context import CellContext
from benchmarks.core.tasking.ranking import LabelledRankingTask
from benchmarks.reporting.tables.groups import Group, rankable
from benchmarks.reporting.tables.identical import counted, identical_left_out
from benchmarks.reporting.tables.model import Table
from benchmarks.reporting.tables.notes import unseen_classes_notes
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import METHOD, intervals, marks
from benchmarks.rows.cell import CellFigures, CellRow
from benchmarks.system import memory
from datasets.errors import DataError
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.selection import hash_order
from methods.progress import watched
from methods.spec import MethodSpec

_SHOWN = ("hit@1", "hit@5", "recall@20", "mAP", "MAP@R", "kNN-vote@5")


class UnseenClasses(LabelledRankingTask):
    """Leaves half of the queried labels out of fitting; asks retrieval's queries once more: no further evidence."""

    name = "unseen-classes"
    summary = "is a class found that was not there when the method learned?"
    is_pooled = False
    columns = (
        METHOD,
        Column("family", "family", is_text=True),
        *(Column(name, name, fraction) for name in _SHOWN),
        Column("hit@1 when seen", "hit@1_seen", fraction),
        Column("lost", "hit@1_lost", lambda value: f"{value:+.3f}"),
    )

    def unlearnable(self, manifest: Manifest) -> str:
        """What is left to learn from are the other labels."""
        left = np.setdiff1d(manifest.gallery.labels, unseen_labels(manifest.gallery, manifest.queries))
        return "" if len(left) > 1 else "one label: nothing to learn"

    def run(self, context: CellContext, manifest: Manifest, store: Store) -> CellFigures:
        """Fit without half of the queried labels, index the whole gallery, search for the queries of those labels."""
        gallery, queries = manifest.gallery, manifest.queries
        unseen = unseen_labels(gallery, queries)
        seen_rows = np.flatnonzero(~np.isin(gallery.labels, unseen))
        asked = np.flatnonzero(np.isin(queries.labels, unseen))
        if not len(seen_rows) or not len(asked):
            raise DataError(f"{manifest.dataset}:{manifest.subset} has too few labels to leave some out of fitting")
        baseline = memory.resident_bytes()
        method = context.build_to_answer()
        method.fit(watched(gallery.take(seen_rows), "images learned from"))
        method.index(watched(gallery, "images indexed"))
        truth = read_ground_truth(store.manifest_path(manifest.hash))
        undetected = context.answer(method, queries.take(asked), of_labels(truth, asked), store)
        context.save_arrays("asked", positions=asked.astype(np.int32))
        return {
            "counts": {
                "gallery": len(gallery),
                "fitted_on": len(seen_rows),
                "unseen_labels": len(unseen),
                "queries": len(asked),
                "undetected_queries": int(undetected.sum()),
            },
            "memory": memory.peak_over(baseline),
        }

    def pages(self, store: Store, group: Group, beside: Mapping[str, Group]) -> list[Page]:
        """Each cell beside the same queries of the retrieval task.

        A method that learns nothing has no cell: unseen labels are all the same to it, so its row is read off its
        retrieval ranking.
        """
        retrieval = beside.get("retrieval")
        asked = next(
            (arrays["positions"] for cell, _, _ in group.entries if (arrays := store.arrays(cell, "asked"))), None
        )
        closed = retrieval.entries if retrieval and retrieval.manifest == group.manifest and asked is not None else []
        learners = {cell.method for cell, _, _ in group.entries}
        unlearned = [entry for entry in closed if entry[0].method not in learners and _stands_alone(entry[2])]
        seen = {cell.method: score_retrieval(store, cell, row, only=asked) for cell, row, _ in closed}
        scores = {cell.method: score_retrieval(store, cell, row) for cell, row, _ in group.entries}
        scores |= {cell.method: seen[cell.method] for cell, _, _ in unlearned}
        found = {name: score for name, score in scores.items() if score is not None}
        findings = [text for name, score in found.items() for text in canary_findings(name, score)]
        place = {cell.method: number for number, (cell, _, _) in enumerate(closed)}
        entries = sorted([*unlearned, *group.entries], key=lambda entry: place.get(entry[0].method, len(place)))
        rows = [_row(*entry, found.get(entry[0].method), seen.get(entry[0].method)) for entry in entries]
        best, tied = marks({m: found[m] for m in rankable(entries) if m in found}, _SHOWN)
        number, identical = identical_left_out(store, group)
        notes = unseen_classes_notes(group, found, findings, identical)
        table = Table(group.heading, self.columns, counted(rows, number), notes, best, tied)
        return [Page(group.name, group, [table], findings=findings)]


TASK = UnseenClasses()


def unseen_labels(gallery: ImageSet, queries: ImageSet) -> np.ndarray:
    """Every other label that has both queries and gallery images, in an order no data set decides."""
    both = np.intersect1d(queries.labels, gallery.labels).tolist()
    return np.array(sorted(both, key=hash_order)[::2], dtype=np.str_)


def _stands_alone(spec: MethodSpec) -> bool:
    """Learns nothing, and is no index variant of another row."""
    return not spec.learns and not spec.supervised and not spec.reference


def _row(
    cell: Cell, row: CellRow, spec: MethodSpec, score: RetrievalScore | None, seen: RetrievalScore | None
) -> dict[str, object]:
    word = row["status"] if row["status"] != "ok" else "untrained"
    shown: dict[str, object] = {
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
