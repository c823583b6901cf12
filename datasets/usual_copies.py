"""Copies as people make them: saved again, made smaller, cropped; or with a few edits that hide more."""

import numpy as np

from datasets.edits.catalogue import Strength
from datasets.edits.copies import edited_copies
from datasets.imageset import ImageSet

HARDEST = 3
"""Edits of a copy at most: what people do to a picture, not what a test can think of."""
_KINDS: tuple[tuple[int, Strength], ...] = ((1, "mild"), (HARDEST, "hard"))


def usual_copies(originals: ImageSet, seed: int, pool: ImageSet | None = None) -> list[tuple[np.ndarray, ImageSet]]:
    """Of every other original a copy with one mild edit, of the rest one with up to HARDEST hard ones.

    Each set of copies comes with the positions of its originals. Pictures laid over or beside a copy come from `pool`;
    without one, nothing is.
    """
    found = []
    for first, (most, strength) in enumerate(_KINDS):
        positions = np.arange(first, len(originals), len(_KINDS))
        if len(positions):
            copies = edited_copies(originals.take(positions), seed, between=(1, most), strength=strength, pool=pool)
            found.append((positions, copies))
    return found
