"""An ImageNet trunk trained on to name the gallery's people, as reports R1 (InceptionV3) and R2 (ResNet101) did."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datasets.imageset import Image, ImageSet
from methods.indexes.exact import ExactIndex
from methods.networks.backbones import TRUNKS
from methods.networks.empty_kernels import kernels_at_zero
from methods.networks.inference import forward_pass, predicted, randomise, ready
from methods.trained.vectors import TrainedVectorMethod
from methods.training.classifier import train_classifier
from methods.training.inputs import Activations, Inputs, Scaled, prepared
from methods.training.learning import Design, Trained
from methods.training.recipe import Recipe

if TYPE_CHECKING:
    import keras


class FineTunedTrunk:
    """A LearningEncoder: the pooled output (n, dimension) float32 of a trunk that was trained on from its weights.

    `network` names a trunk of `methods.networks.backbones`. With `below` naming one of its layers, everything up to
    and including that layer stays as it is and is computed only once for each training image, without augmentation;
    None trains all of it. Batch normalisation keeps its ImageNet statistics throughout: batches of a few faces would
    spoil them. `weights` None leaves random weights, for measuring speed. Raises WeightsError for an unfit file.
    """

    def __init__(
        self,
        network: str,
        recipe: Recipe,
        *,
        weights: Path | None,
        models: Path | None,
        below: str | None = None,
        batch_size: int = 32,
    ) -> None:
        import keras

        trunk = TRUNKS[network]
        self.batch_size = batch_size
        self.recipe = recipe
        self.models = models
        self.size = trunk.size
        with kernels_at_zero():
            model = trunk.build(trunk.size)
        if weights is None:
            randomise(model, recipe.seed)
        else:
            trunk.load(model, weights)
        cut = model.get_layer(below).output if below else model.input
        self.trunk = model
        self._scaling = trunk.scaling
        self._frozen = forward_pass(keras.Model(model.input, cut)) if below else None
        self._cut = cut
        self._features = keras.layers.GlobalAveragePooling2D(name="features")(model.output)
        self._upper = keras.Model(cut, self._features)
        ready(self._upper)
        self.dimension: int = self._features.shape[-1]
        name = f"{network}-from-{below}" if below else network
        self._origin = Trained(_digest(model), np.empty(0, np.str_), self._upper.get_weights(), has_head=False)
        self._design = Design(name, self._build, trunk.size, self.dimension, keep_head=False)

    def learn(self, gallery: ImageSet) -> None:
        """Train on the gallery's labels from the original weights on, or take up those of the same training."""
        trained = train_classifier(
            gallery, self._design, self.recipe, self.models, start=self._origin, inputs=self._inputs
        )
        self._upper.set_weights(trained.trunk)

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Features of images of any sizes."""
        return predicted(self._upper, self._lower(prepared(images, self.size)))

    def _build(self, labels: int | None) -> "keras.Model":
        """The part that is trained, with a softmax for so many labels."""
        import keras

        if labels is None:
            return self._upper
        for layer in self._upper.layers:
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        head = keras.layers.Dense(labels, activation="softmax", name="softmax")
        return keras.Model(self._cut, head(self._features), name=self._design.name)

    def _inputs(self, pictures: Inputs, count: int) -> Inputs:
        scaled = Scaled(pictures, self._scaling)
        return scaled if self._frozen is None else Activations(scaled, count, self._frozen)

    def _lower(self, pixels: np.ndarray) -> np.ndarray:
        scaled = self._scaling(pixels)
        return scaled if self._frozen is None else self._frozen(scaled)


def _digest(network: "keras.Model") -> str:
    """Sha256 hex digest of a network's weights: what a training began with."""
    digest = hashlib.sha256()
    for array in network.get_weights():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


_CELEBRITIES = Recipe(learning_rate=1e-4, cosine=True, batch=32, epochs=120, patience=20, flip=True)

INCEPTIONV3: Mapping[str, tuple[Recipe, str | None]] = {
    "smoke": (replace(_CELEBRITIES, epochs=3, images=64, learning_rate=1e-3, flip=False), "mixed9"),
    # Two cores cannot train all of it: the last blocks, from what the others make of each picture, can be.
    "standard": (replace(_CELEBRITIES, epochs=20, images=600, learning_rate=1e-3, flip=False, patience=5), "mixed8"),
    "full": (_CELEBRITIES, None),
}
"""Recipe and the last frozen layer. The report's 100-120 epochs, unless it stops learning before."""

_ADAMAX = Recipe(optimiser="adamax", learning_rate=1e-3, batch=16, epochs=30, patience=5)

RESNET101: Mapping[str, tuple[Recipe, str | None]] = {
    "smoke": (replace(_ADAMAX, epochs=2, images=48), "conv5_block2_out"),
    "standard": (replace(_ADAMAX, epochs=8, images=400, patience=3), "conv5_block1_out"),
    "full": (replace(_ADAMAX, learning_rate=2e-4, cosine=True, flip=True), None),
}
"""Recipe and the last frozen layer. Adamax and batch 16 are the report's; it states no epochs."""


def inceptionv3_trained(profile: str, weights: Path | None, models: Path | None) -> TrainedVectorMethod:
    """InceptionV3's pooled 2048-d features after training on the gallery, cosine."""
    recipe, below = INCEPTIONV3[profile]
    encoder = FineTunedTrunk("inceptionv3", recipe, weights=weights, models=models, below=below)
    return TrainedVectorMethod(encoder, ExactIndex("cosine"), trained=weights is not None)  # type: ignore[arg-type]


def resnet101_adamax(profile: str, weights: Path | None, models: Path | None) -> TrainedVectorMethod:
    """ResNet101's pooled 2048-d features after Adamax with batch 16, Euclidean."""
    recipe, below = RESNET101[profile]
    encoder = FineTunedTrunk("resnet101", recipe, weights=weights, models=models, below=below)
    return TrainedVectorMethod(encoder, ExactIndex("l2"), trained=weights is not None)  # type: ignore[arg-type]
