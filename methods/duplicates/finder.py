"""Copies of one picture in an image set: identical bytes by digest, near-identical ones by hash, then by pixels."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from datasets.errors import ImageError
from datasets.imageset import ImageSet
from datasets.records import THREADS
from methods.duplicates.close_codes import close_pairs
from methods.duplicates.same_picture import ROUGHLY, SIDE, either_way, is_flat, rough_rows, thumbnail
from methods.encoders.hashes import PerceptualHash

HASH_BITS = 16
"""Most bits of 64 in which the pHash of a copy may differ: a crop of 5% of each side moves 14 at most in 99 of 100."""
_TOGETHER = 64


@dataclass(frozen=True, eq=False)
class Prints:
    """What is kept of n images to find copies by: some 2.4 KB each."""

    digests: tuple[str, ...]
    """sha256 of the encoded bytes; "" for an image that cannot be read."""
    codes: np.ndarray
    """(n, 8) uint8 packed pHash."""
    thumbnails: np.ndarray
    """(n, SIDE, SIDE) uint8."""
    unreadable: dict[int, str]
    """Positions of images that cannot be read, with the reason."""

    @property
    def flat(self) -> np.ndarray:
        """(n,) bool: too little to see to be compared."""
        return is_flat(self.thumbnails)


def take_prints(images: ImageSet, on_progress: Callable[[int], None] = lambda done: None) -> Prints:
    """Read and decode each image once; `on_progress` hears how many are done."""
    encoder = PerceptualHash()
    codes = np.zeros((len(images), 8), dtype=np.uint8)
    thumbnails = np.zeros((len(images), SIDE, SIDE), dtype=np.uint8)
    digests, unreadable = [""] * len(images), {}

    def one(position: int) -> None:
        try:
            data = images.read(position)
            image = images.decode(data, position)
        except ImageError as error:
            unreadable[position] = str(error)
            return
        digests[position] = hashlib.sha256(data).hexdigest()
        codes[position] = encoder.encode([image])[0]
        thumbnails[position] = thumbnail(image)

    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(images), _TOGETHER):
            some = range(start, min(start + _TOGETHER, len(images)))
            list(pool.map(one, some))
            on_progress(some.stop)
    return Prints(tuple(digests), codes, thumbnails, dict(sorted(unreadable.items())))


def identical_groups(digests: Sequence[str]) -> list[list[int]]:
    """Positions of images with equal bytes, two or more to a group; "" is equal to none."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position, digest in enumerate(digests):
        if digest:
            groups[digest].append(position)
    return [group for group in groups.values() if len(group) > 1]


def near_pairs(
    prints: Prints, bits: int = HASH_BITS, on_progress: Callable[[int], None] = lambda done: None
) -> tuple[np.ndarray, np.ndarray]:
    """Near-identical images that are not identical: pairs (m, 2) int64, lower position first, and correlations (m,).

    Candidates are pairs whose hashes differ in at most `bits`; `same_picture.likeness` decides. Of identical images one
    is compared, and the others share what is found. Flat images have no copies. `on_progress` hears how many candidates
    were compared.
    """
    alike = {group[0]: group for group in identical_groups(prints.digests)}
    others = {position for group in alike.values() for position in group[1:]}
    usable = ~prints.flat
    usable[[*others, *prints.unreadable]] = False
    rows = np.flatnonzero(usable)
    rough = rough_rows(prints.thumbnails[rows]) if len(rows) else np.empty((0, 1), np.float32)
    found: list[tuple[int, int, float]] = []
    done = 0

    def compare(pair: tuple[int, int]) -> tuple[int, int, float] | None:
        left, right = (int(rows[each]) for each in pair)
        found = either_way(prints.thumbnails[left], prints.thumbnails[right])
        return (left, right, found.correlation) if found.same else None

    with ThreadPoolExecutor(THREADS) as pool:
        for first, second, _ in close_pairs(prints.codes[rows], bits):
            near = np.einsum("ij,ij->i", rough[first], rough[second]) >= ROUGHLY
            pairs = list(zip(first[near].tolist(), second[near].tolist(), strict=True))
            found += [pair for pair in pool.map(compare, pairs) if pair]
            done += len(pairs)
            on_progress(done)
    spread = {
        (min(a, b), max(a, b)): correlation
        for left, right, correlation in found
        for a in alike.get(left, [left])
        for b in alike.get(right, [right])
    }
    pairs_found = np.array(sorted(spread), dtype=np.int64).reshape(-1, 2)
    return pairs_found, np.array([spread[a, b] for a, b in pairs_found.tolist()], dtype=np.float64)
