"""Which of a picture's neighbours stand out as copies of it, by how far apart its neighbours lie.

The distances D1 <= D2 <= ... of unrelated pictures grow little by little: j m log(D(j+1) / Dj) follows the exponential
law with mean 1 (Rényi 1953), where m is the dimension of the pictures as a method sees them (Levina & Bickel 2004).
Copies lie before a wider gap. Where m is high a copy stands out that is nearly as far as the next picture.
"""

import math
from collections.abc import Sequence

import numpy as np

FAR = (12, 40)
"""Ranks of the neighbours that tell the dimension: more than most pictures have copies."""
NEAR = 8
"""Ranks among which copies are looked for."""
CHANCE = 1e-3
"""Of a gap between unrelated pictures to be taken for that behind copies."""
_LEAST = 1e-9
"""Stands for no distance, whose logarithm would be infinite."""


def dimension(distances: Sequence[np.ndarray]) -> float | None:
    """The m of pictures with `distances` (k,) each to others, nearest first; None where none has as many as FAR.

    By the median over the pictures of the mean logarithm of the farthest one's distance over the others'; None as well
    where these do not differ.
    """
    first, last = FAR
    enough = np.array([each[first - 1 : last] for each in distances if len(each) >= last])
    if not len(enough):
        return None
    logs = np.log(np.maximum(enough, _LEAST))
    spread = float(np.median((logs[:, -1:] - logs[:, :-1]).mean(axis=1)))
    expected = np.mean([sum(1 / rank for rank in range(start, last)) for start in range(first, last)])
    return float(expected) / spread if spread > 0 else None


def standing_out(distances: np.ndarray, dimension: float, step: float = 0.0) -> int:
    """How many of the nearest, with `distances` (k,), lie before a gap that unrelated pictures hardly ever leave.

    Distances that are counts have a `step`: each stands for half of it either side, and gaps are taken at their least.
    """
    here, there = distances[:NEAR] + step / 2, distances[1 : NEAR + 1] - step / 2
    here = here[: len(there)]
    logs = np.log(np.maximum(there, _LEAST)) - np.log(np.maximum(here, _LEAST))
    gaps = np.arange(1, len(logs) + 1) * dimension * logs
    wide = np.flatnonzero(gaps > -math.log(CHANCE))
    return int(wide[-1]) + 1 if len(wide) else 0
