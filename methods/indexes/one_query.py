"""Dot products of one vector with every row of a matrix, as fast as the rows can be read."""

import numpy as np

from methods.indexes.row_parts import RowParts


class RowProducts:
    """Callable: a vector (d,) to its products (n,) with the rows (n, d) float32, on as many threads as BLAS may use."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows
        self._parts = RowParts(len(rows), rows.nbytes)

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Products (n,) float32."""
        products = np.empty(len(self._rows), dtype=np.float32)

        def fill(start: int, stop: int) -> None:
            np.vecdot(self._rows[start:stop], vector, out=products[start:stop])

        self._parts.run(fill)
        return products
