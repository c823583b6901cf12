"""FaceNet on the main face of each image: MTCNN, crop, Inception-ResNet-v1, unit vectors.

Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and Clustering" (2015); weights and their input
scalings as in github.com/davidsandberg/facenet.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from datasets.imageset import Image
from methods.faces.alignment import MARGIN, main_face
from methods.faces.detection import FaceBoxes, FaceDetector
from methods.networks.inference import predicted, randomise, ready
from methods.stages import stage


def fixed_scaling(crops: np.ndarray) -> np.ndarray:
    """(x - 127.5) / 127.5: (n, h, w, 3) uint8 to float32 in [-1, 1]. For the 512-d weights."""
    return (crops.astype(np.float32) - 127.5) / 127.5


def whitened(crops: np.ndarray) -> np.ndarray:
    """Each image less its mean, over its standard deviation: (n, h, w, 3) uint8 to float32. For the 128-d weights.

    facenet's `prewhiten`: the deviation is at least 1 / sqrt(values of an image), so that a flat image gives zeros.
    """
    pixels = crops.astype(np.float32)
    axes = (1, 2, 3)
    deviation = np.maximum(pixels.std(axis=axes, keepdims=True), pixels[0].size ** -0.5)
    return (pixels - pixels.mean(axis=axes, keepdims=True)) / deviation


SCALINGS: Mapping[int, Callable[[np.ndarray], np.ndarray]] = {512: fixed_scaling, 128: whitened}
"""What the public weights of each output dimension were trained on."""


class MtcnnFaceNet:
    """An Encoder: (n, dimension) float32 unit rows, NaN where an image has no face.

    `weights` is a file of Keras layer weights that fits `dimension` (512 or 128); None leaves the network at random
    weights, equal for equal `seed`, good for nothing but its running time. Raises WeightsError for an unfit file.
    """

    def __init__(
        self,
        weights: Path | None,
        dimension: int = 512,
        batch_size: int = 64,
        margin: float = MARGIN,
        min_face_size: int = 20,
        seed: int = 0,
    ) -> None:
        from methods.layer_weights import load_layer_weights
        from methods.networks.empty_kernels import kernels_at_zero
        from methods.networks.inception_resnet_v1 import INPUT_SIZE, inception_resnet_v1

        if dimension not in SCALINGS:
            raise ValueError(f"FaceNet has weights of {' or '.join(map(str, SCALINGS))} dimensions, not {dimension}")
        self.batch_size = batch_size
        self.dimension = dimension
        self.margin = margin
        self._side = INPUT_SIZE
        self._scaling = SCALINGS[dimension]
        self._detector = FaceDetector(min_face_size, batch_size)
        with kernels_at_zero():
            self._network = inception_resnet_v1(dimension)
        if weights is None:
            randomise(self._network, seed)
        else:
            load_layer_weights(self._network, weights)
        ready(self._network)

    def detect(self, images: Sequence[Image]) -> list[FaceBoxes]:
        """The faces that `encode` chooses from, to draw or to count them."""
        return self._detector.detect(images)

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Embeddings (n, dimension) float32 of norm 1; a row of NaN where no face is found."""
        images = list(images)
        rows = np.full((len(images), self.dimension), np.nan, dtype=np.float32)
        with stage("detect"):
            crops = [
                main_face(image, faces, self._side, self.margin)
                for image, faces in zip(images, self.detect(images), strict=True)
            ]
        found = [(position, crop) for position, crop in enumerate(crops) if crop is not None]
        with stage("encode"):
            for start in range(0, len(found), self.batch_size):
                positions, batch = zip(*found[start : start + self.batch_size], strict=True)
                rows[list(positions)] = self.embed(np.stack(batch))
        return rows

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit embeddings (n, dimension) float32 of face crops (n, 160, 160, 3) uint8 RGB."""
        outputs = predicted(self._network, self._scaling(crops))
        norms = np.linalg.norm(outputs, axis=1, keepdims=True)
        return outputs / np.maximum(norms, np.finfo(np.float32).tiny)
