"""Which images of a gallery a network learns from, which it is only watched on, and what their labels are called."""

from dataclasses import dataclass

import numpy as np

from datasets.imageset import ImageSet
from datasets.selection import hash_order
from methods.training.recipe import Recipe


@dataclass(frozen=True)
class Examples:
    """Images with the number of their label. `train` and `held_out` are disjoint positions among `images`."""

    images: ImageSet
    labels: np.ndarray
    """(c,) names, sorted; a code is a position here."""
    codes: np.ndarray
    """(n,) int64."""
    train: np.ndarray
    held_out: np.ndarray


def choose_examples(gallery: ImageSet, recipe: Recipe, max_labels: int | None = None) -> Examples:
    """The examples that `recipe` takes from `gallery`: the same ones wherever and in whatever order they come.

    Past `max_labels` the labels with most images are learned (alphabetically where that ties); past `recipe.images` a
    draw by hash of the ids decides.
    """
    names, counts = np.unique(gallery.labels, return_counts=True)
    kept = np.sort(names[np.argsort(-counts, kind="stable")[:max_labels]])
    positions = np.flatnonzero(np.isin(gallery.labels, kept)).tolist()
    positions.sort(key=lambda position: hash_order(gallery.items[position].id))
    chosen = gallery.take(positions[: recipe.images])
    labels, codes = np.unique(chosen.labels, return_inverse=True)
    held_out = _held_out(codes, recipe.held_out)
    train = np.setdiff1d(np.arange(len(chosen)), held_out)
    return Examples(chosen, labels, codes.astype(np.int64), train, held_out)


def _held_out(codes: np.ndarray, share: float) -> np.ndarray:
    """Positions of `share` of the images, spread over the labels; of no label more than a third of its images.

    The images come in an order of their own already, so that the first of a label are as good as any.
    """
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order])
    turn = np.empty(len(codes), dtype=np.int64)
    turn[order] = np.arange(len(codes)) - starts
    candidates = np.flatnonzero(turn < np.bincount(codes)[codes] // 3)
    by_turn = candidates[np.argsort(turn[candidates], kind="stable")]
    return np.sort(by_turn[: round(share * len(codes))])
