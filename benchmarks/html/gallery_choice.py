"""Which queries a gallery shows: each method's worst failures, and those on which two methods disagree most."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.html.first_hits import FirstHits
from datasets.selection import hash_order

PER_METHOD = 2
"""Disagreements that one method takes part in: with a far better one it would take part in all."""


@dataclass(frozen=True)
class Disagreement:
    """A query (row) to which `better` answers sooner than `worse`."""

    row: int
    better: FirstHits
    worse: FirstHits


def distinct(hits: Sequence[FirstHits]) -> list[tuple[FirstHits, list[str]]]:
    """Methods whose answers differ, each with the names of those that answer exactly the same."""
    kept: list[tuple[FirstHits, list[str]]] = []
    for one in hits:
        same = next((names for other, names in kept if one.shows_the_same_as(other)), None)
        if same is None:
            kept.append((one, []))
        else:
            same.append(one.method)
    return kept


def worst_failures(hits: FirstHits, query_ids: np.ndarray, count: int) -> list[int]:
    """Rows of the `count` queries whose first right result comes last; of equals, by hash of the query's id.

    Left out are queries without an answer, queries in which the method found nothing to search for (there is nothing
    to show) and those answered at once.
    """
    rows = np.flatnonzero((hits.rank > 1) & ~hits.undetected)
    return sorted(rows.tolist(), key=lambda row: (-hits.rank[row], hash_order(str(query_ids[row]))))[:count]


def disagreements(hits: Sequence[FirstHits], gallery: int, query_ids: np.ndarray, count: int) -> list[Disagreement]:
    """The `count` queries with the greatest ratio between two methods' ranks of the first right result.

    A ratio, because ranks 1 and 50 differ by more than ranks 500 and 600. What was never found stands behind the whole
    `gallery`. A query and a pair of methods is shown once, and a method PER_METHOD times at most.
    """
    found = [np.where(np.isinf(one.rank), gallery + 1.0, one.rank) for one in hits]
    candidates = []
    for (one, first), (other, second) in combinations(zip(hits, found, strict=True), 2):
        ratio = np.nan_to_num(np.abs(np.log(first / second)))
        ratio[one.undetected | other.undetected] = 0
        # More than `count` of a pair can never be needed beyond those that other pairs take.
        for row in np.argsort(-ratio, kind="stable")[: 2 * count].tolist():
            if ratio[row] > 0:
                pair = (one, other) if first[row] < second[row] else (other, one)
                candidates.append((-ratio[row], hash_order(str(query_ids[row])), Disagreement(row, *pair)))
    chosen: list[Disagreement] = []
    times: Counter[str] = Counter()
    pairs: set[frozenset[str]] = set()
    for _, _, candidate in sorted(candidates, key=lambda entry: entry[:2]):
        names = frozenset((candidate.better.method, candidate.worse.method))
        if len(chosen) == count:
            break
        if names in pairs or candidate.row in [other.row for other in chosen]:
            continue
        if max(times[name] for name in names) < PER_METHOD:
            chosen.append(candidate)
            pairs.add(names)
            times.update(names)
    return chosen
