"""The sizes asked for, and the images that galleries of those sizes are made of."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.protocol import SEARCH_DEPTH
from datasets.dataset import Dataset
from datasets.errors import BenchmarkError, DataError
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.records import Record, imageset
from datasets.selection import hash_order

QUERIES = 100
"""Images searched for; fewer where the data set is small."""

MIN_SIZE = SEARCH_DEPTH
"""A smaller gallery could not fill one answer."""

_LEAST_IMAGES = 10


def parse_sizes(text: str) -> tuple[int, ...]:
    """Gallery sizes from "1000,2000,5000"; raises BenchmarkError unless they are whole, rising, and large enough."""
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise BenchmarkError(f"--sizes {text!r} are not whole numbers; write for example 1000,2000,5000") from error
    if sizes[0] < MIN_SIZE:
        raise BenchmarkError(f"--sizes {text}: {sizes[0]} is too small, a gallery needs at least {MIN_SIZE} images")
    if any(a >= b for a, b in pairwise(sizes)):
        raise BenchmarkError(f"--sizes {text} must rise from one to the next; write for example 1000,2000,5000")
    return sizes


@dataclass(frozen=True)
class Pool:
    """Distinct images in an order of their own: a gallery of n is the first n, so that each holds all smaller ones."""

    gallery: ImageSet
    queries: ImageSet


def make_pool(manifest: Manifest, most_queries: int = QUERIES) -> Pool:
    """All images of a manifest, copies of one file once, in hash order; the first of them are the queries.

    These are a fifth of the images, `most_queries` at most. Labels and roles do not matter here: what is measured is
    cost. Raises DataError where there are too few images.
    """
    distinct: dict[str, Record] = {}
    for record in sorted(manifest.records, key=lambda record: hash_order(record.id)):
        distinct.setdefault(record.sha256, record)
    records = list(distinct.values())
    if len(records) < _LEAST_IMAGES:
        raise DataError(
            f"{manifest.dataset}:{manifest.subset} has {len(records)} distinct images; growth needs at least "
            f"{_LEAST_IMAGES} to start from: add images"
        )
    queries = min(most_queries, len(records) // 5)
    return Pool(imageset(records[queries:], manifest.source), imageset(records[:queries], manifest.source))


def read_pool(manifest: Path, dataset: Dataset) -> Pool:
    """The pool of a manifest kept in a file."""
    return make_pool(Manifest.from_json(manifest.read_text(encoding="utf-8"), dataset))
