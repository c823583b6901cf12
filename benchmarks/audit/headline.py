"""What leaks do to the headline: hit@1 with all images, without identical copies, without near-identical ones too."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.audit.findings import Audit
from benchmarks.core.ground_truth import GroundTruth, read_ground_truth
from benchmarks.core.judged.first_result import hit_at_1
from benchmarks.core.judged.relevance import of_labels
from benchmarks.core.scoring import CANARIES, as_scored, hit_at_1_without
from benchmarks.core.store import Store
from benchmarks.metrics.junk import equal_pairs
from benchmarks.metrics.means import micro
from methods.building import Surroundings, build_method
from methods.ranking import Ranking
from methods.registry import Registry

ON_THE_SPOT = "pixels"
"""The method that is run where no cell of these images is stored: it learns nothing and needs no weights."""
MOST_QUERIES = 2_000
"""That are searched for on the spot: all of a large set would take time that grows with its square."""
_QUERIES = 256
_DEPTH = 200
"""Results a query that are judged on the spot: more than any picture has copies."""
Hits = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray] | None]
"""From junk pairs (m, 2) to hit@1 (q,) and which queries are not decided, (q,) bool; None where nothing is stored."""


@dataclass(frozen=True)
class Headline:
    """hit@1 of one method, each time over the queries that still have a positive; None where none has."""

    method: str
    stored: bool
    with_leaks: float | None
    without_identical: float | None
    without_near: float | None
    without_mislabels: float | None
    """Queries that are likely mislabelled left out as well."""
    lost_queries: int
    """Queries whose only positives were copies of themselves."""
    undecided: int = 0
    """Queries left out everywhere: their first result ties beyond the results that are stored."""
    sample: tuple[int, int] | None = None
    """Of how many queries it is, among how many, where not all were searched for."""


def headlines(audit: Audit, store: Store, registry: Registry) -> list[Headline]:
    """Of every stored retrieval cell of these images; of ON_THE_SPOT where there is none. Best first."""
    of = audit.of
    if not of.labelled or not len(of.roles) > of.gallery > 0:
        return []
    found = [_headline(audit, name, True, hits, truth) for name, hits, truth in _stored(audit, store)]
    if not any(found):
        found = [_headline(audit, ON_THE_SPOT, False, *_searched(audit, registry))]
    return sorted(filter(None, found), key=lambda line: -(line.with_leaks or 0.0))


def _stored(audit: Audit, store: Store) -> Iterator[tuple[str, Hits, GroundTruth]]:
    of = audit.of
    ids = set(of.images.ids.tolist())
    for cell, row in store.rows():
        if (cell.dataset, cell.subset, cell.task) != (of.name, of.subset, "retrieval"):
            continue
        path: Path = store.manifest_path(row["inputs"]["manifest"])
        failed = as_scored(store, cell, row)["status"] != "ok"
        if failed or row["inputs"]["method"].get("id") in CANARIES:
            continue
        truth = read_ground_truth(path)
        if ids.issuperset(truth.gallery_ids.tolist()) and ids.issuperset(truth.query_ids.tolist()):
            yield cell.method, partial(hit_at_1_without, store, cell, row), truth


def _searched(audit: Audit, registry: Registry) -> tuple[Hits, GroundTruth]:
    of = audit.of
    usable = np.flatnonzero(audit.usable)
    gallery, queries = (of.images.take(usable[of.roles[usable] == role]) for role in ("gallery", "query"))
    queries = queries.take(np.sort(np.random.default_rng(0).permutation(len(queries))[:MOST_QUERIES]))
    method = build_method(registry.get(ON_THE_SPOT), Surroundings())
    method.fit(gallery)
    method.index(gallery)
    depth = min(_DEPTH, len(gallery))
    parts = [method.search(queries[start : start + _QUERIES], depth) for start in range(0, len(queries), _QUERIES)]
    ranking = Ranking(*(np.concatenate([getattr(part, name) for part in parts]) for name in Ranking.__annotations__))
    ids = (gallery.ids, gallery.labels, queries.ids, queries.labels)
    truth = GroundTruth(of.dataset.title, of.subset, "", (), *ids)
    results = np.where(ranking.undetected, 0, len(gallery))
    return lambda junk: hit_at_1(ranking, of_labels(truth), junk, results), truth


def _headline(audit: Audit, method: str, stored: bool, hits: Hits, truth: GroundTruth) -> Headline | None:
    itself = truth.junk()
    identical = np.concatenate([itself, _placed(audit, truth, audit.identical)])
    near = np.concatenate([identical, _placed(audit, truth, audit.near)])
    every = equal_pairs(truth.query_ids, truth.gallery_ids)
    judged = [found for junk in (every, identical, near) if (found := hits(junk)) is not None]
    if not judged:
        return None
    undecided = np.any([is_open for _, is_open in judged], axis=0)
    values = [np.where(undecided, np.nan, value) for value, _ in judged]
    doubtful = [row["image"] for row in audit.mislabels]
    kept = ~np.isin(truth.query_ids, doubtful)
    among = int((audit.usable & (audit.of.roles == "query")).sum())
    return Headline(
        method,
        stored,
        with_leaks=_mean(values[0]),
        without_identical=_mean(values[1]),
        without_near=_mean(values[2]),
        without_mislabels=_mean(values[2][kept]) if audit.mislabels_by else None,
        lost_queries=int(np.isnan(values[2]).sum() - np.isnan(values[0]).sum()),
        undecided=int(undecided.sum()),
        sample=None if stored or len(undecided) == among else (len(undecided), among),
    )


def _mean(values: np.ndarray) -> float | None:
    return None if np.isnan(values).all() else micro(values)


def _placed(audit: Audit, truth: GroundTruth, pairs: np.ndarray) -> np.ndarray:
    """The pairs of a query and a gallery image among `pairs`, as (query row, gallery position) of `truth`."""
    ids = audit.of.images.ids
    rows = {id: row for row, id in enumerate(truth.query_ids.tolist())}
    places = {id: place for place, id in enumerate(truth.gallery_ids.tolist())}
    found = [
        (rows[query], places[other])
        for a, b in ids[pairs].tolist()
        for query, other in ((a, b), (b, a))
        if query in rows and other in places
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)
