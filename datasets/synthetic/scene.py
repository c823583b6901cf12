"""What changes from picture to picture of one person: pose, expression, light, surroundings, what is in the way."""

from dataclasses import dataclass

import numpy as np

from datasets.synthetic.canvas import Colour

BACKDROPS = ("wall", "bokeh", "panels", "foliage", "stripes")
OCCLUSIONS = ("sunglasses", "scarf", "hand", "bar")


@dataclass(frozen=True)
class Expression:
    """Each from 0 (at rest) to 1."""

    smile: float
    open: float
    blink: float
    gaze: float
    """-1 = to the viewer's left, 1 = to the right."""


@dataclass(frozen=True)
class Light:
    """One lamp and the light of the room."""

    direction: tuple[float, float, float]
    """Unit vector from the face to the lamp: right, down, towards the viewer."""
    strength: float
    ambient: float
    colour: Colour


@dataclass(frozen=True)
class Scene:
    """One picture. Angles in radians, the head's place and size as shares of the picture's side."""

    yaw: float
    pitch: float
    roll: float
    size: float
    """Height of the head, chin to crown."""
    centre: tuple[float, float]
    expression: Expression
    light: Light
    backdrop: str
    clothes: Colour
    stripes: bool
    occlusion: str
    wears_glasses: bool
    blur: float
    """Standard deviation in pixels of a picture of side 250."""
    grain: int
    """Largest change the camera's noise makes to a pixel."""
    seed: int
    """Seed of the backdrop and the grain."""


def random_scene(rng: np.random.Generator, *, size: tuple[float, float], drift: float) -> Scene:
    """A picture whose head is between `size` of its side high and up to about `drift` off the middle."""
    occluded = rng.random() < 0.2
    occlusion = OCCLUSIONS[rng.integers(len(OCCLUSIONS))]
    mood = rng.random()
    return Scene(
        yaw=_within(rng, 0.20, 0.42),
        pitch=_within(rng, 0.11, 0.26),
        roll=_within(rng, 0.10, 0.28),
        size=rng.uniform(*size),
        centre=(0.5 + _within(rng, drift / 2, drift), 0.48 + _within(rng, drift / 2, drift)),
        expression=Expression(
            smile=max(0.0, 1.4 * mood - 0.4),
            open=max(0.0, rng.uniform(-0.8, 0.8)),
            blink=max(0.0, rng.uniform(-0.7, 0.55)),
            gaze=rng.uniform(-1, 1),
        ),
        light=_random_light(rng),
        backdrop=BACKDROPS[rng.integers(len(BACKDROPS))],
        clothes=_random_cloth(rng),
        stripes=rng.random() < 0.25,
        occlusion=occlusion if occluded else "none",
        wears_glasses=rng.random() < 0.9,
        blur=max(0.0, rng.uniform(-0.6, 1.1)),
        grain=int(rng.integers(2, 14)),
        seed=int(rng.integers(2**31)),
    )


def _random_light(rng: np.random.Generator) -> Light:
    side, above = _within(rng, 0.55, 1.0), -rng.uniform(0.0, 0.75)
    length = np.sqrt(side * side + above * above + 1)
    warmth, strength = rng.uniform(-0.12, 0.14), rng.uniform(0.55, 1.05)
    return Light(
        direction=(float(side / length), float(above / length), float(1 / length)),
        strength=strength,
        ambient=rng.uniform(0.18, 0.5),
        colour=(1 + warmth, 1.0, 1 - warmth),
    )


def _random_cloth(rng: np.random.Generator) -> Colour:
    grey, reach = rng.uniform(0.1, 0.85), rng.uniform(0.02, 0.35)
    red, green, blue = np.clip(grey + reach * rng.uniform(-1, 1, 3), 0, 1)
    return float(red), float(green), float(blue)


def _within(rng: np.random.Generator, deviation: float, limit: float) -> float:
    """A normal draw, held within `limit` of 0."""
    return float(np.clip(rng.normal(0, deviation), -limit, limit))
