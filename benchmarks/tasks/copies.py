"""Copies: which gallery image was this picture made of, by one to six edits at once, and is it there at all?

In the way of the image similarity challenge (DISC21, Douze et al. 2021): as many queries have no original in the
gallery, and one threshold has to serve all of them. Score normalisation takes from a query's scores what it scores with
the image of a background set that is most like it (Pizzi et al., "A self-supervised descriptor for image copy
detection", CVPR 2022, section 5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.columns import Column, count, fraction
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.store import Store
from benchmarks.core.tasking.context import CellContext
from benchmarks.core.tasking.dense import KeptScores, dense_scores
from benchmarks.core.tasking.task import Row, Task, ends
from benchmarks.metrics.intervals import Interval, mean_share_interval
from benchmarks.metrics.means import micro
from benchmarks.metrics.pair_ranks import (
    PairRanks,
    first_hits,
    micro_average_precision,
    pair_precisions,
    pair_ranks_of,
    recall_at_precision,
    resampled_weights,
)
from benchmarks.protocol import COPIES_ORIGINALS, SEED, size_class
from benchmarks.reporting.tables.groups import Group
from benchmarks.reporting.tables.notes import stored_counts
from benchmarks.reporting.tables.one_task import task_table
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import METHOD
from benchmarks.rows.cell import CellFigures
from benchmarks.system import memory
from datasets.edits.copies import edited_copies, recipe_of
from datasets.errors import DataError
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.selection import hash_order
from methods.contracts import Method
from methods.progress import watched
from methods.spec import MethodSpec

EDITS = (1, 6)
"""Fewest and most edits of a query."""
FEWEST = 4
"""Queries of a subset that have to be there to divide."""
_SHOWN_SHARE, _BACKGROUND_SHARE = 0.1, 0.4
"""Of a subset's queries: pictures that edits show beside a copy, and the background set. The rest are distractors."""
_RESAMPLES = 1000


@dataclass(frozen=True)
class Parts:
    """Positions of disjoint images: `originals` in the gallery, the others among the queries."""

    originals: np.ndarray
    distractors: np.ndarray
    shown: np.ndarray
    background: np.ndarray


class Copies(Task):
    """Copies of gallery images, and as many distractors; a pair of query and image is right or wrong."""

    name = "copies"
    summary = "is the original of a copy with 1 to 6 edits found, and nothing for a picture without one?"
    metric = "µAP"
    is_default = False
    columns = (
        METHOD,
        Column("family", "family", is_text=True),
        Column("µAP", "µAP", fraction),
        Column("µAP normalised", "µAP_normalised", fraction),
        Column("gain", "µAP_gain", lambda value: f"{value:+.3f}"),
        Column("recall@precision 0.9", "recall@precision=0.9", fraction),
        Column("hit@1", "hit@1", fraction),
        *(Column(f"{edits} edit" + "s" * (edits > 1), f"hit@1_{edits}", fraction) for edits in range(1, EDITS[1] + 1)),
        Column("undetected", "undetected_queries", count),
    )

    def asks(self, spec: MethodSpec) -> bool:
        """Who is asked for the original of an edited copy is asked for that of one edited more."""
        return "robustness" in spec.tasks

    def obstacle(self, manifest: Manifest) -> str:
        """It asks for pictures, not for labels."""
        if len(manifest.gallery) < 2:
            return "one gallery image: nothing to tell apart"
        if len(_not_in(manifest.gallery, manifest.queries)) < FEWEST:
            return f"fewer than {FEWEST} queries that are no gallery image too: no distractors, nothing to normalise by"
        return ""

    def budget(self, subset: str, trained: bool) -> dict[str, object]:
        """Originals of which a copy is asked for, at most."""
        return {"originals": COPIES_ORIGINALS[size_class(subset)], "edits": list(EDITS)}

    def run(self, context: CellContext, manifest: Manifest, store: Store) -> CellFigures:
        """Score copies and distractors with the gallery, and with the background set; keep how right pairs rank."""
        gallery, others = manifest.gallery, manifest.queries
        parts = divide(gallery, others, COPIES_ORIGINALS[size_class(manifest.subset)])
        background = others.take(parts.background)
        require_apart(gallery, background)
        shown = others.take(parts.shown)
        queries = [
            edited_copies(originals, SEED, between=EDITS, pool=shown)
            for originals in (gallery.take(parts.originals), others.take(parts.distractors))
        ]
        baseline = memory.resident_bytes()
        method = _ready(context, gallery, gallery)
        right = np.concatenate([parts.originals, np.full(len(parts.distractors), -1)])
        with KeptScores(context.workdir, len(gallery)) as kept:
            own, images, undetected = _searched(context, method, gallery, queries, right, kept)
            method = _ready(context, gallery, background)
            levels = np.concatenate(
                [
                    scores.max(axis=1)
                    for each in queries
                    for _, scores, _ in dense_scores(context, method, each, len(background))
                ]
            )
            arrays = vars(pair_ranks_of(chain.from_iterable(kept.blocks()), own, right))
            rows = np.split(levels, np.cumsum([len(block) for block in kept.blocks()])[:-1])
            lines = (normalise(block, some) for block, some in zip(kept.blocks(), rows, strict=True))
            own_normalised = normalise(own[:, None], levels)[:, 0]
            normalised = vars(pair_ranks_of(chain.from_iterable(lines), own_normalised, right))
        edits = np.array([len(recipe_of(item).steps) for each in queries for item in each.items], dtype=np.int8)
        context.save_arrays(
            "copy_ranks",
            original=right.astype(np.int32),
            edits=edits,
            images=images,
            **{name: arrays[name] for name in ("scores", "query", "above", "tied")},
            **{f"normalised_{name}": normalised[name] for name in ("scores", "query", "above", "tied")},
        )
        return {
            "counts": {
                "gallery": len(gallery),
                "queries": len(right),
                "originals": len(parts.originals),
                "distractors": len(parts.distractors),
                "background": len(background),
                "undetected_queries": undetected,
            },
            "memory": memory.peak_over(baseline),
        }

    def values(self, store: Store, cell: Cell, row: Row) -> Mapping[str, np.ndarray] | None:
        """What each copy adds to the micro-average precision, which is their mean; whether its original comes first."""
        stored = store.arrays(cell, "copy_ranks")
        if not stored:
            return None
        ranks = _ranks(stored)
        return {"µAP": pair_precisions(ranks), "hit@1": first_hits(ranks)}

    def queries(self, store: Store, cell: Cell, row: Row) -> Sequence[str]:
        """The original and how many edits; distractors by number."""
        stored = store.arrays(cell, "copy_ranks") or {}
        ids = read_ground_truth(store.manifest_path(row["inputs"]["manifest"])).gallery_ids
        names = [f"{ids[place]} (edits: {edits})" for place, edits in _rows(stored) if place >= 0]
        return (*names, *(f"distractor {number + 1}" for number in range(len(stored["original"]) - len(names))))

    def figures(self, store: Store, cell: Cell, row: Row) -> dict[str, float]:
        """Micro-average precision, as it is and normalised, recall at 90 % precision, hit@1 by number of edits."""
        stored = store.arrays(cell, "copy_ranks")
        if not stored:
            return {}
        ranks, normalised = _ranks(stored), _ranks(stored, "normalised_")
        original = stored["original"].astype(np.int64)
        clusters = np.where(original >= 0, original, -1 - np.arange(len(original)))
        weights = resampled_weights(clusters, _RESAMPLES, SEED)
        plain, better = (micro_average_precision(each) for each in (ranks, normalised))
        drawn, drawn_better = (micro_average_precision(each, weights) for each in (ranks, normalised))
        found = {"µAP": float(plain[0])} | ends("µAP", _middle(drawn))
        found |= {"µAP_normalised": float(better[0])} | ends("µAP_normalised", _middle(drawn_better))
        found |= {"µAP_gain": float(better[0] - plain[0])} | ends("µAP_gain", _middle(drawn_better - drawn))
        key = "recall@precision=0.9"
        found |= {key: float(recall_at_precision(ranks)[0])} | ends(key, _middle(recall_at_precision(ranks, weights)))
        hits = first_hits(ranks)
        for name, which in {"": original >= 0, **{f"_{edits}": stored["edits"] == edits for edits in _bins()}}.items():
            kept = hits[which & ~np.isnan(hits)]
            found |= {f"hit@1{name}": micro(kept)} | ends(f"hit@1{name}", mean_share_interval(kept))
        return found

    def findings(self, store: Store, cell: Cell, row: Row) -> list[str]:
        """`constant` finds the original as often as one image in all, `random` within four standard errors of that."""
        stored = store.arrays(cell, "copy_ranks") if cell.method in ("random", "constant") else None
        if not stored:
            return []
        copies = stored["original"] >= 0
        got, chances = micro(first_hits(_ranks(stored))[copies]), 1 / stored["images"][copies]
        spread = float(np.sqrt((chances * (1 - chances)).sum())) / len(chances)
        expected, allowed = float(chances.mean()), 1e-9 if cell.method == "constant" else 4 * spread
        wrong = f"{cell.method} has a hit@1 of {got:.4f} for copies, theory says {expected:.4f} ± {allowed:.4f}"
        return [wrong] if abs(got - expected) > allowed else []

    def pages(self, store: Store, group: Group, beside: Mapping[str, Group]) -> list[Page]:
        """One table."""
        counts = stored_counts(group)
        notes = [
            f"Data: copies of {counts.get('originals', 0)} of {counts.get('gallery', 0):,} gallery images, "
            f"{EDITS[0]} to {EDITS[1]} edits each, and {counts.get('distractors', 0)} distractors, edited alike, "
            f"without an original there ({group.truth.completeness}).",
            "µAP: average precision over all pairs of a query and a gallery image; recall@precision 0.9: share of the "
            "originals above the one threshold at which nine of ten accepted pairs are right; hit@1 counts copies "
            "alone, by number of edits. Normalised: less the score with the nearest of "
            f"{counts.get('background', 0)} background images. Intervals: 95%, whole originals resampled; for hit@1 "
            "Wilson's.",
        ]
        table = task_table(store, group, self, notes)
        findings = [text for cell, row, _ in group.entries for text in self.findings(store, cell, row)]
        return [Page(group.name, group, [table], overview=table, findings=findings)]


def divide(gallery: ImageSet, others: ImageSet, wanted: int) -> Parts:
    """The same parts for every method: originals drawn by the seed, the others in an order no data set decides."""
    free = sorted(_not_in(gallery, others).tolist(), key=lambda place: hash_order(str(others.ids[place])))
    shown, background = (max(1, round(share * len(free))) for share in (_SHOWN_SHARE, _BACKGROUND_SHARE))
    distractors = free[shown + background :]
    number = min(wanted, len(gallery) // 2, len(distractors))
    originals = np.sort(np.random.default_rng(SEED).choice(len(gallery), number, replace=False))
    return Parts(
        originals,
        np.array(distractors[:number], dtype=np.int64),
        np.array(free[:shown], dtype=np.int64),
        np.array(free[shown : shown + background], dtype=np.int64),
    )


def require_apart(gallery: ImageSet, background: ImageSet) -> None:
    """Raises DataError where a background image is in the gallery too, by id or content: it would hide its copies."""
    both = np.setdiff1d(np.arange(len(background)), _not_in(gallery, background))
    same_id = np.flatnonzero(np.isin(background.ids, gallery.ids))
    if len(found := np.union1d(both, same_id)):
        names = ", ".join(background.ids[found[:3]].tolist())
        raise DataError(
            f"the background set overlaps the gallery: {len(found)} of {len(background)} images are in both ({names}); "
            "scores are normalised by pictures that are not searched in: leave them out of one of the two"
        )


def normalise(scores: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Scores (q, n) less each query's `levels` (q,), its best with a background image; -inf levels change nothing."""
    return scores - np.where(np.isfinite(levels), levels, 0.0)[:, None]


def _not_in(gallery: ImageSet, others: ImageSet) -> np.ndarray:
    """Positions of the images that no gallery image equals byte by byte."""
    if gallery.digests is None or others.digests is None:
        return np.arange(len(others))
    known = set(gallery.digests)
    return np.array([place for place, digest in enumerate(others.digests) if digest not in known], dtype=np.int64)


def _ready(context: CellContext, learned_from: ImageSet, searched: ImageSet) -> Method:
    method = context.build_to_answer()
    method.fit(watched(learned_from, "images learned from"))
    method.index(watched(searched, "images indexed"))
    return method


def _searched(
    context: CellContext,
    method: Method,
    gallery: ImageSet,
    queries: Sequence[ImageSet],
    right: np.ndarray,
    kept: KeptScores,
) -> tuple[np.ndarray, np.ndarray, int]:
    """(q,) what each query scores with its `right` image, (q,) int32 images it is judged on, and how many see nothing.

    All scores go to `kept`.
    """
    own = np.full(len(right), -np.inf, dtype=np.float32)
    images, undetected, start = np.zeros(len(right), dtype=np.int32), 0, 0
    digests = np.array(gallery.digests or gallery.ids)
    for each in queries:
        for _, scores, blind in dense_scores(context, method, each, len(gallery), "copies searched for"):
            rows = slice(start, start + len(scores))
            _leave_out_twins(scores, digests, right[rows])
            has_one = np.flatnonzero(right[rows] >= 0)
            own[start + has_one] = scores[has_one, right[rows][has_one]]
            images[rows] = np.count_nonzero(~np.isnan(scores), axis=1)
            undetected += int(blind.sum())
            kept.append(scores)
            start = rows.stop
    return own, images, undetected


def _leave_out_twins(scores: np.ndarray, digests: np.ndarray, originals: np.ndarray) -> None:
    """Gallery images that equal a copy's original (-1: none) byte by byte are neither right nor wrong: NaN."""
    for row in np.flatnonzero(originals >= 0).tolist():
        twins = np.flatnonzero(digests == digests[originals[row]])
        scores[row, twins[twins != originals[row]]] = np.nan


def _ranks(stored: Mapping[str, np.ndarray], prefix: str = "") -> PairRanks:
    return PairRanks(*(stored[prefix + name] for name in ("scores", "query", "above", "tied")))


def _rows(stored: Mapping[str, np.ndarray]) -> list[tuple[int, int]]:
    return list(zip(stored["original"].tolist(), stored["edits"].tolist(), strict=True))


def _bins() -> range:
    return range(EDITS[0], EDITS[1] + 1)


def _middle(drawn: np.ndarray) -> Interval:
    """The 95% percentile interval of resampled figures (r,)."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(low), float(high))


TASK = Copies()
