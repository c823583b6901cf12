"""Robustness: does the method still find the original of a distorted copy? Relevance is the picture, not the label."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.columns import Column, fraction
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.judged.relevance import of_originals
from benchmarks.core.scoring import Judged, RetrievalScore, canary_findings, judge_robustness
from benchmarks.core.store import Store
from benchmarks.core.tasking.context import CellContext
from benchmarks.core.tasking.encoding import share_out
from benchmarks.core.tasking.ranking import RankingTask
from benchmarks.core.tasking.task import Row
from benchmarks.metrics.means import micro
from benchmarks.protocol import ROBUSTNESS_ORIGINALS, SEED, size_class
from benchmarks.reporting.tables.groups import Group, rankable
from benchmarks.reporting.tables.identical import counted, identical_left_out
from benchmarks.reporting.tables.model import Table
from benchmarks.reporting.tables.notes import robustness_notes
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import METHOD, intervals, marks
from benchmarks.rows.cell import CellFigures, CellRow
from benchmarks.system import memory
from datasets.distortions import DISTORTIONS, distorted_copies
from datasets.manifest import Manifest
from methods.progress import watched
from methods.spec import MethodSpec


class Robustness(RankingTask):
    """Searches for ten copies each of a sample of gallery images; two pictures are enough, whatever their labels."""

    name = "robustness"
    summary = "is the original found from an edited copy (ten single edits)?"
    columns = (
        METHOD,
        Column("hit@1", "hit@1", fraction),
        *(Column(name, f"hit@1_{name}", fraction) for name in DISTORTIONS),
        Column("MRR", "MRR", fraction),
        Column("tie_rate@1", "tie_rate@1", fraction),
    )

    def obstacle(self, manifest: Manifest) -> str:
        """It asks for a picture, not for a label."""
        return "" if len(manifest.gallery) > 1 else "one gallery image: nothing to tell apart"

    def budget(self, subset: str, trained: bool) -> dict[str, object]:
        """Originals whose copies are asked for."""
        return {"originals": ROBUSTNESS_ORIGINALS[size_class(subset)]}

    def run(self, context: CellContext, manifest: Manifest, store: Store) -> CellFigures:
        """Rank the gallery for ten copies of each of a sample of its own images; only the original is right."""
        gallery = manifest.gallery
        wanted = min(ROBUSTNESS_ORIGINALS[size_class(manifest.subset)], len(gallery))
        chosen = np.sort(np.random.default_rng(SEED).choice(len(gallery), wanted, replace=False))
        copies = distorted_copies(gallery.take(chosen))
        share_out(context, gallery, copies)
        baseline = memory.resident_bytes()
        method = context.build_to_answer()
        method.fit(watched(gallery, "images learned from"))
        method.index(watched(gallery, "images indexed"))
        originals = np.repeat(chosen, len(DISTORTIONS)).astype(np.int32)
        truth = read_ground_truth(store.manifest_path(manifest.hash))
        undetected = context.answer(method, copies, of_originals(truth, originals), store, "copies searched for")
        context.save_arrays(
            "copies",
            original=originals,
            distortion=np.tile(np.arange(len(DISTORTIONS), dtype=np.int8), wanted),
        )
        return {
            "counts": {
                "gallery": len(gallery),
                "queries": len(copies),
                "originals": wanted,
                "undetected_queries": int(undetected.sum()),
            },
            "memory": memory.peak_over(baseline),
        }

    def judge(self, store: Store, cell: Cell, row: Row) -> Judged | None:
        """Only the original is right; classes are the distortions."""
        return judge_robustness(store, cell, row)

    def queries(self, store: Store, cell: Cell, row: Row) -> Sequence[str]:
        """The original and its distortion."""
        truth = read_ground_truth(store.manifest_path(row["inputs"]["manifest"]))
        copies, names = store.arrays(cell, "copies") or {}, list(DISTORTIONS)
        pairs = zip(truth.gallery_ids[copies["original"]], copies["distortion"], strict=True)
        return tuple(f"{id} ({names[distortion]})" for id, distortion in pairs)

    def pages(self, store: Store, group: Group, beside: Mapping[str, Group]) -> list[Page]:
        """How often the original of a distorted copy comes first, by distortion."""
        scores = {cell.method: score for cell, row, _ in group.entries if (score := self.score(store, cell, row))}
        findings = [text for name, score in scores.items() for text in canary_findings(name, score)]
        rows = [_row(cell.method, row, spec, scores.get(cell.method)) for cell, row, spec in group.entries]
        ranked = {name: scores[name] for name in rankable(group.entries) if name in scores}
        best, tied = marks(ranked, ("hit@1", "MRR"))
        number, identical = identical_left_out(store, group)
        notes = robustness_notes(group, scores, findings, identical)
        title = f"{group.heading}: hit@1 of the original"
        table = Table(title, self.columns, counted(rows, number), notes, best, tied)
        return [Page(group.name, group, [table], overview=table, findings=findings)]


TASK = Robustness()


def _row(method: str, row: CellRow, spec: MethodSpec, score: RetrievalScore | None) -> dict[str, object]:
    shown: dict[str, object] = {
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
