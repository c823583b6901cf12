"""Looking at a folder's pictures once: which can be used, which hold nothing, which are copies of one another."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.recommend.candidates import Purpose
from datasets.dataset import Dataset
from datasets.errors import DataError
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.records import Record
from datasets.selection import hash_order
from datasets.words import count_of
from methods.duplicates.finder import Prints, identical_groups, near_pairs, take_prints

MOST = 3000
"""Pictures looked at; of more, a sample by the hash of their names."""
HELD_OUT, MOST_HELD_OUT = 0.2, 300
"""Share of the pictures, and most of them, that are not searched in: what is searched for without a right answer."""
FEWEST = 2
_COPY_BITS = 8
"""Bits of 64 in which the hashes of two pictures may differ for them to be compared pixel by pixel: copies that were
saved again or made smaller differ in fewer, and the further ones take minutes to compare."""
_BLOCK = 64


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
            reason = reason.removeprefix(f"{first}: ")
            phrases.append(f"{count_of(len(self.unreadable), 'image')} that cannot be read (first: {first}: {reason})")
        return phrases


def survey(
    dataset: Dataset,
    advance: Callable[[int, int], None] = lambda read, total: None,
    deadline: float = float("inf"),
) -> Survey:
    """Read pictures in an order that their names decide, until `deadline` (`time.monotonic`) at the latest.

    `advance` is told how many more were read, of how many. Raises DataError where nothing is left to search for.
    """
    items = sorted(dataset.items(), key=lambda item: hash_order(item.id))
    prints = _prints(dataset.imageset(items[:MOST]), advance, deadline)
    looked_at = len(prints.digests)
    unreadable = tuple((items[position].id, reason) for position, reason in prints.unreadable.items())
    first = unreadable[0][1].removeprefix(f"{unreadable[0][0]}: ") if unreadable else ""
    full = np.flatnonzero(~prints.flat & (np.array(prints.digests) != ""))
    kept = _without_copies(prints, full)
    flat, copies = looked_at - len(full) - len(unreadable), len(full) - len(kept)
    where = f"{dataset.title}: {count_of(len(items), 'image')}"
    if not len(full):
        reason = "all of one colour" if flat else f"none can be read (first: {unreadable[0][0]}: {first})"
        raise DataError(f"{where}, {reason}: nothing to search for")
    if len(kept) < FEWEST:
        reason = "copies of one another" if copies else "one picture that can be used"
        raise DataError(f"{where}, {reason}: nothing to tell apart; give a folder of different pictures")
    records = [Record(items[row].id, items[row].label, "gallery", prints.digests[row], items[row].meta) for row in kept]
    return Survey(_manifest(dataset, records, unreadable), len(items), looked_at, unreadable, flat, copies)


def _prints(images: ImageSet, advance: Callable[[int, int], None], deadline: float) -> Prints:
    """What copies are found by, a block at a time, so that a deadline is kept; at least one block is read."""
    parts: list[Prints] = []
    unreadable: dict[int, str] = {}
    for start in range(0, len(images), _BLOCK):
        parts.append(take_prints(images[start : start + _BLOCK]))
        unreadable |= {start + position: reason for position, reason in parts[-1].unreadable.items()}
        advance(len(parts[-1].digests), len(images))
        if time.monotonic() > deadline:
            break
    return Prints(
        tuple(digest for part in parts for digest in part.digests),
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.thumbnails for part in parts]),
        unreadable,
    )


def _without_copies(prints: Prints, usable: np.ndarray) -> list[int]:
    """The first picture (position) of each group of equal or nearly equal ones."""
    alike: dict[int, list[int]] = {}
    for group in identical_groups(prints.digests):
        for position in group[1:]:
            alike[position] = [group[0]]
    for first, second in near_pairs(prints, _COPY_BITS)[0].tolist():
        alike.setdefault(second, []).append(first)
    kept: set[int] = set()
    for position in usable.tolist():
        if kept.isdisjoint(alike.get(position, ())):
            kept.add(position)
    return sorted(kept)


def _manifest(dataset: Dataset, kept: list[Record], unreadable: tuple[tuple[str, str], ...]) -> Manifest:
    """A fifth of the pictures held out, those with an answer first; the gallery in turn from every label.

    So a part of the gallery holds a picture of each label that is asked for before a second one of any.
    """
    count = max(1, min(int(len(kept) * HELD_OUT), MOST_HELD_OUT))
    held, rest = kept[:count], kept[count:]
    searched_in, asked = ({record.label for record in side} for side in (rest, held))
    turns: Counter[str] = Counter()
    places: dict[str, tuple[int, bool]] = {}
    for record in rest:
        places[record.id] = (turns[record.label], record.label not in asked)
        turns[record.label] += 1
    queries = sorted(held, key=lambda record: record.label not in searched_in)
    gallery = sorted(rest, key=lambda record: places[record.id])
    return Manifest(
        dataset=dataset.title,
        subset="recommend",
        synthetic=dataset.synthetic,
        completeness=dataset.completeness(),
        records=(*(replace(record, role="query") for record in queries), *gallery),
        skipped=unreadable,
        source=dataset,
        origin=dataset.origin,
    )
