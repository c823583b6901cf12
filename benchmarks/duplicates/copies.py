"""The default way to find copies: near hashes and shared local features propose pairs, pixels decide."""

from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.duplicates.frames import ORIENTATIONS, turned
from benchmarks.duplicates.hash_candidates import ROWS, hash_candidates
from benchmarks.duplicates.kept_checks import KeptChecks, kept_checks, links_of
from benchmarks.duplicates.links import Link, best_links
from benchmarks.duplicates.local_candidates import local_pairs
from benchmarks.duplicates.stored import Stored, made_by
from benchmarks.search.gallery import Advance
from methods.duplicates.agreement import agreement, cells, mirrored_cells
from methods.duplicates.alignment import Aligned, align
from methods.duplicates.local_rows import mirrored

SURE = 0.9
"""Agreement of two whole frames from which on their local features need not be compared."""


def copy_links(pictures: Stored, folder: Path, local: bool, advance: Advance) -> list[Link]:
    """Every pair that the hashes, and with `local` the features, propose, with the share of pixels that agree.

    The better of both checks counts. Best pairs first. What is checked is kept in `folder`, and not checked again.
    """
    key = made_by(["benchmarks.duplicates.copies"], ["faiss"]) + ("-local" if local else "")
    with kept_checks(folder, key, pictures.contents) as kept:
        if not kept.complete:
            _check_frames(pictures, kept, advance)
            if local:
                _check_features(pictures, kept, advance)
            kept.complete = True
    return best_links(links_of(kept.checks()))


def _check_frames(pictures: Stored, kept: KeptChecks, advance: Advance) -> None:
    """Pairs whose hashes are near, by the agreement of their whole frames."""
    for candidates in hash_candidates(pictures.hashes()):
        for one, other, orientation in zip(*(column.tolist() for column in candidates), strict=True):
            kept.check(one, other, orientation, partial(_frames_agree, pictures, one, other, orientation))
        advance("comparing hashes", ROWS, len(pictures))


def _check_features(pictures: Stored, kept: KeptChecks, advance: Advance) -> None:
    """Pairs that share local features, as they are or in a mirror, unless their frames have shown what they are."""
    sure = {(link.one, link.other) for link in links_of(kept.checks()) if link.score >= SURE}
    total = len(pictures)
    for one, other, mirror in local_pairs(pictures, lambda: advance("comparing features", 1, total)):
        if (min(one, other), max(one, other)) not in sure:
            way = ORIENTATIONS + mirror
            kept.check(one, other, way, partial(_features_agree, pictures, one, other, mirror))


def _features_agree(pictures: Stored, one: int, other: int, mirror: bool) -> Aligned:
    if not mirror:
        return align(pictures[one], pictures[other])
    found = align(mirrored(pictures[one]), pictures[other])
    return Aligned(found.share, (mirrored_cells(found.cells[0]), found.cells[1]))


def _frames_agree(pictures: Stored, one: int, other: int, orientation: int) -> Aligned:
    found = agreement(pictures.thumbnail(one), turned(pictures.thumbnail(other), orientation))
    return Aligned(found.share, (cells(found.same), cells(_turned_back(found.same, orientation))))


def _turned_back(square: np.ndarray, orientation: int) -> np.ndarray:
    """The inverse of `turned`."""
    if orientation >= ORIENTATIONS // 2:
        return np.rot90(np.fliplr(square), -(orientation % 4))
    return np.rot90(square, -orientation)
