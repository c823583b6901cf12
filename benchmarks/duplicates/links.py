"""Two pictures that may be copies of each other, and how sure that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

EVERYWHERE = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Link:
    """Positions `one` < `other` of two contents, and their score: larger is more alike.

    `cells` say where in either picture the other was found (see `agreement.cells`); by a method that does not know,
    everywhere.
    """

    one: int
    other: int
    score: float
    cells: tuple[int, int] = (EVERYWHERE, EVERYWHERE)

    def reversed(self) -> "Link":
        """The same from the other picture's side."""
        return Link(self.other, self.one, self.score, (self.cells[1], self.cells[0]))


def best_links(links: Iterable[Link]) -> list[Link]:
    """Of several links of one pair the best, by falling score; equal ones by position."""
    best: dict[tuple[int, int], Link] = {}
    for link in links:
        pair = (link.one, link.other)
        if pair not in best or link.score > best[pair].score:
            best[pair] = link
    return sorted(best.values(), key=lambda link: (-link.score, link.one, link.other))


class PairLinks(Sequence[Link]):
    """Links of millions of pairs, kept as numbers: each is made when it is asked for, since few ever are."""

    def __init__(self, one: np.ndarray, other: np.ndarray, score: np.ndarray) -> None:
        """Positions `one` (m,) < `other` (m,) of contents, and their scores (m,), by falling score."""
        self._one, self._other, self._score = one, other, score

    def __len__(self) -> int:
        return len(self._one)

    def __getitem__(self, place):  # type: ignore[no-untyped-def, override]
        """One link; raises IndexError past the last."""
        return Link(int(self._one[place]), int(self._other[place]), float(self._score[place]))
