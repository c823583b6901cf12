"""Reading legacy Keras .h5 layer weights into a model: numbers only, every name and shape checked first.

Keras' own reader by name leaves a layer that the file lacks at its random start, and follows what links a file holds.
Here neither can happen, nothing in the file is ever executed (no pickle, no model configuration), and a tensor is read
only after its shape is known to fit, so a hostile file cannot ask for memory either.
"""

import itertools
from pathlib import Path
from typing import Any, Literal

import numpy as np

from datasets.errors import WeightsError


def load_layer_weights(
    model: Any,
    path: Path,
    *,
    match: Literal["name", "order"] = "name",
    allow_extra: bool = False,
) -> None:
    """Set all weights of a keras.Model from a legacy .h5 file of layer weights (or of a whole model).

    `match` "name" pairs layers by name; "order" pairs the layers that have weights one by one, for networks whose
    layers have automatic names (InceptionV3, InceptionResNetV2). `allow_extra` accepts layers in the file that the
    model lacks, for a network cut short; by name only. Half-precision tensors are widened to float32. Raises
    WeightsError naming the first layer that does not fit; the model is then unchanged.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            root = _member(file, "model_weights", path) if "model_weights" in file else file
            saved = _saved_layers(root, path)
            layers = [layer for layer in model.layers if layer.weights]
            pairs = _by_order(layers, saved, path) if match == "order" else _by_name(layers, saved, path, allow_extra)
            tensors = [
                (variable, dataset)
                for layer, (name, datasets) in pairs
                for variable, dataset in _fitting(layer, name, datasets, path)
            ]
            values = [np.asarray(dataset[()], dtype=np.float32) for _, dataset in tensors]
    except (OSError, LookupError, RuntimeError, TypeError, ValueError) as error:  # a name that is a number, or nothing
        raise WeightsError(f"{path} is no Keras .h5 file of layer weights ({error}); fetch it again") from error
    for (variable, _), value in zip(tensors, values, strict=True):
        variable.assign(value)


def _saved_layers(root: Any, path: Path) -> dict[str, list[Any]]:
    """Datasets of each layer that has weights, in the file's order."""
    saved = {}
    for name in _names(root, "layer_names"):
        group = _member(root, name, path)
        if weight_names := _names(group, "weight_names"):
            saved[name] = [_member(group, weight, path) for weight in weight_names]
    return saved


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names kept in an attribute, which Keras splits in numbered pieces when it is long."""
    numbered = (f"{attribute}{i}" for i in itertools.count())
    whole = [attribute] if attribute in group.attrs else []
    pieces = whole or list(itertools.takewhile(lambda piece: piece in group.attrs, numbered))
    if not pieces:
        raise KeyError(f"no attribute {attribute} in {group.name}")
    names = [name for piece in pieces for name in group.attrs[piece]]
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names]


def _member(group: Any, name: str, path: Path) -> Any:
    """The group or dataset `name`, refusing links on the way: they could show other files as weights."""
    import h5py

    for step in name.split("/"):
        if not isinstance(group.get(step, getlink=True), h5py.HardLink):
            raise WeightsError(f"{path}: {name!r} is missing or a link to elsewhere; fetch the file again")
        group = group[step]
    if isinstance(group, h5py.Dataset) and (group.external or group.is_virtual or group.dtype.kind != "f"):
        raise WeightsError(f"{path}: {name!r} holds no plain floating-point numbers; fetch the file again")
    return group


def _by_order(layers: list[Any], saved: dict[str, list[Any]], path: Path) -> list[tuple[Any, tuple[str, list[Any]]]]:
    if len(layers) != len(saved):
        raise WeightsError(f"{path} has {len(saved)} layers with weights, the network {len(layers)}: another network")
    return list(zip(layers, saved.items(), strict=True))


def _by_name(
    layers: list[Any], saved: dict[str, list[Any]], path: Path, allow_extra: bool
) -> list[tuple[Any, tuple[str, list[Any]]]]:
    for layer in layers:
        if layer.name not in saved:
            raise WeightsError(f"{path} has no layer {layer.name!r}: it belongs to another network")
    extra = saved.keys() - {layer.name for layer in layers}
    if extra and not allow_extra:
        raise WeightsError(f"{path} has a layer {min(extra)!r} that the network lacks: it belongs to another network")
    return [(layer, (layer.name, saved[layer.name])) for layer in layers]


def _fitting(layer: Any, name: str, datasets: list[Any], path: Path) -> list[tuple[Any, Any]]:
    """Each variable of `layer` with its dataset, in the order Keras saves them."""
    variables = [*layer.trainable_weights, *layer.non_trainable_weights]
    expected = [tuple(variable.shape) for variable in variables]
    shapes = [tuple(getattr(dataset, "shape", ())) for dataset in datasets]
    if shapes != expected:
        raise WeightsError(f"{path}: layer {name!r} has shapes {shapes}, the network's {layer.name!r} {expected}")
    return list(zip(variables, datasets, strict=True))
