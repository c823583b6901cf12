"""MTCNN's cascade with its three networks on OpenVINO, a few images to each thread."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from mtcnn.stages import StageONet, StagePNet, StageRNet

from methods.engines.cpu import given_threads
from methods.engines.openvino_model import compiled, read
from methods.faces.cascade import Candidates, Cascade

if TYPE_CHECKING:
    import openvino

if TYPE_CHECKING:
    pass

CHUNK = 8
"""Images that a thread takes through the cascade at a time."""
OFTEN = 3
"""Batches of one shape after which a model is compiled for that shape."""
MOST_SHAPES = 64
CROPS = 32
"""Crops are padded to a multiple of this: OpenVINO prepares its kernels anew for every size of a batch."""


class OpenVinoCascade(Cascade):
    """The same cascade: images are scaled, cut out and suppressed as ever, in float32; the networks run elsewhere.

    Boxes are those of the plain cascade but for rounding, which can settle ties between overlapping boxes otherwise.
    """

    def __init__(self, min_face_size: int = 20) -> None:
        super().__init__(min_face_size)
        self._threads = given_threads()
        self._pool = ThreadPoolExecutor(self._threads)
        proposal = _Network(StagePNet().model, (None, None, None, 3), self._threads)
        refinement = _Network(StageRNet().model, (None, 24, 24, 3), self._threads)
        output = _Network(StageONet().model, (None, 48, 48, 3), self._threads)

        def propose(pixels: tf.Tensor, size: list[int]) -> list[tf.Tensor]:
            return proposal(tf.raw_ops.ResizeArea(images=pixels, size=size).numpy())

        def crops(pixels: tf.Tensor, boxes: np.ndarray, image: np.ndarray, side: int) -> np.ndarray:
            cut = tf.raw_ops.CropAndResize(
                image=pixels, boxes=boxes, box_ind=image.astype(np.int32), crop_size=[side, side]
            )
            return cut.numpy()

        self._propose = propose
        self._refine = lambda pixels, boxes, image: refinement.padded(crops(pixels, boxes, image, 24))
        self._finish = lambda pixels, boxes, image: output.padded(crops(pixels, boxes, image, 48))

    def detect(self, images: np.ndarray) -> tuple[Candidates, np.ndarray]:
        """As the plain cascade's: an image's faces depend on that image alone, so any cut of the batch will do."""
        step = min(CHUNK, -(-len(images) // self._threads))
        starts = range(0, len(images), step)
        parts = list(
            self._pool.map(lambda start: super(OpenVinoCascade, self).detect(images[start : start + step]), starts)
        )
        found = Candidates(
            np.concatenate([part.image + start for start, (part, _) in zip(starts, parts, strict=True)]),
            np.concatenate([part.boxes for part, _ in parts]),
            np.concatenate([part.scores for part, _ in parts]),
        )
        return found, np.concatenate([landmarks for _, landmarks in parts])


class _Network:
    """One network, callable from several threads at once: each has requests of its own.

    A model that is compiled for one shape is twice as fast as one for all, but takes long to compile: it is worth that
    for shapes that come again and again, as with a data set of equally large images.
    """

    def __init__(self, model: Any, shape: tuple[int | None, ...], threads: int) -> None:
        self._model = read(model, shape)
        self._threads = threads
        self._for_all = compiled(self._model, "f32", threads)
        self._for_one: dict[tuple[int, ...], openvino.CompiledModel] = {}
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._lock = threading.Lock()
        self._own = threading.local()

    def __call__(self, batch: np.ndarray) -> list[tf.Tensor]:
        """The network's outputs for (n, ...) float32."""
        results = self._request(batch.shape).infer([batch], share_inputs=True)
        return [tf.constant(results[number]) for number in range(len(self._for_all.outputs))]

    def padded(self, batch: np.ndarray) -> list[tf.Tensor]:
        """The same, the batch filled up to a multiple of CROPS with zeros meanwhile."""
        spare = -len(batch) % CROPS
        results = self(np.pad(batch, ((0, spare), (0, 0), (0, 0), (0, 0))))
        return [result[: len(batch)] for result in results]

    def _request(self, shape: tuple[int, ...]) -> "openvino.InferRequest":
        """This thread's request of the model to run a batch of `shape` on."""
        with self._lock:
            self._seen[shape] += 1
            if self._seen[shape] == OFTEN and len(self._for_one) < MOST_SHAPES:
                fixed = self._model.clone()
                fixed.reshape(list(shape))
                self._for_one[shape] = compiled(fixed, "f32", self._threads)
            model = self._for_one.get(shape)
        key = str(shape if model else None)
        if not hasattr(self._own, key):
            setattr(self._own, key, (model or self._for_all).create_infer_request())
        return getattr(self._own, key)
