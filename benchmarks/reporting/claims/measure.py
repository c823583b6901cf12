"""What every measure shares: finding its cells, and a word in place of a figure that cannot be given."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from benchmarks.metrics.statistics import Interval
from benchmarks.reporting.claims.claim import Figure
from benchmarks.reporting.claims.evidence import Evidence, NoFigureError, Place, Source


class Value(NamedTuple):
    """A figure, its 95% interval unless it is a count or a single measurement, and what must be said with it."""

    value: float
    interval: Interval | None = None
    remark: str = ""


@dataclass(frozen=True)
class CellMeasure(ABC):
    """Finds its cells, reads a value from them, and turns whatever stands in the way into a word."""

    method: str
    places: Sequence[Place]
    task: str = "retrieval"

    unit: ClassVar[str] = ""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the figure is called in the table."""

    @abstractmethod
    def value(self, sources: Sequence[Source]) -> Value:
        """The figure and its interval; raises NoFigureError with the word for it where there is none."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods whose cells are read."""
        return (self.method,)

    def read(self, evidence: Evidence) -> Figure:
        """The figure, or the word that stands for it."""
        sources = evidence.find(self.methods, self.places, self.task)
        if not sources:
            dataset, subset = self.places[0]
            cells = tuple(f"{dataset}:{subset}/{self.task}/{method}" for method in self.methods)
            return Figure(self.method, self.name, self.unit, cells, word="not run")
        cells = tuple(source.name for source in sources)
        try:
            if len({source.row["inputs"]["manifest"] for source in sources}) > 1:
                raise NoFigureError("run on different images")
            value, interval, remark = self.value(sources)
        except NoFigureError as error:
            return Figure(self.method, self.name, self.unit, cells, word=str(error))
        words = dict.fromkeys([remark, *(source.word for source in sources)])
        return Figure(self.method, self.name, self.unit, cells, value, interval, ", ".join(filter(None, words)))
