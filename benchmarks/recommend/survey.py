"""Looking at a folder's pictures once: which can be used, which hold nothing, which are copies of one another."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmarks.recommend.candidates import Purpose
from datasets.dataset import Dataset
from datasets.errors import DataError, ImageError
from datasets.imageset import Image, Item
from datasets.manifest import Manifest
from datasets.records import THREADS, Record, Role
from datasets.selection import hash_order
from datasets.words import count_of

MOST = 3000
"""Pictures looked at; of more, a sample by the hash of their names."""
HELD_OUT, MOST_HELD_OUT = 0.2, 300
"""Share of the pictures, and most of them, that are not searched in: what is searched for without a right answer."""
FEWEST = 2
_FLAT = 2.0
"""Standard deviation of grey values, of 255, up to which a picture holds nothing to search for."""
_NEAR_BITS, _NEAR_PIXELS = 4, 12.0
"""Bits of 64 in which the hashes of copies may differ, and the mean difference of their small pictures, of 255."""
_SMALL = 16


class _Look(NamedTuple):
    record: Record
    bits: int
    small: np.ndarray
    flat: bool


@dataclass(frozen=True)
class Survey:
    """What a folder holds. `manifest` has the pictures that are used: searched in (gallery), held out (query)."""

    manifest: Manifest
    listed: int
    """Images in the folder."""
    looked_at: int
    unreadable: tuple[tuple[str, str], ...]
    flat: int
    copies: int
    """Pictures left out since they are copies of others."""

    @property
    def used(self) -> int:
        """Pictures that are searched in or held out."""
        return len(self.manifest.records)

    @property
    def copy_share(self) -> float:
        """Of the pictures that hold something, the share that are copies of others."""
        return self.copies / max(1, self.used + self.copies)

    @property
    def answerable(self) -> int:
        """Pictures held out whose label a picture that is searched in bears."""
        return len(self.manifest.queries) - self.manifest.without_positive

    def require(self, purpose: Purpose) -> None:
        """Raise DataError where people or things are to be found and no labels say which are the same."""
        if purpose != "copies" and not self.answerable:
            raise DataError(
                f"{self.manifest.dataset}: --for {purpose} needs label folders with several pictures each, one folder "
                f"for each of the {purpose}; without them use --for copies"
            )

    def words(self) -> list[str]:
        """What was left out and why, a phrase each."""
        phrases = []
        if self.looked_at < self.listed:
            phrases.append(f"a sample of {self.looked_at:,} of {count_of(self.listed, 'image')}")
        if self.copies:
            phrases.append(f"{count_of(self.copies, 'copy', 'copies')} of other pictures left out")
        if self.flat:
            phrases.append(f"{count_of(self.flat, 'picture')} of one colour left out")
        if self.unreadable:
            first, reason = self.unreadable[0]
            phrases.append(f"{count_of(len(self.unreadable), 'image')} that cannot be read (first: {first}: {reason})")
        return phrases


def survey(
    dataset: Dataset,
    advance: Callable[[int, int], None] = lambda done, total: None,
    deadline: float = float("inf"),
) -> Survey:
    """Read pictures in an order that their names decide, until `deadline` (`time.monotonic`) at the latest.

    `advance` is told how many were read, of how many. Raises DataError where nothing is left to search for.
    """
    items = sorted(dataset.items(), key=lambda item: hash_order(item.id))
    looks: list[_Look] = []
    unreadable: list[tuple[str, str]] = []
    looked_at = 0
    for looked_at, found in enumerate(_looks(dataset, items[:MOST]), start=1):
        if isinstance(found, _Look):
            looks.append(found)
        else:
            unreadable.append(found)
        advance(looked_at, min(MOST, len(items)))
        if time.monotonic() > deadline:
            break
    full = [look for look in looks if not look.flat]
    kept = _without_copies(full)
    flat, copies = len(looks) - len(full), len(full) - len(kept)
    where = f"{dataset.title}: {count_of(len(items), 'image')}"
    if not full:
        reason = "all of one colour" if looks else f"none can be read (first: {unreadable[0][0]}: {unreadable[0][1]})"
        raise DataError(f"{where}, {reason}: nothing to search for")
    if len(kept) < FEWEST:
        reason = "copies of one another" if copies else "one picture that can be used"
        raise DataError(f"{where}, {reason}: nothing to tell apart; give a folder of different pictures")
    return Survey(_manifest(dataset, kept, unreadable), len(items), looked_at, tuple(unreadable), flat, copies)


def _looks(dataset: Dataset, items: list[Item]) -> Iterable[_Look | tuple[str, str]]:
    from methods.encoders.hashes import PerceptualHash

    phash = PerceptualHash("phash")

    def one(item: Item) -> _Look | tuple[str, str]:
        try:
            data = dataset.read(item.id)
            image = dataset.decode(data, item.id)
        except ImageError as error:
            return item.id, str(error)
        record = Record(item.id, item.label, "gallery", hashlib.sha256(data).hexdigest(), item.meta)
        return _Look(
            record, int(phash.encode([image]).view(">u8")[0, 0]), _small(image), bool(_deviation(image) < _FLAT)
        )

    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(items), 64):  # a block at a time, so that a deadline is kept
            yield from pool.map(one, items[start : start + 64])


def _small(image: Image) -> np.ndarray:
    import cv2

    return cv2.resize(image, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()


def _deviation(image: Image) -> float:
    """The largest standard deviation of a channel: a picture of two colours of one brightness is not flat."""
    step = max(1, min(image.shape[:2]) // 200)
    return float(image[::step, ::step].reshape(-1, 3).astype(np.float32).std(axis=0).max())


def _without_copies(looks: list[_Look]) -> list[_Look]:
    """The first of each group of equal or nearly equal pictures."""
    kept: list[_Look] = []
    bits = np.empty(len(looks), dtype=np.uint64)
    small = np.empty((len(looks), 3 * _SMALL**2), dtype=np.float32)
    seen: set[str] = set()
    for look in looks:
        near = np.flatnonzero(np.bitwise_count(bits[: len(kept)] ^ np.uint64(look.bits)) <= _NEAR_BITS)
        same = look.record.sha256 in seen or (
            len(near) and np.abs(small[near] - look.small).mean(axis=1).min() < _NEAR_PIXELS
        )
        if not same:
            bits[len(kept)], small[len(kept)] = look.bits, look.small
            seen.add(look.record.sha256)
            kept.append(look)
    return kept


def _manifest(dataset: Dataset, kept: list[_Look], unreadable: list[tuple[str, str]]) -> Manifest:
    held_out = max(1, min(int(len(kept) * HELD_OUT), MOST_HELD_OUT))
    searched_in = {look.record.label for look in kept[held_out:]}
    held = sorted(kept[:held_out], key=lambda look: look.record.label not in searched_in)
    asked = {look.record.label for look in held}
    seen: Counter[str] = Counter()
    places: dict[str, tuple[int, bool]] = {}
    for look in kept[held_out:]:
        places[look.record.id] = (seen[look.record.label], look.record.label not in asked)
        seen[look.record.label] += 1
    # A part of the gallery holds a picture of each label that is asked for before a second one of any.
    gallery = sorted(kept[held_out:], key=lambda look: places[look.record.id])
    entries: list[tuple[_Look, Role]] = [*((look, "query") for look in held), *((look, "gallery") for look in gallery)]
    records = [
        Record(look.record.id, look.record.label, role, look.record.sha256, look.record.meta) for look, role in entries
    ]
    return Manifest(
        dataset=dataset.title,
        subset="recommend",
        synthetic=dataset.synthetic,
        completeness=dataset.completeness(),
        records=tuple(records),
        skipped=tuple(unreadable),
        source=dataset,
        origin=dataset.origin,
    )
