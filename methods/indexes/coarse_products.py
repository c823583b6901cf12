"""Which rows can be among the nearest of one query, told from a copy of them in a byte a number.

One query is bounded by reading the rows, so a quarter of the bytes is a quarter of the time. Rounding moves a row by a
known length, and so its product with a query by at most that times the query's length (Cauchy-Schwarz). Rows whose
score is further behind the k-th best than twice this cannot be among the k best; the others are compared in full.

Both lengths are taken about the rows' mean m, where they are shorter: q.x = (q - m).(x - m) + m.(x - m) + q.m.
"""

import numkong
import numpy as np

from methods.indexes.row_parts import RowParts

SMALLEST = 1 << 22
"""Bytes of float32 rows from which on a copy is made: fewer are read in little more than the time of a call."""

PIECE = 1 << 25
"""Bytes of float32 rows whose copies one thread goes through at a time."""

LEVELS = 127
"""Whole numbers on either side of zero that a row's numbers are rounded to."""

FINER = 2 * LEVELS
"""Parts of a level that a query's remainder is told in, as a second row: it has no error worth a wider search."""

ROUNDING = 1e-5
"""Share of the product of two lengths that float32 arithmetic may add to an error, here and in the full scores."""

SQUARES = 1e15
"""Numbers from one part in this many to this many have squares, and sums of them, that float32 holds to its precision.
"""

BLOCK = 1 << 20
"""Numbers that are rounded at a time."""


class CoarseProducts:
    """Callable: a query (d,) to scores (n,) that differ as do its products with rows (n, d) float32 plus a bias (n,).

    What all scores of a query have in common is left out: it ranks nothing.
    """

    def __init__(self, rows: np.ndarray, bias: np.ndarray | None, centre: np.ndarray, largest: float) -> None:
        """`centre` (d,): the rows' mean; `largest`: the largest number of `rows - centre`, above zero and finite."""
        self._centre, self._level = centre, np.float32(largest / LEVELS)
        self._off_centre = _length(centre)
        self._offsets = np.zeros(len(rows), dtype=np.float32) if bias is None else bias.copy()
        self._moved = self._longest = 0.0
        self._packed: dict[int, numkong.PackedMatrix] = {}
        self._parts = RowParts(len(rows), rows.nbytes, PIECE)
        for start, stop in self._parts.pieces:
            self._packed[start] = numkong.dots_pack(self._rounded(rows[start:stop], self._offsets[start:stop]))

    def __call__(self, query: np.ndarray) -> tuple[np.ndarray, float]:
        """Scores (n,) float32, and the most that one of them is off; NaN for a query that is not finite."""
        scores = np.empty(len(self._offsets), dtype=np.float32)
        moved = query - self._centre
        unit = np.float32(np.abs(moved).max() / LEVELS)
        if not 0 < unit < np.inf:
            return scores, np.nan
        asked = np.empty((2, len(query)), dtype=np.float32)
        np.rint(moved / unit, out=asked[0])
        np.rint((moved / unit - asked[0]) * FINER, out=asked[1])
        levels, worth = asked.astype(np.int8), np.array([1, 1 / FINER], dtype=np.float32) * (unit * self._level)

        def fill(start: int, stop: int) -> None:
            products = np.asarray(numkong.dots_packed(levels, self._packed[start])).astype(np.float32)
            np.matmul(worth, products, out=scores[start:stop])
            scores[start:stop] += self._offsets[start:stop]

        self._parts.run(fill)
        length, untold = _length(moved), float(unit) / FINER / 2 * np.sqrt(len(query))
        rounding = ROUNDING * (length + self._off_centre) * (self._longest + self._off_centre)
        return scores, length * self._moved + untold * (self._longest + self._moved) + rounding

    @property
    def nbytes(self) -> int:
        """Bytes of the copy, and of a number for each row."""
        return sum(packed.nbytes for packed in self._packed.values()) + self._offsets.nbytes + self._centre.nbytes

    def _rounded(self, rows: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Rows (m, d) as whole levels, int8; adds to `offsets` (m,), keeps how long rows are and how far they moved.

        Lengths are about the centre.
        """
        levels = np.empty(rows.shape, dtype=np.int8)
        step = max(1, BLOCK // rows.shape[1])
        for start in range(0, len(rows), step):
            block = rows[start : start + step] - self._centre
            rounded = np.rint(block / self._level)
            levels[start : start + step] = rounded
            offsets[start : start + step] += block @ self._centre
            self._moved = max(self._moved, _longest(block - rounded * self._level))
            self._longest = max(self._longest, _longest(block))
        return levels


def coarse_products(rows: np.ndarray, bias: np.ndarray | None = None) -> CoarseProducts | None:
    """Coarse products with `rows` (n, d) float32, plus a bias (n,) float32 where there is one.

    None for few rows, and for numbers whose squares float32 does not hold.
    """
    if rows.nbytes < SMALLEST:
        return None
    centre = rows.mean(axis=0)
    largest = float(max((rows.max(axis=0) - centre).max(), (centre - rows.min(axis=0)).max()))
    return CoarseProducts(rows, bias, centre, largest) if 1 / SQUARES < largest < SQUARES else None


def _length(vector: np.ndarray) -> float:
    return float(np.sqrt(vector @ vector))


def _longest(rows: np.ndarray) -> float:
    return float(np.sqrt(np.einsum("nd,nd->n", rows, rows).max()))
