"""What is asked and what is answered when a hit is to be explained."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from datasets.imageset import Image
from methods.building import Surroundings
from methods.spec import MethodSpec


@dataclass(frozen=True)
class Neighbour:
    """One result of a search: the image's name, its label ("" where images have none) and its score, larger = better.

    `label` is what right and wrong are judged by; nothing but the name tells images without labels apart.
    """

    name: str
    label: str
    score: float


@dataclass(frozen=True, eq=False)
class Question:
    """Why is `hit` a result of `spec`'s search for `query`? Images are RGB uint8 (height, width, 3).

    `neighbours` are the results of that search, best first, and `chosen` is the place of `hit` among them.
    """

    spec: MethodSpec
    query: Image
    hit: Image
    neighbours: Sequence[Neighbour] = ()
    chosen: int = 0
    surroundings: Surroundings = field(default_factory=Surroundings)


@dataclass(frozen=True, eq=False)
class Explanation:
    """A heading, a text that goes on from it and says what the picture shows, and the picture, if there is one.

    `picture` is RGB uint8 (height, width, 3).
    """

    title: str
    text: str
    picture: np.ndarray | None
