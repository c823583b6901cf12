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
    """Callable: a query (d,) to its approximate products (n,) with rows (n, d) float32, and by how much they err."""

    def __init__(self, rows: np.ndarray, centre: np.ndarray, largest: float) -> None:
        """`centre` (d,): the rows' mean; `largest`: the largest number of `rows - centre`, above zero and finite."""
        self._centre, self._level = centre, np.float32(largest / LEVELS)
        self._offsets = np.empty(len(rows), dtype=np.float32)
        self._moved = self._longest = 0.0
        self._packed: dict[int, numkong.PackedMatrix] = {}
        self._parts = RowParts(len(rows), rows.nbytes, PIECE)
        for start, stop in self._parts.pieces:
            self._packed[start] = numkong.dots_pack(self._rounded(rows[start:stop], self._offsets[start:stop]))

    def __call__(self, query: np.ndarray) -> tuple[np.ndarray, float]:
        """Products (n,) float32, and the most that one of them differs from what float32 tells of the row itself.

        The error of a query that is not finite is NaN.
        """
        moved = query - self._centre
        length, unit = _longest(moved[None]), np.float32(np.abs(moved).max() / LEVELS)
        products = np.empty(len(self._offsets), dtype=np.float32)
        if not 0 < unit < np.inf:
            return products, np.nan
        scaled = moved / unit
        coarse = np.rint(scaled)
        asked = np.stack([coarse, np.rint((scaled - coarse) * FINER)]).astype(np.int8)
        whole, constant = unit * self._level, query @ self._centre

        def fill(start: int, stop: int) -> None:
            coarse, fine = np.asarray(numkong.dots_packed(asked, self._packed[start]))
            some = products[start:stop]
            np.multiply(coarse, whole, out=some)
            some += fine * (whole / FINER)
            some += self._offsets[start:stop] + constant

        self._parts.run(fill)
        untold = float(unit) / FINER / 2 * np.sqrt(len(query))
        off = _longest(self._centre[None])
        rounding = ROUNDING * (length + off) * (self._longest + off)
        return products, length * self._moved + untold * (self._longest + self._moved) + rounding

    @property
    def nbytes(self) -> int:
        """Bytes of the copy, and of a number for each row."""
        return sum(packed.nbytes for packed in self._packed.values()) + self._offsets.nbytes + self._centre.nbytes

    def _rounded(self, rows: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Rows (m, d) as whole levels, int8; fills `offsets` (m,), and keeps how long rows are and how far they moved.

        Lengths are about the centre.
        """
        levels = np.empty(rows.shape, dtype=np.int8)
        step = max(1, BLOCK // rows.shape[1])
        for start in range(0, len(rows), step):
            block = rows[start : start + step] - self._centre
            rounded = np.rint(block / self._level)
            levels[start : start + step], offsets[start : start + step] = rounded, block @ self._centre
            self._moved = max(self._moved, _longest(block - rounded * self._level))
            self._longest = max(self._longest, _longest(block))
        return levels


def coarse_products(rows: np.ndarray) -> CoarseProducts | None:
    """Coarse products with `rows` (n, d) float32; None for few, and for numbers whose squares float32 does not hold."""
    if rows.nbytes < SMALLEST:
        return None
    centre = rows.mean(axis=0)
    largest = float(max((rows.max(axis=0) - centre).max(), (centre - rows.min(axis=0)).max()))
    return CoarseProducts(rows, centre, largest) if 1 / SQUARES < largest < SQUARES else None


def _longest(rows: np.ndarray) -> float:
    return float(np.sqrt(np.einsum("nd,nd->n", rows, rows).max()))
