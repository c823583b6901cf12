"""What is asked and answered when a hit is to be explained, and which explanation a method gets.

That is decided by its catalogue entry alone, so plug-ins are explained like our own."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from datasets.imageset import Image
from methods.building import Surroundings, resolve
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


@dataclass(frozen=True)
class Kind:
    """One kind of explanation: whom it is for, and the function Question -> Explanation, imported when needed."""

    name: str
    applies: Callable[[MethodSpec], bool]
    function: str


def _compares_bits(spec: MethodSpec) -> bool:
    return spec.index is not None and getattr(resolve(spec.index), "metric", None) == "hamming"


def _matches_points(spec: MethodSpec) -> bool:
    return spec.family == "local features" and spec.method is not None


KINDS: tuple[Kind, ...] = (
    Kind("bits", _compares_bits, "benchmarks.reporting.explain.bits:explain_bits"),
    Kind("matches", _matches_points, "benchmarks.reporting.explain.matches:explain_matches"),
    Kind("faces", lambda spec: spec.family == "face embedding", "benchmarks.reporting.explain.faces:explain_faces"),
    Kind("neighbours", lambda spec: True, "benchmarks.reporting.explain.neighbours:explain_neighbours"),
)
"""Tried in order; the first that applies is used. The last applies to every method."""


def kind_of(spec: MethodSpec) -> Kind:
    """The kind of explanation that `spec` gets."""
    return next(kind for kind in KINDS if kind.applies(spec))


def explain(
    spec: MethodSpec,
    query: Image,
    hit: Image,
    *,
    neighbours: Sequence[Neighbour] = (),
    chosen: int = 0,
    surroundings: Surroundings | None = None,
) -> Explanation:
    """Why the method found `hit` for `query`, both RGB uint8 (height, width, 3) of any sizes.

    `neighbours` are the results of the search that found it, best first, and `chosen` is the place of `hit` among them
    (0 = the first). Hashes, local features and face methods are explained from the images alone (face methods show the
    scores too, if given); for all others the neighbours' scores are the explanation, and without them `picture` is
    None. `surroundings` offers what an encoder of bits may be built with.
    """
    module, _, name = kind_of(spec).function.partition(":")
    function = getattr(importlib.import_module(module), name)
    return function(Question(spec, query, hit, neighbours, chosen, surroundings or Surroundings()))
