"""From a catalogue entry to a working Method."""

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from datasets.imageset import Image
from methods.contracts import Encoder, Method
from methods.engines.registry import PLAIN, get_engine
from methods.engines.swap import Swap
from methods.spec import MethodSpec, Part
from methods.vector_method import Embed, VectorMethod, embed_in_batches


@dataclass(frozen=True)
class Surroundings:
    """What a class may ask for by naming it in its constructor, beyond its own settings."""

    weights: Path | None = None
    """The verified weights file; None for an untrained network."""
    profile: str = "standard"
    """How much training is affordable: smoke, standard or full."""
    models: Path | None = None
    """Folder in which trained weights and training logs are kept, by content; None trains in a temporary one."""
    data_dir: Path | None = None
    """Where other data sets lie, for a method that is trained on one first."""
    engine: str = PLAIN
    """What an encoder's networks run on (see methods.engines.registry)."""


def resolve(part: Part) -> Callable[..., Any]:
    """The class a Part names, importing its module now."""
    if callable(part.target):
        return part.target
    module, _, name = part.target.partition(":")
    return getattr(importlib.import_module(module), name)


def build_encoder(spec: MethodSpec, surroundings: Surroundings) -> Encoder:
    """The encoder of a composed method."""
    if spec.encoder is None:
        raise ValueError(f"{spec.id} is a whole method and has no encoder")
    encoder = _make(spec.encoder, surroundings)
    if surroundings.engine != PLAIN:
        Swap(encoder, get_engine(surroundings.engine)).put_in()
    return encoder


class Unbuilt:
    """An Encoder that is built when there is something to encode: where all rows are stored, no network is loaded."""

    def __init__(self, build: Callable[[], Encoder]) -> None:
        self._build = build

    @cached_property
    def built(self) -> Encoder:
        """The encoder itself, from now on the same."""
        return self._build()

    @property
    def batch_size(self) -> int:
        """The encoder's."""
        return self.built.batch_size

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """The encoder's rows."""
        return self.built.encode(images)


def built(encoder: Encoder) -> Encoder:
    """The encoder itself, which messages name."""
    return encoder.built if isinstance(encoder, Unbuilt) else encoder


def build_method(
    spec: MethodSpec,
    surroundings: Surroundings = Surroundings(),
    embed: Embed = embed_in_batches,
    encoder_if_needed: bool = False,
) -> Method:
    """A fresh, unfitted Method; with `encoder_if_needed` its encoder is built when `embed` first encodes."""
    if spec.method is not None:
        return _make(spec.method, surroundings)
    if spec.index is None:
        raise ValueError(f"{spec.id} needs either a method or an encoder and an index")
    transforms = [_make(part, surroundings) for part in spec.transforms]
    encoder = partial(build_encoder, spec, surroundings)
    index = _make(spec.index, surroundings)
    return VectorMethod(Unbuilt(encoder) if encoder_if_needed else encoder(), transforms, index, embed)


def _make(part: Part, surroundings: Surroundings) -> Any:
    factory = resolve(part)
    asked = inspect.signature(factory).parameters
    offered = {field.name: getattr(surroundings, field.name) for field in fields(surroundings) if field.name in asked}
    return factory(**{**offered, **part.params})
