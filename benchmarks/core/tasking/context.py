"""What a task is given inside the cell's own process."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.core.embeddings import EmbeddingStore, stand_in_rows
from benchmarks.core.judged.answering import answer
from benchmarks.core.judged.relevance import Relevance
from benchmarks.core.store import Store
from benchmarks.protocol import Timing
from datasets.imageset import ImageSet
from methods.building import Surroundings, build_method
from methods.contracts import Method, Reusing
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
    keep_rankings: bool = False
    """Whether whole rankings are stored, however large."""
    processes: int = 1
    """How many may encode at once, in place of one with as many threads (see `encode_apart`)."""
    of_run: Path | None = None
    """A folder that the cells of one run share on the host that it was begun on; what is in it is gone with the run."""

    @property
    def trained(self) -> bool:
        """False for a network whose weights are not here: it is timed, its accuracy is not asked."""
        return self.surroundings.weights is not None or not self.spec.weights

    def embed(self) -> Embed:
        """Stored embeddings for an accuracy pass; rows of the right shape for an untrained network."""
        return EmbeddingStore(self.embeddings) if self.trained else stand_in_rows

    def build(self, embed: Embed) -> Method:
        """A fresh method; it takes up what other cells kept of the same images until `afresh` ends that."""
        return self._reusing(build_method(self.spec, self.surroundings, embed))

    def build_to_answer(self) -> Method:
        """The same for answers that are not timed: its encoder is built only where rows are not stored."""
        return self._reusing(build_method(self.spec, self.surroundings, self.embed(), encoder_if_needed=True))

    def _reusing(self, method: Method) -> Method:
        if isinstance(method, Reusing):
            method.reuse(self.surroundings.models)
        return method

    def answer(
        self, method: Method, queries: ImageSet, relevance: Relevance, store: Store, done: str = "queries answered"
    ) -> np.ndarray:
        """Rank the gallery for each query and store the answers: (q,) bool, in which nothing was found to search for.

        Raises AnswerError, which makes the cell's row an error, for a ranking that is none.
        """
        return answer(self.spec.id, method, queries, relevance, store, self.workdir, self.keep_rankings, done)

    def save_arrays(self, name: str, **arrays: np.ndarray) -> None:
        """Keep arrays with the cell."""
        np.savez(self.workdir / f"{name}.npz", allow_pickle=False, **arrays)


def afresh(method: Method) -> None:
    """From here on nothing is taken from what was computed before: what follows is timed."""
    if isinstance(method, VectorMethod):
        method.embed = embed_in_batches
    elif isinstance(method, Reusing):
        method.reuse(None)
