"""What lies behind and before the face: the back of the head, neck, clothes; a scarf, a hand, a bar."""

import numpy as np

from datasets.synthetic.backdrops import paint_backdrop
from datasets.synthetic.canvas import Colour, Points, disc
from datasets.synthetic.features import SHADOW
from datasets.synthetic.hair import CUTS
from datasets.synthetic.person import Person, mix
from datasets.synthetic.scene import Scene
from datasets.synthetic.seeds import generator

_SUBPIXEL_BITS = 4


def paint_behind(person: Person, scene: Scene, side: int) -> np.ndarray:
    """The picture without the head: RGB uint8, (side, side, 3)."""
    picture = paint_backdrop(scene.backdrop, generator("backdrop", scene.seed), side)
    body = _Body(picture, scene)
    _back_of_head(body, person, scene)
    neck = person.width * (0.62 if person.gender == "male" else 0.52)
    throat = [(neck, 0.3), (neck * 1.05, 1.25), (neck * 1.6, 1.75)]
    body.fill(_both_sides(throat), person.skin)
    # The shadow of the chin.
    body.fill(disc((0, 0.78), person.width * 0.66, 0.36), mix(person.skin, SHADOW, 0.3))
    shoulder = 1.55 if person.gender == "male" else 1.3
    shirt = _both_sides([(0, 1.62), (neck * 1.1, 1.22), (neck * 1.9, 1.42), (shoulder, 1.7), (shoulder * 1.2, 5)])
    body.fill(shirt, scene.clothes)
    if scene.stripes:
        for level in np.arange(1.5, 4, 0.3):
            stripe = _both_sides([(3, level), (3, level + 0.1)])
            body.fill(stripe, mix(scene.clothes, (1, 1, 1), 0.35), clip=shirt)
    return picture


def _back_of_head(body: "_Body", person: Person, scene: Scene) -> None:
    """The skull behind the face, which a turned head shows, and the hair that falls down the back."""
    behind = -0.34 * np.sin(scene.yaw)
    if person.hair_style == "bald":
        body.fill(disc((behind, -0.12), person.width * 0.97, 0.86), person.skin)
        return
    shaded = mix(person.hair, (0, 0, 0), 0.3)
    if CUTS[person.hair_style].length > 1:
        wide = person.width + person.hair_volume
        body.fill(_both_sides([(wide, 0), (wide * 1.12, 1.5), (wide * 0.9, 1.85)]), shaded)
    if person.hair_style == "tied":
        body.fill(disc((behind, -1.05), 0.26), shaded)
    body.fill(disc((behind, -0.12), person.width * 0.97, 0.86), shaded)


def _both_sides(right: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The outline whose right half is given from top to bottom."""
    return [*right, *[(-u, v) for u, v in reversed(right)]]


def paint_before(picture: np.ndarray, person: Person, scene: Scene) -> None:
    """Add to `picture`, in place, what hides a part of the head."""
    body = _Body(picture, scene, lean=1.0)
    rng = generator("before", scene.seed)
    if scene.occlusion == "scarf":
        wool: Colour = (rng.uniform(0.1, 0.8), rng.uniform(0.1, 0.8), rng.uniform(0.1, 0.8))
        body.fill(_both_sides([(0, 0.84), (0.5, 0.80), (1, 0.72), (1.05, 1.35), (0, 1.6)]), wool)
        for fold in (0.95, 1.1, 1.25):
            body.line([(-1, fold - 0.12), (0, fold), (1, fold - 0.12)], mix(wool, (0, 0, 0), 0.35), 0.04)
    elif scene.occlusion == "hand":
        _hand(body, person, 1 if rng.random() < 0.5 else -1)
    elif scene.occlusion == "bar":
        edge = (1 if rng.random() < 0.5 else -1) * rng.uniform(0.45, 0.75)
        tone: Colour = (rng.uniform(0.1, 0.8),) * 3
        body.fill([(edge, -3), (edge + 0.2, -3), (edge + 0.2, 4), (edge, 4)], tone)
        body.line([(edge + 0.04, -3), (edge + 0.04, 4)], mix(tone, (1, 1, 1), 0.5), 0.04)


def _hand(body: "_Body", person: Person, side: int) -> None:
    """A hand held to the cheek, drawn finger by finger."""
    skin, edge = mix(person.skin, SHADOW, 0.12), mix(person.skin, SHADOW, 0.6)
    body.fill([(side * 0.95, 1.9), (side * 0.45, 1.7), (side * 0.42, 0.9), (side * 0.9, 0.75), (side * 1.1, 1.2)], skin)
    for k in range(4):
        root, tip = (side * (0.50 + 0.13 * k), 0.95), (side * (0.42 + 0.15 * k), 0.30 + 0.07 * k)
        body.line([root, tip], edge, 0.155)
        body.line([root, tip], skin, 0.125)


class _Body:
    """Draws in head units on a picture: upright with the shoulders, or leaning along with the head."""

    def __init__(self, picture: np.ndarray, scene: Scene, lean: float = 0.35) -> None:
        self.picture = picture
        side = picture.shape[0]
        self.scale = scene.size * side / 2
        self.origin = np.array(scene.centre) * side
        cos, sin = np.cos(scene.roll * lean), np.sin(scene.roll * lean)
        self.turn = np.array([[cos, sin], [-sin, cos]])
        self.light = scene.light

    def fill(self, points: Points, colour: Colour, clip: Points | None = None) -> None:
        """Fill a polygon, inside polygon `clip` only."""
        import cv2

        if clip is None:
            cv2.fillPoly(self.picture, [self._fixed(points)], self._tone(colour), cv2.LINE_AA, _SUBPIXEL_BITS)
            return
        mask = np.zeros(self.picture.shape[:2], dtype=np.uint8)
        inside = np.zeros_like(mask)
        cv2.fillPoly(mask, [self._fixed(points)], 255, cv2.LINE_8, _SUBPIXEL_BITS)
        cv2.fillPoly(inside, [self._fixed(clip)], 255, cv2.LINE_8, _SUBPIXEL_BITS)
        self.picture[(mask & inside) > 0] = self._tone(colour)

    def line(self, points: Points, colour: Colour, width: float) -> None:
        """Draw a line `width` head units thick."""
        import cv2

        thickness = max(1, round(width * self.scale))
        cv2.polylines(
            self.picture, [self._fixed(points)], False, self._tone(colour), thickness, cv2.LINE_AA, _SUBPIXEL_BITS
        )

    def _tone(self, colour: Colour) -> tuple[float, float, float]:
        """The sRGB of `colour`, 0..255, under the scene's light and seen from the front."""
        received = self.light.ambient + 0.85 * self.light.strength * max(self.light.direction[2], 0.2)
        lit = [min(1.0, c * c * received * tint) ** 0.5 for c, tint in zip(colour, self.light.colour, strict=True)]
        return lit[0] * 255, lit[1] * 255, lit[2] * 255

    def _fixed(self, points: Points) -> np.ndarray:
        placed = np.asarray(points, dtype=np.float64) @ self.turn * self.scale + self.origin - 0.5
        return np.rint(placed * (1 << _SUBPIXEL_BITS)).astype(np.int32)
