"""What a method must offer: an Encoder or an Index to be composed, or a whole Method."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from datasets.imageset import Image, ImageSet
from methods.distances import Metric
from methods.ranking import Ranking


@runtime_checkable
class Encoder(Protocol):
    """Images -> one array row each. Stateless between calls: row i depends on image i alone."""

    @property
    def batch_size(self) -> int:
        """How many images one `encode` call takes at best."""
        ...

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Encode RGB uint8 images of any sizes.

        Returns (n, d) float32, or (n, bits / 8) packed uint8 for binary codes. A float row of NaN says "nothing
        to encode" (no face found): the harness counts it as a miss.
        """
        ...


@runtime_checkable
class Transform(Protocol):
    """A learned or fixed map between vectors (PCA, whitening, L2), fitted on the gallery only."""

    def fit(self, vectors: np.ndarray) -> None:
        """Learn from gallery vectors (n, d) float32, free of NaN."""
        ...

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Map (n, d) float32, which others hold too and cannot be written, to (n, d') float32."""
        ...


@runtime_checkable
class Index(Protocol):
    """Nearest-neighbour search over rows. Larger score = better; ties carry equal scores."""

    @property
    def metric(self) -> Metric:
        """What nearness means here; also how verification compares two rows."""
        ...

    def add(self, vectors: np.ndarray) -> None:
        """Build over gallery vectors (n, d); called once."""
        ...

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The best k gallery rows per query.

        Returns (ids (n, k) int32, scores (n, k) float32), scores non-increasing along a row. Where fewer than k are
        found the tail is id -1 and score -inf; k beyond the gallery is cut to the gallery.
        """
        ...

    @property
    def nbytes(self) -> int:
        """Bytes the index holds, counted by itself (vectors included)."""
        ...


@runtime_checkable
class FilteredIndex(Index, Protocol):
    """An index that searches among some of its rows, named anew in each call."""

    def search_among(self, vectors: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best k of the rows that are `allowed` (n,) bool, for each query (q, d).

        Shapes and order are those of `search`; where fewer than k are allowed, or found, the tail is id -1, score -inf.
        """
        ...


@runtime_checkable
class LabelledIndex(Index, Protocol):
    """An index that keeps a label beside each row, and searches among those whose label lies in a range."""

    def add_labelled(self, vectors: np.ndarray, labels: np.ndarray) -> None:
        """`add` vectors (n, d), each with a label (n,) int64."""
        ...

    def search_labelled(self, vectors: np.ndarray, k: int, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        """As `search_among` the rows whose label is at least `low` and below `high`."""
        ...


@runtime_checkable
class ChangingIndex(Index, Protocol):
    """An index whose rows come and go. Those of `add` have their positions as ids; `search` is among those present."""

    def insert(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Take in vectors (m, d) under ids (m,) int64, none of which is present; `search` returns these ids."""
        ...

    def remove(self, ids: np.ndarray) -> None:
        """Forget the rows under ids (m,) int64, all of which are present: no search finds them any more."""
        ...


@runtime_checkable
class Method(Protocol):
    """A whole method. fit, then index, then any number of searches."""

    def fit(self, gallery: ImageSet) -> None:
        """Learn from the gallery; may read `gallery.labels` only if its spec says `supervised`."""
        ...

    def index(self, gallery: ImageSet) -> None:
        """Make the gallery searchable; result ids are positions in it."""
        ...

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Rank the gallery for each query, best first, k deep (cut to the gallery)."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes of the searchable gallery (index and what else a search needs to keep)."""
        ...


@runtime_checkable
class Reusing(Protocol):
    """A whole method that can take up what other cells made of the same images: features, a vocabulary."""

    def reuse(self, folder: Path | None) -> None:
        """Keep such work below `folder` and take it up from there; None: compute all afresh, as what is timed must."""
        ...


@runtime_checkable
class Blockwise(Protocol):
    """A method that can rank block by block what it makes of all queries at once (their rows, say)."""

    def rankings(self, queries: ImageSet, k: int, step: int) -> Iterator[Ranking]:
        """The answer of `search`, in rankings of `step` queries each (the last may have fewer), one at a time."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """A method that can say how alike two images are, without a gallery: needed for the verification task."""

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """Similarity of left[i] and right[i]: (n,) float32, larger = more alike, -inf where one has no face."""
        ...
