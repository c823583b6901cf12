"""Manifests: exactly which images a subset's gallery, queries and pairs are, by content, and which were unusable."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from datasets.dataset import Dataset, Pairs
from datasets.errors import DataError
from datasets.imageset import ImageSet, Item
from datasets.records import Role, content_hash, examine, imageset
from datasets.stored_manifest import StoredManifest, cache_key, cached
from datasets.words import count_of


@dataclass(frozen=True, kw_only=True)
class Manifest(StoredManifest):
    """Gallery and queries of one subset."""

    @cached_property
    def gallery(self) -> ImageSet:
        """The images searched in, with digests."""
        return imageset((record for record in self.records if record.role == "gallery"), self.source)

    @cached_property
    def queries(self) -> ImageSet:
        """The images searched for, with digests; those `without_positive` among them."""
        return imageset((record for record in self.records if record.role == "query"), self.source)

    @property
    def without_positive(self) -> int:
        """Queries whose label no gallery image bears."""
        labels = set(self.gallery.labels.tolist())
        return sum(label not in labels for label in self.queries.labels.tolist())


@dataclass(frozen=True, kw_only=True)
class PairManifest(StoredManifest):
    """Verification pairs over unique images.

    `pairs` holds (left position, right position, same, fold), positions into `records`; `missing` counts the official
    pairs this copy of the data set lacks an image of, `broken` those left out for an image in `skipped`.
    """

    pairs: tuple[tuple[int, int, bool, int], ...]
    missing: int
    broken: int

    @cached_property
    def images(self) -> ImageSet:
        """Every image once, with digests."""
        return imageset(self.records, self.source)

    @cached_property
    def left_positions(self) -> np.ndarray:
        """(n,) int64 positions in `images`."""
        return np.array([left for left, _, _, _ in self.pairs], dtype=np.int64)

    @cached_property
    def right_positions(self) -> np.ndarray:
        """(n,) int64 positions in `images`."""
        return np.array([right for _, right, _, _ in self.pairs], dtype=np.int64)

    @cached_property
    def same(self) -> np.ndarray:
        """(n,) bool: do both images show the same person?"""
        return np.array([same for _, _, same, _ in self.pairs], dtype=bool)

    @cached_property
    def fold(self) -> np.ndarray:
        """(n,) int64 fold numbers from 0."""
        return np.array([fold for _, _, _, fold in self.pairs], dtype=np.int64)

    @property
    def left(self) -> ImageSet:
        """The n left images, repeats included."""
        return self.images.take(self.left_positions)

    @property
    def right(self) -> ImageSet:
        """The n right images, repeats included."""
        return self.images.take(self.right_positions)

    def _content(self) -> list[tuple[object, ...]]:
        return [*super()._content(), *self.pairs]

    @classmethod
    def _restored(cls, document: dict[str, Any]) -> dict[str, Any]:
        return {**document, "pairs": tuple(map(tuple, document["pairs"]))}


def build_manifest(dataset: Dataset, subset: str, cache_dir: Path | None = None, again: bool = False) -> Manifest:
    """Read, decode and hash every image of `subset` once, or take the manifest from `cache_dir` if nothing changed.

    With `again` every image is read whatever is kept.
    Raises UnknownNameError for the subset, DataError if the data set is broken or no image can be used.
    """
    split = dataset.split(subset)
    wanted: list[tuple[Item, Role]] = [(item, "gallery") for item in split.gallery]
    wanted += [(item, "query") for item in split.queries]

    def build() -> Manifest:
        records, skipped, cut_short = examine(dataset, wanted)
        for role in ("gallery", "query"):
            if not any(record.role == role for record in records):
                _refuse(dataset, subset, f"{role} images", skipped)
        return Manifest(
            dataset=dataset.title,
            subset=subset,
            synthetic=dataset.synthetic,
            completeness=dataset.completeness(),
            records=tuple(records),
            skipped=tuple(skipped),
            cut_short=tuple(cut_short),
            source=dataset,
        )

    manifest = cached(Manifest, dataset, cache_key(dataset, subset, wanted), cache_dir, build, again)
    return replace(manifest, completeness=dataset.completeness(), origin=dataset.origin)


def build_pair_manifest(
    dataset: Dataset, subset: str, cache_dir: Path | None = None, again: bool = False
) -> PairManifest | None:
    """Read, decode and hash every image of the pairs once (or from `cache_dir`); None where there are no pairs.

    With `again` every image is read whatever is kept.

    Raises UnknownNameError for the subset, DataError if the data set is broken or no pair can be used.
    """
    pairs = dataset.pairs(subset)
    if pairs is None:
        return None
    unique = {item.id: item for item in (*pairs.left, *pairs.right)}
    wanted: list[tuple[Item, Role]] = [(item, "pair") for item in unique.values()]
    key = cache_key(dataset, subset, wanted)
    if key is not None:
        key.append(content_hash(_rows(pairs)))
    build = partial(_examine_pairs, dataset, subset, pairs, wanted)
    manifest = cached(PairManifest, dataset, key, cache_dir, build, again)
    return replace(manifest, completeness=dataset.completeness(), origin=dataset.origin, missing=pairs.missing)


def _examine_pairs(dataset: Dataset, subset: str, pairs: Pairs, wanted: list[tuple[Item, Role]]) -> PairManifest:
    usable, skipped, cut_short = examine(dataset, wanted)
    unusable = {id for id, _ in skipped}
    rows = _rows(pairs)
    kept = [row for row in rows if row[0] not in unusable and row[1] not in unusable]
    if not kept:
        _refuse(dataset, subset, "pairs", skipped)
    used = {id for left, right, _, _ in kept for id in (left, right)}
    records = [record for record in usable if record.id in used]
    position = {record.id: number for number, record in enumerate(records)}
    return PairManifest(
        dataset=dataset.title,
        subset=subset,
        synthetic=dataset.synthetic,
        completeness=dataset.completeness(),
        records=tuple(records),
        skipped=tuple(skipped),
        cut_short=tuple(id for id in cut_short if id in used),
        source=dataset,
        pairs=tuple((position[left], position[right], same, fold) for left, right, same, fold in kept),
        missing=pairs.missing,
        broken=len(rows) - len(kept),
    )


def _rows(pairs: Pairs) -> list[tuple[str, str, bool, int]]:
    columns = (pairs.left, pairs.right, pairs.same.tolist(), pairs.fold.tolist())
    return [(left.id, right.id, same, fold) for left, right, same, fold in zip(*columns, strict=True)]


def _refuse(dataset: Dataset, subset: str, what: str, skipped: list[tuple[str, str]]) -> None:
    reason = (
        f": {count_of(len(skipped), 'image is', 'images are')} broken (first: {skipped[0][1]}); replace them"
        if skipped
        else ""
    )
    raise DataError(f"{dataset.title}:{subset}: none of its {what} can be used{reason}")
