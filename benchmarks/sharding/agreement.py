"""How far two rankings of the same queries agree."""

from dataclasses import dataclass

import numpy as np

from methods.ranking import Ranking


@dataclass(frozen=True)
class Agreement:
    """Of ranking `new` with ranking `base`."""

    ids_equal: bool
    scores_equal: bool
    """Bit for bit."""
    ties_equal: bool
    """The same neighbours in each row have the same score."""
    same_ids: float
    """Share of places that hold the same image."""
    largest_difference: float
    """Between scores of the same place."""
    ties: int
    """Neighbours with the same score in `base`."""

    @property
    def equal(self) -> bool:
        """True where nothing at all differs."""
        return self.ids_equal and self.scores_equal and self.ties_equal


def agreement(base: Ranking, new: Ranking) -> Agreement:
    """How far `new` agrees with `base`; raises ValueError for rankings of different shapes."""
    if base.ids.shape != new.ids.shape:
        raise ValueError(f"rankings of {base.ids.shape} and {new.ids.shape} cannot be compared")
    base_ties, new_ties = _ties(base), _ties(new)
    found = np.isfinite(base.scores) & np.isfinite(new.scores)
    differences = np.abs(base.scores[found].astype(np.float64) - new.scores[found])
    return Agreement(
        ids_equal=bool(np.array_equal(base.ids, new.ids) and np.array_equal(base.undetected, new.undetected)),
        scores_equal=base.scores.tobytes() == new.scores.tobytes(),
        ties_equal=bool(np.array_equal(base_ties, new_ties)),
        same_ids=float((base.ids == new.ids).mean()) if base.ids.size else 1.0,
        largest_difference=float(differences.max(initial=0.0)),
        ties=int(base_ties.sum()),
    )


def _ties(ranking: Ranking) -> np.ndarray:
    """(q, k - 1) bool: does a place have the score of the one before it?"""
    return (ranking.scores[:, 1:] == ranking.scores[:, :-1]) & (ranking.ids[:, 1:] >= 0)
