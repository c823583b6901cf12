"""A random rotation that costs neither memory nor a matrix product, after which no number says more than another."""

import numpy as np

SEED = 0


class Rotation:
    """Turns rows of `dimension` numbers, by faiss's randomised Hadamard transform, and keeps their distances.

    Such a transform takes a power of two numbers. Where a row has other than that many, the most that fit are taken
    from its front and then from its end (a step of the Kac walk), so that a row does not become longer.
    """

    def __init__(self, dimension: int) -> None:
        import faiss

        size = 1 << (dimension.bit_length() - 1)
        parts = [slice(0, size)] if size == dimension else [slice(0, size), slice(dimension - size, dimension)]
        self._turns = [(part, faiss.HadamardRotation(size, SEED + place)) for place, part in enumerate(parts)]  # type: ignore[attr-defined]
        self.nbytes = 3 * 4 * size * len(parts)
        """Bytes of its random signs."""

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Rows (n, dimension) float32, turned; a new array."""
        turned = rows
        for part, turn in self._turns:
            whole = turn.apply(np.ascontiguousarray(turned[:, part]))
            if whole.shape == rows.shape:
                return whole
            turned = turned.copy() if turned is rows else turned
            turned[:, part] = whole
        return turned
