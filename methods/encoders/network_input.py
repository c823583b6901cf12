"""Images as a network was trained to be fed them: of its size, in its colour order, scaled."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from datasets.errors import BenchmarkError
from datasets.imageset import Image
from methods.resizing import resized

Colour = Literal["RGB", "BGR", "grey"]
Fit = Literal["stretch", "crop"]
COLOURS, FITS = ("RGB", "BGR", "grey"), ("stretch", "crop")


class InputError(BenchmarkError):
    """Settings of a network's input that cannot be meant."""


class NetworkInput:
    """RGB uint8 images of any sizes to (n, height, width, channels): (x - mean) / std, float32.

    `mean` and `std` are in grey levels (0 to 255), one number or one a channel, in the order of `colour`. `fit` "crop"
    cuts out the largest part in the middle that has the input's proportions, "stretch" keeps all of the image. Raises
    InputError for settings that do not go together.
    """

    def __init__(
        self,
        size: tuple[int, int],
        mean: Sequence[float] = (0,),
        std: Sequence[float] = (1,),
        colour: Colour = "RGB",
        fit: Fit = "stretch",
    ) -> None:
        self.size = (int(size[0]), int(size[1]))
        self.colour = colour
        self.fit = fit
        self.mean, self.std = (np.array(numbers, dtype=np.float32) for numbers in (mean, std))
        if problem := self._problem():
            raise InputError(problem)

    @property
    def channels(self) -> int:
        """Of an image as it is fed."""
        return 1 if self.colour == "grey" else 3

    @property
    def scales(self) -> bool:
        """Whether pixels are fed as anything but what they are."""
        return bool(self.mean.any() or (self.std != 1).any())

    def pixels(self, images: Sequence[Image]) -> np.ndarray:
        """The images as bytes, (n, height, width, channels) uint8: all but the scaling."""
        import cv2

        pixels = np.empty((len(images), *self.size, self.channels), dtype=np.uint8)
        for place, image in zip(pixels, images, strict=True):
            fitted = resized(self._cut(image), self.size)
            if self.colour == "grey":
                place[..., 0] = cv2.cvtColor(fitted, cv2.COLOR_RGB2GRAY)
            else:
                place[:] = fitted if self.colour == "RGB" else fitted[..., ::-1]
        return pixels

    def __call__(self, images: Sequence[Image]) -> np.ndarray:
        """The images as they are fed, (n, height, width, channels) float32."""
        scaled = self.pixels(images).astype(np.float32)
        if self.scales:
            scaled -= self.mean
            scaled /= self.std
        return scaled

    def _cut(self, image: Image) -> Image:
        if self.fit == "stretch":
            return image
        height, width = image.shape[:2]
        ratio = self.size[1] / self.size[0]
        rows, columns = min(height, max(1, round(width / ratio))), min(width, max(1, round(height * ratio)))
        top, left = (height - rows) // 2, (width - columns) // 2
        return image[top : top + rows, left : left + columns]

    def _problem(self) -> str:
        if min(self.size) < 1:
            return f"the input size is {self.size[0]}x{self.size[1]}: give height and width in pixels"
        if self.colour not in COLOURS or self.fit not in FITS:
            return f"colour is {', '.join(COLOURS)} and fit {' or '.join(FITS)}, not {self.colour!r} and {self.fit!r}"
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if numbers.ndim != 1 or len(numbers) not in (1, self.channels) or not np.isfinite(numbers).all():
                return f"{name} takes 1 or {self.channels} finite numbers for {self.colour}, not {numbers.tolist()}"
        if (self.std < 1).any():
            least = float(self.std.min())
            return f"std holds {least:g}: mean and std are grey levels of 0 to 255; {least:g} of 1 is {least * 255:.4g}"
        return ""
