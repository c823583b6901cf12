"""The common method: encoder x transforms x index."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from datasets.imageset import ImageSet
from methods.answers import AnswerError, check_batch_size, check_hits, check_rows, check_transformed
from methods.contracts import Encoder, Index, Transform
from methods.distances import row_similarity
from methods.memory import let_go, require_memory
from methods.ranking import Ranking
from methods.stages import stage

Embed = Callable[[Encoder, ImageSet], np.ndarray]
"""How an image set becomes rows: batch by batch, or through a store of embeddings computed before."""

COPIES = 2
"""Of the gallery's rows while they are indexed: as they were embedded, and as the index keeps them."""


def embed_in_batches(encoder: Encoder, images: ImageSet) -> np.ndarray:
    """Rows (n, d) of `images`, decoded and encoded `encoder.batch_size` at a time into one array.

    Raises TooLargeError, once the first batch has shown how long a row is, where they would not fit into memory.
    """
    rows = np.empty((0, 0), dtype=np.float32)
    size = check_batch_size(type(encoder).__name__, encoder.batch_size)
    for start in range(0, len(images), size):
        with stage("decode"):
            batch = list(images[start : start + size])
        with stage("encode"):
            encoded = check_rows(type(encoder).__name__, encoder.encode(batch), len(batch))
            if start == 0:
                rows = empty_rows(len(images), encoded.shape[1], encoded.dtype)
            if encoded.shape[1:] != rows.shape[1:] or encoded.dtype != rows.dtype:
                before = f"{rows.dtype} of {rows.shape[1]}"
                raise AnswerError(
                    f"{type(encoder).__name__}: rows became {encoded.dtype} of {encoded.shape[1]}, after {before}"
                )
            rows[start : start + len(batch)] = encoded
    return rows


def empty_rows(images: int, dimension: int, dtype: np.dtype) -> np.ndarray:
    """An array (images, dimension) to be filled; raises TooLargeError where it and the index would not fit in memory.

    Rows of a flattened feature map are long: those of all of LFW, at 107,648 numbers each, are 5.7 GB, and as much
    again in the index.
    """
    require_rows(images, dimension, dtype)
    return np.empty((images, dimension), dtype=dtype)


def require_rows(images: int, dimension: int, dtype: np.dtype) -> None:
    """Raise TooLargeError where so many rows and the index over them would not fit in memory."""
    needed = COPIES * images * dimension * dtype.itemsize
    require_memory(needed, f"indexing {images:,} rows of {dimension:,} numbers")


class VectorMethod:
    """A Method and Verifier made of parts; `embed` is swapped by the harness to reuse stored embeddings."""

    def __init__(
        self,
        encoder: Encoder,
        transforms: Sequence[Transform],
        index: Index,
        embed: Embed = embed_in_batches,
    ) -> None:
        self.encoder = encoder
        self.transforms = tuple(transforms)
        self.ann = index
        self.embed = embed
        self._positions = np.empty(0, dtype=np.int32)

    def fit(self, gallery: ImageSet) -> None:
        """Fit the transforms in order, each on the gallery rows the ones before it made."""
        if not self.transforms:
            return
        rows = self.embed(self.encoder, gallery)
        rows = _kept(rows, _detected(rows))
        for transform in self.transforms:
            transform.fit(_read_only(rows))
            rows = transform.apply(_read_only(rows))

    def index(self, gallery: ImageSet) -> None:
        """Index every gallery image that has an embedding; one without can never be found."""
        rows = self.embed(self.encoder, gallery)
        found = _detected(rows)
        self._positions = np.flatnonzero(found).astype(np.int32)
        indexed = self._transformed(_kept(rows, found))
        with stage("build"):
            self.ann.add(indexed)
        let_go(rows)

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Embed the queries, then ask the index."""
        return self._ranked(self.embed(self.encoder, queries), k)

    def rankings(self, queries: ImageSet, k: int, step: int) -> Iterator[Ranking]:
        """What `search` answers, `step` queries at a time: all are embedded once, and one block is ranked at once."""
        if type(self).search is not VectorMethod.search:  # it answers in a way of its own
            yield from (self.search(queries[start : start + step], k) for start in range(0, len(queries), step))
            return
        rows = self.embed(self.encoder, queries)
        for start in range(0, len(rows), step):
            yield self._ranked(rows[start : start + step], k)

    def _ranked(self, rows: np.ndarray, k: int) -> Ranking:
        with stage("search"):
            found = _detected(rows)
            k = min(k, len(self._positions))
            ids = np.full((len(rows), k), -1, dtype=np.int32)
            scores = np.full((len(rows), k), -np.inf, dtype=np.float32)
            if found.any() and k:
                asked = self._transformed(rows[found])
                answer = self.ann.search(asked, k)
                hits, values = check_hits(type(self.ann).__name__, answer, len(asked), k, len(self._positions))
                ids[found] = np.where(hits >= 0, self._positions[hits], np.int32(-1))
                scores[found] = values
        return Ranking(ids, scores, ~found)

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """Similarity under the index's metric; -inf where one of the two has no row."""
        a, b = self.embed(self.encoder, left), self.embed(self.encoder, right)
        found = _detected(a) & _detected(b)
        result = np.full(len(a), -np.inf, dtype=np.float32)
        if found.any():
            result[found] = row_similarity(self._transformed(a[found]), self._transformed(b[found]), self.ann.metric)
        return result

    @property
    def indexed(self) -> int:
        """How many gallery images have an embedding and can be found."""
        return len(self._positions)

    @property
    def nbytes(self) -> int:
        """Bytes of the index, counted by itself."""
        return self.ann.nbytes

    def _transformed(self, rows: np.ndarray) -> np.ndarray:
        for transform in self.transforms:
            with stage("transform"):
                rows = check_transformed(type(transform).__name__, transform.apply(_read_only(rows)), len(rows))
        return rows


def _kept(rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The rows that are `found`: the array itself where all are, since a copy is as large."""
    let_go(rows)
    return rows if found.all() else rows[found]


def _read_only(rows: np.ndarray) -> np.ndarray:
    """The same numbers, which cannot be written through it: others hold them too, and a copy is as large."""
    view = rows.view()
    view.flags.writeable = False
    return view


def _detected(rows: np.ndarray) -> np.ndarray:
    if rows.dtype == np.uint8:
        return np.ones(len(rows), dtype=bool)
    return ~np.isnan(rows[:, 0])
