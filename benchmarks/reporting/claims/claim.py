"""A claim of a source report as data, the form in which our figure stands beside it, and whether it is confirmed.

By a stated rule from our figures, or, where nothing of ours can decide, by saying so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from benchmarks.metrics.statistics import Interval
from benchmarks.reporting.claims.evidence import Evidence

Verdict = Literal["confirmed", "contradicted", "not comparable", "untrained", "not run"]


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


class Rule(Protocol):
    """How figures decide a claim."""

    @property
    def text(self) -> str:
        """The rule in words, for the CSV."""
        ...

    def verdict(self, figures: Sequence[Figure]) -> Verdict:
        """Of the claim's figures, in the order of its measures."""
        ...


@dataclass(frozen=True)
class NotComparable:
    """Nothing of ours decides it; the claim's `because` says why."""

    text: str = "no figure of ours asks the same question"

    def verdict(self, figures: Sequence[Figure]) -> Verdict:
        """The same whatever the figures are."""
        return "not comparable"


@dataclass(frozen=True)
class Decided:
    """Every one of the figures at places `on` must pass; one that fails contradicts, whatever the others lack.

    A figure is held against `bound`, with its interval where it has one:
    above: all of it lies above; below: all of it lies below; not above: not all of it lies above; holds: it holds the
    bound; reaches: the figure itself is no less.
    """

    how: Literal["above", "below", "not above", "holds", "reaches"]
    bound: float = 0.0
    on: tuple[int, ...] = (0,)

    @property
    def text(self) -> str:
        """In words."""
        what = "the figure" if self.how == "reaches" else "the figure's 95% interval"
        return f"confirmed where {what} {self.how} {self.bound:g}" + (", for each of them" if len(self.on) > 1 else "")

    def verdict(self, figures: Sequence[Figure]) -> Verdict:
        """Contradicted before unknown, unknown before confirmed."""
        deciding = [figures[place] for place in self.on]
        if any(figure.value is not None and not self._passes(figure) for figure in deciding):
            return "contradicted"
        lacking = [figure for figure in deciding if figure.value is None]
        return _missing(lacking) if lacking else "confirmed"

    def _passes(self, figure: Figure) -> bool:
        assert figure.value is not None
        low, high = figure.interval or (figure.value, figure.value)
        return {
            "above": low > self.bound,
            "below": high < self.bound,
            "not above": low <= self.bound,
            "holds": low <= self.bound <= high,
            "reaches": figure.value >= self.bound - 1e-9,
        }[self.how]


@dataclass(frozen=True)
class Exceeds:
    """The figure at place `more` must exceed that at `less`, their intervals apart."""

    more: int
    less: int

    text: str = "confirmed where the one figure's 95% interval lies above the other's"

    def verdict(self, figures: Sequence[Figure]) -> Verdict:
        """Contradicted where the intervals meet, or lie the other way."""
        more, less = figures[self.more], figures[self.less]
        if more.interval is None or less.interval is None:
            return _missing([figure for figure in (more, less) if figure.interval is None])
        return "confirmed" if more.interval.low > less.interval.high else "contradicted"


def _missing(lacking: Sequence[Figure]) -> Verdict:
    return "untrained" if any("untrained" in figure.word for figure in lacking) else "not run"


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
    rule: Rule
    """How our figures decide it."""
