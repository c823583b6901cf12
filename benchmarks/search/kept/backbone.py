"""An ImageNet network that was kept: as the Backbone it comes from, without TensorFlow."""

from pathlib import Path

from benchmarks.search.kept.model import NETWORK, KeptModel, write_model
from methods.encoders.backbone import Backbone, Pooling
from methods.engines.swap import networks_of


class KeptBackbone(Backbone):
    """A Backbone whose network lies in `folder`; pooling and weights are part of it."""

    def __init__(
        self,
        folder: Path,
        network: str,
        pooling: Pooling = "avg",
        size: tuple[int, int] | None = None,
        batch_size: int = 32,
    ) -> None:
        from methods.networks.backbones import TRUNKS

        trunk = TRUNKS[network]
        self.batch_size = batch_size
        self.size = size or trunk.size
        self.scaling = trunk.scaling
        model = KeptModel(folder / NETWORK)
        self.dimension = model.dimension
        self._forward = model.first


def keep_backbone(encoder: Backbone, folder: Path) -> None:
    """Write the encoder's network to `folder`."""
    (network,) = networks_of(encoder)
    write_model(network, network.input_shape, folder / NETWORK)
