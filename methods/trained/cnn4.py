"""Report R1's CNN: pre-trained on CIFAR-10, fine-tuned on the gallery; searched by embedding or by class."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from datasets.imageset import ImageSet
from datasets.registry import open_dataset
from methods.indexes.exact import ExactIndex
from methods.networks.cnn4 import DIMENSION, SIZE, cnn4
from methods.networks.inference import forward_pass
from methods.ranking import Ranking, rank_scores
from methods.stages import stage
from methods.trained.sift_region import interesting_region
from methods.trained.vectors import TrainedFeatures, TrainedVectorMethod
from methods.training.classifier import train_classifier
from methods.training.inputs import prepared, whole
from methods.training.learning import Design, Trained
from methods.training.recipe import Recipe

DESIGN = Design("cnn4", cnn4, SIZE, DIMENSION)

_BASE = Recipe(learning_rate=1e-3, cosine=True, batch=32, epochs=30, patience=8, flip=True, shift=3)

RECIPES: Mapping[str, Recipe] = {
    "smoke": replace(_BASE, images=400, passes=6_000),
    # A pass costs a millisecond on two cores: a minute or so, 18 epochs of CIFAR-10's first 4,000 images.
    "standard": replace(_BASE, epochs=60, images=10_000, passes=72_000),
    # 200 epochs as reported, unless it stops learning; so long a training can afford larger batches.
    "full": replace(_BASE, batch=64, epochs=200, patience=25),
}
"""Training on the gallery."""

PRETRAINING: Mapping[str, Recipe] = {
    "smoke": replace(_BASE, epochs=6, images=400),
    "standard": replace(_BASE, epochs=15, images=4_000),
    "full": replace(_BASE, batch=64, epochs=50, patience=None),
}
"""Training on CIFAR-10's training records, before a gallery of other things."""


def pretrained(gallery: ImageSet, data_dir: Path | None, profile: str, models: Path | None) -> Trained | None:
    """The network trained on CIFAR-10 (or its stand-in), where `gallery` shows other things than CIFAR-10's ten.

    A gallery that shares a label with CIFAR-10 is learned from nothing: its queries may be the very records that
    pre-training would show.
    """
    ground = open_dataset("cifar10", data_dir)
    images = ground.imageset(ground.split("full").gallery)
    if set(images.labels.tolist()) & set(gallery.labels.tolist()):
        return None
    return train_classifier(images, DESIGN, PRETRAINING[profile], models)


class Cnn4Features(TrainedFeatures):
    """The penultimate layer, (n, 512) float32; `sift_crop` shows the network each image's interesting region alone."""

    def __init__(self, profile: str, models: Path | None, data_dir: Path | None, sift_crop: bool = False) -> None:
        super().__init__(DESIGN, RECIPES[profile], models, interesting_region if sift_crop else whole)
        self._profile = profile
        self._data_dir = data_dir

    def start(self, gallery: ImageSet) -> Trained | None:
        """CIFAR-10, for a gallery of other things."""
        return pretrained(gallery, self._data_dir, self._profile, self.models)


def cnn4_embedding(
    profile: str, models: Path | None, data_dir: Path | None, sift_crop: bool = False
) -> TrainedVectorMethod:
    """Penultimate layer, cosine."""
    encoder = Cnn4Features(profile, models, data_dir, sift_crop)
    return TrainedVectorMethod(encoder, ExactIndex("cosine"))  # type: ignore[arg-type]


class Cnn4Softmax:
    """Classification used as search; supervised.

    An image's score is the probability that the network gives its label for the query: the confidence of the match.
    All images of a label tie, and a label that the network did not learn has confidence 0. The training is the one
    that `cnn4_embedding` uses.
    """

    def __init__(self, profile: str, models: Path | None, data_dir: Path | None, batch_size: int = 32) -> None:
        self.batch_size = batch_size
        self._profile = profile
        self._models = models
        self._data_dir = data_dir
        self._labels = np.empty(0, dtype=np.str_)
        self._column = np.empty(0, dtype=np.int64)

    def fit(self, gallery: ImageSet) -> None:
        """Train on the gallery's labels, or take up the weights of the same training."""
        start = pretrained(gallery, self._data_dir, self._profile, self._models)
        trained = train_classifier(gallery, DESIGN, RECIPES[self._profile], self._models, start=start)
        self._labels = trained.labels
        network = DESIGN.build(len(trained.labels))
        network.set_weights(list(trained.weights))
        self._forward = forward_pass(network)

    def index(self, gallery: ImageSet) -> None:
        """Look up each gallery image's column of probabilities; past the last for a label that was not learned."""
        column = np.searchsorted(self._labels, gallery.labels)
        self._column = np.where(np.isin(gallery.labels, self._labels), column, len(self._labels))

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Rank the gallery by the probability of each image's label."""
        rows = np.concatenate(
            [self._probabilities(queries[s : s + self.batch_size]) for s in range(0, len(queries), self.batch_size)]
        )
        with stage("search"):
            return rank_scores(np.pad(rows, ((0, 0), (0, 1)))[:, self._column], k)

    @property
    def nbytes(self) -> int:
        """Bytes of the gallery's columns and the labels' names."""
        return self._column.nbytes + self._labels.nbytes

    def _probabilities(self, images: ImageSet) -> np.ndarray:
        with stage("decode"):
            batch = list(images)
        with stage("encode"):
            return self._forward(prepared(batch, DESIGN.size))
