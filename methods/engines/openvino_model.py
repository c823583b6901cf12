"""Any TensorFlow function on OpenVINO, a batch cut into pieces that run side by side."""

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from methods.engines.cpu import given_threads
from methods.engines.frozen_graph import frozen

if TYPE_CHECKING:
    import openvino

PIECE = 4
"""Images that one thread works on at a time: their activations stay in its cache."""


def read(function: Callable[..., Any], shape: tuple[int | None, ...]) -> "openvino.Model":
    """`function` of one float32 tensor of this shape, its weights frozen, as an OpenVINO model.

    It goes through a file: OpenVINO's converter, which would take the function itself, reports its use to its makers.
    """
    import openvino
    import tensorflow as tf

    with tempfile.TemporaryDirectory(prefix="openvino-") as folder:
        graph = frozen(function, shape).graph.as_graph_def()
        tf.io.write_graph(graph, folder, "frozen.pb", as_text=False)
        model = openvino.Core().read_model(Path(folder) / "frozen.pb")
    model.reshape(openvino.PartialShape([-1 if side is None else side for side in shape]))
    return model


def compiled(model: "openvino.Model", precision: str, streams: int) -> "openvino.CompiledModel":
    """The model for this process's threads, shared out among `streams` that run at the same time.

    `precision` is "f32" or "bf16": what convolutions and products are computed in; sums stay float32.
    """
    import openvino

    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": given_threads(), "NUM_STREAMS": streams}
    return openvino.Core().compile_model(model, "CPU", settings)


class Pieces:
    """A model of one input and one output over batches of any size.

    A few images run one piece at a time, with all threads on it: the least latency. More are cut into pieces of PIECE,
    one to a thread: twice the throughput of a network whose layers are small, because threads never wait for each other.
    """

    def __init__(self, model: "openvino.Model", precision: str) -> None:
        self._model = model
        self._precision = precision
        self._threads = given_threads()
        self._whole: openvino.InferRequest | None = None
        self._queue: openvino.AsyncInferQueue | None = None
        self._lock = threading.Lock()

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """(n, ...) float32 in, (n, d) float32 out."""
        batch = np.ascontiguousarray(batch, dtype=np.float32)
        with self._lock:
            return self._at_once(batch) if len(batch) <= PIECE or self._threads == 1 else self._side_by_side(batch)

    def _at_once(self, batch: np.ndarray) -> np.ndarray:
        if self._whole is None:
            self._whole = compiled(self._model, self._precision, 1).create_infer_request()
        rows = [
            self._whole.infer([batch[start : start + PIECE]], share_inputs=True)[0].copy()
            for start in range(0, len(batch), PIECE)
        ]
        return np.concatenate(rows)

    def _side_by_side(self, batch: np.ndarray) -> np.ndarray:
        import openvino

        if self._queue is None:
            self._queue = openvino.AsyncInferQueue(compiled(self._model, self._precision, self._threads), self._threads)
        rows: dict[int, np.ndarray] = {}
        self._queue.set_callback(lambda request, start: rows.update({start: request.get_output_tensor(0).data.copy()}))
        for start in range(0, len(batch), PIECE):
            self._queue.start_async([batch[start : start + PIECE]], start, share_inputs=True)
        self._queue.wait_all()
        return np.concatenate([rows[start] for start in sorted(rows)])
