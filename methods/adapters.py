"""A network of one's own as an encoder: a plug-in of ten lines names it, its input, and nothing else.

from methods.adapters import TorchEncoder
from methods.spec import MethodSpec, Part

def encoder():
    import torchvision
    network = torchvision.models.resnet18(weights="DEFAULT")
    network.fc = torchvision.torch.nn.Identity()
    return TorchEncoder(network, (224, 224), mean=(123.7, 116.3, 103.5), std=(58.4, 57.1, 57.4))

METHODS = [MethodSpec(id="resnet18", family="embedding", summary="ResNet18, 512-d, cosine", source="He 2016",
    encoder=Part(encoder), index=Part("methods.indexes.exact:ExactIndex", {"metric": "cosine"}))]
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from datasets.imageset import Image
from methods.encoders.network_input import Colour, Fit, InputError, NetworkInput


class _Adapter:
    """What both kinds share: images in batches through NetworkInput, one flat row an image out."""

    def __init__(
        self,
        network: Any,
        size: tuple[int, int],
        mean: Sequence[float] = (0,),
        std: Sequence[float] = (1,),
        colour: Colour = "RGB",
        fit: Fit = "stretch",
        batch_size: int = 32,
    ) -> None:
        self.input = NetworkInput(size, mean, std, colour, fit)
        self.batch_size = batch_size
        self._network = network

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Embeddings (n, d) float32 of `images` of any sizes; raises InputError for an output of no row an image."""
        parts = []
        for start in range(0, len(images), self.batch_size):
            batch = self.input(images[start : start + self.batch_size])
            rows = np.asarray(self._forward(batch), dtype=np.float32)
            if rows.ndim < 2 or len(rows) != len(batch):
                raise InputError(f"the network gave an array of shape {rows.shape} for {len(batch)} images")
            parts.append(rows.reshape(len(rows), -1))
        return np.concatenate(parts)

    def _forward(self, batch: np.ndarray) -> Any:
        raise NotImplementedError


class TorchEncoder(_Adapter):
    """A torch.nn.Module that takes (n, channels, height, width) float32, in evaluation mode and without gradients.

    It runs on the device that its parameters are on. Settings as in NetworkInput: mean and std in grey levels.
    """

    def __init__(self, network: Any, *settings: Any, **named: Any) -> None:
        super().__init__(network, *settings, **named)
        network.eval()

    def _forward(self, batch: np.ndarray) -> Any:
        import torch

        first = next(iter(self._network.parameters()), None)
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(batch.transpose(0, 3, 1, 2)))
            return self._network(pixels if first is None else pixels.to(first.device)).float().cpu().numpy()


class KerasEncoder(_Adapter):
    """A keras.Model that takes (n, height, width, channels) float32. Settings as in NetworkInput."""

    def _forward(self, batch: np.ndarray) -> Any:
        from methods.networks.inference import predicted, ready

        ready(self._network)
        rows: np.ndarray = predicted(self._network, batch)
        return rows
