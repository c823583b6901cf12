"""A face network that comes as a file, on the main face of each image: MTCNN, crop, network on OpenVINO."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.errors import WeightsError
from datasets.imageset import Image
from methods.encoders.network_input import Colour, NetworkInput
from methods.faces.alignment import MARGIN, choose_face, crop_face
from methods.faces.detection import FaceBoxes, FaceDetector
from methods.faces.upright import SIDE, upright_face
from methods.networks.openvino_file import FileNetwork
from methods.stages import stage


class FaceFile:
    """An Encoder: (n, dimension) float32, NaN where an image has no face.

    `side` is that of the square that the network is fed. `upright` puts the face's landmarks where ArcFace has them,
    for a side of 112; otherwise its box is cut out with MARGIN around it, as for FaceNet. `weights` is an ONNX file or
    the numbers of a TensorFlow.js graph model (.bin), of which `output` names the node. Mean, std and colour are as in
    NetworkInput. Raises WeightsError without a file: it holds the network itself.
    """

    def __init__(
        self,
        weights: Path | None,
        *,
        side: int,
        upright: bool = False,
        mean: Sequence[float] = (0,),
        std: Sequence[float] = (1,),
        colour: Colour = "RGB",
        output: str = "",
        batch_size: int = 64,
        min_face_size: int = 20,
    ) -> None:
        if weights is None:
            raise WeightsError("a face network cannot be run without its file, which holds the network itself")
        if upright and side != SIDE:
            raise ValueError(f"upright faces are of {SIDE}x{SIDE} pixels, not {side}x{side}")
        self.batch_size = batch_size
        self.upright = upright
        self.input = NetworkInput((side, side), mean, std, colour)
        self._detector = FaceDetector(min_face_size, batch_size)
        self._network = _network(Path(weights), output, (side, side))
        self.dimension = self._network.dimension

    def detect(self, images: Sequence[Image]) -> list[FaceBoxes]:
        """The faces that `encode` chooses from, to draw or to count them."""
        return self._detector.detect(images)

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Embeddings (n, dimension) float32; a row of NaN where no face is found."""
        images = list(images)
        rows = np.full((len(images), self.dimension), np.nan, dtype=np.float32)
        with stage("detect"):
            crops = [self._crop(image, faces) for image, faces in zip(images, self.detect(images), strict=True)]
        found = [(position, crop) for position, crop in enumerate(crops) if crop is not None]
        with stage("encode"):
            for start in range(0, len(found), self.batch_size):
                positions, batch = zip(*found[start : start + self.batch_size], strict=True)
                rows[list(positions)] = self._network(self.input(batch))
        return rows

    def _crop(self, image: Image, faces: FaceBoxes) -> Image | None:
        chosen = choose_face(faces, image.shape[:2])
        if chosen is None:
            return None
        if self.upright:
            return upright_face(image, faces.landmarks[chosen])
        return crop_face(image, faces.boxes[chosen], self.input.size[0], MARGIN)


def _network(path: Path, output: str, size: tuple[int, int]) -> FileNetwork:
    if path.suffix != ".bin":
        return FileNetwork(path, output, size)
    from methods.networks.tfjs_graph import graph_model

    return FileNetwork(path, size=size, model=graph_model(path, output))
