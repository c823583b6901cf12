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
from methods.faces.candidates import Candidates
from methods.faces.cascade import Cascade
from methods.faces.mtcnn_networks import MtcnnNetworks

if TYPE_CHECKING:
    import openvino

CHUNK = 32
"""Most images that a thread takes through the cascade at a time."""
OFTEN = 3
"""Batches of one shape after which the proposal network is compiled for that shape."""
MOST_SHAPES = 64
SMALL_CROPS, LARGE_CROPS = 64, 8
"""Crops of 24 and of 48 pixels in one pass of their network: its activations stay in the cache, little is filled up."""


class OpenVinoCascade(Cascade):
    """The same cascade: images are scaled, cut out and suppressed as ever, in float32; the networks run elsewhere.

    Boxes are those of the plain cascade but for rounding, which can settle ties between overlapping boxes otherwise.
    """

    def __init__(self, min_face_size: int = 20) -> None:
        self._threads = given_threads()
        self._pool = ThreadPoolExecutor(self._threads)
        super().__init__(_Networks(self._threads), min_face_size)

    def detect(self, images: np.ndarray) -> tuple[Candidates, np.ndarray]:
        """As the plain cascade's: an image's faces depend on that image alone, so any cut of the batch will do."""
        rounds = -(-len(images) // (CHUNK * self._threads))
        step = -(-len(images) // (rounds * self._threads))
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


class _Networks:
    """The three networks; images are scaled and cut out by TensorFlow's own operations, as in the plain cascade."""

    pixels = staticmethod(MtcnnNetworks.pixels)

    def __init__(self, threads: int) -> None:
        self._proposal = _PyramidNetwork(StagePNet().model, threads)
        self.refine = _CropNetwork(StageRNet().model, SMALL_CROPS, 24, threads)
        self.finish = _CropNetwork(StageONet().model, LARGE_CROPS, 48, threads)

    def propose(self, pixels: tf.Tensor, size: tuple[int, int]) -> Any:
        """The proposal network's answers at one scale."""
        return self._proposal(tf.raw_ops.ResizeArea(images=pixels, size=list(size)).numpy())


class _PyramidNetwork:
    """The network for images of any size, callable from several threads at once: each has requests of its own.

    A model that is compiled for one shape is twice as fast as one for all, but takes long to compile: it is worth that
    for shapes that come again and again, as with a data set of equally large images.
    """

    def __init__(self, model: Any, threads: int) -> None:
        self._model = read(model, (None, None, None, 3))
        self._threads = threads
        self._for_all = compiled(self._model, "f32", threads)
        self._for_one: dict[tuple[int, ...], openvino.CompiledModel] = {}
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._lock = threading.Lock()
        self._own = threading.local()

    def __call__(self, batch: np.ndarray) -> list[np.ndarray]:
        """The network's outputs for (n, height, width, 3) float32."""
        return _outputs(self._request(batch.shape), batch)

    def _request(self, shape: tuple[int, ...]) -> "openvino.InferRequest":
        """This thread's request of the model to run a batch of `shape` on."""
        with self._lock:
            self._seen[shape] += 1
            if self._seen[shape] == OFTEN and len(self._for_one) < MOST_SHAPES:
                self._for_one[shape] = compiled(_of_shape(self._model, shape), "f32", self._threads)
            model = self._for_one.get(shape)
        key = str(shape if model else None)
        if not hasattr(self._own, key):
            setattr(self._own, key, (model or self._for_all).create_infer_request())
        return getattr(self._own, key)


class _CropNetwork:
    """A network for square crops, compiled for `piece` of them: how many candidates images have is ever different."""

    def __init__(self, model: Any, piece: int, side: int, threads: int) -> None:
        self._piece, self._side = piece, side
        shape = (piece, side, side, 3)
        self._model = compiled(_of_shape(read(model, (None, *shape[1:])), shape), "f32", threads)
        self._own = threading.local()

    def __call__(self, pixels: tf.Tensor, boxes: np.ndarray, image: np.ndarray) -> Any:
        """The network's outputs for each of `boxes` (m, 4), m > 0: y1 x1 y2 x2 fractions of the image it is in."""
        if not hasattr(self._own, "request"):
            self._own.request = self._model.create_infer_request()
        crops = tf.raw_ops.CropAndResize(
            image=pixels, boxes=boxes, box_ind=image.astype(np.int32), crop_size=[self._side, self._side]
        ).numpy()
        filled = np.pad(crops, ((0, -len(crops) % self._piece), (0, 0), (0, 0), (0, 0)))
        pieces = [
            _outputs(self._own.request, filled[start : start + self._piece])
            for start in range(0, len(filled), self._piece)
        ]
        return [np.concatenate(parts)[: len(crops)] for parts in zip(*pieces, strict=True)]


def _outputs(request: "openvino.InferRequest", batch: np.ndarray) -> list[np.ndarray]:
    results = request.infer([batch], share_inputs=True)
    return [results[number] for number in range(len(results))]


def _of_shape(model: "openvino.Model", shape: tuple[int, ...]) -> "openvino.Model":
    fixed = model.clone()
    fixed.reshape(list(shape))
    return fixed
