"""The sizes asked for, the images that galleries of those sizes are made of, and galleries larger than the data set.

These are real embeddings, then copies of them moved a little. A copy stays nearer to its original than that one's
nearest neighbour is, as another photo of the same thing would. What an index has to deal with - dimension, length,
range, clusters - stays as in the real rows; uniformly random rows would make every index look worse than it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.protocol import SEARCH_DEPTH
from datasets.dataset import Dataset
from datasets.errors import BenchmarkError, DataError
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.records import Record, imageset
from datasets.selection import hash_order
from methods.vector_method import empty_rows

QUERIES = 100
"""Images searched for; fewer where the data set is small."""

MIN_SIZE = SEARCH_DEPTH
"""A smaller gallery could not fill one answer."""

_LEAST_IMAGES = 10
SHARE = 0.5
"""How far a copy lies from its original: of the median distance of real rows to their nearest neighbours."""

_SAMPLE = 256
"""Rows whose nearest neighbours are looked up to estimate that median."""

_CHUNK = 1 << 22
"""Numbers in the largest temporary (16 MiB of float32)."""

Move = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Rows (n, d) to as many moved ones."""


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


def grown(rows: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Rows (size, d): the real `rows` (m, d), then jittered copies of them, each row taken equally often.

    float32 rows get Gaussian noise; they keep their range, and unit length where all have it. In packed codes (uint8) a
    fixed number of bits is flipped. A smaller `size` gives the first rows, a larger one the same rows and more. Rows of
    NaN (no face) are kept but not copied. Raises DataError where fewer than two rows can be copied.
    """
    if size <= len(rows):
        return rows[:size]
    usable = np.flatnonzero(has_row(rows))
    if len(usable) < 2:
        raise DataError(f"{len(usable)} of {len(rows)} images have an embedding; two are needed to make up more")
    rng = np.random.default_rng(seed)
    chosen = np.resize(rng.permutation(usable), size - len(rows))
    sample = usable[np.linspace(0, len(usable) - 1, min(_SAMPLE, len(usable))).astype(int)]
    move = _bit_flips(rows, sample) if rows.dtype == np.uint8 else _noise(rows, usable, sample)
    result = empty_rows(size, rows.shape[1], rows.dtype)
    result[: len(rows)] = rows
    step = max(1, _CHUNK // rows.shape[1])
    for start in range(0, len(chosen), step):
        originals = rows[chosen[start : start + step]]
        result[len(rows) + start : len(rows) + start + len(originals)] = move(originals, rng)
    return result


def has_row(rows: np.ndarray) -> np.ndarray:
    """(n,) bool: False where a row of `rows` (n, d) says that there was nothing to embed."""
    return np.ones(len(rows), dtype=bool) if rows.dtype == np.uint8 else ~np.isnan(rows[:, 0])


def _noise(rows: np.ndarray, usable: np.ndarray, sample: np.ndarray) -> Move:
    """Moves float rows by about SHARE of the median distance of nearest neighbours."""
    low, high = np.nanmin(rows), np.nanmax(rows)
    unit = bool(np.allclose(np.linalg.norm(rows[usable], axis=1), 1, atol=1e-3))
    # The length of Gaussian noise in d dimensions is close to its deviation times sqrt(d).
    deviation = np.float32(SHARE * _median_distance(rows, sample) / np.sqrt(rows.shape[1]))

    def move(originals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        noise = rng.standard_normal(originals.shape, dtype=np.float32)
        noise *= deviation
        noise += originals
        np.clip(noise, low, high, out=noise)
        return noise / np.linalg.norm(noise, axis=1, keepdims=True) if unit else noise

    return move


def _bit_flips(rows: np.ndarray, sample: np.ndarray) -> Move:
    """Flips as many bits of each code as are SHARE of the median distance of nearest neighbours, at least one."""
    nearest = [_nearest_bits(rows, position) for position in sample]
    flips = max(1, round(SHARE * float(np.median(nearest))))
    bits = 8 * rows.shape[1]

    def move(originals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        flipped = rng.random((len(originals), bits)).argsort(axis=1) < flips
        return originals ^ np.packbits(flipped, axis=1)

    return move


def _nearest_bits(rows: np.ndarray, position: int) -> int:
    differing = np.bitwise_count(rows ^ rows[position]).sum(axis=1, dtype=np.int64)
    return int(np.delete(differing, position).min())


def _median_distance(rows: np.ndarray, sample: np.ndarray) -> float:
    """Median Euclidean distance of the sampled rows to their nearest others."""
    products = rows[sample] @ rows.T
    norms = np.einsum("nd,nd->n", rows, rows)
    squared = norms[sample, None] + norms - 2 * products
    squared[np.arange(len(sample)), sample] = np.inf  # itself
    return float(np.median(np.sqrt(np.maximum(np.nanmin(squared, axis=1), 0))))
