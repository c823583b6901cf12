"""What a comparison can see: the smallest loss of hits that it would call worse, for each size of table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.gate.rules import Rules
from benchmarks.gate.snapshot import CellRecord


@dataclass(frozen=True)
class Detectable:
    """For tables of one size: shares of queries whose hit must be lost, and none won, to count as worse."""

    where: str
    """"lfw:standard, retrieval", or a method's queries together."""
    queries: int
    figures: int
    """Of the whole comparison that are tested where all of them change."""
    alone: float | None
    """Where this figure alone changes; None where no loss would count."""
    among: float | None
    """Where all figures change, so that Holm's correction is at its strictest."""


def smallest_loss(queries: int, tests: int, rules: Rules) -> float | None:
    """The smallest share of `queries` whose loss, with no hit gained, is worse where `tests` figures are tested.

    Of L lost hits a resample holds none with probability (1 - L / queries) ** queries, the bootstrap's p-value. None
    where even the loss of all is not enough.
    """
    for lost in range(1, queries + 1):
        share = lost / queries
        if share > rules.tolerance and tests * (1 - share) ** queries <= rules.alpha:
            return share
    return None


def detectable(
    cells: Sequence[tuple[CellRecord, CellRecord]], pooled: Sequence[int], tests: int, rules: Rules
) -> list[Detectable]:
    """One for each table among the cells that are compared, one for methods' queries together.

    `pooled` has the number of queries of each method's pooled figure, `tests` is how many figures there are of cells.
    """
    tables: dict[str, list[int]] = {}
    for _, record in cells:
        scored = int(np.count_nonzero(~np.isnan(next(iter(record.values.values())))))
        where = f"{record.cell.dataset}:{record.cell.subset}, {record.cell.task}"
        tables.setdefault(where, []).append(scored)
    found = [_detectable(where, sizes, tests, bool(pooled), rules) for where, sizes in tables.items()]
    if pooled:
        found.append(_detectable("a method's tables together", pooled, len(pooled), True, rules))
    return found


def _detectable(where: str, sizes: Iterable[int], tests: int, halved: bool, rules: Rules) -> Detectable:
    """Of the smallest of several sizes. Two families share the chance of a false alarm where there are two."""
    queries, shared = min(sizes), 2 if halved else 1
    return Detectable(
        where, queries, tests, smallest_loss(queries, shared, rules), smallest_loss(queries, shared * tests, rules)
    )
