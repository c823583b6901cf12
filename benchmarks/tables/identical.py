"""What tables say of byte-identical images, which no figure counts (see `GroundTruth.junk`)."""

from collections.abc import Iterable

import numpy as np

from benchmarks.store import Store
from benchmarks.tables.groups import Group
from datasets.words import count_of

KEY = "identical_left_out"
"""In the rows of a table, and so in its CSV file: how many were left out."""


def identical_left_out(store: Store, group: Group) -> tuple[int, str]:
    """How many byte-identical images (pairs, for verification) the group's figures leave out, and a sentence on them.

    The sentence is "" where there are none.
    """
    truth = group.truth
    if group.task == "verification":
        found = int(truth.identical_pairs.sum())
        return found, f"{count_of(found, 'pair')} of two byte-identical images left out" if found else ""
    if group.task == "robustness":
        originals = _first(store, group, "copies", "original")
        twins = truth.twins(np.unique(originals).astype(np.int64))
        what = count_of(len(twins), "byte-identical copy", "byte-identical copies")
        return len(twins), f"{what} of originals left out of the rankings" if len(twins) else ""
    asked = _first(store, group, "asked", "positions") if group.task == "unseen-classes" else None
    pairs = truth.identical(asked)
    queries = count_of(len(np.unique(pairs[:, 0])), "query", "queries")
    what = count_of(len(pairs), "byte-identical copy", "byte-identical copies")
    return len(pairs), f"{what} of {queries} left out of the rankings" if len(pairs) else ""


def counted(rows: Iterable[dict[str, object]], number: int) -> list[dict[str, object]]:
    """The rows of a table, each with the number left out."""
    return [{**row, KEY: number} for row in rows]


def _first(store: Store, group: Group, name: str, array: str) -> np.ndarray:
    """An array that all cells of the group store alike."""
    found = (arrays[array] for cell, _, _ in group.entries if (arrays := store.arrays(cell, name)))
    return next(found, np.empty(0, dtype=np.int64))
