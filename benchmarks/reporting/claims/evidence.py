"""Finding the stored cells a claim is compared with, and reading them once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import GroundTruth, read_ground_truth
from benchmarks.core.scoring import RetrievalScore
from benchmarks.core.store import Store
from benchmarks.core.tasking.ranking import RankingTask
from benchmarks.core.tasking.registry import own_tasks
from benchmarks.rows.cell import CellRow
from methods.ranking import Ranking

Place = tuple[str, str]
"""(data set, subset)."""


class NoFigureError(Exception):
    """A figure cannot be given; the message is the word that stands in its place."""


@dataclass(frozen=True, eq=False)
class Source:
    """One stored cell."""

    store: Store
    cell: Cell
    row: CellRow

    @cached_property
    def truth(self) -> GroundTruth:
        """Ids and labels of the images it ran on."""
        return read_ground_truth(self.store.manifest_path(self.row["inputs"]["manifest"])).asked_as(self.cell.subset)

    @property
    def name(self) -> str:
        """As tables cite it: lfw:standard/retrieval/phash, lfw (synthetic):smoke/retrieval/phash."""
        return f"{self.truth.where}/{self.cell.task}/{self.cell.method}"

    @property
    def word(self) -> str:
        """Why the cell has no accuracy (error, timeout, untrained, ...); empty where it has."""
        if self.row["status"] != "ok":
            return str(self.row["status"])
        return "" if self.row["trained"] else "untrained"

    @cached_property
    def score(self) -> RetrievalScore:
        """Every metric of its ranking; raises NoFigureError where it stored none."""
        task = own_tasks().get(self.cell.task)
        score = task.score(self.store, self.cell, self.row) if isinstance(task, RankingTask) else None
        if score is None:
            raise NoFigureError(self.word or "no ranking stored")
        return score

    @cached_property
    def ranking(self) -> Ranking:
        """Its ranking; raises NoFigureError where it stored none."""
        ranking = self.store.ranking(self.cell)
        if ranking is None:
            raise NoFigureError(self.word or "no ranking stored")
        return ranking

    @property
    def is_cut(self) -> bool:
        """Whether only the first results of its ranking are stored."""
        return self.store.statistics(self.cell) is not None

    @cached_property
    def samples(self) -> dict[str, np.ndarray]:
        """Every timed sample in seconds, by stage; raises NoFigureError where none was taken."""
        samples = self.store.arrays(self.cell, "samples")
        if samples is None:
            raise NoFigureError(self.word or "not timed")
        return samples


class Evidence:
    """The cells of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._sources: dict[Cell, Source | None] = {}

    def find(self, methods: Sequence[str], places: Sequence[Place], task: str = "retrieval") -> list[Source]:
        """The cells of `methods`, one each, at the first of `places` where all of them have an accuracy.

        Without such a place, those at the first place where all of them ran; empty if there is none either.
        """
        ran: list[Source] = []
        for dataset, subset in places:
            stored = [self._source(Cell(dataset, subset, task, method)) for method in methods]
            sources = [source for source in stored if source is not None]
            if len(sources) < len(methods):
                continue
            if not any(source.word for source in sources):
                return sources
            ran = ran or sources
        return ran

    def _source(self, cell: Cell) -> Source | None:
        if cell not in self._sources:
            row = self.store.row(cell)
            self._sources[cell] = Source(self.store, cell, row) if row else None
        return self._sources[cell]
