"""Who is drawn: the measures and colours that one identity keeps in every picture."""

from dataclasses import dataclass

import numpy as np

from datasets.synthetic.canvas import Colour

SKINS: tuple[Colour, ...] = (
    (0.96, 0.82, 0.73),
    (0.93, 0.77, 0.66),
    (0.88, 0.70, 0.56),
    (0.80, 0.60, 0.45),
    (0.68, 0.48, 0.34),
    (0.53, 0.36, 0.26),
    (0.41, 0.27, 0.20),
)
HAIRS: tuple[Colour, ...] = (
    (0.09, 0.08, 0.08),
    (0.20, 0.13, 0.09),
    (0.34, 0.21, 0.12),
    (0.50, 0.30, 0.15),
    (0.55, 0.24, 0.11),
    (0.80, 0.64, 0.38),
    (0.90, 0.79, 0.56),
)
IRISES: tuple[Colour, ...] = (
    (0.22, 0.13, 0.08),
    (0.33, 0.20, 0.10),
    (0.35, 0.42, 0.25),
    (0.30, 0.45, 0.62),
    (0.45, 0.52, 0.56),
)
GREY: Colour = (0.78, 0.77, 0.75)
MEN_STYLES = ("bald", "buzz", "short", "short", "parted", "receding", "curly", "fringe")
WOMEN_STYLES = ("long", "long", "bob", "bob", "fringe-long", "curly", "tied", "parted-long", "short")
BEARDS = ("none", "none", "none", "stubble", "moustache", "goatee", "full")
GLASSES = ("none", "none", "none", "round", "square")


@dataclass(frozen=True)
class Person:
    """One identity. Lengths are in head units (half the height of the head); colours are sRGB in 0..1."""

    gender: str
    age: float
    """Years."""
    skin: Colour
    blush: float
    width: float
    jaw: float
    """0 = pointed, 1 = square."""
    chin: float
    cheeks: float
    hair: Colour
    hair_style: str
    hair_volume: float
    hair_line: float
    brow_colour: Colour
    brow_weight: float
    brow_tilt: float
    brow_arch: float
    brow_height: float
    iris: Colour
    eye_gap: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    eye_level: float
    lashes: float
    nose_end: float
    nose_width: float
    nose_height: float
    mouth_level: float
    mouth_width: float
    lip_upper: float
    lip_lower: float
    lips: Colour
    beard: str
    glasses: str
    glasses_colour: Colour
    freckles: float
    mole: tuple[float, float]
    texture: int
    """Seed of the fine texture of skin and hair."""


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with `share` (0..1) of it replaced by `second`."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def random_person(rng: np.random.Generator, gender: str, age: float) -> Person:
    """A person of the given `gender` ("male" or "female") and `age` in years; all else comes from `rng`.

    The draws do not depend on `age`, so one generator state gives the same person at any age.
    """
    male = gender == "male"
    skin = SKINS[rng.integers(len(SKINS))]
    dark = sum(skin) < 1.6
    natural = HAIRS[rng.integers(3 if dark else len(HAIRS))]
    grey_from = rng.uniform(45, 66)
    hair = mix(natural, GREY, float(np.clip((age - grey_from) / 18, 0, 0.95)))
    make_up = 0.0 if male else rng.uniform(0.1, 0.9)
    lip_tint = mix((0.70, 0.30, 0.30), (0.72, 0.10, 0.20), make_up)
    styles = MEN_STYLES if male else WOMEN_STYLES
    return Person(
        gender=gender,
        age=age,
        skin=mix(skin, (skin[0], skin[1] * 0.93, skin[2] * 0.86), rng.uniform()),
        blush=rng.uniform(0.05, 0.35),
        width=rng.uniform(0.68, 0.82) if male else rng.uniform(0.65, 0.77),
        jaw=rng.uniform(0.35, 1.0) if male else rng.uniform(0.0, 0.6),
        chin=rng.uniform(0.02, 0.09),
        cheeks=rng.uniform(0.0, 0.06),
        hair=hair,
        hair_style=styles[rng.integers(len(styles))],
        hair_volume=rng.uniform(0.06, 0.17),
        hair_line=rng.uniform(0.55, 0.78),
        brow_colour=mix(hair, (0.12, 0.09, 0.08), rng.uniform(0.2, 0.7)),
        brow_weight=rng.uniform(0.030, 0.062) if male else rng.uniform(0.016, 0.038),
        brow_tilt=rng.uniform(-0.07, 0.06),
        brow_arch=rng.uniform(0.02, 0.09),
        brow_height=rng.uniform(0.17, 0.26),
        iris=IRISES[rng.integers(2 if dark else len(IRISES))],
        eye_gap=rng.uniform(0.27, 0.35),
        eye_width=rng.uniform(0.125, 0.165),
        eye_height=rng.uniform(0.045, 0.080),
        eye_tilt=rng.uniform(-0.03, 0.05),
        eye_level=rng.uniform(-0.05, 0.05),
        lashes=0.0 if male else rng.uniform(0.3, 1.0),
        nose_end=rng.uniform(0.32, 0.47),
        nose_width=rng.uniform(0.12, 0.20),
        nose_height=rng.uniform(0.14, 0.26),
        mouth_level=rng.uniform(0.60, 0.68),
        mouth_width=rng.uniform(0.21, 0.32),
        lip_upper=rng.uniform(0.025, 0.060),
        lip_lower=rng.uniform(0.040, 0.085),
        lips=mix(skin, lip_tint, 0.25 + 0.6 * make_up if not male else rng.uniform(0.2, 0.4)),
        beard=BEARDS[rng.integers(len(BEARDS))] if male else "none",
        glasses=GLASSES[rng.integers(len(GLASSES))],
        glasses_colour=((0.08, 0.08, 0.09), (0.30, 0.17, 0.10), (0.45, 0.45, 0.48))[rng.integers(3)],
        freckles=float(max(0.0, rng.normal(-0.6, 0.8))),
        mole=(rng.uniform(-0.45, 0.45), rng.uniform(0.25, 0.8)),
        texture=int(rng.integers(2**31)),
    )
