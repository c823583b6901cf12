"""What the gate says of one measure of one cell."""

from dataclasses import dataclass
from enum import StrEnum

from benchmarks.core.cells import Cell


class Verdict(StrEnum):
    """How the new figure stands to the base's."""

    INCOMPARABLE = "not comparable"
    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    NEW = "new"
    """The base knows nothing of it."""


@dataclass(frozen=True)
class Flips:
    """Ids of the queries that were answered right by the one side alone, in the order they were asked."""

    lost: tuple[str, ...] = ()
    won: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measure of one cell, judged. Accuracies are fractions, times ratios, memory bytes."""

    verdict: Verdict
    subject: str
    """For people: "hog on cifar10:standard, retrieval"."""
    cell: Cell | None = None
    """None where the figures are not those of one cell."""
    measure: str
    """"hit@1", "mAP", "accuracy", "query time", "peak memory", "result" (is there one?), "identity" (the same
    question?)."""
    base: float | None = None
    new: float | None = None
    low: float | None = None
    """95% interval of the change (new - base); for times, where 95% of the rounds' ratios lie."""
    high: float | None = None
    p: float | None = None
    """Of no change for the worse or the better, Holm's correction made; None where nothing was tested."""
    queries: int | None = None
    """How many queries (or pairs, or rounds) the figures rest on."""
    note: str = ""
    """Why, in words, where the figures do not say it."""
    flips: Flips = Flips()
