"""The files that features are kept in: one for a batch of images, told apart by the sha256 of their bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.array_files import UNREADABLE, opened_arrays
from datasets.notes import note_damage
from methods.local_features.extraction import Arrays
from methods.training.checkpoint import load_arrays, save_arrays

REMEDY = "its features are extracted again"

_OF = "of "
"""Begins the names of arrays that an extractor gives, all images' one after the other."""


class KeptImage(NamedTuple):
    """What is kept of an image: its features, its number of pixels, and its share of a batch's seconds."""

    features: Arrays
    pixels: int
    seconds: float


def save_images(path: Path, digests: Sequence[str], images: Sequence[KeptImage]) -> None:
    """Write what is kept of a batch's images, whole or not at all."""
    features = [each.features for each in images]
    save_arrays(
        path,
        {
            "digests": np.array(digests, dtype=np.str_),
            "counts": np.array([len(next(iter(each.values()))) for each in features], dtype=np.int64),
            "pixels": np.array([each.pixels for each in images], dtype=np.int64),
            "seconds": np.array([each.seconds for each in images], dtype=np.float64),
            **{f"{_OF}{name}": np.concatenate([each[name] for each in features]) for name in features[0]},
        },
    )


def digests_in(path: Path) -> frozenset[str]:
    """Which images a batch holds; none where it cannot be read."""
    try:
        with opened_arrays(path) as stored:
            return frozenset(stored["digests"].tolist())
    except UNREADABLE as error:
        note_damage(path, error, REMEDY)
        return frozenset()


def read_images(path: Path, wanted: set[str]) -> dict[str, KeptImage]:
    """What a batch holds of `wanted`; nothing where it is absent, damaged, or of another form."""
    arrays = load_arrays(path)
    if arrays is None:
        return {}
    features = {name.removeprefix(_OF): rows for name, rows in arrays.items() if name.startswith(_OF)}
    try:
        digests, counts, pixels, seconds = (arrays[name] for name in ("digests", "counts", "pixels", "seconds"))
        ends = np.cumsum(counts)
        if not features or any(len(rows) != ends[-1] for rows in features.values()):
            raise ValueError("its arrays do not belong together")
        places = zip(digests.tolist(), ends - counts, ends, pixels, seconds, strict=True)
        return {
            digest: KeptImage({name: rows[start:end].copy() for name, rows in features.items()}, int(area), share)
            for digest, start, end, area, share in places
            if digest in wanted
        }
    except UNREADABLE as error:
        note_damage(path, error, REMEDY)
        return {}
