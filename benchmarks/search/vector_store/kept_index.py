"""A gallery's rows in a vector store, which keeps them between searches."""

import re
from collections.abc import Sequence

import numpy as np

from benchmarks.search.vector_store.store import VectorStore, open_store
from benchmarks.system.names import file_stem
from methods.distances import Metric
from methods.milvus.connection import VectorStoreError
from methods.spec import MethodSpec


class KeptIndex:
    """An Index whose rows lie in a VectorStore under names that say what they are rows of.

    `add` brings the store up to date: rows under new names are sent, those under names that are gone taken out.
    """

    def __init__(self, store: VectorStore, names: Sequence[str], metric: Metric) -> None:
        """Search under `metric` in what will be the rows of `names` (n unique texts)."""
        self.metric = metric
        self._store = store
        self._names = tuple(names)
        self._positions = {name: position for position, name in enumerate(names)}
        self._nbytes = 0

    def add(self, vectors: np.ndarray) -> None:
        """The rows (n, d) float32 of the names, in their order."""
        if len(vectors) != len(self._names):
            raise ValueError(f"{len(vectors)} rows for {len(self._names)} names")
        self._nbytes = vectors.nbytes
        there = set(self._store.ids())
        self._store.delete([name for name in there if name not in self._positions])
        new = [position for position, name in enumerate(self._names) if name not in there]
        self._store.upsert([self._names[position] for position in new], vectors[new])

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows of each query (q, d): ids (q, k) int32, scores (q, k) float32."""
        k = min(k, len(self._names))
        ids = np.full((len(vectors), k), -1, dtype=np.int32)
        scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
        for row, matches in enumerate(self._store.search(vectors, k) if k else ()):
            ids[row, : len(matches)] = [self._positions[match.id] for match in matches]
            scores[row, : len(matches)] = [match.score for match in matches]
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the rows; what else the store keeps beside them it does not say."""
        return self._nbytes


def kept_index(
    uri: str, spec: MethodSpec, encoder_key: str, gallery_key: str, names: Sequence[str], metric: Metric
) -> KeptIndex:
    """An index in the collection of this method and gallery at `uri`.

    Raises VectorStoreError for a method that changes its rows to suit the gallery, and where the store cannot be opened
    or cannot compare by `metric`.
    """
    if spec.transforms:
        raise VectorStoreError(f"{spec.id} transforms its rows to suit the gallery; a store keeps them as they are")
    collection = re.sub(r"\W", "_", f"{file_stem(spec.id)}__{gallery_key}", flags=re.ASCII)
    return KeptIndex(open_store(uri, collection, metric=metric, encoder=encoder_key), names, metric)
