"""What a search over a kept gallery needs of a vector database, and how one is opened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from methods.distances import Metric


@dataclass(frozen=True)
class Match:
    """One stored vector that was found; a larger score is better, under the collection's metric."""

    id: str
    score: float
    metadata: Mapping[str, Any] = field(default_factory=dict)


class VectorStore(Protocol):
    """One collection of vectors under text ids. Every method raises VectorStoreError for what cannot be done."""

    def upsert(
        self, ids: Sequence[str], vectors: np.ndarray, metadata: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Put in vectors (n, d) float32, each with JSON-able metadata; an id that is there is replaced."""
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """Take vectors out; how many of `ids` were there."""
        ...

    def search(self, vectors: np.ndarray, k: int) -> list[list[Match]]:
        """The k nearest of each query (q, d), best first; fewer where the collection is smaller."""
        ...

    def count(self) -> int:
        """How many vectors are in the collection."""
        ...

    def ids(self) -> Iterator[str]:
        """The id of every vector, in no order."""
        ...

    def close(self) -> None:
        """Write out and disconnect."""
        ...


def open_store(
    uri: str, collection: str, *, metric: Metric = "cosine", encoder: str = "", index_type: str = "FLAT"
) -> VectorStore:
    """The collection at `uri`: embedded where it ends in .db, else a Milvus server or cluster (http://HOST:PORT).

    A new collection is made by the first `upsert`, with `index_type`. `encoder` names what made the vectors (method
    and encoder key), because vectors of two encoders cannot be compared: raises VectorStoreError where the collection
    holds another's or has another metric, MissingExtraError without pymilvus and milvus-lite.
    """
    from benchmarks.search.vector_store.milvus import MilvusStore

    return MilvusStore(uri, collection, metric, encoder, index_type)
