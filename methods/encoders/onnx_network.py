"""Any network in an ONNX file as an encoder: fitted and scaled images in, one row an image out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.errors import WeightsError
from datasets.imageset import Image
from methods.encoders.network_input import Colour, Fit, InputError, NetworkInput
from methods.networks.openvino_file import FileNetwork, Pool


class OnnxNetwork:
    """An Encoder: (n, dimension) float32, as the network in `model` (or, of the catalogue, `weights`) has them.

    `size`, `output` and `pool` are as in FileNetwork, the other settings as in NetworkInput. A network that is fed
    bytes scales them itself: it takes no mean and no std. Raises WeightsError or InputError where file and settings do
    not go together; without a file there is no network, not even one to time.
    """

    def __init__(
        self,
        weights: Path | None = None,
        *,
        model: Path | None = None,
        size: tuple[int, int] | None = None,
        mean: Sequence[float] = (0,),
        std: Sequence[float] = (1,),
        colour: Colour = "RGB",
        fit: Fit = "stretch",
        output: str = "",
        pool: Pool = "",
        batch_size: int = 32,
    ) -> None:
        path = model or weights
        if path is None:
            raise WeightsError("an ONNX network cannot be run without its file, which holds the network itself")
        self.batch_size = batch_size
        self._network = FileNetwork(Path(path), output, size and (size[0], size[1]), pool)
        self.fed = self._network.fed
        self.dimension = self._network.dimension
        self.input = NetworkInput(self.fed.size, mean, std, colour, fit)
        if self.input.channels != self.fed.channels:
            raise InputError(f"{path} is fed {self.fed.channels} channels, not {colour}: say colour=RGB, BGR or grey")
        if self.fed.type == "u8" and self.input.scales:
            raise InputError(f"{path} is fed bytes and scales them itself: leave mean and std out")

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Embeddings (n, dimension) float32 of `images` of any sizes."""
        rows = np.empty((len(images), self.dimension), dtype=np.float32)
        for start in range(0, len(images), self.batch_size):
            batch = images[start : start + self.batch_size]
            rows[start : start + len(batch)] = self._network(self.network_input(batch))
        return rows

    def network_input(self, images: Sequence[Image]) -> np.ndarray:
        """What the network is fed for `images`: (n, height, width, channels), bytes or scaled float32."""
        return self.input.pixels(images) if self.fed.type == "u8" else self.input(images)
