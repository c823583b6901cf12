"""The edits by name, and how strong they are: ranges of parameters that a seed draws from.

Strengths are shares of the picture's size, so that a 32-pixel icon and a photograph are treated alike. "hard" is for
telling good methods apart, several edits at once; "mild" is what a picture suffers that is saved again and again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from datasets.edits import frames, geometry, overlays, tone
from datasets.imageset import Image

Strength = Literal["hard", "mild"]
Ranges = Mapping[str, tuple[float, float]]
"""Lowest and highest value of each parameter."""

_ANYWHERE = {"x": (0.0, 1.0), "y": (0.0, 1.0)}
_ANY = (0.0, 1.0)
_GREY = {"grey": (0.0, 255.0)}


@dataclass(frozen=True)
class Edit:
    """One kind of edit. A strength without ranges does not use it; `others` counts the other pictures it needs.

    One that `wraps` puts the picture into something larger. One that `hides` may hide or cut away nearly a half: made
    after the former it could hide the picture as a whole, so it is made before.
    """

    apply: Callable[..., Image]
    hard: Ranges | None
    mild: Ranges | None
    others: int = 0
    hides: bool = False
    wraps: bool = False

    def ranges(self, strength: Strength) -> Ranges | None:
        """Of `strength`."""
        return self.hard if strength == "hard" else self.mild


EDITS: dict[str, Edit] = {
    "crop": Edit(geometry.crop, {"kept": (0.5, 0.9), **_ANYWHERE}, {"kept": (0.8, 0.95), **_ANYWHERE}, hides=True),
    "jpeg": Edit(tone.jpeg, {"quality": (10, 50)}, {"quality": (40, 85)}),
    "colour": Edit(
        tone.colour,
        {"brightness": (0.6, 1.4), "contrast": (0.6, 1.5), "saturation": (0, 2), "hue": (-25, 25)},
        {"brightness": (0.85, 1.15), "contrast": (0.85, 1.15), "saturation": (0.8, 1.2), "hue": (-6, 6)},
    ),
    "blur": Edit(tone.blur, {"sigma": (0.004, 0.012)}, {"sigma": (0.002, 0.008)}),
    "resize": Edit(tone.resize, None, {"size": (0.3, 0.8)}),
    "rotation": Edit(
        geometry.rotation,
        {"degrees": (5, 25), "way": _ANY, **_GREY},
        {"degrees": (1, 5), "way": _ANY, **_GREY},
        hides=True,
    ),
    "flip": Edit(geometry.flip, {}, {}),
    "perspective": Edit(
        geometry.perspective,
        {"depth": (0.05, 0.15), "side": _ANY, "skew": (0, 1), **_GREY},
        {"depth": (0.02, 0.06), "side": _ANY, "skew": (0, 1), **_GREY},
    ),
    "text": Edit(
        overlays.text,
        {"phrase": _ANY, "colour": _ANY, "size": (0.08, 0.16), "band": _ANY, **_ANYWHERE},
        {"phrase": _ANY, "colour": _ANY, "size": (0.05, 0.09), "band": (0, 0), **_ANYWHERE},
        hides=True,
    ),
    "shape": Edit(
        overlays.shape,
        {"kind": _ANY, "colour": _ANY, "size": (0.15, 0.35), **_ANYWHERE},
        {"kind": _ANY, "colour": _ANY, "size": (0.1, 0.2), **_ANYWHERE},
        hides=True,
    ),
    "picture": Edit(
        overlays.picture,
        {"size": (0.25, 0.5), "opacity": (0.5, 1), **_ANYWHERE},
        {"size": (0.15, 0.25), "opacity": (0.6, 1), **_ANYWHERE},
        others=1,
        hides=True,
    ),
    "collage": Edit(frames.collage, {"layout": _ANY, "place": _ANY}, None, others=3, wraps=True),
    "screenshot": Edit(
        frames.screenshot, {"screen": _ANY, "share": (0.7, 1), "y": _ANY, "dark": _ANY}, None, wraps=True
    ),
}
"""By name, in the order in which tables show them."""


def edits_of(strength: Strength, with_others: bool = True) -> dict[str, Edit]:
    """The edits that `strength` draws from; without those that need other pictures if there are none."""
    return {
        name: edit
        for name, edit in EDITS.items()
        if edit.ranges(strength) is not None and (with_others or not edit.others)
    }
