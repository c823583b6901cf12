"""What becomes of a query's descriptor matches with an image: how many pass the ratio test, how near all are."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from methods.sift_bank import Measure
from methods.sift_pairs import ratio_passes

Aggregate = Literal["ratio-count", "mean-distance"]
"""How descriptor matches become one score an image; the name of a measure."""


def measures(ratio: float) -> Mapping[str, Measure]:
    """By name what a `DescriptorBank` makes of similarities (images, m) of the nearest and second nearest descriptor.

    "ratio-count": which of the m descriptors pass the ratio test, (images, ceil(m / 8)) uint8, a bit each.
    "mean-distance": minus the mean distance of the m descriptors to their nearest, (images,) float32.
    """
    return {
        "ratio-count": lambda nearest, second: np.packbits(ratio_passes(nearest, second, ratio), axis=1),
        "mean-distance": lambda nearest, _: minus_mean_distance(nearest),
    }


def scores_of(aggregate: Aggregate, measured: np.ndarray) -> np.ndarray:
    """Scores (images,) float32, larger = better, from what the measure of that name gave."""
    if aggregate == "mean-distance":
        return measured
    return np.bitwise_count(measured).sum(axis=1, dtype=np.int64).astype(np.float32)


def passing(bits: np.ndarray, descriptors: int) -> np.ndarray:
    """The descriptors (p,), of so many, that pass in an image, from its bits in "ratio-count"."""
    return np.flatnonzero(np.unpackbits(bits, count=descriptors))


def minus_mean_distance(nearest: np.ndarray) -> np.ndarray:
    """Minus the mean distance of unit vectors, (images,) float32, from similarities (images, m) of the nearest.

    The farthest two histograms can be is sqrt(2), orthogonality: so far is an image from a query without descriptors.
    """
    similarity = np.clip(nearest, 0, 1)
    if not similarity.shape[1]:
        return np.full(len(similarity), -np.sqrt(2), dtype=np.float32)
    return -np.sqrt(2 - 2 * similarity).mean(axis=1)
