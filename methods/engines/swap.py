"""Putting an engine into an encoder that knows nothing of engines, and taking it out again.

Every encoder of this project calls `predict_on_batch` of its Keras networks, itself or inside a `forward_pass`, and
finds faces with a FaceDetector. Those are what is swapped; scaling, cropping and pooling stay the encoder's own.
"""

import inspect
from contextlib import ExitStack
from typing import TYPE_CHECKING

from methods.contracts import Encoder
from methods.engines.contract import Engine

if TYPE_CHECKING:
    import keras

    from methods.faces.detection import FaceDetector


class Swap:
    """An encoder's networks, compiled for an engine once; `with` runs the encoder on them for the length of a block."""

    def __init__(self, encoder: Encoder, engine: Engine) -> None:
        self._networks = [(network, engine.compile(network)) for network in networks_of(encoder)]
        self._detectors = [
            (detector, engine.make_cascade(detector._cascade.min_face_size)) for detector in detectors_of(encoder)
        ]
        self._stack = ExitStack()

    def put_in(self) -> None:
        """Run the encoder on the engine from now on."""
        for network, forward in self._networks:
            network.predict_on_batch = forward
            self._stack.callback(delattr, network, "predict_on_batch")
        for detector, cascade in self._detectors:
            if cascade is not None:
                self._stack.callback(setattr, detector, "_cascade", detector._cascade)
                detector._cascade = cascade

    def take_out(self) -> None:
        """Run the encoder as it was made."""
        self._stack.close()

    def __enter__(self) -> "Swap":
        self.put_in()
        return self

    def __exit__(self, *failure: object) -> None:
        self.take_out()


def networks_of(encoder: object) -> "list[keras.Model]":
    """The Keras networks that an encoder holds as attributes, or that its forward passes run."""
    import keras

    held: list[object] = []
    for value in vars(encoder).values():
        held += inspect.getclosurevars(value).nonlocals.values() if inspect.isfunction(value) else [value]
    return [value for value in held if isinstance(value, keras.Model)]


def detectors_of(encoder: object) -> "list[FaceDetector]":
    """The face detectors that an encoder holds as attributes."""
    from methods.faces.detection import FaceDetector

    return [value for value in vars(encoder).values() if isinstance(value, FaceDetector)]
