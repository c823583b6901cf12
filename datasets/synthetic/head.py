"""The relief of a head: how far each point of the canvas stands out towards the viewer, in head units."""

import numpy as np

from datasets.synthetic.canvas import SIZE, UNIT, U, V, bump
from datasets.synthetic.person import Person
from datasets.synthetic.scene import Expression

DEPTH = 0.62
"""How far the middle of the face stands before the plane of the ears."""


def half_width(person: Person) -> np.ndarray:
    """Half the width of the skull at each row of the canvas, (SIZE, 1) float32; 0 beyond crown and chin."""
    height = np.minimum(np.abs(V), 1)
    crown = np.sqrt(1 - height**2.3)
    jaw = (1 - height ** (1.9 + 1.4 * person.jaw)) ** (0.62 - 0.12 * person.jaw)
    return (person.width * np.where(V < 0, crown, jaw)).astype(np.float32)


def coverage(half: np.ndarray) -> np.ndarray:
    """How much of each pixel lies within `half` of the middle line: 0..1, (SIZE, SIZE) float32."""
    slope = np.sqrt(1 + np.gradient(half[:, 0])[:, None] ** 2 * UNIT**2)
    return np.clip((half - np.abs(U)) * UNIT / np.minimum(slope, 6) + 0.5, 0, 1).astype(np.float32)


def dome(half: np.ndarray, top: float) -> np.ndarray:
    """A rounded body of half-width `half` at each row, ending `top` above and 1 below: height in 0..1."""
    across = np.clip(1 - (U / np.maximum(half, 1e-3)) ** 2, 0, 1)
    down = np.sqrt(np.clip(1 - np.where(V < 0, V / top, V) ** 4, 0, 1))
    return ((0.6 * np.sqrt(across) + 0.4 * across) * down).astype(np.float32)


def face_relief(person: Person, expression: Expression) -> np.ndarray:
    """The bare face and skull, (SIZE, SIZE) float32."""
    gap, eyes = person.eye_gap, person.eye_level
    brows, mouth = eyes - person.brow_height, person.mouth_level
    ridge = 0.05 if person.gender == "male" else 0.025
    relief = DEPTH * dome(half_width(person), 1.0) + _nose(person)
    for side in (-1, 1):
        relief += ridge * bump(side * gap * 0.9, brows + 0.03, 0.17, 0.06)
        relief -= 0.085 * bump(side * gap * 0.95, eyes - 0.01, 0.15, 0.085)
        relief += 0.035 * bump(side * gap, eyes, 0.08, 0.05)
        relief += (0.03 + person.cheeks + 0.03 * expression.smile) * bump(side * 0.42, eyes + 0.27, 0.15, 0.12)
        relief -= 0.03 * bump(side * 0.60, -0.28, 0.10, 0.16)
    relief += 0.05 * bump(0, mouth, 0.24, 0.13)
    relief += 0.028 * bump(0, mouth - 0.03, person.mouth_width * 0.5, 0.022)
    relief += 0.036 * bump(0, mouth + 0.045 + 0.05 * expression.open, person.mouth_width * 0.45, 0.028)
    relief -= 0.030 * bump(0, mouth + 0.125, 0.13, 0.030)
    relief += (0.03 + person.chin) * bump(0, 0.88, 0.13, 0.08)
    return relief.astype(np.float32)


def _nose(person: Person) -> np.ndarray:
    """Bridge, tip and wings; widths taper upwards, and the underside falls off steeply."""
    root, end, width = person.eye_level - 0.06, person.nose_end, person.nose_width
    tip = end - 0.07
    down = np.clip((V - root) / (tip - root), 0, 1)
    rise = _smooth(V, root - 0.16, root) * (1 - _smooth(V, tip, end + 0.03))
    height = person.nose_height * (0.28 + 0.72 * down) * rise
    ridge = 1 / (1 + (U / (width * (0.36 + 0.34 * down))) ** 2) ** 2
    nose = height * ridge + 0.045 * bump(0, tip + 0.01, 0.065, 0.05)
    for side in (-1, 1):
        nose += 0.065 * bump(side * width * 0.72, end - 0.035, 0.045, 0.042)
    return nose


def _smooth(x: np.ndarray, start: float, stop: float) -> np.ndarray:
    """0 before `start`, 1 after `stop`, a smooth step between."""
    t = np.clip((x - start) / (stop - start), 0, 1)
    return t * t * (3 - 2 * t)


def noise(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Smooth noise over the canvas: `rows` x `columns` random knots in 0..1, interpolated, (SIZE, SIZE) float32."""
    import cv2

    knots = rng.random((rows, columns), dtype=np.float32)
    return cv2.resize(knots, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
