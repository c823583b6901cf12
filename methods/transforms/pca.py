"""Principal components, plain or whitened."""

from collections.abc import Mapping

import numpy as np

from datasets.errors import DataError


class Pca:
    """The `components` directions of greatest variance among the gallery's rows, by scikit-learn.

    A gallery of n rows varies in at most n - 1 directions, and in fewer where images repeat: `kept` says how many of
    the components asked for there are. `whiten` gives each the variance 1 (eigenfaces: Turk & Pentland 1991; whitened,
    small differences between faces count as much as the light does). scikit-learn chooses the solver by shape: exact
    for small problems or nearly all components, else randomised (Halko, Martinsson & Tropp 2011), with `seed`.

    `fit` raises DataError for a gallery that does not vary at all.
    """

    def __init__(self, components: int, whiten: bool = False, seed: int = 0) -> None:
        self.components = components
        self.whiten = whiten
        self.seed = seed
        self.kept = 0
        """How many components `fit` found; at most `components`."""
        self._mean = np.empty(0, dtype=np.float32)
        self._directions = np.empty((0, 0), dtype=np.float32)

    def fit(self, vectors: np.ndarray) -> None:
        """Find the components of gallery rows (n, d)."""
        from sklearn.decomposition import PCA

        vectors = np.asarray(vectors, dtype=np.float32)
        if len(vectors) < 2 or (vectors == vectors[0]).all():
            raise DataError(f"PCA needs images that differ, the gallery's {len(vectors)} do not; choose another subset")
        possible = min(self.components, len(vectors) - 1, vectors.shape[1])
        model = PCA(possible, random_state=self.seed).fit(vectors)
        variances = model.explained_variance_
        # Beyond the rank of the gallery there is only rounding, which whitening would blow up.
        floor = 10 * np.finfo(np.float32).eps * variances[0]
        self.kept = int(np.count_nonzero(variances > floor))
        directions = model.components_[: self.kept]
        if self.whiten:
            directions = directions / np.sqrt(variances[: self.kept, None])
        self._mean, self._directions = model.mean_.astype(np.float32), directions.astype(np.float32)

    def learned(self) -> dict[str, np.ndarray]:
        """What `fit` found: `mean` (d,) and `directions` (kept, d), float32."""
        return {"mean": self._mean, "directions": self._directions}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Be as after the `fit` that `learned` these arrays."""
        self._mean, self._directions = arrays["mean"], arrays["directions"]
        self.kept = len(self._directions)

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """(n, d) float32 to (n, kept) float32."""
        return (vectors - self._mean) @ self._directions.T
