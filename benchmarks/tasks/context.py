"""What a task is given inside the cell's own process."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.embeddings import EmbeddingStore, stand_in_rows
from benchmarks.protocol import Timing
from methods.answers import check_ranking
from methods.building import Surroundings, build_method
from methods.contracts import Method, Reusing
from methods.ranking import Ranking
from methods.spec import MethodSpec
from methods.vector_method import Embed, VectorMethod, embed_in_batches


@dataclass(frozen=True)
class CellContext:
    """One cell's method and what it may use, where embeddings are shared, budgets."""

    spec: MethodSpec
    surroundings: Surroundings
    embeddings: Path
    workdir: Path
    timing: Timing

    @property
    def trained(self) -> bool:
        """False for a network whose weights are not here: it is timed, its accuracy is not asked."""
        return self.surroundings.weights is not None or not self.spec.weights

    def embed(self) -> Embed:
        """Stored embeddings for an accuracy pass; rows of the right shape for an untrained network."""
        return EmbeddingStore(self.embeddings) if self.trained else stand_in_rows

    def build(self, embed: Embed) -> Method:
        """A fresh method; it takes up what other cells kept of the same images until `afresh` ends that."""
        method = build_method(self.spec, self.surroundings, embed)
        if isinstance(method, Reusing):
            method.reuse(self.surroundings.models)
        return method

    def checked(self, ranking: Ranking, queries: int, gallery: int) -> Ranking:
        """A ranking that may be stored; raises AnswerError, which makes the cell's row an error, for any other."""
        return check_ranking(self.spec.id, ranking, queries, gallery)

    def save_arrays(self, name: str, **arrays: np.ndarray) -> None:
        """Keep arrays with the cell."""
        np.savez(self.workdir / f"{name}.npz", allow_pickle=False, **arrays)


def afresh(method: Method) -> None:
    """From here on nothing is taken from what was computed before: what follows is timed."""
    if isinstance(method, VectorMethod):
        method.embed = embed_in_batches
    elif isinstance(method, Reusing):
        method.reuse(None)
