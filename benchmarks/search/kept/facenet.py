"""MTCNN and FaceNet that were kept: as the MtcnnFaceNet they come from, without TensorFlow."""

from pathlib import Path

from benchmarks.search.faces import CROP_SIDE
from benchmarks.search.kept.model import NETWORK, KeptModel, write_model
from benchmarks.search.kept.mtcnn_networks import CROPS, PROPOSAL, KeptNetworks
from methods.encoders.facenet import SCALINGS, MtcnnFaceNet
from methods.engines.swap import networks_of
from methods.faces.alignment import MARGIN
from methods.faces.cascade import Cascade
from methods.faces.detection import FaceDetector


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
        self.batch_size = batch_size
        self.dimension = dimension
        self.margin = margin
        self._side = CROP_SIDE
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
        self._cascade = Cascade(KeptNetworks(folder), min_face_size)


def keep_facenet(encoder: MtcnnFaceNet, folder: Path) -> None:
    """Write the encoder's networks to `folder`."""
    from mtcnn.stages import StageONet, StagePNet, StageRNet

    (network,) = networks_of(encoder)
    write_model(network, network.input_shape, folder / NETWORK)
    write_model(StagePNet().model, (None, None, None, 3), folder / PROPOSAL)
    for stage, (name, side) in zip((StageRNet, StageONet), CROPS.items(), strict=True):
        write_model(stage().model, (None, side, side, 3), folder / name)
