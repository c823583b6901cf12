"""Small pictures of the ten CIFAR-10 classes: simple outlines in varied colours, places, sizes and surroundings."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from datasets.imageset import Image

SIDE = 32
_OVERSAMPLING = 4
_SUBPIXEL_BITS = 4

Points: TypeAlias = Sequence[tuple[float, float]]


class Part(NamedTuple):
    """A polygon in object units (-1..1, right and down); `tone` picks from the object's palette."""

    tone: str
    points: Points


def _ellipse(x: float, y: float, across: float, down: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    return [(float(x + across * np.cos(a)), float(y + down * np.sin(a))) for a in angles]


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _wheels(*places: float) -> tuple[Part, ...]:
    return tuple(
        part
        for x in places
        for part in (Part("dark", _ellipse(x, 0.42, 0.2, 0.2)), Part("pale", _ellipse(x, 0.42, 0.08, 0.08)))
    )


def _legs(*places: float, top: float, bottom: float, width: float = 0.1) -> tuple[Part, ...]:
    return tuple(Part("shade", _box(x, top, x + width, bottom)) for x in places)


CLASSES: dict[str, tuple[Part, ...]] = {
    "airplane": (
        Part("shade", [(-0.1, -0.05), (0.2, -0.05), (-0.25, -0.75), (-0.4, -0.75)]),
        Part("body", [(-0.95, -0.1), (-0.6, -0.16), (0.7, -0.16), (0.97, 0.02), (0.7, 0.16), (-0.6, 0.12)]),
        Part("body", [(-0.95, -0.1), (-0.65, -0.1), (-0.82, -0.55), (-0.98, -0.55)]),
        Part("shade", [(-0.15, 0.06), (0.25, 0.06), (-0.3, 0.8), (-0.45, 0.8)]),
        Part("dark", _box(0.68, -0.1, 0.84, 0.0)),
    ),
    "automobile": (
        Part("body", [(-0.95, 0.0), (-0.6, -0.08), (0.6, -0.08), (0.95, 0.05), (0.97, 0.4), (-0.97, 0.4)]),
        Part("body", [(-0.6, -0.05), (-0.38, -0.45), (0.3, -0.45), (0.6, -0.05)]),
        Part("glass", [(-0.48, -0.08), (-0.33, -0.37), (-0.06, -0.37), (-0.06, -0.08)]),
        Part("glass", [(0.02, -0.08), (0.02, -0.37), (0.26, -0.37), (0.47, -0.08)]),
        *_wheels(-0.58, 0.58),
    ),
    "bird": (
        Part("shade", [(-0.95, 0.25), (-0.3, 0.0), (-0.25, 0.25)]),
        Part("body", _ellipse(0.0, 0.05, 0.45, 0.3)),
        Part("body", _ellipse(0.45, -0.3, 0.2, 0.19)),
        Part("shade", [(-0.4, 0.1), (0.2, -0.05), (0.1, 0.2), (-0.15, 0.3)]),
        Part("warm", [(0.6, -0.36), (0.9, -0.27), (0.6, -0.22)]),
        Part("dark", _ellipse(0.5, -0.34, 0.045, 0.045)),
        *(Part("warm", _box(x, 0.3, x + 0.05, 0.75)) for x in (0.0, 0.16)),
    ),
    "cat": (
        Part("body", [(-0.55, -0.95), (-0.1, -0.5), (-0.6, -0.25)]),
        Part("body", [(0.55, -0.95), (0.1, -0.5), (0.6, -0.25)]),
        Part("body", _ellipse(0.0, 0.75, 0.55, 0.55)),
        Part("body", _ellipse(0.0, -0.15, 0.62, 0.5)),
        Part("green", _ellipse(-0.25, -0.2, 0.13, 0.1)),
        Part("green", _ellipse(0.25, -0.2, 0.13, 0.1)),
        Part("dark", _ellipse(-0.25, -0.2, 0.04, 0.1)),
        Part("dark", _ellipse(0.25, -0.2, 0.04, 0.1)),
        Part("warm", [(-0.07, 0.0), (0.07, 0.0), (0.0, 0.09)]),
        *(Part("pale", [(s * 0.12, 0.08), (s * 0.85, y), (s * 0.12, 0.13)]) for s in (-1, 1) for y in (0.0, 0.2)),
    ),
    "deer": (
        *_legs(-0.55, -0.35, 0.2, 0.38, top=0.1, bottom=0.95, width=0.07),
        Part("body", _ellipse(-0.1, 0.05, 0.58, 0.25)),
        Part("body", [(0.25, 0.1), (0.5, -0.5), (0.68, -0.45), (0.5, 0.15)]),
        Part("body", [(0.45, -0.6), (0.68, -0.6), (0.97, -0.38), (0.9, -0.28), (0.5, -0.38)]),
        *(
            Part("shade", [(x, -0.6), (x + lean, -1.0), (x + lean + 0.06, -1.0), (x + 0.07, -0.6)])
            for x in (0.45, 0.6)
            for lean in (-0.28, -0.08, 0.18)
        ),
        Part("pale", _ellipse(-0.64, 0.0, 0.09, 0.1)),
    ),
    "dog": (
        Part("body", _ellipse(0.0, 0.8, 0.5, 0.5)),
        Part("body", _ellipse(0.0, -0.15, 0.5, 0.55)),
        Part("shade", [(-0.4, -0.6), (-0.75, -0.45), (-0.8, 0.3), (-0.5, 0.25)]),
        Part("shade", [(0.4, -0.6), (0.75, -0.45), (0.8, 0.3), (0.5, 0.25)]),
        Part("pale", _ellipse(0.0, 0.15, 0.28, 0.25)),
        Part("dark", _ellipse(0.0, 0.05, 0.13, 0.09)),
        Part("dark", _ellipse(-0.2, -0.25, 0.07, 0.08)),
        Part("dark", _ellipse(0.2, -0.25, 0.07, 0.08)),
        Part("pink", _ellipse(0.0, 0.4, 0.1, 0.17)),
    ),
    "frog": (
        Part("shade", _ellipse(-0.7, 0.45, 0.28, 0.35)),
        Part("shade", _ellipse(0.7, 0.45, 0.28, 0.35)),
        Part("body", _ellipse(0.0, 0.25, 0.7, 0.5)),
        Part("body", _ellipse(-0.38, -0.3, 0.22, 0.22)),
        Part("body", _ellipse(0.38, -0.3, 0.22, 0.22)),
        Part("pale", _ellipse(-0.38, -0.32, 0.14, 0.14)),
        Part("pale", _ellipse(0.38, -0.32, 0.14, 0.14)),
        Part("dark", _ellipse(-0.38, -0.3, 0.08, 0.08)),
        Part("dark", _ellipse(0.38, -0.3, 0.08, 0.08)),
        Part("dark", [(-0.45, 0.18), (0.0, 0.3), (0.45, 0.18), (0.0, 0.36)]),
        Part("pale", _ellipse(0.0, 0.58, 0.4, 0.16)),
    ),
    "horse": (
        *_legs(-0.6, -0.4, 0.15, 0.32, top=0.1, bottom=0.95, width=0.12),
        Part("shade", [(-0.62, -0.2), (-0.95, 0.0), (-0.92, 0.6), (-0.78, 0.55), (-0.6, 0.1)]),
        Part("body", _ellipse(-0.12, 0.0, 0.6, 0.32)),
        Part("body", [(0.15, 0.0), (0.35, -0.65), (0.65, -0.75), (0.5, 0.15)]),
        Part("body", [(0.4, -0.8), (0.65, -0.82), (0.98, -0.35), (0.85, -0.22), (0.45, -0.5)]),
        Part("dark", [(0.1, -0.15), (0.3, -0.75), (0.48, -0.88), (0.35, -0.35)]),
    ),
    "ship": (
        Part("body", [(-0.97, 0.1), (0.97, 0.1), (0.7, 0.55), (-0.75, 0.55)]),
        Part("pale", _box(-0.6, -0.2, 0.45, 0.12)),
        Part("pale", _box(-0.4, -0.45, 0.15, -0.2)),
        Part("warm", _box(-0.25, -0.9, -0.02, -0.45)),
        *(Part("dark", _box(x, -0.1, x + 0.1, 0.0)) for x in (-0.5, -0.25, 0.0, 0.25)),
        Part("glass", _box(-1.3, 0.5, 1.3, 0.75)),
    ),
    "truck": (
        Part("body", _box(-0.97, -0.65, 0.35, 0.3)),
        Part("shade", [(0.4, -0.35), (0.75, -0.35), (0.95, 0.0), (0.97, 0.35), (0.4, 0.35)]),
        Part("glass", [(0.5, -0.27), (0.72, -0.27), (0.86, 0.0), (0.5, 0.0)]),
        Part("dark", _box(-0.97, 0.3, 0.97, 0.38)),
        *_wheels(-0.65, -0.2, 0.65),
    ),
}
"""What each class is made of, drawn in this order."""

GROUNDS: dict[str, tuple[str, ...]] = {
    "sky": ("airplane", "bird"),
    "sea": ("ship",),
    "road": ("automobile", "truck"),
    "grass": ("deer", "horse", "frog"),
    "room": ("cat", "dog"),
}
"""Where each class is at home; some two in five of its pictures are taken elsewhere."""

_GROUND_COLOURS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "sky": ((120, 165, 215), (190, 215, 235)),
    "sea": ((165, 190, 210), (40, 85, 120)),
    "road": ((150, 155, 160), (95, 92, 90)),
    "grass": ((130, 150, 120), (90, 120, 55)),
    "room": ((175, 155, 130), (120, 85, 60)),
}
"""Above and below the horizon."""


def draw_object(name: str, rng: np.random.Generator) -> Image:
    """Draw class `name`, all else by `rng`: RGB uint8, (32, 32, 3)."""
    import cv2

    side = SIDE * _OVERSAMPLING
    picture = _ground(name, rng, side)
    palette = _palette(rng)
    size = rng.uniform(0.55, 0.95) * side / 2
    angle, flip = rng.uniform(-0.2, 0.2), 1 if rng.random() < 0.5 else -1
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    stretch = np.array([flip * rng.uniform(0.85, 1.15), rng.uniform(0.85, 1.15)])
    place = side / 2 + rng.uniform(-0.16, 0.16, 2) * side
    for part in CLASSES[name]:
        points = np.asarray(part.points) + rng.normal(0, 0.015, (len(part.points), 2))
        placed = points * stretch @ turn * size + place
        fixed = np.rint(placed * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        cv2.fillPoly(picture, [fixed], palette[part.tone], cv2.LINE_AA, _SUBPIXEL_BITS)
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    light = np.linspace(rng.uniform(0.7, 1.2), rng.uniform(0.7, 1.2), SIDE)[None, :, None]
    return np.clip(small * light + rng.integers(-9, 10, small.shape), 0, 255).astype(np.uint8)


def _palette(rng: np.random.Generator) -> dict[str, tuple[float, float, float]]:
    grey = rng.uniform(35, 225)
    body = np.clip(grey + rng.uniform(-1, 1, 3) * rng.uniform(5, 90), 10, 245)
    dark, pale = rng.uniform(10, 45), rng.uniform(190, 245)
    tones = {
        "body": body,
        "shade": body * 0.72,
        "dark": np.full(3, dark),
        "pale": np.full(3, pale),
        "glass": np.array([120, 150, 175]) * rng.uniform(0.6, 1.2),
        "warm": np.array([225, 120, 50]) * rng.uniform(0.7, 1.1),
        "green": np.array([150, 190, 70]) * rng.uniform(0.7, 1.2),
        "pink": np.array([220, 110, 120]),
    }
    return {name: (float(tone[0]), float(tone[1]), float(tone[2])) for name, tone in tones.items()}


def _ground(name: str, rng: np.random.Generator, side: int) -> np.ndarray:
    """Two uneven halves with a horizon between them, (side, side, 3) uint8."""
    import cv2

    home = next(ground for ground, classes in GROUNDS.items() if name in classes)
    ground = home if rng.random() < 0.6 else list(GROUNDS)[rng.integers(len(GROUNDS))]
    above, below = (np.array(colour) + rng.normal(0, 28, 3) for colour in _GROUND_COLOURS[ground])
    horizon = int(rng.uniform(0.35, 0.8) * 8)
    knots = np.where(np.arange(8)[:, None, None] < horizon, above, below) + rng.normal(0, 14, (8, 8, 3))
    return cv2.resize(np.clip(knots, 0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_LINEAR)
