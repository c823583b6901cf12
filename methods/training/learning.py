"""One training from beginning to end: a network, where it starts, what it is shown, and the weights it ends with.

All that decides the weights is in this module and what it imports, which is why its code is part of their key.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from methods.training.examples import Examples
from methods.training.initial import initialise
from methods.training.inputs import Inputs, Pictures, View
from methods.training.recipe import Recipe
from methods.training.trainer import train

if TYPE_CHECKING:
    import keras

HEAD = 2
"""Arrays of the softmax layer, the last ones of a network: its kernel and its bias."""


@dataclass(frozen=True)
class Design:
    """A network that is trained on a gallery's labels and then cut before its softmax."""

    name: str
    build: Callable[[int | None], "keras.Model"]
    """The network for so many labels; for None, up to the features before the softmax layer."""
    size: tuple[int, int]
    """Height and width in pixels of what it is shown."""
    dimension: int
    """Length of its features."""
    keep_head: bool = True
    """False: the softmax is of no use once trained, and too large to keep."""


@dataclass(frozen=True)
class Trained:
    """Weights in the network's order; the softmax layer's are the last, where they were kept."""

    key: str
    labels: np.ndarray
    """(c,) names, sorted; what the softmax tells apart."""
    weights: Sequence[np.ndarray]
    has_head: bool

    @property
    def trunk(self) -> list[np.ndarray]:
        """The weights before the softmax layer."""
        return list(self.weights[:-HEAD] if self.has_head else self.weights)


def learned_weights(
    design: Design,
    recipe: Recipe,
    examples: Examples,
    folder: Path,
    view: View,
    start: Trained | None,
    inputs: Callable[[Inputs, int], Inputs],
) -> list[np.ndarray]:
    """The weights that `design` ends with; see `classifier.train_classifier` for the arguments."""
    network = design.build(len(examples.labels))
    if start is None:
        initialise(network.layers, recipe.seed)
    else:
        initialise(network.layers[-1:], recipe.seed)
        network.set_weights([*start.trunk, *network.get_weights()[-HEAD:]])
    fed = inputs(Pictures(examples.images, design.size, view), len(examples.images))
    train(network, fed, examples, recipe, folder)
    weights = network.get_weights()
    return weights if design.keep_head else weights[:-HEAD]
