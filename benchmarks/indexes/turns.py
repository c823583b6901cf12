"""Interleaved rounds: every setting of every index has a turn in each, in a new order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.experiments.calibration import Calibration
from benchmarks.experiments.rounds import interleaved, said
from benchmarks.indexes.seat import Entrant

_MOST_QUERIES, _LEAST_QUERIES = 50, 3


@dataclass(frozen=True)
class Budget:
    """How long a session may take."""

    rounds: int = 8
    seconds: float = 0.15
    """Of single queries in a turn: 3 to 50 of them."""


def take_turns(entrants: Sequence[Entrant], budget: Budget, patience: float, say: Callable[[str], None]) -> Calibration:
    """Time all entrants round by round; their samples are left in them. An answer may take `patience` seconds.

    Returns the calibration: the machine's pace before the first turn and after each. An index that fails takes no
    further part and costs the others nothing.
    """
    for entrant in entrants:
        pace = entrant.seat.ask("pace", patience, settings=entrant.settings)
        if pace:
            entrant.queries = int(np.clip(budget.seconds / pace, _LEAST_QUERIES, _MOST_QUERIES))
    calibration = Calibration()
    for entrant in interleaved(entrants, budget.rounds, calibration, said(budget.rounds, say)):
        turn = entrant.seat.ask("turn", patience, settings=entrant.settings, queries=entrant.queries)
        if turn is not None:
            entrant.single.append(turn[0])
            entrant.batched.append(turn[1])
    return calibration
