"""A small labelled set of gallery images on which engines are compared with plain Keras; no query is among them."""

from dataclasses import dataclass

import numpy as np

from datasets.imageset import Image, ImageSet
from datasets.manifest import Manifest, PairManifest
from datasets.selection import hash_order

QUERIES = 48
"""Images of a sample that are searched for, at most; each has one of its label among the others."""


@dataclass(frozen=True)
class Sample:
    """Decoded images with their labels (n,), the first `queries` of them searched for among the others.

    Without labels, None, nothing is searched for: rows are compared alone.
    """

    images: list[Image]
    labels: np.ndarray | None
    queries: int


def sample_of(gallery: ImageSet, most: int = QUERIES) -> Sample:
    """Two gallery images of as many labels as have two, at most `most`: one to be searched for, one to be found.

    A gallery without such a pair gives two images that have nothing in common.
    """
    places: dict[str, list[int]] = {}
    for position, label in enumerate(gallery.labels.tolist()):
        places.setdefault(label, []).append(position)
    pairs = [found[:2] for _, found in sorted(places.items(), key=lambda entry: hash_order(entry[0])) if found[1:]]
    pairs = pairs[:most] or [[0, len(gallery) - 1]]
    taken = gallery.take([pair[0] for pair in pairs] + [pair[1] for pair in pairs])
    return Sample(list(taken), taken.labels, len(pairs))


def sample_of_cell(manifest: Manifest | PairManifest, most: int = QUERIES) -> Sample:
    """The sample of a cell's gallery; images of verification pairs, which are all test images, go without labels."""
    if isinstance(manifest, Manifest):
        return sample_of(manifest.gallery, most)
    ids = manifest.images.ids.tolist()
    taken = manifest.images.take(sorted(range(len(ids)), key=lambda position: hash_order(ids[position]))[: 2 * most])
    return Sample(list(taken), None, len(taken) // 2)
