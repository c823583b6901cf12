"""A kept collection in Milvus Lite or, through the same calls, on a Milvus server."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.search.vector_store.store import Match
from methods.distances import Metric
from methods.milvus.collection import (
    DEEPEST,
    LONGEST_ID,
    METRICS,
    create_collection,
    description_of,
    rows_a_call,
    to_scores,
)
from methods.milvus.connection import MilvusConnection, VectorStoreError

PAGE = 10_000
"""Ids listed in one call."""


class MilvusStore:
    """A VectorStore. Between processes: an embedded store is open in one at a time, a server's in any number."""

    def __init__(self, uri: str, collection: str, metric: Metric, encoder: str, index_type: str) -> None:
        if metric not in METRICS:
            raise VectorStoreError(f"Milvus compares by {' or '.join(METRICS)} here, not by {metric}")
        if not collection.isidentifier() or not collection.isascii():
            raise VectorStoreError(f"{collection!r} is no name of a collection; use letters, digits and underscores")
        self.uri = uri
        self.collection = collection
        self.metric = metric
        self.encoder = encoder
        self.index_type = index_type
        self._connection = MilvusConnection(uri)
        try:
            self._dimension = self._opened()
        except VectorStoreError:
            self._connection.close()
            raise

    def upsert(
        self, ids: Sequence[str], vectors: np.ndarray, metadata: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Put in vectors (n, d) float32, each with JSON-able metadata; an id that is there is replaced."""
        metadata = [{}] * len(ids) if metadata is None else metadata
        if not len(ids) == len(vectors) == len(metadata):
            raise VectorStoreError(f"{len(ids)} ids, {len(vectors)} vectors, {len(metadata)} metadata do not pair up")
        if too_long := next((id for id in ids if not 0 < len(id.encode()) <= LONGEST_ID), None):
            raise VectorStoreError(f"id {too_long[:40]!r}… is longer than {LONGEST_ID:,} bytes; shorten it")
        if not len(ids):
            return
        self._check(vectors)
        client, step = self._connection.client, rows_a_call(vectors.shape[1])
        for start in range(0, len(ids), step):
            part = slice(start, start + step)
            rows = zip(ids[part], vectors[part], metadata[part], strict=True)
            client.upsert(
                self.collection, [{"id": id, "vector": row, "metadata": dict(about)} for id, row, about in rows]
            )
        if self._connection.folder is not None:  # a server writes out, and builds its index, when it sees fit
            client.flush(self.collection)

    def delete(self, ids: Sequence[str]) -> int:
        """Take vectors out; how many of `ids` were there."""
        before = self.count()
        for start in range(0, len(ids) if before else 0, PAGE):
            self._connection.client.delete(self.collection, ids=list(ids[start : start + PAGE]))
        return before - self.count()

    def search(self, vectors: np.ndarray, k: int) -> list[list[Match]]:
        """The k nearest of each query (q, d), best first; of equal scores the lower id goes first."""
        if not self._dimension or not len(vectors):
            return [[] for _ in vectors]
        self._check(vectors)
        if self._connection.folder is None and k > DEEPEST:
            raise VectorStoreError(f"a Milvus server gives no more than {DEEPEST:,} results a query; ask for fewer")
        found: list[list[Match]] = []
        step = rows_a_call(vectors.shape[1])
        for start in range(0, len(vectors), step):
            answers = self._connection.client.search(
                self.collection, data=vectors[start : start + step], limit=k, output_fields=["metadata"]
            )
            found += [self._matches(hits) for hits in answers]
        return found

    def count(self) -> int:
        """How many vectors are in the collection."""
        if not self._dimension:
            return 0
        answer = self._connection.client.query(self.collection, filter="", output_fields=["count(*)"])
        return int(answer[0]["count(*)"])

    def ids(self) -> Iterator[str]:
        """The id of every vector, in no order."""
        if not self._dimension:
            return
        pages = self._connection.client.query_iterator(
            self.collection, batch_size=PAGE, filter="", output_fields=["id"]
        )
        try:
            while rows := pages.next():
                yield from (row["id"] for row in rows)
        finally:
            pages.close()

    def close(self) -> None:
        """Write out and disconnect."""
        self._connection.close()

    def _matches(self, hits: Sequence[Mapping[str, Any]]) -> list[Match]:
        scores = to_scores([hit["distance"] for hit in hits], self.metric).tolist()
        matches = [Match(hit["id"], score, hit["entity"]["metadata"]) for hit, score in zip(hits, scores, strict=True)]
        return sorted(matches, key=lambda match: (-match.score, match.id))

    def _check(self, vectors: np.ndarray) -> None:
        """Make the collection if there is none; raise where it holds rows of another length."""
        if vectors.dtype != np.float32 or vectors.ndim != 2 or np.isnan(vectors).any():
            raise VectorStoreError(f"vectors must be (n, d) float32 without NaN, not {vectors.shape} {vectors.dtype}")
        dimension = vectors.shape[1]
        if not self._dimension:
            about = json.dumps({"metric": self.metric, "encoder": self.encoder, "dimension": dimension})
            create_collection(
                self._connection,
                self.collection,
                dimension,
                self.metric,
                self.index_type,
                named=True,
                description=about,
            )
            self._dimension = dimension
        if dimension != self._dimension:
            raise VectorStoreError(f"{self.collection} holds {self._dimension}-d vectors, these are {dimension}-d")

    def _opened(self) -> int:
        """Dimension of the collection as it is there, loaded for searching; 0 where there is none yet."""
        client = self._connection.client
        if not client.has_collection(self.collection):
            return 0
        try:
            about = json.loads(description_of(self._connection, self.collection))
            metric, encoder = about["metric"], about["encoder"]
        except (ValueError, TypeError, KeyError) as error:
            raise VectorStoreError(f"{self.collection} in {self.uri} was not made here; name another one") from error
        if (metric, encoder) != (self.metric, self.encoder):
            raise VectorStoreError(
                f"{self.collection} in {self.uri} holds {metric} vectors of {encoder or 'an unnamed encoder'}, not "
                f"{self.metric} of {self.encoder or 'an unnamed encoder'}; name another collection"
            )
        client.load_collection(self.collection)
        return int(about["dimension"])
