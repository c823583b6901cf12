"""Codes of 1 or 8 bits a number, all of which a query passes: they tell which rows may be near, in fewer bytes."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

import numpy as np

from methods.indexes.differing_bits import least_differing, whole_words
from methods.indexes.faiss_rows import FloatMetric, written_bytes
from methods.indexes.rotation import Rotation

CodeKind = Literal["sq8", "rabitq", "signs"]

QUERY_BITS = 8
"""Of each number of a query that is compared with codes of one bit."""

FAST_SCAN = 1024
"""Numbers of the longest row that faiss scans 32 codes at a time: of longer ones its sums overflow 16 bits."""


class Codes(Protocol):
    """Codes of rows, built in blocks, and the scan that ranks them; larger score = nearer."""

    def add(self, rows: np.ndarray) -> None:
        """Encode rows (m, d) float32, at unit length under the cosine; their ids go on from those before."""
        ...

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest codes of each query (q, d): ids (q, k) int64, estimated scores (q, k) float32, best first."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes of the codes and of what was learned for them."""
        ...


def make_codes(kind: CodeKind, metric: FloatMetric, sample: np.ndarray, rows: int) -> Codes:
    """Codes of `kind` for so many rows, trained on a `sample` (m, d) of them, m > 0.

    - "sq8": a byte a number, of one range for all numbers: faiss's scalar quantiser.
    - "rabitq": a bit a number, after a random rotation, and 8 bytes that correct its estimates (Gao & Long 2024).
    - "signs": a bit a number, after a random rotation about the mean, counted by popcounts (Charikar 2002).
    """
    if kind == "signs":
        return SignCodes(sample, rows)
    return _eight_bits(metric, sample) if kind == "sq8" else _one_bit(metric, sample)


def _eight_bits(metric: FloatMetric, sample: np.ndarray) -> "ScannedCodes":
    import faiss

    kind = faiss.ScalarQuantizer.QT_8bit_uniform  # a range for each number apart takes a third longer to scan
    if metric == "cosine":
        index = faiss.IndexScalarQuantizer(sample.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
        return ScannedCodes(index, sample, _as_they_are)
    return ScannedCodes(faiss.IndexScalarQuantizer(sample.shape[1], kind, faiss.METRIC_L2), sample, _distances)


def _one_bit(metric: FloatMetric, sample: np.ndarray) -> "ScannedCodes":
    import faiss

    dimension = sample.shape[1]
    kind = faiss.IndexRaBitQFastScan if dimension <= FAST_SCAN else faiss.IndexRaBitQ  # type: ignore[attr-defined]
    index = kind(dimension, faiss.METRIC_L2)
    index.qb = QUERY_BITS
    return ScannedCodes(index, sample, _cosines if metric == "cosine" else _distances, Rotation(dimension))


class ScannedCodes:
    """A flat faiss index of codes; `scores` makes scores of its values (q, k). Of codes that tie at the cut, any go."""

    def __init__(
        self,
        index: Any,
        sample: np.ndarray,
        scores: Callable[[np.ndarray], np.ndarray],
        rotation: Rotation | None = None,
    ) -> None:
        self._index = index
        self._scores = scores
        self._rotation = rotation
        index.train(self._turned(sample))

    def add(self, rows: np.ndarray) -> None:
        """Encode rows (m, d) float32."""
        self._index.add(self._turned(rows))

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest codes of each query (q, d): ids (q, k) int64, scores (q, k) float32."""
        values, ids = self._index.search(self._turned(queries), k)
        return ids, self._scores(values)

    @property
    def nbytes(self) -> int:
        """Bytes of the index as faiss writes it, and of the rotation."""
        return written_bytes(self._index) + (self._rotation.nbytes if self._rotation else 0)

    def _turned(self, rows: np.ndarray) -> np.ndarray:
        return self._rotation(rows) if self._rotation else rows


class SignCodes:
    """Signs of rows that are turned about their mean. Scores are the cosine of signs; of equal ones the lower row."""

    def __init__(self, sample: np.ndarray, rows: int) -> None:
        self._rotation = Rotation(sample.shape[1])
        self._mean = sample.mean(axis=0, dtype=np.float32)
        self._codes = np.empty((rows, self._bits(sample[:1]).shape[1]), dtype=np.uint8)
        self._filled = 0

    def add(self, rows: np.ndarray) -> None:
        """Encode rows (m, d) float32."""
        self._codes[self._filled : self._filled + len(rows)] = self._bits(rows)
        self._filled += len(rows)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k codes that differ least from each query's (q, d): ids (q, k) int64, scores (q, k) float32."""
        ids, differing = least_differing(self._codes, self._bits(queries), k)
        return ids.astype(np.int64), 1 - differing.astype(np.float32) * np.float32(2 / len(self._mean))

    @property
    def nbytes(self) -> int:
        """Bytes of the codes, of the mean and of the rotation."""
        return self._codes.nbytes + self._mean.nbytes + self._rotation.nbytes

    def _bits(self, rows: np.ndarray) -> np.ndarray:
        return whole_words(np.packbits(self._rotation(rows - self._mean) > 0, axis=1))


def _as_they_are(products: np.ndarray) -> np.ndarray:
    return products


def _cosines(squared: np.ndarray) -> np.ndarray:
    """Of unit rows at these squared distances."""
    return 1 - squared / 2


def _distances(squared: np.ndarray) -> np.ndarray:
    """Minus the distances; an estimate below 0 keeps its order."""
    return -np.copysign(np.sqrt(np.abs(squared)), squared)
