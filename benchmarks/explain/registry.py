"""Which explanation a method gets: decided by its catalogue entry alone, so plug-ins are explained like our own."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.explain.explanation import Explanation, Neighbour, Question
from datasets.imageset import Image
from methods.building import Surroundings, resolve
from methods.spec import MethodSpec


@dataclass(frozen=True)
class Kind:
    """One kind of explanation: whom it is for, and the function Question -> Explanation, imported when needed."""

    name: str
    applies: Callable[[MethodSpec], bool]
    function: str


def _compares_bits(spec: MethodSpec) -> bool:
    return spec.index is not None and getattr(resolve(spec.index), "metric", None) == "hamming"


KINDS: tuple[Kind, ...] = (Kind("bits", _compares_bits, "benchmarks.explain.bits:explain_bits"),)
"""Tried in order; the first that applies is used."""


def kind_of(spec: MethodSpec) -> Kind | None:
    """The kind of explanation that `spec` gets; None where there is none for it."""
    return next((kind for kind in KINDS if kind.applies(spec)), None)


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
    (0 = the first): methods that compare embeddings are explained by their scores, all others need the images alone.
    `surroundings` offers the weights that some encoders are built with. A method of no known kind gets a text that says
    so, and no picture.
    """
    kind = kind_of(spec)
    if kind is None:
        return Explanation(spec.id, f"{spec.id} ({spec.summary}) does not say why it chose a hit.", None)
    module, _, name = kind.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    return function(Question(spec, query, hit, neighbours, chosen, surroundings or Surroundings()))
