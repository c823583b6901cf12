"""Building a network whose weights come from elsewhere: its kernels are zeros, not random numbers.

Keras draws a number for every weight of a network that it builds. Where a file of weights replaces them at once, that
is half of the time that a large network takes to be built.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_building = threading.local()
"""`depth` of the blocks that the thread is in."""


@contextmanager
def kernels_at_zero() -> Iterator[None]:
    """A block in which networks that this thread builds get kernels of zeros; who builds one has to fill it.

    Biases, and what normalisations start with, stay as they are. Other threads, which may train, are not concerned.
    """
    _teach_keras()
    _building.depth = getattr(_building, "depth", 0) + 1
    try:
        yield
    finally:
        _building.depth -= 1


@cache
def _teach_keras() -> None:
    """Have Keras' usual initial kernels (Glorot's, He's and LeCun's are kinds of one) ask where they are made."""
    import keras

    scaled: Any = keras.initializers.VarianceScaling
    drawn = scaled.__call__

    def made(self: Any, shape: Any, dtype: Any = None, **more: Any) -> Any:
        if getattr(_building, "depth", 0):
            return keras.ops.zeros(shape, dtype=dtype)
        return drawn(self, shape, dtype=dtype, **more)

    scaled.__call__ = made
