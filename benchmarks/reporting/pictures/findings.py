"""What a contact sheet shows: which queries, which methods, and the first results of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import GroundTruth
from benchmarks.core.scoring import judge_retrieval
from benchmarks.core.store import Store
from benchmarks.metrics.means import micro
from benchmarks.reporting.tables.groups import Group, rankable
from benchmarks.rows.cell import CellRow
from datasets.errors import BenchmarkError
from datasets.lfw import QUERY_IMAGES
from datasets.selection import hash_order
from methods.spec import MethodSpec

MOST_METHODS = 8
"""Methods on one sheet, the random ranking apart: more cannot be taken in."""
CANARY = "random"
"""Shown last: how right looks by chance."""


@dataclass(frozen=True, eq=False)
class Strip:
    """One method's first results for each query shown: gallery positions, best first, and which are right."""

    method: str
    supervised: bool
    mean_average_precision: float
    """Over all queries of the subset, not just those shown."""
    positions: tuple[np.ndarray, ...]
    right: tuple[np.ndarray, ...]
    undetected: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class Findings:
    """The queries shown (rows of the subset's queries), how many right images each has in the gallery, the strips."""

    queries: np.ndarray
    to_find: np.ndarray
    strips: tuple[Strip, ...]


def find_results(store: Store, group: Group, methods: Sequence[str] | None, queries: int, k: int) -> Findings:
    """The first `k` results of `methods` (default: the best of each family, then the next best) for `queries` queries.

    Raises BenchmarkError if no method asked for has a ranking, or no query has anything to find.
    """
    truth = group.truth
    to_find = truth.to_find
    shown = choose_queries(truth, to_find > 0, queries)
    strips = {
        cell.method: strip
        for cell, row, spec in group.entries
        if (methods is None or cell.method in methods)
        and (strip := _strip(store, truth, cell, row, spec, shown, k)) is not None
    }
    if not strips or not len(shown):
        what = "no method shown has a stored ranking" if len(shown) else "no query has anything to find"
        raise BenchmarkError(f"{group.heading}: {what}; run a method on it first")
    if methods is None:
        families = {cell.method: spec.family for cell, _, spec in group.entries}
        names = _choose_methods([strips[name] for name in rankable(group.entries) if name in strips], families)
        names += [CANARY] if CANARY in strips else []
    else:
        names = [name for name in dict.fromkeys(methods) if name in strips]
    return Findings(shown, to_find[shown], tuple(strips[name] for name in names))


def choose_queries(truth: GroundTruth, answerable: np.ndarray, count: int) -> np.ndarray:
    """Rows of `count` queries with something to find: LFW's ten query people, else by hash, new labels first."""
    rows = sorted(np.flatnonzero(answerable).tolist(), key=lambda row: hash_order(str(truth.query_ids[row])))
    seen: Counter[str] = Counter()
    nth_of_label = []
    for label in truth.query_labels[rows].tolist():
        nth_of_label.append(seen[label])
        seen[label] += 1
    order = sorted(
        range(len(rows)), key=lambda place: (truth.query_ids[rows[place]] not in QUERY_IMAGES, nth_of_label[place])
    )
    chosen = [rows[place] for place in order[:count]]
    return np.array(sorted(chosen, key=lambda row: truth.query_ids[row]), dtype=np.int64)


def _strip(
    store: Store, truth: GroundTruth, cell: Cell, row: CellRow, spec: MethodSpec, shown: np.ndarray, k: int
) -> Strip | None:
    """None for a cell without a ranking."""
    judged, ranking = judge_retrieval(store, cell, row), store.ranking(cell)
    if judged is None or ranking is None:
        return None
    rows = [(query, ranking.ids[query]) for query in shown.tolist()]
    positions = tuple(ids[truth.counts(query, ids)][:k] for query, ids in rows)
    right = tuple(
        truth.gallery_labels[ids] == truth.query_labels[query] for ids, query in zip(positions, shown, strict=True)
    )
    return Strip(
        cell.method,
        spec.supervised and spec.family != "canary",
        micro(judged.evaluate(["mAP"])["mAP"]),
        positions,
        right,
        tuple(ranking.undetected[shown].tolist()),
    )


def _choose_methods(strips: Sequence[Strip], families: Mapping[str, str]) -> list[str]:
    """At most MOST_METHODS, best mAP first: the best of each family, then the next best that show other pictures."""
    ordered = sorted(strips, key=lambda strip: -strip.mean_average_precision)
    firsts = list({families[strip.method]: strip for strip in reversed(ordered)}.values())
    chosen: list[Strip] = []
    for strip in sorted(ordered, key=lambda strip: strip not in firsts):
        if len(chosen) < MOST_METHODS and not any(_same_pictures(strip, other) for other in chosen):
            chosen.append(strip)
    return [strip.method for strip in ordered if strip in chosen]


def _same_pictures(one: Strip, other: Strip) -> bool:
    return all(map(np.array_equal, one.positions, other.positions))
