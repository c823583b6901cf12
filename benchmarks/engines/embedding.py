"""Embeddings on an engine, for accuracy passes alone."""

import numpy as np

from datasets.imageset import ImageSet
from methods.contracts import Encoder
from methods.engines.contract import Engine
from methods.engines.swap import Swap
from methods.vector_method import embed_in_batches


class EmbedOn:
    """An `Embed` that puts an engine into the encoder for the length of a call; it is compiled in the first one."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._swap: Swap | None = None

    def __call__(self, encoder: Encoder, images: ImageSet) -> np.ndarray:
        """Rows (n, d) of `images`. An object of this class serves one encoder."""
        if self._swap is None:
            self._swap = Swap(encoder, self.engine)
        with self._swap:
            return embed_in_batches(encoder, images)
