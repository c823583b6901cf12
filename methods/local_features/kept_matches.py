"""Matches of queries with a gallery kept on disk by content, so that rows that differ in what they make of them share.

Only passes that measure accuracy come here; a timed query is always compared afresh.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from datasets.errors import DataError
from datasets.imageset import ImageSet
from datasets.notes import note_damage
from methods import fingerprint
from methods.local_features.kept_features import extraction_key
from methods.sift_features import SiftExtractor
from methods.training.checkpoint import load_arrays, save_arrays
from methods.training.kept import locked

MOST_IMAGES = 5_000
"""In the gallery: 30 bytes each for a query, which then are no more than its features take."""

_CODE = ("methods.sift_measures",)
"""With what it imports, decides which descriptors match."""

Measured = dict[str, np.ndarray]
"""By measure what was made of every gallery image, (n, ...) arrays."""


class KeptMatches:
    """What one gallery's images measured for queries, a file for each batch of queries.

    A batch is known by the sha256 of its images' bytes; the folder by all else that decides what is in it.
    """

    def __init__(self, folder: Path, images: int) -> None:
        self.folder = folder
        self._images = images

    @classmethod
    def of(
        cls, folder: Path | None, gallery: ImageSet, extractor: SiftExtractor, ratio: float, root: bool
    ) -> Self | None:
        """Those of a gallery, below `folder`; None where they are not kept: no folder, unknown content, many images."""
        if folder is None or gallery.digests is None or len(gallery) > MOST_IMAGES:
            return None
        settings = [extraction_key(extractor), ratio, root, list(gallery.digests)]
        key = fingerprint.digest([settings, fingerprint.code_digest(_CODE)])
        return cls(folder / f"matches-{key[:24]}", len(gallery))

    def __call__(
        self, queries: ImageSet, forms: Sequence[Measured], compare: Callable[[], list[Measured]]
    ) -> list[Measured]:
        """What was measured for each query, taken up or made now by `compare`; DataError where it cannot be kept.

        `forms` are what is measured of no image, (0, ...) arrays: what is taken up has to be like them.
        """
        if queries.digests is None:
            return compare()
        path = self.folder / f"{fingerprint.digest(queries.digests)[:32]}.npz"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / f"{path.name[:2]}.lock"):
                arrays = load_arrays(path)
                found = _unpacked(arrays or {}, forms, self._images)
                if found is None:
                    if arrays is not None:
                        note_damage(path, "its arrays are of another form", "its matches are made again")
                    found = compare()
                    save_arrays(path, _packed(found))
        except OSError as error:
            raise DataError(f"cannot keep matches in {self.folder} ({error.strerror}); free or choose it") from error
        return found


def _packed(found: Sequence[Measured]) -> dict[str, np.ndarray]:
    """By measure the arrays of all queries side by side."""
    return {name: np.column_stack([each[name] for each in found]) for name in found[0]}


def _unpacked(arrays: Mapping[str, np.ndarray], forms: Sequence[Measured], images: int) -> list[Measured] | None:
    """What was packed of queries with these forms; None for what is not of that form."""
    found: list[Measured] = [{} for _ in forms]
    for name in forms[0]:
        widths = [math.prod(form[name].shape[1:]) for form in forms]
        array = arrays.get(name)
        if array is None or array.shape != (images, sum(widths)) or array.dtype != forms[0][name].dtype:
            return None
        for each, form, part in zip(found, forms, np.split(array, np.cumsum(widths)[:-1], axis=1), strict=True):
            each[name] = part.reshape(images, *form[name].shape[1:])
    return found
