"""Any Keras network on OpenVINO, a batch cut into pieces that run side by side."""

import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from methods.engines.cpu import given_threads
from methods.engines.frozen_graph import frozen

if TYPE_CHECKING:
    import keras
    import openvino

PIECES = (1, 4)
"""Images that one thread works on at a time: few, so that their activations stay in its cache."""


def read(network: "keras.Model", shape: tuple[int | None, ...]) -> "openvino.Model":
    """`network` for one float32 tensor of this shape, its weights frozen, as an OpenVINO model.

    It goes through a file: OpenVINO's converter, which would take the network itself, reports its use to its makers.
    """
    import openvino
    import tensorflow as tf

    with tempfile.TemporaryDirectory(prefix="openvino-") as folder:
        graph = frozen(network, shape).graph.as_graph_def()
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

    A few images run at once, with all threads on them: the least latency. More are cut into pieces, one to a thread,
    because threads that share no layer never wait for each other. Which of PIECES is faster differs between networks
    (small layers want small pieces) and is tried out on the first batch.
    """

    def __init__(self, model: "openvino.Model", precision: str) -> None:
        self._model = model
        self._precision = precision
        self._threads = given_threads()
        self._whole: openvino.InferRequest | None = None
        self._queue: openvino.AsyncInferQueue | None = None
        self._piece = max(PIECES)
        self._lock = threading.Lock()

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """(n, ...) float32 in, (n, d) float32 out."""
        batch = np.ascontiguousarray(batch, dtype=np.float32)
        with self._lock:
            return self._at_once(batch) if len(batch) <= max(PIECES) else self._side_by_side(batch)

    def _at_once(self, batch: np.ndarray) -> np.ndarray:
        if self._whole is None:
            self._whole = compiled(self._model, self._precision, 1).create_infer_request()
        return self._whole.infer([batch], share_inputs=True)[0].copy()

    def _side_by_side(self, batch: np.ndarray) -> np.ndarray:
        import openvino

        if self._queue is None:
            self._queue = openvino.AsyncInferQueue(compiled(self._model, self._precision, self._threads), self._threads)
            self._piece = min(PIECES, key=lambda piece: self._seconds(batch, piece))
        return self._in_pieces(batch, self._piece)

    def _seconds(self, batch: np.ndarray, piece: int) -> float:
        self._in_pieces(batch, piece)
        start = time.perf_counter()
        self._in_pieces(batch, piece)
        return time.perf_counter() - start

    def _in_pieces(self, batch: np.ndarray, piece: int) -> np.ndarray:
        rows: dict[int, np.ndarray] = {}
        queue = self._queue
        assert queue is not None
        queue.set_callback(lambda request, start: rows.update({start: request.get_output_tensor(0).data.copy()}))
        for start in range(0, len(batch), piece):
            queue.start_async([batch[start : start + piece]], start, share_inputs=True)
        queue.wait_all()
        return np.concatenate([rows[start] for start in sorted(rows)])
