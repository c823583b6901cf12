"""Near-identical and flat images of a manifest: found once and stored, so that tables count them without the images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Required, TypedDict

import numpy as np

from benchmarks.core.store import Store
from benchmarks.system.files import DamagedFile, if_intact, read_record, write_record
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from methods import fingerprint
from methods.duplicates.finder import near_pairs, take_prints

SCHEMA = 1
_CODE = ("methods.duplicates.finder",)
_LIBRARIES = ("PIL", "cv2", "imagehash", "scipy")


@dataclass(frozen=True, eq=False)
class NearCopies:
    """Pairs (m, 2) of near-identical, not identical images: positions among n gallery images, then the queries."""

    pairs: np.ndarray
    gallery: int
    made_by: str
    """Digest of the code and libraries that found them."""
    flat: int | None = None
    """Images that show too little to be told apart; None where an older version did not count them."""

    @property
    def across(self) -> np.ndarray:
        """(k, 2) pairs of query row and gallery position, ordered by row: what a query could be found by."""
        crossing = self.pairs[(self.pairs[:, 0] < self.gallery) & (self.pairs[:, 1] >= self.gallery)]
        found = np.stack([crossing[:, 1] - self.gallery, crossing[:, 0]], axis=1)
        return found[np.lexsort((found[:, 1], found[:, 0]))]


def stored_near_copies(store: Store, manifest: str) -> NearCopies | None:
    """Those of the manifest with this hash; None where they were never looked for, or the file is damaged."""
    return if_intact(_read, _path(store, manifest))


def keep_near_copies(
    store: Store, manifest: Manifest, on_progress: Callable[[str], None] = lambda text: None
) -> NearCopies:
    """The manifest's near copies, found and stored unless they are by this very code.

    An image that can no longer be read has none. `on_progress` hears how far it is: "3,200 images".
    """
    made_by = fingerprint.digest([fingerprint.code_digest(_CODE), fingerprint.package_versions(_LIBRARIES)])
    kept = stored_near_copies(store, manifest.hash)
    if kept is not None and kept.made_by == made_by and kept.flat is not None:
        return kept
    gallery, queries = manifest.gallery, manifest.queries
    images = ImageSet([*gallery.items, *queries.items], manifest.source)
    prints = take_prints(images, lambda done: on_progress(f"{done:,} images"))
    compared = "pairs of similar images compared"
    pairs, correlations = near_pairs(prints, on_progress=lambda done: on_progress(f"{done:,} {compared}"))
    flat = int(np.count_nonzero(prints.flat)) - len(prints.unreadable)
    record: dict[str, object] = {"schema": SCHEMA, "made_by": made_by, "gallery": len(gallery), "pairs": pairs.tolist()}
    record |= {"correlations": np.round(correlations, 4).tolist(), "flat": flat}
    write_record(_path(store, manifest.hash), record)
    return NearCopies(pairs, len(gallery), made_by, flat)


class _Record(TypedDict, total=False):
    """As they are stored."""

    pairs: Required[list[list[int]]]
    gallery: Required[int]
    made_by: Required[str]
    correlations: list[float]
    flat: int


def _read(path: Path) -> NearCopies | None:
    record = read_record(path, _Record, SCHEMA)
    if record is None:
        return None
    try:
        pairs = np.array(record["pairs"], dtype=np.int64).reshape(-1, 2)
        return NearCopies(pairs, int(record["gallery"]), str(record["made_by"]), record.get("flat"))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DamagedFile(path, error) from error


def _path(store: Store, manifest: str) -> Path:
    return store.cells / "near-copies" / f"{manifest}.json"
