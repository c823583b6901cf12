"""Filters: every row has a label, and a query is answered among the rows whose label lies in a range."""

from multiprocessing.connection import Connection
from typing import cast

import numpy as np

from benchmarks.experiments.indexes.participant import IndexJob, IndexParticipant, serve_as
from benchmarks.protocol import SEED
from methods.contracts import FilteredIndex, Index, LabelledIndex

LABELS = 100
"""Labels, 0 and up, each of a hundredth of the rows, drawn at random."""
SHARES = (1, 10, 50)
"""Per cent of the rows that a filter allows: as many labels."""
GROUPS = 10
"""Filters of each share; queries take them in turn."""


def labels_of(rows: int) -> np.ndarray:
    """The label (rows,) int64 of each row."""
    return np.random.default_rng(SEED).permutation(rows) % LABELS


def filter_of(share: int, group: int) -> tuple[int, int]:
    """The lowest label that a filter allows, and the first above it that it does not.

    The groups of a share lie evenly over the labels; wide ones overlap.
    """
    low = group * (LABELS - share) // (GROUPS - 1)
    return low, low + share


def fewest_allowed(rows: int, share: int) -> int:
    """Rows that the narrowest filter of a share allows."""
    counts = np.bincount(labels_of(rows), minlength=LABELS)
    return min(int(counts[slice(*filter_of(share, group))].sum()) for group in range(GROUPS))


class FilteredParticipant(IndexParticipant):
    """An index whose every query has a filter; "share" is one of its settings."""

    def __init__(self, job: IndexJob) -> None:
        self._share = SHARES[-1]
        self._group = 0
        super().__init__(job)

    def answers(
        self, settings: dict[str, int], k: int, places: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ids and scores (q, k), each query under the filter of its group."""
        self._set(settings)
        places = np.arange(len(self._queries)) if places is None else places
        width = min(k, len(self._labels))
        ids = np.full((len(places), width), -1, dtype=np.int32)
        scores = np.full(ids.shape, -np.inf, dtype=np.float32)
        for self._group in range(GROUPS):
            of_group = places % GROUPS == self._group
            ids[of_group], scores[of_group] = self._find(self._index, self._queries[places[of_group]], k)
        return ids, scores

    def _next(self) -> np.ndarray:
        query = super()._next()
        self._group = self._asked % GROUPS
        return query

    def _give(self, index: Index, rows: np.ndarray) -> None:
        self._labels = labels_of(len(rows))
        # Asked once: whether an object has all that a protocol names takes its `nbytes`, which may be a long sum.
        if isinstance(index, LabelledIndex):
            self._is_labelled = True
            index.add_labelled(rows, self._labels)
        else:
            self._is_labelled = False
            index.add(rows)

    def _find(self, index: Index, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        low, high = filter_of(self._share, self._group)
        if self._is_labelled:
            return cast(LabelledIndex, index).search_labelled(queries, k, low, high)
        return cast(FilteredIndex, index).search_among(queries, k, (self._labels >= low) & (self._labels < high))

    def _set(self, settings: dict[str, int]) -> None:
        self._share = settings["share"]
        super()._set({name: value for name, value in settings.items() if name != "share"})


def serve_filtered(job: IndexJob, connection: Connection) -> None:
    """Entry point of the child process."""
    serve_as(FilteredParticipant, job, connection)
