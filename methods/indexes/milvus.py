"""Nearest neighbours asked of Milvus, the vector database: embedded unless a server is named."""

from typing import Literal
from uuid import uuid4

import numpy as np

from methods.milvus.collection import DEEPEST, INDEX_TYPES, METRICS, create_collection, rows_a_call, to_scores
from methods.milvus.connection import MilvusConnection

CHUNK = 1 << 26
"""Numbers that Milvus Lite holds to compare a call's queries with all rows (256 MiB of float32)."""


class MilvusIndex:
    """A collection of gallery rows under one of INDEX_TYPES.

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
        self._shape = vectors.shape
        if not len(vectors):
            return
        self._connection = MilvusConnection(self.uri)
        create_collection(self._connection, self._collection, vectors.shape[1], self.metric, self.index_type)
        step = rows_a_call(vectors.shape[1])
        client = self._connection.client
        for start in range(0, len(vectors), step):
            rows = vectors[start : start + step]
            client.insert(self._collection, [{"id": start + i, "vector": row} for i, row in enumerate(rows)])
        client.flush(self._collection)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest gallery rows of each query (q, d): ids (q, k) int32, scores (q, k) float32."""
        k = min(k, self._shape[0])
        ids = np.full((len(vectors), k), -1, dtype=np.int32)
        scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
        if self._connection is None or k == 0:
            return ids, scores
        asked = k if self._connection.folder else min(k, DEEPEST)
        step = max(1, min(rows_a_call(self._shape[1]), CHUNK // (self._shape[0] * self._shape[1])))
        for start in range(0, len(vectors), step):
            answers = self._connection.client.search(
                self._collection, data=vectors[start : start + step], limit=asked, output_fields=["id"]
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
