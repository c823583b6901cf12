"""How a network is trained: every setting that decides the weights, apart from the network and the images."""

import math
from dataclasses import dataclass
from typing import Literal

CALM = 0.01
"""Share of the first learning rate that a cosine ends on."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of one training. Sparse categorical cross-entropy is what every one of them minimises."""

    optimiser: Literal["adam", "adamax"] = "adam"
    learning_rate: float = 1e-3
    cosine: bool = False
    """Let the learning rate fall along half a cosine (Loshchilov & Hutter 2017, one cycle) instead of holding it."""
    batch: int = 32
    epochs: int = 10
    patience: int | None = None
    """Stop after so many epochs without progress on the held-out images, and keep the best epoch; None: never."""
    held_out: float = 0.1
    """Share of the gallery's images that is not learned from but watched; labels of one or two images give none."""
    flip: bool = False
    """Mirror every other image at random."""
    shift: int = 0
    """Move each image by up to so many pixels either way, its edge repeated."""
    images: int | None = None
    """Learn from so many images at most, drawn from the whole gallery."""
    passes: int | None = None
    """Show so many images at most, counting repeats: fewer epochs then, but one at least."""
    seed: int = 0

    def epochs_for(self, images: int) -> int:
        """Epochs over that many images that `passes` allows."""
        if self.passes is None:
            return self.epochs
        return max(1, min(self.epochs, self.passes // max(1, images)))

    def learning_rate_at(self, epoch: int, epochs: int) -> float:
        """The learning rate of an epoch (from 0) of `epochs`."""
        if not self.cosine:
            return self.learning_rate
        share = (1 + math.cos(math.pi * epoch / epochs)) / 2
        return self.learning_rate * (CALM + (1 - CALM) * share)
