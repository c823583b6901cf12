"""Do two pictures show the same pixels? Local correlation of brightness, where one has been laid upon the other.

A copy agrees with its original nearly everywhere, whatever was done to its brightness, contrast or colours, and
disagrees where something was laid over it. Two photographs of one scene, or of one person, can be aligned as well, but
agree in patches alone: nothing in them lies exactly where it lay.
"""

from dataclasses import dataclass

import numpy as np

WINDOW = 9
"""Pixels a side of the neighbourhood that is correlated."""
TEXTURE = 16.0
"""Variance of grey levels in a window, in both pictures, from which on it can agree or not; less is a flat area."""
LEAST_TEXTURED = 150
"""Pixels with texture; fewer prove nothing."""
ALIKE = 0.8
"""Correlation from which on a neighbourhood is the same."""


CELLS = 8
"""A picture is divided into 8 x 8 cells, a bit of a 64-bit number each, to say where in it another one was found."""
CELL_FILLED = 0.15
"""Of a cell's pixels, that have to be the same for its bit to be set: most of a photograph has little texture."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """`share` of the textured pixels of the overlap that are the same, 0 where there are too few; `same` says which."""

    share: float
    same: np.ndarray
    enough: bool
    """Whether there are enough textured pixels to tell."""


def agreement(one: np.ndarray, other: np.ndarray, inside: np.ndarray | None = None) -> Agreement:
    """Of two aligned grey pictures (h, w) uint8; `inside` (h, w) bool is where they overlap, None: everywhere."""
    import cv2

    # About zero, float32 loses nothing of the variances that are differences of squares.
    first, second = one.astype(np.float32) - 128, other.astype(np.float32) - 128

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT_101)

    first_mean, second_mean = mean(first), mean(second)
    first_variance = mean(first * first) - first_mean**2
    second_variance = mean(second * second) - second_mean**2
    covariance = mean(first * second) - first_mean * second_mean
    textured = np.maximum(first_variance, second_variance) > TEXTURE
    if inside is not None:
        textured &= inside
    pixels = int(np.count_nonzero(textured))
    if pixels < LEAST_TEXTURED:
        return Agreement(0.0, np.zeros_like(textured), False)
    spread = np.sqrt(np.maximum(first_variance, 1) * np.maximum(second_variance, 1))
    same = textured & (covariance >= ALIKE * spread)
    return Agreement(float(np.count_nonzero(same)) / pixels, same, True)


def cells(same: np.ndarray) -> int:
    """Where a map (h, w) bool is set, as 64 bits."""
    import cv2

    filled = cv2.resize(same.astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return int.from_bytes(np.packbits(filled >= CELL_FILLED).tobytes(), "big")


def mirrored_cells(bits: int) -> int:
    """The same cells of the picture seen in a mirror."""
    rows = np.unpackbits(np.frombuffer(bits.to_bytes(8, "big"), np.uint8)).reshape(CELLS, CELLS)
    return int.from_bytes(np.packbits(rows[:, ::-1]).tobytes(), "big")
