"""A vector method whose encoder first learns the gallery's labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from datasets.imageset import Image, ImageSet
from methods.contracts import Encoder, Index
from methods.networks.inference import forward_pass, randomise
from methods.training.classifier import train_classifier
from methods.training.inputs import View, prepared, whole
from methods.training.learning import Design, Trained
from methods.training.recipe import Recipe
from methods.vector_method import VectorMethod, embed_in_batches, empty_rows


class LearningEncoder(Encoder, Protocol):
    """An Encoder of rows (n, dimension) that wants to see a labelled gallery first."""

    dimension: int

    def learn(self, gallery: ImageSet) -> None:
        """Learn the gallery's labels."""
        ...


class TrainedVectorMethod(VectorMethod):
    """encoder x index, the encoder trained on the gallery in `fit`; supervised.

    With `trained` False (a network that starts from weights which are not here) nothing is learned, and the gallery's
    rows are random ones of the right shape: its speed can be measured, its answers mean nothing.
    """

    def __init__(self, encoder: LearningEncoder, index: Index, trained: bool = True) -> None:
        super().__init__(encoder, (), index, embed_in_batches if trained else random_rows)
        self._learner = encoder
        self._trained = trained

    def fit(self, gallery: ImageSet) -> None:
        """Train the encoder, after making sure that its features of the gallery will fit into memory."""
        if self._trained:
            empty_rows(len(gallery), self._learner.dimension, np.dtype(np.float32))
            self._learner.learn(gallery)


class TrainedFeatures:
    """The LearningEncoder of a Design: its features before the softmax, (n, dimension) float32.

    Before `learn` its weights are random, equal for equal recipes.
    """

    def __init__(
        self, design: Design, recipe: Recipe, models: Path | None, view: View = whole, batch_size: int = 32
    ) -> None:
        self.batch_size = batch_size
        self.dimension = design.dimension
        self.design = design
        self.recipe = recipe
        self.models = models
        self.view = view
        self._network = design.build(None)
        randomise(self._network, recipe.seed)
        self._forward = forward_pass(self._network)

    def learn(self, gallery: ImageSet) -> None:
        """Train on the gallery's labels, or take up the weights of the same training."""
        trained = train_classifier(
            gallery, self.design, self.recipe, self.models, view=self.view, start=self.start(gallery)
        )
        self._network.set_weights(trained.trunk)

    def start(self, gallery: ImageSet) -> Trained | None:
        """The training that this one goes on from; None: from random weights."""
        return None

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Features of images of any sizes."""
        return self._forward(prepared(images, self.design.size, self.view))


def random_rows(encoder: Encoder, images: ImageSet) -> np.ndarray:
    """Rows (n, d) of the shape that `encoder` gives, without asking it."""
    dimension = encoder.dimension  # type: ignore[attr-defined]
    return np.random.default_rng(0).standard_normal((len(images), dimension), dtype=np.float32)
