"""Explaining what a run stored: a query of a subset, and one result of a method's ranking for it."""

import difflib
from pathlib import Path

import numpy as np

from benchmarks.core.cells import ON, Cell
from benchmarks.core.judged.statistics import KEPT
from benchmarks.core.store import Store
from benchmarks.reporting.explain.explanation import Explanation, Neighbour, explain
from benchmarks.reporting.tables.groups import Group, images_of, make_groups
from datasets.errors import BenchmarkError, UnknownNameError
from methods.ranking import Ranking
from methods.registry import Registry

_BEYOND = f" (of so large a subset the first {KEPT} results of each query are stored; `run --keep-rankings` stores all)"


class NothingToExplainError(BenchmarkError):
    """No such ranking is stored, or it has no such result."""


def explain_stored(
    store: Store,
    registry: Registry,
    data_dir: Path | None,
    method: str,
    where: tuple[str, str | None],
    query: str,
    hit: str | None = None,
    rank: int = 1,
) -> Explanation:
    """Why `method` ranked the gallery image `hit` (default: the one at `rank`, 1 = first) for `query`, both ids.

    `where` is a data set and its subset; None takes the first subset that is stored. Raises UnknownNameError for an
    unknown method or id, NothingToExplainError without a ranking or a result, DataError without the images.
    """
    spec = registry.get(method.partition(ON)[0])
    group, cell, ranking = _ranking(store, registry, method, where)
    beyond = _BEYOND if store.statistics(cell) else ""
    truth = group.truth
    row = _place(truth.query_ids, query, "query")
    kept = truth.counts(row, ranking.ids[row])
    ids, scores = ranking.ids[row][kept], ranking.scores[row][kept]
    if not 1 <= rank <= len(ids):
        found = f"{method} has {len(ids):,} results for {query}" if len(ids) else f"{method} found nothing in {query}"
        raise NothingToExplainError(f"{group.heading}: {found}; there is none at rank {rank}{beyond}")
    chosen = rank - 1
    if hit is not None:
        position = _place(truth.gallery_ids, hit, "gallery image")
        if not truth.counts(row, np.array([position])).all():
            raise NothingToExplainError(f"{group.heading}: {hit} is {query} byte by byte: left out of its ranking")
        places = np.flatnonzero(ids == position)
        if not len(places):
            raise NothingToExplainError(f"{group.heading}: {method} did not find {hit} for {query}{beyond}")
        chosen = int(places[0])
    images = images_of(store, group, data_dir)
    neighbours = [
        Neighbour(str(truth.gallery_ids[position]), str(truth.gallery_labels[position]), float(score))
        for position, score in zip(ids, scores, strict=True)
    ]
    pictures = images.queries[row], images.gallery[int(ids[chosen])]
    return explain(spec, *pictures, neighbours=neighbours, chosen=chosen)


def _ranking(
    store: Store, registry: Registry, method: str, where: tuple[str, str | None]
) -> tuple[Group, Cell, Ranking]:
    """The first stored ranking of `method` there, and the group and the cell that it belongs to."""
    name, subset = where
    for group in make_groups(store, registry):
        for cell, _, _ in group.entries:
            if (group.task, cell.dataset, cell.method) != ("retrieval", name, method):
                continue
            if subset in (None, cell.subset) and (ranking := store.ranking(cell)) is not None:
                return group, cell, ranking
    title = f"{name}:{subset}" if subset else name
    raise NothingToExplainError(
        f"no ranking of {method} on {title} is stored in {store.root}; `run -m {method} -d {title}` makes one"
    )


def _place(ids: np.ndarray, id: str, what: str) -> int:
    found = np.flatnonzero(ids == id)
    if not len(found):
        near = difflib.get_close_matches(id, ids.tolist(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"ids look like {ids[0]}"
        raise UnknownNameError(f"there is no {what} {id!r} in this subset: {hint}")
    return int(found[0])
