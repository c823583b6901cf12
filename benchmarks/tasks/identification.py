"""Open-set identification: who of the enrolled people is it, or is it nobody of them?

People with a single picture are not enrolled; half of them teach the threshold, on the other half and on the queries
of enrolled people it is judged (see metrics.identification).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.columns import Column, count, fraction
from benchmarks.core.scoring import CANARIES
from benchmarks.core.store import Store
from benchmarks.core.tasking.context import CellContext
from benchmarks.core.tasking.dense import dense_scores
from benchmarks.core.tasking.task import Row, Task, ends
from benchmarks.metrics.identification import (
    RATES,
    AtRate,
    at_rate,
    detection_error_trade_off,
    fewest_searches,
    found_share,
    learned_threshold,
)
from benchmarks.reporting.tables.groups import Group
from benchmarks.reporting.tables.notes import stored_counts
from benchmarks.reporting.tables.one_task import task_table
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.plot import det_plot
from benchmarks.reporting.tables.retrieval import METHOD
from benchmarks.rows.cell import CellFigures
from benchmarks.system import memory
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.selection import hash_order
from methods.contracts import Method
from methods.progress import watched
from methods.spec import MethodSpec

FEWEST = 2 * fewest_searches(RATES[0])
"""People who are not enrolled, below which no threshold can be learned and judged."""
_GATED = RATES[:2]


def _key(figure: str, rate: float) -> str:
    return f"{figure}@FPIR={rate:g}"


class Identification(Task):
    """Searches for enrolled people, and for people who are not; the answer is a name or nobody."""

    name = "identification"
    summary = "is an enrolled person named, and nobody for a stranger, at a threshold learned on other strangers?"
    metric = _key("TPIR", _GATED[1])
    is_default = False
    is_pooled = False  # its searches for enrolled people are retrieval's queries once more
    columns = (
        METHOD,
        Column("family", "family", is_text=True),
        Column("rank-1 hit", "rank1", fraction),
        *(Column(f"FNIR at FPIR {rate:.1%}", _key("FNIR", rate), fraction) for rate in RATES),
        *(Column(f"realised at {rate:.1%}", _key("realised", rate), lambda value: f"{value:.4f}") for rate in RATES),
        Column("undetected", "undetected_queries", count),
    )

    def asks(self, spec: MethodSpec) -> bool:
        """Each system once: not the rows that differ in their index alone."""
        return "robustness" in spec.tasks or "verification" in spec.tasks

    def obstacle(self, manifest: Manifest) -> str:
        """It needs enrolled people who are searched for, and people with one picture."""
        if problem := super().obstacle(manifest):
            return problem
        if (strangers := len(strangers_of(manifest)[0])) < FEWEST:
            return f"{strangers} labels with a single image, {FEWEST} are needed: they are the people not enrolled"
        return ""

    def budget(self, subset: str, trained: bool) -> dict[str, object]:
        """All there is is asked."""
        return {}

    def run(self, context: CellContext, manifest: Manifest, store: Store) -> CellFigures:
        """The best score of every search, and for enrolled people how likely the best hit is them."""
        in_gallery, in_queries = strangers_of(manifest)[1:]
        gallery = manifest.gallery.take(np.flatnonzero(~in_gallery))
        known = np.isin(manifest.queries.labels, gallery.labels)
        mated = manifest.queries.take(np.flatnonzero(known))
        strangers = [
            manifest.gallery.take(np.flatnonzero(in_gallery)),
            manifest.queries.take(np.flatnonzero(in_queries)),
        ]
        baseline = memory.resident_bytes()
        method = context.build_to_answer()
        method.fit(watched(gallery, "images learned from"))
        method.index(watched(gallery, "images indexed"))
        best, right, chance, undetected = _searched(context, method, mated, gallery)
        of_strangers = []
        for each in strangers:
            for _, scores, blind in dense_scores(context, method, each, len(gallery)):
                of_strangers.append(scores.max(axis=1))
                undetected += int(blind.sum())
        labels = np.concatenate([each.labels for each in strangers])
        context.save_arrays(
            "searches",
            best=best,
            right=right,
            chance=chance,
            person=np.unique(mated.labels, return_inverse=True)[1].astype(np.int32),
            place=np.flatnonzero(known).astype(np.int32),
            strangers=np.concatenate(of_strangers),
            learned=learned_half(labels),
        )
        return {
            "counts": {
                "gallery": len(gallery),
                "queries": len(mated) + len(labels),
                "mated": len(mated),
                "people": len(np.unique(gallery.labels)),
                "strangers": len(labels),
                "undetected_queries": undetected,
            },
            "memory": memory.peak_over(baseline),
        }

    def values(self, store: Store, cell: Cell, row: Row) -> Mapping[str, np.ndarray] | None:
        """Whether each enrolled person is named, at the threshold of a rate; NaN where it cannot be learned."""
        found = store.arrays(cell, "searches")
        if not found:
            return None
        learned = found["strangers"][found["learned"]]
        values = {}
        for rate in reversed(_GATED):
            threshold = learned_threshold(learned, rate)
            named = found_share(found["right"], found["best"], threshold)
            values[_key("TPIR", rate)] = np.full(len(named), np.nan) if np.isnan(threshold) else named
        return values

    def queries(self, store: Store, cell: Cell, row: Row) -> Sequence[str]:
        """By place among the queries of the subset."""
        found = store.arrays(cell, "searches")
        return [f"query {place}" for place in found["place"]] if found else []

    def figures(self, store: Store, cell: Cell, row: Row) -> dict[str, float]:
        """FNIR, and the realised FPIR with the interval of the nominal one, at each rate that can be learned."""
        found = store.arrays(cell, "searches")
        if not found:
            return {}
        shown = {"rank1": float(found["right"].mean())}
        for rate in RATES:
            at = _at(found, rate)
            shown |= {_key("FNIR", rate): at.fnir} | ends(_key("FNIR", rate), at.fnir_interval)
            shown |= {_key("TPIR", rate): 1 - at.fnir, _key("realised", rate): at.fpir}
            shown |= {f"{_key('TPIR', rate)}_low": 1 - at.fnir_interval.high}
            shown |= {f"{_key('TPIR', rate)}_high": 1 - at.fnir_interval.low}
            shown |= ends(_key("realised", rate), at.nominal_interval)
        return shown

    def findings(self, store: Store, cell: Cell, row: Row) -> list[str]:
        """`constant` and `random` name the right person as often as chance does, `oracle` always."""
        found = store.arrays(cell, "searches") if cell.method in CANARIES else None
        if not found:
            return []
        chance, got = found["chance"], float(found["right"].mean())
        expected = 1.0 if cell.method == "oracle" else float(chance.mean())
        spread = float(np.sqrt((chance * (1 - chance)).sum())) / len(chance)
        allowed = 4 * spread if cell.method == "random" else 1e-6
        wrong = f"{cell.method} names {got:.4f} of the enrolled people, theory says {expected:.4f} ± {allowed:.4f}"
        return [wrong] if abs(got - expected) > allowed else []

    def pages(self, store: Store, group: Group, beside: Mapping[str, Group]) -> list[Page]:
        """One table, and a DET curve of each method."""
        counts = stored_counts(group)
        learned = counts.get("strangers", 0) // 2
        blank = [f"{rate:.1%}" for rate in RATES if learned < fewest_searches(rate)]
        notes = [
            f"Data: {counts.get('people', 0)} enrolled people with {counts.get('gallery', 0):,} images, "
            f"{counts.get('mated', 0)} searches for them, {counts.get('strangers', 0)} people with a single picture "
            f"not enrolled ({group.truth.completeness}); half of these teach the threshold, the others judge it.",
            "FNIR: share of the searches for enrolled people whose best hit is another person or below the threshold, "
            "with its 95% interval, whole people together. Realised: share of the judged strangers above it, and the "
            "interval in which that lies 95 times in 100 when the nominal rate is kept."
            + (f" Too few strangers for a threshold at {', '.join(blank)}." if blank else ""),
        ]
        table = task_table(store, group, self, notes)
        findings = [text for cell, row, _ in group.entries for text in self.findings(store, cell, row)]
        pictures = [partial(_draw, store, group)]
        return [Page(group.name, group, [table], overview=table, findings=findings, pictures=pictures)]


def strangers_of(manifest: Manifest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels with a single image in all (s,), and which images of gallery and queries bear them, (n,) and (q,) bool."""
    gallery, queries = manifest.gallery.labels, manifest.queries.labels
    labels, times = np.unique(np.concatenate([gallery, queries]), return_counts=True)
    single = labels[times == 1]
    return single, np.isin(gallery, single), np.isin(queries, single)


def learned_half(labels: np.ndarray) -> np.ndarray:
    """(s,) bool: every other of the labels, in an order no data set decides, teaches the threshold."""
    order = np.array([hash_order(str(label)).hex() for label in labels]).argsort(kind="stable")
    half = np.zeros(len(labels), dtype=bool)
    half[order[::2]] = True
    return half


def _searched(
    context: CellContext, method: Method, mated: ImageSet, gallery: ImageSet
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """(m,) best score, chance that the best hit is right, and that any is, of each search; how many saw nothing.

    A gallery image that is the query byte by byte is no answer.
    """
    best = np.full(len(mated), -np.inf, dtype=np.float32)
    right, chance = np.zeros(len(mated)), np.zeros(len(mated))
    undetected = 0
    twins = mated.digests is not None and gallery.digests is not None
    digests = np.array(gallery.digests if twins else ())
    for rows, scores, blind in dense_scores(context, method, mated, len(gallery)):
        if twins:
            scores[np.array(mated.digests)[rows, None] == digests] = -np.inf
        same = mated.labels[rows, None] == gallery.labels
        best[rows] = scores.max(axis=1)
        top = (scores == best[rows, None]) & np.isfinite(best[rows])[:, None]
        right[rows] = (top & same).sum(axis=1) / np.maximum(top.sum(axis=1), 1)
        chance[rows] = same.mean(axis=1)
        undetected += int(blind.sum())
    return best, right, chance, undetected


def _at(found: Mapping[str, np.ndarray], rate: float) -> AtRate:
    learned = found["learned"].astype(bool)
    strangers = found["strangers"].astype(np.float64)
    searches = found["right"], found["best"].astype(np.float64), found["person"]
    return at_rate(*searches, strangers[learned], strangers[~learned], rate)


def _draw(store: Store, group: Group, out: Path) -> list[Path]:
    curves = {}
    for cell, row, spec in group.entries:
        found = store.arrays(cell, "searches") if row["status"] == "ok" and spec.family != "canary" else None
        if found:
            judged = found["strangers"][~found["learned"].astype(bool)]
            curves[cell.method] = detection_error_trade_off(found["right"], found["best"], judged)
    path = out / f"{group.name}-det.png"
    return [path] if curves and det_plot(curves, group.heading, path) else []


TASK = Identification()
