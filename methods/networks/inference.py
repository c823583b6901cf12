"""Running a Keras network that is done with training, or that never had any."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

_DRAWN = 16_411
"""Random numbers of a kernel. It is a prime: rows and channels, whose lengths are none, are not alike."""


def forward_pass(network: "keras.Model") -> Callable[[np.ndarray], np.ndarray]:
    """The network as one compiled function of a batch, (n, ...) float32 in and out, on any Keras backend.

    Its weights no longer learn. See `ready` and `predicted`.
    """
    network.trainable = False
    ready(network)
    return lambda batch: predicted(network, batch)


def ready(network: "keras.Model") -> None:
    """Have Keras compile `network` only where that pays: on JAX, which else runs one operation after the other.

    On TensorFlow XLA would compile anew for every size of a batch, and on a CPU its depthwise convolutions are ten
    times slower than TensorFlow's own; on JAX they are replaced. On PyTorch Keras would call torch.compile, which needs
    a C++ compiler and gains less than `torch_graph`. On TensorFlow's CPU normalisations are replaced.
    """
    backend = _backend()
    network.jit_compile = backend == "jax"
    if not _is_keras(network):
        return
    if backend == "jax" and sys.modules["jax"].default_backend() == "cpu":
        from methods.networks.shifted_depthwise import shift_depthwise

        shift_depthwise(network)
    if backend == "tensorflow" and not sys.modules["tensorflow"].config.list_physical_devices("GPU"):
        from methods.networks.fused_normalisation import fuse_normalisations

        fuse_normalisations(network)


def predicted(network: "keras.Model", batch: np.ndarray) -> np.ndarray:
    """`network`'s rows for a batch of any n: the only output of a network that has one. See `all_predicted`."""
    return all_predicted(network, batch)[0]


def all_predicted(network: "keras.Model", batch: np.ndarray) -> list[np.ndarray]:
    """Every output (n, ...) of `network` for a batch of any n, by `predict_on_batch`, the bare forward pass.

    (`predict` adds a data pipeline, which costs more than a small network's computation when images come one by one.)
    On JAX the batch is filled up to the next power of two by its first row, whose answers are dropped: a compiled
    program holds for one size, and each takes seconds to compile. On PyTorch a graph takes Keras' place.
    """
    if _backend() == "torch" and _is_keras(network):
        from methods.networks.torch_graph import graph_predicted

        return graph_predicted(network, batch)
    if _backend() == "tensorflow" and _is_keras(network):
        _trace_once(network)
    count = len(batch)
    # What is no Keras network, but is called like one, has no `jit_compile`: it takes any size.
    missing = filled_size(count) - count if getattr(network, "jit_compile", False) and _backend() == "jax" else 0
    if missing:
        batch = np.concatenate([batch, np.repeat(batch[:1], missing, axis=0)])
    outputs = network.predict_on_batch(batch)
    return [np.asarray(each)[:count] for each in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def _trace_once(network: "keras.Model") -> None:
    """Have TensorFlow trace `network` for batches of any size before it sees one of some size.

    Else it would be traced for the first batch's size, and once more when another comes: seconds for a large network.
    """
    inputs: Sequence[Any] = getattr(network, "inputs", None) or ()
    replaced = "predict_on_batch" in vars(network)  # by an engine
    if network.predict_function is not None or network.run_eagerly or replaced or len(inputs) != 1:
        return
    spec = sys.modules["tensorflow"].TensorSpec((None, *inputs[0].shape[1:]), inputs[0].dtype)
    network.make_predict_function()
    predict: Any = network.predict_function
    predict.get_concrete_function([(spec,)])


def filled_size(count: int) -> int:
    """The least power of two that holds `count` images, one or more."""
    return 1 << max(0, count - 1).bit_length()


def _backend() -> str:
    keras = sys.modules.get("keras")  # imported by whoever made a network of it
    return "" if keras is None else keras.backend.backend()


def _is_keras(network: object) -> bool:
    return isinstance(network, getattr(sys.modules["keras"], "Model", ()))


def randomise(network: "keras.Model", seed: int) -> None:
    """He-normal kernels from a generator of their own: the process's random state stays as it is.

    For a network without its weights, whose speed is worth measuring and whose answers are not: so a large kernel is
    made of some thousands of numbers again and again.
    """
    rng = np.random.default_rng(seed)
    for variable in network.trainable_variables:
        shape = tuple(variable.shape)
        if len(shape) > 1:
            # A depthwise kernel (h, w, channels, 1) sees one channel at a time.
            inputs = np.prod(shape[:2]) if len(shape) == 4 and shape[3] == 1 else np.prod(shape[:-1])
            numbers = rng.standard_normal(min(int(np.prod(shape)), _DRAWN), dtype=np.float32)
            scale = np.float32((2 / inputs) ** 0.5)  # no float64: the whole kernel would be made in it
            variable.assign(np.resize(scale * numbers, shape))
