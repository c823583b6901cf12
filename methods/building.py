"""From a catalogue entry to a working Method."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from methods.contracts import Encoder, Method
from methods.spec import MethodSpec, Part
from methods.vector_method import Embed, VectorMethod, embed_in_batches


def resolve(part: Part) -> Callable[..., Any]:
    """The class a Part names, importing its module now."""
    if callable(part.target):
        return part.target
    module, _, name = part.target.partition(":")
    return getattr(importlib.import_module(module), name)


def build_encoder(spec: MethodSpec, weights: Path | None) -> Encoder:
    """The encoder of a composed method; `weights` is given to one whose class takes weights."""
    if spec.encoder is None:
        raise ValueError(f"{spec.id} is a whole method and has no encoder")
    return _make(spec.encoder, weights)


def build_method(spec: MethodSpec, weights: Path | None = None, embed: Embed = embed_in_batches) -> Method:
    """A fresh, unfitted Method. `weights` is the verified file, or None for an untrained network."""
    if spec.method is not None:
        return _make(spec.method, weights)
    if spec.index is None:
        raise ValueError(f"{spec.id} needs either a method or an encoder and an index")
    transforms = [_make(part, None) for part in spec.transforms]
    return VectorMethod(build_encoder(spec, weights), transforms, _make(spec.index, None), embed)


def _make(part: Part, weights: Path | None) -> Any:
    factory = resolve(part)
    params = dict(part.params)
    if "weights" in inspect.signature(factory).parameters:
        params["weights"] = weights
    return factory(**params)
