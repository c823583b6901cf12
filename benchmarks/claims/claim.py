"""A claim of a source report as data, and the form in which our figure stands beside it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from benchmarks.claims.evidence import Evidence
from benchmarks.metrics.statistics import Interval

if TYPE_CHECKING:
    from benchmarks.claims.verdict import Rule


@dataclass(frozen=True)
class Figure:
    """Our figure: its value with a 95% interval where there is one to give, and the cells it was read from.

    `word` says why there is no value (not run, untrained, timeout, ...), or qualifies one that is there.
    """

    method: str
    name: str
    unit: str
    cells: tuple[str, ...]
    value: float | None = None
    interval: Interval | None = None
    word: str = ""


class Measure(Protocol):
    """How to read one figure from stored cells."""

    def read(self, evidence: Evidence) -> Figure:
        """The figure, or the word that stands for it; never raises for a cell that is not there."""
        ...


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One statement of one report, and what of ours it is to be compared with."""

    report: Literal["R0", "R1", "R2", "R3", "R4"]
    systems: tuple[str, ...]
    """Ids of the methods it is about."""
    says: str
    """The statement, its figure included."""
    values: tuple[float, ...] = ()
    """Its figure (two: a range) in `unit`; empty where it gives none."""
    unit: str = ""
    ours: tuple[Measure, ...]
    because: str
    """In one line, why the two differ or what the report's figure is worth."""
    rule: "Rule"
    """How our figures decide it."""
