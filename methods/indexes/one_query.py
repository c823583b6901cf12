"""Dot products of one vector with every row of a matrix, as fast as the rows can be read.

BLAS splits such a product over its threads as well, but they meet at its end and wait for each other: on a machine that
does anything else, a millisecond becomes ten. Here each thread has its rows, and the caller waits once.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import numpy as np

from methods.small_products import blas_threads

WORTH_A_THREAD = 1 << 20
"""Bytes of rows below which another thread costs more than it brings."""


class RowProducts:
    """Callable: a vector (d,) to its products (n,) with the rows (n, d) float32, on as many threads as BLAS may use.

    That number is read when the rows are taken.
    """

    def __init__(self, rows: np.ndarray) -> None:
        parts = min(blas_threads(), rows.nbytes // WORTH_A_THREAD) if rows.nbytes >= 2 * WORTH_A_THREAD else 1
        self._rows = rows
        self._bounds = np.linspace(0, len(rows), parts + 1, dtype=np.intp)

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Products (n,) float32."""
        products = np.empty(len(self._rows), dtype=np.float32)
        fill = partial(self._fill, vector, products)
        parts = list(zip(self._bounds[:-1], self._bounds[1:], strict=True))
        waiting = [_pool().submit(fill, *part) for part in parts[1:]]
        fill(*parts[0])
        for part in waiting:
            part.result()
        return products

    def _fill(self, vector: np.ndarray, products: np.ndarray, start: int, stop: int) -> None:
        np.einsum("nd,d->n", self._rows[start:stop], vector, out=products[start:stop])


@cache
def _pool() -> ThreadPoolExecutor:
    """One for all indexes of the process; made when first needed, so that a fork never inherits one without threads."""
    return ThreadPoolExecutor(thread_name_prefix="one-query")
