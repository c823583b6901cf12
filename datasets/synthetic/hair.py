"""Hair: where it lies on the head, how far it stands off, and its strands."""

from dataclasses import dataclass

import numpy as np

from datasets.synthetic.canvas import SIZE, UNIT, Canvas, U, V
from datasets.synthetic.head import DEPTH, dome, half_width, noise
from datasets.synthetic.person import Person, mix


@dataclass(frozen=True)
class Cut:
    """A hair style, in head units; `top` and `sides` are multiples of the person's hair volume."""

    top: float
    sides: float
    length: float
    """The level down to which hair frames the face."""
    fringe: float = 0.0
    """How far below the natural hair line the hair falls."""
    part: float = 0.0
    """Slant of the hair line."""
    recede: float = 0.0
    curl: float = 0.012
    inner: float = 0.93
    """Where the hair at the sides begins, as a share of the half-width of the skull."""


CUTS: dict[str, Cut] = {
    "buzz": Cut(top=0.3, sides=0.15, length=0.0),
    "short": Cut(top=1.0, sides=0.4, length=0.05),
    "parted": Cut(top=1.2, sides=0.4, length=0.08, part=0.28, fringe=0.05),
    "receding": Cut(top=0.5, sides=0.5, length=0.08, recede=0.24),
    "curly": Cut(top=1.7, sides=1.6, length=0.35, curl=0.05, inner=0.9),
    "fringe": Cut(top=1.0, sides=0.6, length=0.12, fringe=0.24),
    "long": Cut(top=0.9, sides=0.9, length=1.3, inner=0.84),
    "parted-long": Cut(top=0.9, sides=1.1, length=1.3, part=0.3, inner=0.88),
    "fringe-long": Cut(top=0.9, sides=0.9, length=1.3, fringe=0.26, inner=0.86),
    "bob": Cut(top=1.1, sides=1.4, length=0.72, fringe=0.1, inner=0.84),
    "tied": Cut(top=0.6, sides=0.1, length=-0.05, inner=0.96),
}
"""By `Person.hair_style`; "bald" has none."""


@dataclass(frozen=True)
class Hair:
    """Hair on the canvas: `mask` 0..1, `relief` in head units, `shade` a factor around 1; (SIZE, SIZE) float32."""

    mask: np.ndarray
    relief: np.ndarray
    shade: np.ndarray


def grow(person: Person, rng: np.random.Generator) -> Hair | None:
    """The hair of `person`, or None for the bald."""
    if person.hair_style == "bald":
        return None
    cut = CUTS[person.hair_style]
    skull = half_width(person)
    top = 1 + person.hair_volume * cut.top
    outer = _outer(person, cut, skull, top)
    wobble = cut.curl * (2 * noise(rng, 20, 20) - 1)
    across = np.abs(U + wobble)
    # Nothing grows where `outer` is 0, not even half a pixel on the middle line.
    within = np.clip(np.minimum((outer - across) * UNIT / 2 + 0.5, outer * UNIT / 8), 0, 1)
    # Beside and below the jaw the inner edge hangs straight instead of following the chin.
    inner = cut.inner * np.where(V > 0.4, np.maximum(skull, person.width * 0.88), skull)
    frames = np.where(V + wobble < cut.length, across - inner, -1)
    above = _hair_line(person, cut) - V + wobble
    mask = within * np.clip(np.maximum(above, frames) * UNIT / 5 + 0.5, 0, 1)
    relief = (DEPTH + 0.5 * person.hair_volume * cut.top) * dome(outer, top)
    if cut.length > 1:
        relief = np.maximum(relief, 0.25 * np.clip((outer - np.abs(U)) * 6, 0, 1))
    shade = _blobs(rng) if person.hair_style == "curly" else _strands(outer, wobble, rng)
    return Hair(mask.astype(np.float32), relief.astype(np.float32), shade)


def paint(canvas: Canvas, hair: Hair, person: Person) -> None:
    """Colour the hair on `canvas`."""
    canvas.tint(hair.mask, mix(person.hair, (0, 0, 0), 0.08))
    # Shade where there is hair only: 1 + mask * (shade - 1).
    canvas.albedo *= 1 + hair.mask * (hair.shade - 1)


def _outer(person: Person, cut: Cut, skull: np.ndarray, top: float) -> np.ndarray:
    """Half the width of head and hair at each row, (SIZE, 1)."""
    sides = person.hair_volume * cut.sides
    crown = np.sqrt(np.clip(1 - (np.abs(V) / top) ** 2.3, 0, 1)) * (person.width + sides)
    if cut.length > 0.5:
        hanging = (person.width + sides) * (1 + 0.1 * np.clip(V, 0, 2))
        return np.where(V < 0, crown, hanging * (cut.length + 0.02 > V)).astype(np.float32)
    fade = np.clip(1 - V / max(cut.length, 0.05), 0, 1)
    return np.where(V < 0, crown, skull + sides * fade).astype(np.float32)


def _hair_line(person: Person, cut: Cut) -> np.ndarray:
    """The level of the hair line over the forehead, (1, SIZE)."""
    corner = (U / 0.38) ** 2
    line = -person.hair_line + cut.fringe + 0.30 * U * U
    return line + cut.part * (U - 0.15) - cut.recede * 2 * corner / (1 + corner * corner)


def _strands(outer: np.ndarray, wobble: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light and dark strands that run from the crown down along the head."""
    import cv2

    knots = 0.45 + 1.1 * rng.random((8, 96), dtype=np.float32)
    along = np.clip(U / np.maximum(outer, 0.05) + 2 * wobble, -1, 1)
    column = ((along + 1) * 47.5).astype(np.float32)
    row = np.broadcast_to((V + 1.4) * 2.6, (SIZE, SIZE)).astype(np.float32)
    return cv2.remap(knots, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _blobs(rng: np.random.Generator) -> np.ndarray:
    """The light and dark of curls."""
    return 0.35 + 1.3 * noise(rng, 40, 40)
