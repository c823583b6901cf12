"""Interleaved rounds: everyone has a turn in each, in a new order, so that what slows the machine down slows all."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from benchmarks.experiments.calibration import Calibration
from benchmarks.protocol import SEED

Participant = TypeVar("Participant")


def interleaved(
    participants: Sequence[Participant], rounds: int, calibration: Calibration, begins: Callable[[int], bool]
) -> Iterator[Participant]:
    """Whose turn it is, `rounds` times through all `participants`.

    `begins` hears the number of each round before it, and says whether it is made. The machine's pace is sampled twice
    before the first turn and once after each.
    """
    calibration.sample()
    calibration.sample()
    order = random.Random(SEED)
    for number in range(rounds):
        if not begins(number):
            return
        for participant in order.sample(list(participants), len(participants)):
            yield participant
            calibration.sample()


def said(rounds: int, say: Callable[[str], None]) -> Callable[[int], bool]:
    """For rounds that are all made: says which one begins."""

    def begins(number: int) -> bool:
        say(f"round {number + 1} of {rounds}")
        return True

    return begins
