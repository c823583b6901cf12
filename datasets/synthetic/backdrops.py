"""Backdrops: each painter takes a Generator and the side in pixels, and gives RGB uint8, (side, side, 3)."""

import numpy as np


def paint_backdrop(kind: str, rng: np.random.Generator, side: int) -> np.ndarray:
    """A backdrop of one of the kinds in PAINTERS: RGB uint8, (side, side, 3)."""
    return PAINTERS[kind](rng, side)


def _random_colour(rng: np.random.Generator) -> np.ndarray:
    """Seldom a loud one: 0..255, (3,)."""
    grey = rng.uniform(25, 225)
    return np.clip(grey + rng.uniform(-1, 1, 3) * rng.uniform(5, 75), 0, 255)


def _wall(rng: np.random.Generator, side: int) -> np.ndarray:
    """A wall that is lighter on one side, slightly uneven."""
    corners = _random_colour(rng) + rng.uniform(-40, 40, (4, 4, 3))
    return _spread(corners, side)


def _foliage(rng: np.random.Generator, side: int) -> np.ndarray:
    """Out-of-focus leaves."""
    base, other = _random_colour(rng), _random_colour(rng)
    share = rng.random((24, 24, 1))
    return _spread(base * share + other * (1 - share), side)


def _bokeh(rng: np.random.Generator, side: int) -> np.ndarray:
    """Round lights in the dark."""
    import cv2

    picture = _spread(_random_colour(rng) * 0.4 + rng.uniform(-15, 15, (3, 3, 3)), side)
    for _ in range(14):
        place = tuple(int(p) for p in rng.integers(0, side, 2))
        cv2.circle(
            picture, place, int(rng.integers(side // 25, side // 8)), _random_colour(rng).tolist(), -1, cv2.LINE_AA
        )
    return cv2.blur(picture, (9, 9))


def _panels(rng: np.random.Generator, side: int) -> np.ndarray:
    """Upright panels, as of shelves, windows and curtains."""
    picture = np.empty((side, side, 3), dtype=np.uint8)
    edges = np.sort(rng.integers(0, side, 5))
    for start, stop in zip([0, *edges], [*edges, side], strict=True):
        picture[:, start:stop] = _random_colour(rng)
    level = rng.integers(side // 3, side)
    picture[level:] = picture[level:] // 2
    return picture


def _stripes(rng: np.random.Generator, side: int) -> np.ndarray:
    """Slanting stripes."""
    slope, period = rng.uniform(-1, 1), rng.uniform(0.06, 0.25) * side
    ramp = (np.arange(side)[None, :] + slope * np.arange(side)[:, None]) / period
    band = (np.floor(ramp).astype(int) % 2)[:, :, None]
    return np.where(band, _random_colour(rng), _random_colour(rng)).astype(np.uint8)


def _spread(knots: np.ndarray, side: int) -> np.ndarray:
    """Colours 0..255 at a few places, blended over the picture."""
    import cv2

    small = np.clip(knots, 0, 255).astype(np.uint8)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)


PAINTERS = {"wall": _wall, "bokeh": _bokeh, "panels": _panels, "foliage": _foliage, "stripes": _stripes}
