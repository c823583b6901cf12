"""One picture of one person: the head is modelled, lit, turned, and set before its surroundings."""

import numpy as np

from datasets.imageset import Image
from datasets.synthetic import features, hair
from datasets.synthetic.canvas import LEFT, SIZE, TOP, UNIT, Canvas, U, V, disc
from datasets.synthetic.head import coverage, face_relief, half_width
from datasets.synthetic.person import Person, mix
from datasets.synthetic.scene import Light, Scene
from datasets.synthetic.seeds import generator
from datasets.synthetic.surroundings import paint_before, paint_behind


def draw_portrait(person: Person, scene: Scene, side: int) -> Image:
    """Draw `person` in `scene`: RGB uint8, (side, side, 3)."""
    import cv2

    head, cover, relief = model_head(person, scene)
    turn = rotation(scene.yaw, scene.pitch)
    lit = _illuminate(head, relief, scene.light, turn)
    layer = cv2.merge([*lit, np.rint(cover * 255).astype(np.uint8)])
    turned = _project(layer, relief, scene, turn, side)
    picture = paint_behind(person, scene, side)
    _lay_over(turned, picture)
    paint_before(picture, person, scene)
    return _photograph(picture, scene)


def _lay_over(layer: np.ndarray, picture: np.ndarray) -> None:
    """Paint RGBA `layer` on RGB `picture`, both uint8, in integers: coverage 0..255 becomes a share of 256."""
    import cv2

    left, top, width, height = cv2.boundingRect(cv2.extractChannel(layer, 3))
    part = np.s_[top : top + height, left : left + width]
    cover = layer[*part, 3:].astype(np.uint16)
    share = cover + (cover >> 7)
    picture[part] = (layer[*part, :3] * share + picture[part] * (256 - share)) >> 8


def model_head(person: Person, scene: Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The head seen from the front.

    Returns reflected light (3, SIZE, SIZE), coverage 0..1 (SIZE, SIZE) and relief in head units (SIZE, SIZE), float32.
    """
    rng = generator("texture", person.texture)
    skull = half_width(person)
    cover, relief = coverage(skull), face_relief(person, scene.expression)
    canvas = Canvas(person.skin)
    features.paint_skin(canvas, person, scene.expression, rng)
    features.paint_beard(canvas, person, rng)
    features.paint_nose(canvas, person)
    features.paint_mouth(canvas, person, scene.expression)
    features.paint_eyes(canvas, person, scene.expression)
    features.paint_brows(canvas, person, rng)
    cover, relief = _add_ears(canvas, person, cover, relief)
    if (grown := hair.grow(person, rng)) is not None:
        hair.paint(canvas, grown, person)
        cover = np.maximum(cover, grown.mask)
        relief += grown.mask * (np.maximum(grown.relief, relief + 0.02) - relief)
    dark = scene.occlusion == "sunglasses"
    if dark or (person.glasses != "none" and scene.wears_glasses):
        features.paint_glasses(canvas, person, dark)
    return canvas.albedo, cover, relief


def _add_ears(canvas: Canvas, person: Person, cover: np.ndarray, relief: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    level = person.eye_level + 0.14
    for side in (-1, 1):
        centre = side * (person.width + 0.005)
        radius = ((U - centre) / 0.085) ** 2 + ((V - level) / 0.185) ** 2
        ear = np.clip((1 - radius) * 4, 0, 1)
        relief = np.where(cover < 0.5, 0.10 * np.clip(1.1 - radius, 0, 1) + relief, relief)
        canvas.fill(
            disc((centre + side * 0.03, level), 0.03, 0.11), mix(person.skin, features.SHADOW, 0.5), 0.6, soft=0.015
        )
        cover = np.maximum(cover, ear)
    return cover, relief.astype(np.float32)


def rotation(yaw: float, pitch: float) -> np.ndarray:
    """The rotation of head coordinates (right, down, towards the viewer) into the camera's, (3, 3)."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about_vertical = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_ears = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    return about_ears @ about_vertical


def _illuminate(albedo: np.ndarray, relief: np.ndarray, light: Light, turn: np.ndarray) -> np.ndarray:
    """Lambert's law with a soft edge, a cast shadow, creases darkened, and a sheen; to sRGB planes, uint8."""
    lamp = turn.T @ np.array(light.direction)
    rise_u, rise_v = np.zeros_like(relief), np.zeros_like(relief)
    rise_u[:, 1:-1] = (relief[:, 2:] - relief[:, :-2]) * (UNIT / 2)
    rise_v[1:-1] = (relief[2:] - relief[:-2]) * (UNIT / 2)
    length = np.sqrt(1 + rise_u * rise_u + rise_v * rise_v)
    facing = (lamp[2] - lamp[0] * rise_u - lamp[1] * rise_v).astype(np.float32) / length
    lambert = np.clip((facing + 0.2) / 1.2, 0, None)
    # Half-way vector between lamp and viewer (who looks along +z of the head when it is not turned).
    half = lamp + turn.T @ np.array([0.0, 0.0, 1.0])
    half /= np.sqrt((half * half).sum())
    sheen = np.clip((half[2] - half[0] * rise_u - half[1] * rise_v).astype(np.float32) / length, 0, 1)
    for _ in range(4):
        sheen = sheen * sheen
    open_sky = _openness(relief)
    direct = light.strength * lambert * (1 - 0.6 * _cast_shadow(relief, lamp))
    shade = open_sky * (light.ambient * (0.75 + 0.25 / length) + direct)
    lit = albedo * shade
    lit *= np.array(light.colour, dtype=np.float32)[:, None, None]
    lit += np.float32(0.10 * light.strength) * sheen * open_sky
    return np.rint(np.sqrt(np.clip(lit, 0, 1)) * 255).astype(np.uint8)


def _openness(relief: np.ndarray) -> np.ndarray:
    """How much of the surroundings each point sees, about 0.5..1.1: hollows see less (ambient occlusion)."""
    import cv2

    # Blurred as integers: that is exact on every machine.
    whole = np.rint(np.clip(relief[::2, ::2], 0, 1.5) * 40_000).astype(np.uint16)
    blurred = cv2.GaussianBlur(whole, (0, 0), 0.06 * UNIT / 2)
    around = cv2.resize(blurred, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 40_000
    return np.clip(1 + 3.0 * (relief - around), 0.45, 1.12)


def _cast_shadow(relief: np.ndarray, lamp: np.ndarray) -> np.ndarray:
    """Where higher ground stands between a point and the lamp: 0..1, blurred, found at half size."""
    import cv2

    small = relief[::2, ::2]
    shadow = np.zeros_like(small)
    for step in (2, 5, 8, 13):
        across, down = round(step * lamp[0]), round(step * lamp[1])
        towards = np.roll(small, (-down, -across), axis=(0, 1))
        ray = small + 2 * step / UNIT * lamp[2]
        shadow = np.maximum(shadow, np.clip((towards - ray) * 12, 0, 1))
    soft = cv2.GaussianBlur(np.rint(shadow * 255).astype(np.uint8), (0, 0), 1.5)
    return cv2.resize(soft, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255


def _project(layer: np.ndarray, relief: np.ndarray, scene: Scene, turn: np.ndarray, side: int) -> np.ndarray:
    """Turn the modelled head and place it in a picture: RGBA uint8, (side, side, 4).

    For each pixel, the head point (u, v) that lands there solves x = T00 u + T01 v + T02 z(u, v) and the like for y;
    the relief is gentle, so a few rounds of fixed-point iteration find it.
    """
    import cv2

    inverse = np.linalg.inv(turn[:2, :2]).astype(np.float32)
    lift = turn[:2, 2].astype(np.float32)

    def canvas_place(place: tuple[np.ndarray, np.ndarray], height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = place[0] - lift[0] * height, place[1] - lift[1] * height
        column = (inverse[0, 0] * x + inverse[0, 1] * y - LEFT) * UNIT - 0.5
        row = (inverse[1, 0] * x + inverse[1, 1] * y - TOP) * UNIT - 0.5
        return column, row

    # The height is found on every second pixel only: it changes slowly.
    coarse = _head_place(scene, side, side // 2)
    height = np.full((side // 2, side // 2), 0.4, dtype=np.float32)
    for _ in range(4):
        column, row = canvas_place(coarse, height)
        height = cv2.remap(relief, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    fine = cv2.resize(height, (side, side), interpolation=cv2.INTER_LINEAR)
    column, row = canvas_place(_head_place(scene, side, side), fine)
    return cv2.remap(layer, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0))


def _head_place(scene: Scene, side: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Where `samples` x `samples` points of a picture lie from the head's middle, rolled upright, in head units."""
    scale = scene.size * side / 2
    grid = (np.arange(samples, dtype=np.float32) + 0.5) * (side / samples)
    across = ((grid - scene.centre[0] * side) / scale).astype(np.float32)[None, :]
    down = ((grid - scene.centre[1] * side) / scale).astype(np.float32)[:, None]
    cos, sin = np.float32(np.cos(scene.roll)), np.float32(np.sin(scene.roll))
    return cos * across + sin * down, cos * down - sin * across


def _photograph(picture: np.ndarray, scene: Scene) -> Image:
    """What the camera adds: blur and grain."""
    import cv2

    side = picture.shape[0]
    if scene.blur > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), scene.blur * side / 250)
    grain = generator("grain", scene.seed).integers(0, 256, picture.shape, dtype=np.uint8).astype(np.int16) - 128
    return np.clip(picture + (grain * scene.grain >> 7), 0, 255).astype(np.uint8)
