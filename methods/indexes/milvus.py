"""Nearest neighbours asked of Milvus, the vector database: embedded unless a server is named."""

from typing import Literal
from uuid import uuid4

import numpy as np

from datasets.errors import BenchmarkError
from methods.milvus.collection import DEEPEST, INDEX_TYPES, METRICS, create_collection, rows_a_call, to_scores
from methods.milvus.connection import MilvusConnection

CHUNK = 1 << 26
"""Numbers that Milvus Lite holds to compare a call's queries with all rows (256 MiB of float32)."""


class MilvusIndex:
    """A collection of gallery rows under one of INDEX_TYPES.

    Rows may come and go, by their ids; a filter is an expression over a label that is stored beside each row.
    `close` drops the collection; an embedded store is deleted with this object in any case.
    """

    def __init__(
        self, metric: Literal["l2", "cosine"] = "cosine", index_type: str = "FLAT", uri: str | None = None
    ) -> None:
        if metric not in METRICS:
            raise ValueError(f"MilvusIndex has no metric {metric!r}; use one of {', '.join(METRICS)}")
        if index_type not in INDEX_TYPES:
            raise ValueError(f"MilvusIndex has no index type {index_type!r}; use one of {', '.join(INDEX_TYPES)}")
        self.metric = metric
        self.index_type = index_type
        self.uri = uri
        self._connection: MilvusConnection | None = None
        self._collection = f"index_{uuid4().hex}"
        self._shape = (0, 0)

    def add(self, vectors: np.ndarray) -> None:
        """Send gallery vectors (n, d) float32; their ids are their positions."""
        self._create(vectors)
        self._send(np.arange(len(vectors)), vectors)

    def add_labelled(self, vectors: np.ndarray, labels: np.ndarray) -> None:
        """`add` vectors (n, d) float32, each with a label (n,) int64."""
        self._create(vectors, labelled=True)
        self._send(np.arange(len(vectors)), vectors, labels)

    def insert(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Send vectors (m, d) float32 under ids (m,) int64; a search waits until it sees them."""
        if self._connection is None:
            raise BenchmarkError("MilvusIndex has no collection before `add` was given rows; add some first")
        self._send(ids, vectors)
        self._shape = (self._shape[0] + len(ids), self._shape[1])

    def remove(self, ids: np.ndarray) -> None:
        """Delete the rows under ids (m,) int64."""
        if self._connection is None or not len(ids):
            return
        self._connection.client.delete(self._collection, ids=np.asarray(ids).tolist())
        self._shape = (self._shape[0] - len(ids), self._shape[1])

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest gallery rows of each query (q, d): ids (q, k) int32, scores (q, k) float32."""
        return self._search(vectors, k, "")

    def search_labelled(self, vectors: np.ndarray, k: int, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        """`search` among the rows whose label is at least `low` and below `high`; tail -1 and -inf."""
        return self._search(vectors, k, f"label >= {low} && label < {high}")

    def _create(self, vectors: np.ndarray, labelled: bool = False) -> None:
        """An empty collection for rows like `vectors` (n, d); none for no rows."""
        self._shape = vectors.shape
        if not len(vectors):
            return
        self._connection = MilvusConnection(self.uri)
        name, dimension = self._collection, vectors.shape[1]
        create_collection(self._connection, name, dimension, self.metric, self.index_type, labelled=labelled)

    def _send(self, ids: np.ndarray, vectors: np.ndarray, labels: np.ndarray | None = None) -> None:
        if self._connection is None or not len(vectors):
            return
        client = self._connection.client
        step = rows_a_call(vectors.shape[1])
        for start in range(0, len(vectors), step):
            some = range(start, min(start + step, len(vectors)))
            rows: list[dict[str, object]] = [{"id": int(ids[row]), "vector": vectors[row]} for row in some]
            if labels is not None:
                rows = [{**each, "label": int(labels[row])} for row, each in zip(some, rows, strict=True)]
            client.insert(self._collection, rows)
        client.flush(self._collection)

    def _search(self, vectors: np.ndarray, k: int, expression: str) -> tuple[np.ndarray, np.ndarray]:
        k = min(k, self._shape[0])
        ids = np.full((len(vectors), k), -1, dtype=np.int32)
        scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
        if self._connection is None or k == 0:
            return ids, scores
        asked = k if self._connection.folder else min(k, DEEPEST)
        step = max(1, min(rows_a_call(self._shape[1]), CHUNK // (self._shape[0] * self._shape[1])))
        for start in range(0, len(vectors), step):
            answers = self._connection.client.search(
                self._collection,
                data=vectors[start : start + step],
                filter=expression,
                limit=asked,
                output_fields=["id"],
            )
            for row, hits in enumerate(answers, start):
                found = np.array([hit["id"] for hit in hits], dtype=np.int32)
                values = to_scores([hit["distance"] for hit in hits], self.metric)
                order = np.lexsort((found, -values))
                ids[row, : len(order)], scores[row, : len(order)] = found[order], values[order]
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of an embedded store's files; of a server, which does not say, those of the rows and their ids."""
        stored = self._connection.nbytes if self._connection else 0
        rows, dimension = self._shape
        return rows * (4 * dimension + 8) if stored is None else stored

    def close(self) -> None:
        """Drop the collection and disconnect."""
        if self._connection is not None:
            self._connection.client.drop_collection(self._collection)
            self._connection.close()
            self._connection = None
