"""MTCNN and FaceNet that were kept: TensorFlow scales and cuts images out as ever, but builds no network."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.search.kept.model import NETWORK, KeptModel, write_model
from methods.encoders.facenet import SCALINGS, MtcnnFaceNet
from methods.engines.swap import networks_of
from methods.faces.alignment import MARGIN
from methods.faces.detection import FaceDetector

if TYPE_CHECKING:
    from methods.faces.cascade import Cascade

CROPS = {"refinement": 24, "output": 48}
"""The cascade's later networks, and the side of what they look at."""


class KeptFaceNet(MtcnnFaceNet):
    """An MtcnnFaceNet whose four networks lie in `folder`; the weights are part of them."""

    def __init__(
        self,
        folder: Path,
        dimension: int = 512,
        batch_size: int = 64,
        margin: float = MARGIN,
        min_face_size: int = 20,
    ) -> None:
        from methods.networks.inception_resnet_v1 import INPUT_SIZE

        self.batch_size = batch_size
        self.dimension = dimension
        self.margin = margin
        self._side = INPUT_SIZE
        self._scaling = SCALINGS[dimension]
        self._detector = _KeptDetector(folder, min_face_size, batch_size)
        self._network = _Network(KeptModel(folder / NETWORK))


class _Network:
    """What MtcnnFaceNet asks of its Keras network."""

    def __init__(self, model: KeptModel) -> None:
        self.predict_on_batch = model.first


class _KeptDetector(FaceDetector):
    def __init__(self, folder: Path, min_face_size: int, batch_size: int) -> None:
        self.batch_size = batch_size
        self._cascade = _kept_cascade(folder, min_face_size)


def _kept_cascade(folder: Path, min_face_size: int) -> "Cascade":
    import tensorflow as tf

    from methods.faces.cascade import Cascade

    class KeptCascade(Cascade):
        """The same cascade with other networks; nothing else of it is made anew."""

        def __init__(self) -> None:
            self.min_face_size = min_face_size
            proposal = KeptModel(folder / "proposal.xml")
            area = tf.image.ResizeMethod.AREA
            self._propose = lambda pixels, size: _tensors(proposal(tf.image.resize(pixels, size, method=area).numpy()))
            self._refine, self._finish = (on_crops(name, side) for name, side in CROPS.items())

    def on_crops(name: str, side: int) -> Callable[..., list[Any]]:
        model = KeptModel(folder / f"{name}.xml")

        def run(pixels: Any, boxes: np.ndarray, image: np.ndarray) -> list[Any]:
            return _tensors(
                model(tf.image.crop_and_resize(pixels, boxes, image.astype(np.int32), (side, side)).numpy())
            )

        return run

    return KeptCascade()


def _tensors(arrays: list[np.ndarray]) -> list[Any]:
    """As the cascade expects a network's outputs."""
    import tensorflow as tf

    return [tf.constant(array) for array in arrays]


def keep_facenet(encoder: MtcnnFaceNet, folder: Path) -> None:
    """Write the encoder's networks to `folder`."""
    from mtcnn.stages import StageONet, StagePNet, StageRNet

    (network,) = networks_of(encoder)
    write_model(lambda batch: network(batch, training=False), network.input_shape, folder / NETWORK)
    write_model(StagePNet().model, (None, None, None, 3), folder / "proposal.xml")
    for stage, (name, side) in zip((StageRNet, StageONet), CROPS.items(), strict=True):
        write_model(stage().model, (None, side, side, 3), folder / f"{name}.xml")
