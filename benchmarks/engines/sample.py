"""A small labelled set of real images on which engines prove themselves."""

from dataclasses import dataclass

import numpy as np

from datasets.imageset import Image, ImageSet
from datasets.manifest import Manifest, PairManifest
from datasets.selection import hash_order

QUERIES = 48
"""Queries of a sample at most; each has one image of its label among the others."""


@dataclass(frozen=True)
class Sample:
    """Decoded images with their labels (n,), the first `queries` of them searched for among the others."""

    images: list[Image]
    labels: np.ndarray
    queries: int


def sample_of(queries: ImageSet, gallery: ImageSet, most: int = QUERIES) -> Sample:
    """Queries of as many labels as there are, at most `most`, each with an image of the gallery that shows the same."""
    held = {label: position for position, label in enumerate(gallery.labels.tolist())}
    asked = {label: position for position, label in enumerate(queries.labels.tolist()) if label in held}
    return _taken(queries, gallery, [(asked[label], held[label]) for label in sorted(asked, key=hash_order)[:most]])


def sample_of_cell(manifest: Manifest | PairManifest) -> Sample:
    """The sample of a cell's own images; of pairs, those that show the same person."""
    if isinstance(manifest, Manifest):
        return sample_of(manifest.queries, manifest.gallery)
    same = np.flatnonzero(manifest.same)
    return sample_of(manifest.left.take(same), manifest.right.take(same))


def _taken(queries: ImageSet, gallery: ImageSet, pairs: list[tuple[int, int]]) -> Sample:
    """The images of (query, gallery) positions; without any, the first two, which have nothing in common."""
    pairs = pairs or [(0, 0)]
    asked, held = queries.take([a for a, _ in pairs]), gallery.take([b for _, b in pairs])
    return Sample([*asked, *held], np.concatenate([asked.labels, held.labels]), len(pairs))
