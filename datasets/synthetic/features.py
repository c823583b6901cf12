"""Skin, eyes, brows, mouth, beard and glasses, painted on the canvas of one face."""

import numpy as np

from datasets.synthetic.canvas import Canvas, Colour, U, V, almond, disc
from datasets.synthetic.head import half_width, noise
from datasets.synthetic.person import Person, mix
from datasets.synthetic.scene import Expression

SHADOW: Colour = (0.16, 0.08, 0.06)
SIDES = (-1, 1)


def paint_skin(canvas: Canvas, person: Person, expression: Expression, rng: np.random.Generator) -> None:
    """Blush, the darker skin around the eyes, blotches, freckles, a mole, and the lines of age."""
    eyes, flush = person.eye_level, mix(person.skin, (0.80, 0.28, 0.24), 0.5)
    blotches = 0.93 + 0.14 * (0.6 * noise(rng, 9, 9) + 0.4 * noise(rng, 64, 64))
    canvas.albedo *= blotches
    for side in SIDES:
        canvas.glow((side * 0.42, eyes + 0.3), 0.16, 0.12, flush, person.blush)
        canvas.glow((side * person.eye_gap, eyes), 0.16, 0.09, mix(person.skin, SHADOW, 0.6), 0.34)
    canvas.glow((0, person.nose_end - 0.05), 0.12, 0.07, flush, 0.5 * person.blush)
    for _ in range(int(person.freckles * 40)):
        spot = (rng.normal(0, 0.28), eyes + 0.24 + rng.normal(0, 0.09))
        canvas.fill(disc(spot, 0.012, points=8), mix(person.skin, (0.45, 0.22, 0.12), 0.6), 0.6)
    canvas.fill(disc(person.mole, 0.020, points=10), mix(person.skin, SHADOW, 0.75), 0.8)
    _lines_of_age(canvas, person, expression)


def _lines_of_age(canvas: Canvas, person: Person, expression: Expression) -> None:
    """Folds beside the nose and bags under the eyes, which all have; wrinkles from the early thirties on."""
    years = float(np.clip((person.age - 32) / 38, 0, 1))
    dark, eyes = mix(person.skin, SHADOW, 0.6), person.eye_level
    for side in SIDES:
        wing, corner = person.nose_width + 0.04, person.mouth_width + 0.07
        halfway = (person.nose_end + person.mouth_level) / 2
        fold = [
            (side * wing, person.nose_end - 0.03),
            (side * ((wing + corner) / 2 + 0.02), halfway),
            (side * corner, person.mouth_level + 0.02),
        ]
        canvas.line(fold, dark, 0.02, 0.12 + 0.35 * years + 0.25 * expression.smile, soft=0.012)
        bag = [(side * (person.eye_gap + t * 0.12), eyes + 0.14 - 0.04 * t * t) for t in (-1, -0.3, 0.4, 1)]
        canvas.line(bag, dark, 0.02, 0.15 + 0.4 * years, soft=0.012)
    if years > 0:
        _wrinkles(canvas, person, dark, years)


def _wrinkles(canvas: Canvas, person: Person, dark: Colour, years: float) -> None:
    """Lines across the forehead and crow's feet, `years` (0..1) deep."""
    eyes, outer = person.eye_level, person.eye_gap + person.eye_width + 0.03
    u = np.linspace(-0.34, 0.34, 7)
    for level in (-0.36, -0.44, -0.52):
        arc = np.stack([u, level + eyes - 0.05 * (1 - (u / 0.4) ** 2)], axis=1)
        canvas.line(arc, dark, 0.012, 0.45 * years, soft=0.008)
    for side in SIDES:
        for slope in (-0.06, 0.0, 0.06):
            crow = [(side * outer, eyes + slope / 2), (side * (outer + 0.11), eyes + 2 * slope)]
            canvas.line(crow, dark, 0.01, 0.4 * years, soft=0.006)


def paint_eyes(canvas: Canvas, person: Person, expression: Expression) -> None:
    """White, iris, pupil and highlight inside the lids; the lids' shadow, the lashes, the crease."""
    opening = person.eye_height * (1 - 0.75 * expression.blink) * (1 - 0.2 * expression.smile)
    lid = mix(person.skin, SHADOW, 0.75)
    lash = mix(lid, (0.03, 0.02, 0.02), 0.45 + 0.5 * person.lashes)
    for side in SIDES:
        centre = (side * person.eye_gap, person.eye_level)
        tilt = side * person.eye_tilt
        shape = almond(centre, person.eye_width, opening * 1.25, opening * 0.8, tilt)
        canvas.fill(shape, (0.93, 0.91, 0.89))
        pupil = (centre[0] + 0.035 * expression.gaze, centre[1] - 0.008)
        canvas.fill(disc(pupil, 0.073), mix(person.iris, (0, 0, 0), 0.5), clip=shape)
        canvas.fill(disc(pupil, 0.060), person.iris, clip=shape)
        canvas.fill(disc(pupil, 0.030), (0.02, 0.02, 0.02), clip=shape)
        canvas.fill(disc((pupil[0] - 0.022, pupil[1] - 0.024), 0.014, points=8), (1.3, 1.3, 1.3), 0.9, clip=shape)
        upper, lower = shape[:9], shape[9:]
        canvas.line(np.add(upper, (0, 0.018)), SHADOW, 0.03, 0.45, soft=0.012)
        canvas.line(upper, lash, 0.018 + 0.018 * person.lashes)
        canvas.line(lower, lid, 0.012, 0.55, soft=0.004)
        canvas.fill(
            disc((side * (person.eye_gap - person.eye_width), centre[1]), 0.016, points=8), (0.75, 0.4, 0.38), 0.6
        )
        crease = almond(centre, person.eye_width * 1.08, person.eye_height * 1.25 + 0.045, 0, tilt)[:9]
        canvas.line(crease, lid, 0.014, 0.6, soft=0.008)


def paint_brows(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Two arcs, thick by the nose and thin outside, roughened by single hairs."""
    level, weight = person.eye_level - person.brow_height, person.brow_weight
    t = np.linspace(0, 1, 8)
    for side in SIDES:
        u = person.eye_gap + person.eye_width * (-1.15 + 2.5 * t)
        middle = level - person.brow_arch * np.sin(np.pi * t**0.8) - person.brow_tilt * (t - 0.5) * 2
        thick = weight * (1 - 0.75 * t**1.5)
        upper = np.stack([side * u, middle - thick], axis=1)
        lower = np.stack([side * u, middle + thick], axis=1)
        canvas.fill(np.concatenate([upper, lower[::-1]]), person.brow_colour, 0.85, soft=0.008)
        for k in rng.integers(0, 8, 9):
            root = lower[k]
            canvas.line([root, (root[0] + side * 0.03, root[1] - 2.2 * thick[k])], person.brow_colour, 0.01, 0.6)


def paint_nose(canvas: Canvas, person: Person) -> None:
    """Nostrils and the shadow beneath the tip; the relief does the rest."""
    end, width = person.nose_end, person.nose_width
    dark = mix(person.skin, SHADOW, 0.7)
    canvas.fill(disc((0, end + 0.01), width * 0.75, 0.03), dark, 0.5, soft=0.02)
    for side in SIDES:
        canvas.fill(disc((side * width * 0.45, end - 0.008), 0.036, 0.019), SHADOW, 0.85, soft=0.007)
        wing = [
            (side * width * (0.95 + 0.12 * np.cos(a)), end - 0.04 + 0.045 * np.sin(a)) for a in (-1.2, -0.4, 0.4, 1.2)
        ]
        canvas.line(wing, dark, 0.014, 0.5, soft=0.008)


def paint_mouth(canvas: Canvas, person: Person, expression: Expression) -> None:
    """Lips between two curved edges; an open or broadly smiling mouth shows teeth on dark."""
    t = np.linspace(-1, 1, 13)
    arc = 1 - t * t
    gap = 0.10 * expression.open + 0.035 * max(0.0, expression.smile - 0.3)
    u = person.mouth_width * (1 + 0.16 * expression.smile - 0.12 * expression.open) * t
    middle = person.mouth_level - (0.065 * expression.smile + 0.008) * t * t
    upper, lower = middle - 0.3 * gap * arc, middle + 0.8 * gap * arc
    bow = 1 - 0.28 / (1 + (t / 0.16) ** 2)
    top = upper - person.lip_upper * arc**0.7 * bow
    bottom = lower + person.lip_lower * arc**0.8
    canvas.fill(_band(u, top, upper), mix(person.lips, (0, 0, 0), 0.12), 0.9, soft=0.006)
    canvas.fill(_band(u, lower, bottom), person.lips, 0.9, soft=0.006)
    canvas.line(
        np.stack([u[4:9], (lower + 0.45 * (bottom - lower))[4:9]], 1),
        mix(person.lips, (1, 1, 1), 0.5),
        0.02,
        0.25,
        0.01,
    )
    if gap > 0.015:
        inside = _band(u, upper, lower)
        canvas.fill(inside, (0.20, 0.05, 0.05))
        canvas.fill(_band(u * 0.86, upper - 0.01, upper + 0.045), (0.92, 0.90, 0.86), 0.95, clip=inside)
    canvas.line(np.stack([u, upper], 1), SHADOW, 0.014, 0.75, soft=0.004)
    for corner in (0, -1):
        canvas.fill(disc((u[corner], middle[corner]), 0.022, points=10), SHADOW, 0.5, soft=0.012)


def _band(u: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The outline of what lies between two curves over the same `u`."""
    return np.concatenate([np.stack([u, above], axis=1), np.stack([u, below], axis=1)[::-1]])


def paint_beard(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Stubble, moustache, goatee or full beard in the colour of the brows."""
    if person.beard == "none":
        return
    across = U / np.maximum(half_width(person), 0.05)
    below_nose = V - (person.nose_end + 0.07)
    if person.beard in ("stubble", "full"):
        edge = V - (person.nose_end + 0.09 - 0.45 * across**4)
    elif person.beard == "moustache":
        edge = np.minimum(below_nose, np.minimum(person.mouth_level + 0.01 - V, person.mouth_width * 1.15 - np.abs(U)))
    else:
        edge = np.minimum(below_nose, person.mouth_width * 1.05 - np.abs(U))
    strength = 0.42 if person.beard == "stubble" else 0.93
    speckle = 0.55 + 0.45 * noise(rng, 110, 110)
    canvas.tint(strength * speckle * np.clip(edge * 18, 0, 1), mix(person.brow_colour, person.skin, 0.08))


def paint_glasses(canvas: Canvas, person: Person, dark: bool) -> None:
    """Spectacles in the person's own frame, or with `dark` a pair of sunglasses."""
    frame = (0.04, 0.04, 0.05) if dark else person.glasses_colour
    reach = person.eye_width * 1.35
    for side in SIDES:
        centre = (side * person.eye_gap, person.eye_level + 0.03)
        lens = _square(centre, reach, reach * 0.72) if person.glasses == "square" or dark else disc(centre, reach)
        canvas.fill(lens, (0.05, 0.05, 0.06) if dark else (0.9, 0.95, 1.0), 0.96 if dark else 0.06)
        if dark:
            canvas.fill(disc((centre[0] - 0.06, centre[1] - 0.07), 0.05, 0.02), (0.8, 0.85, 0.9), 0.5, soft=0.012)
        canvas.line(lens, frame, 0.028, closed=True)
        arm = [
            (side * (person.eye_gap + reach), person.eye_level),
            (side * (person.width + 0.02), person.eye_level - 0.03),
        ]
        canvas.line(arm, frame, 0.03)
    inner = person.eye_gap - reach
    canvas.line([(-inner, person.eye_level), (0, person.eye_level - 0.03), (inner, person.eye_level)], frame, 0.028)


def _square(centre: tuple[float, float], across: float, down: float) -> np.ndarray:
    """A rectangle with its corners cut."""
    u, v = np.array([1, 1, 0.75, -0.75, -1, -1, -0.75, 0.75]), np.array([-0.7, 0.6, 1, 1, 0.6, -0.7, -1, -1])
    return np.stack([u * across, v * down], axis=1) + centre
