"""One network in a file: written with its weights frozen, run by OpenVINO alone."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

NETWORK = "network.xml"
"""The file of the network that makes the rows, in a method's folder."""


class KeptModel:
    """A kept network as a function of one batch; what was compiled for this CPU is kept beside the file too."""

    def __init__(self, path: Path) -> None:
        import openvino

        settings = {"INFERENCE_PRECISION_HINT": "f32", "CACHE_DIR": str(path.parent / "compiled")}
        self._model = openvino.Core().compile_model(path, "CPU", settings)
        self._request = self._model.create_infer_request()

    @property
    def dimension(self) -> int:
        """Numbers in a row of the first output."""
        return int(self._model.output(0).partial_shape[-1].get_length())

    def __call__(self, batch: np.ndarray) -> list[np.ndarray]:
        """Every output (n, ...) float32 of a batch (n, ...) float32."""
        results = self._request.infer([np.ascontiguousarray(batch, dtype=np.float32)], share_inputs=True)
        return [results[number].copy() for number in range(len(self._model.outputs))]

    def first(self, batch: np.ndarray) -> np.ndarray:
        """The only output of a network that has one."""
        return self(batch)[0]


def write_model(network: "keras.Model", shape: tuple[int | None, ...], path: Path) -> None:
    """Write a Keras network for one float32 tensor of this shape, its weights frozen, in float32."""
    import openvino

    from methods.engines.openvino_model import read

    openvino.save_model(read(network, shape), path, compress_to_fp16=False)
