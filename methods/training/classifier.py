"""From a gallery to the weights of a network that names its labels, trained now or before."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from datasets.imageset import ImageSet
from methods.memory import TooLargeError, allowance, training_bytes
from methods.training.examples import Examples, choose_examples
from methods.training.inputs import Inputs, View, whole
from methods.training.kept import content_key, kept
from methods.training.learning import Design, Trained, learned_weights
from methods.training.recipe import Recipe

CODE = "methods.training.learning"
"""The module whose code, with what it imports, decides the weights."""


def train_classifier(
    gallery: ImageSet,
    design: Design,
    recipe: Recipe,
    models: Path | None,
    *,
    view: View = whole,
    start: Trained | None = None,
    inputs: Callable[[Inputs, int], Inputs] = lambda pictures, count: pictures,
) -> Trained:
    """`design` trained by `recipe` on `gallery`, or the same training's weights from `models`.

    `view` is what the network sees of an image, `start` whose weights it begins with (all but the softmax; random
    ones by the recipe's seed without it), and `inputs` turns the pictures (and how many there are) into what the
    network is fed. Labels beyond those whose softmax fits into memory are not learned: see `labels_that_fit`.

    Raises TooLargeError if not even two labels fit, TrainingError if the training diverges.
    """
    import keras

    most = labels_that_fit(design)
    examples = choose_examples(gallery, recipe, most)
    settings = {
        "network": design.name,
        "size": design.size,
        "recipe": asdict(recipe),
        "view": f"{view.__module__}:{view.__qualname__}",
        "start": start.key if start else None,
        "labels": len(examples.labels),
        "images": len(examples.images),
    }
    modules = (CODE, design.build.__module__, view.__module__)
    key = content_key(settings, gallery, modules, (keras.backend.backend(), "keras"))

    def run(folder: Path) -> dict[str, np.ndarray]:
        _say_what_is_left_out(gallery, examples, most)
        weights = learned_weights(design, recipe, examples, folder, view, start, inputs)
        return {"labels": examples.labels, **{f"weights/{n:04d}": array for n, array in enumerate(weights)}}

    arrays = kept(models, design.name, key, settings, run)
    weights = [arrays[name] for name in sorted(arrays) if name.startswith("weights/")]
    return Trained(key, arrays["labels"], weights, design.keep_head)


def labels_that_fit(design: Design) -> int:
    """How many labels the softmax layer may have so that training it fits into memory (see methods.memory).

    Each costs a column of `dimension` weights and a bias. Raises TooLargeError where that is fewer than two.
    """
    per_label = training_bytes(design.dimension + 1)
    most = allowance() // per_label
    if most < 2:
        raise TooLargeError(
            f"{design.name}: a softmax over two labels takes {2 * per_label / 2**20:.1f} MiB to train, more than the "
            f"{allowance() / 2**20:.1f} MiB allowed here; run it on a larger machine"
        )
    return most


def _say_what_is_left_out(gallery: ImageSet, examples: Examples, most: int) -> None:
    labels = len(np.unique(gallery.labels))
    if labels > most:
        print(f"learning the {most:,} most frequent of {labels:,} labels: more would not fit into memory")
    elif len(examples.images) < len(gallery):
        print(f"learning from {len(examples.images):,} of {len(gallery):,} images: more would take too long")
