"""faiss's exact search: every query against every row."""

from typing import Any

import numpy as np

from methods.indexes.faiss_rows import FaissRows


class FaissFlatIndex(FaissRows):
    """IndexFlat. Batches of 20 and more go through matrix products, smaller ones row by row."""

    def _built(self, rows: np.ndarray) -> Any:
        import faiss

        index = faiss.IndexFlat(rows.shape[1], self._faiss_metric)
        index.add(rows)
        return index
