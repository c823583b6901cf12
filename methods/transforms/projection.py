"""A fully connected layer that was never trained."""

import numpy as np


class RandomDense:
    """R4's Dense(8192) on top of a frozen trunk: a linear layer as Keras initialises it, seeded.

    Kernel uniform in +-sqrt(6 / (d + units)) (Glorot & Bengio 2010), bias zero. Nothing ever trains it, so it is a
    random projection (Johnson & Lindenstrauss 1984): it keeps distances about as they are and adds nothing.
    """

    def __init__(self, units: int, seed: int = 0) -> None:
        self.units = units
        self.seed = seed
        self._kernel = np.empty((0, units), dtype=np.float32)

    def fit(self, vectors: np.ndarray) -> None:
        """Draw the kernel for rows as long as `vectors` (n, d); their values play no part."""
        dimension = vectors.shape[1]
        limit = np.sqrt(6 / (dimension + self.units))
        rng = np.random.default_rng(self.seed)
        self._kernel = rng.uniform(-limit, limit, (dimension, self.units)).astype(np.float32)

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """(n, d) float32 to (n, units) float32."""
        return vectors @ self._kernel
