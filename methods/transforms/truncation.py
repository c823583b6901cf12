"""The crudest reduction: the first so many numbers of a vector."""

import numpy as np


class Truncation:
    """The first `components` numbers of each row. Raises ValueError in `fit` where rows have fewer."""

    def __init__(self, components: int) -> None:
        self.components = components

    def fit(self, vectors: np.ndarray) -> None:
        """Nothing is learned; (n, d) vectors must have d >= components."""
        if vectors.shape[1] < self.components:
            raise ValueError(f"cannot keep the first {self.components} of {vectors.shape[1]} numbers")

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """(n, d) float32 to (n, components) float32."""
        return np.ascontiguousarray(vectors[:, : self.components])
