"""Report R0's CNN: trained on the gallery's people, its features searched by scikit-learn."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from methods.indexes.neighbours import NearestNeighboursIndex
from methods.networks.cnn3 import DIMENSION, SIZE, cnn3
from methods.trained.vectors import TrainedFeatures, TrainedVectorMethod
from methods.training.learning import Design
from methods.training.recipe import Recipe

DESIGN = Design("cnn3", cnn3, SIZE, DIMENSION, keep_head=False)

REPORTED = Recipe(optimiser="adam", learning_rate=1e-3, batch=100, epochs=10)
"""Adam, 10 epochs, batch 100; the learning rate, unstated, is Keras' default."""

RECIPES: Mapping[str, Recipe] = {
    "smoke": replace(REPORTED, images=64, passes=128),
    # An image costs 0.04 s to learn from on two cores: two minutes a training. The report's own 250 people, with
    # 412 images to learn from, get 7 of their 10 epochs.
    "standard": replace(REPORTED, images=1000, passes=3000),
    "full": REPORTED,
}


def cnn3_neighbours(profile: str, models: Path | None) -> TrainedVectorMethod:
    """Flattened features (n, 107,648), NearestNeighbors(algorithm="auto", metric="minkowski", p=2)."""
    encoder = TrainedFeatures(DESIGN, RECIPES[profile], models)
    return TrainedVectorMethod(encoder, NearestNeighboursIndex("auto", "l2"))  # type: ignore[arg-type]
