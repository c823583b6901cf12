"""The mean over queries, and the mean over classes."""

import numpy as np


def micro(values: np.ndarray) -> float:
    """Mean of `values` (q,) over queries; NaN entries (queries left out) do not count. NaN if nothing is left."""
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def macro(values: np.ndarray, labels: np.ndarray) -> float:
    """Mean over classes of each class's mean over its queries, so that a frequent class weighs no more than a rare.

    `values` (q,) float with NaN for queries left out; `labels` (q,) the queries' classes. NaN if nothing is left.
    """
    kept = ~np.isnan(values)
    if not kept.any():
        return float("nan")
    _, codes = np.unique(labels[kept], return_inverse=True)
    return float(np.mean(np.bincount(codes, weights=values[kept]) / np.bincount(codes)))
