"""Each picture's nearest others, as arrays: brought up to date where pictures came or went, and read as links."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.duplicates.links import PairLinks


@dataclass(frozen=True, eq=False)
class Nearest:
    """Of each of n pictures its nearest ones, itself among them, best first."""

    others: np.ndarray
    """(n, k) int32 positions of pictures; -1 where there are no more."""
    scores: np.ndarray
    """(n, k) float32; -inf where there are no more."""
    known: np.ndarray
    """(n,) bool: of which pictures they have been found; of the others they are still to be."""

    @classmethod
    def unknown(cls, pictures: int, depth: int) -> "Nearest":
        """Nothing known yet, of so many pictures."""
        others, scores = np.full((pictures, depth), -1, np.int32), np.full((pictures, depth), -np.inf, np.float32)
        return cls(others, scores, np.zeros(pictures, dtype=bool))

    def moved(self, position: np.ndarray, pictures: int) -> tuple["Nearest", np.ndarray]:
        """The same where picture i now has `position[i]` among so many pictures, -1 if it has gone.

        And the positions, ordered, of which it is not known which are nearest: those of which it was not, those that
        came, and those that lost one of their nearest and with it the next one, which was not kept.
        """
        now = Nearest.unknown(pictures, self.others.shape[1])
        still = np.flatnonzero((position >= 0) & self.known)
        others = np.where(self.others[still] >= 0, position[self.others[still]], -1)
        whole = (others >= 0).sum(axis=1) == (self.others[still] >= 0).sum(axis=1)
        places = position[still[whole]]
        now.others[places], now.scores[places] = others[whole], self.scores[still[whole]]
        now.known[places] = True
        return now, np.setdiff1d(np.arange(pictures), places)

    def take_in(self, some: np.ndarray, scores: np.ndarray) -> None:
        """Let pictures `some` (b,) be among the nearest of all known, with their `scores` (b, n) with every picture.

        Of equal ones the earlier picture goes first.
        """
        depth = self.others.shape[1]
        nearer = np.flatnonzero(self.known & (scores.max(axis=0) >= self.scores[:, -1]))
        others = np.concatenate([self.others[nearer], np.tile(some.astype(np.int32), (len(nearer), 1))], axis=1)
        both = np.concatenate([self.scores[nearer], scores[:, nearer].T], axis=1)
        best = np.lexsort((others, -both), axis=1)[:, :depth]
        both = np.take_along_axis(both, best, axis=1)
        others = np.take_along_axis(others, best, axis=1)
        self.others[nearer], self.scores[nearer] = np.where(both > -np.inf, others, -1), both

    def links(self) -> PairLinks:
        """Every pair of which either is among the other's nearest, with the better of its scores, by falling score."""
        pictures = len(self.others)
        mine = np.arange(pictures, dtype=np.int64)[:, None]
        there = (self.others >= 0) & (self.others != mine)
        pair = (np.minimum(mine, self.others) * pictures + np.maximum(mine, self.others))[there]
        order = np.argsort(pair, kind="stable")
        pair, score = pair[order], self.scores[there][order]
        first = np.flatnonzero(np.diff(pair, prepend=-1))
        pair, score = pair[first], np.maximum.reduceat(score, first) if len(first) else score
        order = np.argsort(-score, kind="stable")
        one, other = np.divmod(pair[order], max(pictures, 1))
        return PairLinks(one, other, score[order])


def positions_now(before: Sequence[bytes], now: Sequence[bytes]) -> np.ndarray:
    """Where each content of `before` is in `now`; -1 for one that is not there."""
    place = {content: number for number, content in enumerate(now)}
    return np.array([place.get(content, -1) for content in before], dtype=np.int64)
