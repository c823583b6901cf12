"""What is right in a subset, from its stored manifest alone: scoring needs neither the data set nor a model."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.metrics.junk import equal_pairs
from datasets.errors import DataError
from datasets.origin_note import UNSTATED, DataOrigin
from datasets.reading import require_regular
from datasets.registry import DATASETS
from datasets.stored_manifest import stored_document, stored_origin


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """Ids and labels of gallery (n,) and queries (q,), and what tables say of the data set."""

    title: str
    subset: str
    completeness: str
    skipped: tuple[tuple[str, str], ...]
    gallery_ids: np.ndarray
    gallery_labels: np.ndarray
    query_ids: np.ndarray
    query_labels: np.ndarray
    origin: DataOrigin = UNSTATED
    synthetic: bool = False
    gallery_content: np.ndarray | None = None
    """(n,) int64: images of equal numbers, here and in `query_content` (q,), are equal byte by byte."""
    query_content: np.ndarray | None = None
    identical_pairs: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))
    """(p,) bool: which verification pairs are of one image, byte by byte; they are left out of all figures."""
    cut_short: tuple[str, ...] = ()
    """Ids of images that are used although their files lack their last bytes."""

    def junk(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Pairs (m, 2) of query and gallery position that are neither right nor wrong, ordered by query.

        They are the query itself (by its id) and byte-identical copies of it, under whatever name and label: finding
        them says nothing of a method. `rows` (r,) are the queries asked, from which the pairs then count.
        """
        rows = np.arange(len(self.query_ids)) if rows is None else rows
        itself = equal_pairs(self.query_ids[rows], self.gallery_ids)
        return np.unique(np.concatenate([itself, self.identical(rows)]), axis=0)

    def identical(self, rows: np.ndarray | None = None) -> np.ndarray:
        """The pairs of `junk` that are byte-identical images under different ids, (m, 2)."""
        if self.gallery_content is None or self.query_content is None:
            return np.empty((0, 2), dtype=np.int64)
        rows = np.arange(len(self.query_ids)) if rows is None else rows
        pairs = equal_pairs(self.query_content[rows], self.gallery_content)
        return pairs[self.query_ids[rows[pairs[:, 0]]] != self.gallery_ids[pairs[:, 1]]]

    @property
    def content(self) -> np.ndarray:
        """(n + q,) a number for each image, gallery first: equal for equal bytes, and for nothing else."""
        if self.gallery_content is None or self.query_content is None:
            return np.arange(len(self.gallery_ids) + len(self.query_ids))
        return np.concatenate([self.gallery_content, self.query_content])

    @cached_property
    def _junk(self) -> np.ndarray:
        return self.junk()

    def twins(self, positions: np.ndarray) -> np.ndarray:
        """Pairs (m, 2) of a place in `positions` (r,) and another gallery image that is the same byte by byte.

        Junk where an edited copy's original is sought: nothing tells the original from its twins.
        """
        if self.gallery_content is None:
            return np.empty((0, 2), dtype=np.int64)
        pairs = equal_pairs(self.gallery_content[positions], self.gallery_content)
        return pairs[positions[pairs[:, 0]] != pairs[:, 1]]

    def counts(self, row: int, ids: np.ndarray) -> np.ndarray:
        """(k,) bool: which gallery positions `ids` (k,) of the query `row`'s ranking are results: no junk, no -1."""
        first, last = np.searchsorted(self._junk[:, 0], [row, row + 1])
        there = ids >= 0
        return there & ~np.isin(ids, self._junk[first:last, 1]) if last > first else there

    @cached_property
    def to_find(self) -> np.ndarray:
        """(q,) int64: gallery images of each query's label, junk left out."""
        labels, codes = np.unique(np.concatenate([self.gallery_labels, self.query_labels]), return_inverse=True)
        n, q = len(self.gallery_labels), len(self.query_labels)
        rows, positions = self._junk.T
        right = np.bincount(rows[codes[positions] == codes[n + rows]], minlength=q)
        return np.bincount(codes[:n], minlength=len(labels))[codes[n:]] - right

    @property
    def heading(self) -> str:
        """The title with where the images come from: "imdb-wiki (stand-in: 12 celebrities)"."""
        return self.title if self.synthetic else self.origin.shown(self.title)

    @property
    def where(self) -> str:
        """The heading and the subset, colon between."""
        return f"{self.heading}:{self.subset}"

    def page(self, subject: str) -> str:
        """A file name for tables about these images: lfw-standard-retrieval, lfw-synthetic-smoke-retrieval.

        What a title adds in brackets to the name of a registered data set is left out: files keep their names.
        """
        title = self.title.partition(" (")[0] + " synthetic" * self.synthetic if self.is_registered else self.title
        title = "".join(character if character.isalnum() or character == "-" else " " for character in title)
        return "-".join([*title.split(), self.subset, subject])

    @property
    def is_registered(self) -> bool:
        """Whether the images are of a registered data set (or stand in for it), not of a user's folder."""
        return self.title.partition(" (")[0] in DATASETS

    def asked_as(self, subset: str) -> "GroundTruth":
        """The same images under the name of the subset that was asked for.

        Two subsets may hold the same images, and so share one manifest, which bears the name of the first.
        """
        return replace(self, subset=subset)


def read_ground_truth(path: Path) -> GroundTruth:
    """Read a manifest kept by the store; raises DataError where it is gone or damaged."""
    return _read(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=32)
def _read(path: Path, mtime: int) -> GroundTruth:
    """`mtime` tells versions apart: the note on the images' origin may change beside them."""
    try:
        require_regular(path)
        document = stored_document(path.read_text(encoding="utf-8"), path.stem)
        columns = {
            role: np.array([record[:2] for record in document["records"] if record[2] == role], dtype=np.str_)
            for role in ("gallery", "query")
        }
        gallery, queries = (columns[role].reshape(-1, 2) for role in ("gallery", "query"))
        content = _content(document["records"])
        roles = np.array([record[2] for record in document["records"]], dtype=np.str_)
        return GroundTruth(
            title=document["dataset"],
            subset=document["subset"],
            completeness=document["completeness"],
            skipped=tuple(map(tuple, document["skipped"])),
            gallery_ids=gallery[:, 0],
            gallery_labels=gallery[:, 1],
            query_ids=queries[:, 0],
            query_labels=queries[:, 1],
            origin=stored_origin(document),
            synthetic=bool(document["synthetic"]),
            gallery_content=content[roles == "gallery"],
            query_content=content[roles == "query"],
            identical_pairs=_of_one_image(document.get("pairs", ()), content),
            cut_short=tuple(map(str, document.get("cut_short", ()))),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"stored file damaged: manifest {path} cannot be read ({said}); run the cells again, and it is made anew"
        ) from error


def _content(records: Sequence[Sequence[Any]]) -> np.ndarray:
    """(n,) int64: a number for each digest among a manifest's records, the same for the same bytes."""
    digests = np.array([record[3] for record in records], dtype=np.str_)
    return np.unique(digests, return_inverse=True)[1].astype(np.int64)


def _of_one_image(pairs: Sequence[Sequence[Any]], content: np.ndarray) -> np.ndarray:
    """(p,) bool: which pairs of records are of the same bytes."""
    sides = np.array([pair[:2] for pair in pairs], dtype=np.int64).reshape(-1, 2)
    return content[sides[:, 0]] == content[sides[:, 1]]
