"""`check METHOD`: the conformance checks on a catalogue entry, with images that suit it."""

from pathlib import Path

import numpy as np

from datasets.imageset import ImageSet
from datasets.synthetic import stand_in
from methods.building import Surroundings, build_method
from methods.conformance import Finding, check
from methods.spec import MethodSpec
from methods.weights import find_weights

FACES = 12
"""Drawn faces given to a method that looks for faces: four people, three pictures each."""


def check_method(spec: MethodSpec, weights_dir: Path | None) -> list[Finding]:
    """What breaks the contract, empty when the method conforms; raises WeightsError for weights that are not theirs."""
    found = next(filter(None, (find_weights(name, weights_dir) for name in spec.weights)), None)
    surroundings = Surroundings(found.path if found else None, profile="smoke")
    images = _faces() if spec.content == "faces" else None
    return check(lambda: build_method(spec, surroundings), spec, images)


def _faces() -> ImageSet:
    dataset = stand_in("lfw")
    items = dataset.split("smoke").gallery + dataset.split("smoke").queries
    labels, counts = np.unique([item.label for item in items], return_counts=True)
    people = labels[counts >= FACES // 4][:4]
    chosen = [[item for item in items if item.label == person][: FACES // 4] for person in people]
    return dataset.imageset([item for person in chosen for item in person])
