"""Finding copies: every planted one, no stranger, in blocks, whatever the images are."""

from collections import Counter
from itertools import pairwise

import cv2
import numpy as np
import pytest

from datasets.errors import ImageError
from datasets.imageset import ImageSet, Item
from methods.duplicates import close_codes, same_picture
from methods.duplicates.close_codes import close_pairs
from methods.duplicates.finder import identical_groups, near_pairs, take_prints


class Pictures:
    """A source of PNG bytes by id."""

    def __init__(self, images):
        self.bytes = {name: cv2.imencode(".png", image)[1].tobytes() for name, image in images.items()}

    def read(self, id):
        return self.bytes[id]

    def decode(self, data, id):
        if not data:
            raise ImageError(f"{id}: the file is empty")
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def imageset(images) -> tuple[ImageSet, Pictures]:
    source = Pictures(images)
    return ImageSet([Item(name, "") for name in images], source), source


def scene(seed: int, size=(120, 150)) -> np.ndarray:
    """A drawn picture with structure at all sizes, as photographs have it."""
    rng = np.random.default_rng(seed)
    image = np.zeros((*size, 3), np.float32)
    for cells in (3, 6, 12, 24):
        image += cv2.resize(rng.normal(0, 90 / cells**0.5, (cells, cells, 3)).astype(np.float32), size[::-1])
    return np.clip(image + 128, 0, 255).astype(np.uint8)


def crop(image, share=0.05):
    height, width = (round(each * share) for each in image.shape[:2])
    return image[height // 3 : -(height - height // 3), width // 2 : -(width - width // 2)]


EDITS = {
    "JPEG at quality 30": lambda image: cv2.imdecode(cv2.imencode(".jpg", image, [1, 30])[1], 1),
    "half size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "double size": lambda image: cv2.resize(image, None, fx=2, fy=2),
    "crop of 3%": lambda image: crop(image, 0.03),
    "crop of 5%": crop,
    "brighter": lambda image: np.clip(image * 1.15 + 10, 0, 255).astype(np.uint8),
}


@pytest.mark.parametrize("edit", EDITS)
def test_copies_are_found_and_strangers_are_not(edit):
    originals = {f"o{number}": scene(number) for number in range(40)}
    copies = {f"c{number}": EDITS[edit](originals[f"o{number}"]) for number in range(20)}
    images, _ = imageset(originals | copies)
    pairs, correlations = near_pairs(take_prints(images))
    found = {(str(images.ids[a]), str(images.ids[b])) for a, b in pairs}
    planted = {(f"o{number}", f"c{number}") for number in range(20)}
    assert len(found & planted) >= 19
    assert found <= planted
    assert (correlations >= 0.9).all()


def test_pairs_that_are_unlike_are_given_up_early(monkeypatch):
    """In a large set nearly all candidates are: each would cost the full registration."""
    steps, register = [], same_picture._registered

    def counted(left, right, most):
        steps.append(most)
        return register(left, right, most)

    monkeypatch.setattr(same_picture, "_registered", counted)
    thumbnails = [same_picture.thumbnail(scene(number)) for number in range(31)]
    assert not any(same_picture.likeness(*pair).same for pair in pairwise(thumbnails))
    assert max(Counter(steps).items(), key=lambda item: item[1]) == (same_picture._FIRST_STEPS, 30)
    assert steps.count(same_picture._STEPS) <= 6
    steps.clear()
    assert same_picture.likeness(thumbnails[0], same_picture.thumbnail(crop(scene(0)))).same
    assert steps == [same_picture._FIRST_STEPS, same_picture._STEPS]


def test_one_scene_with_another_object_in_it_is_no_copy():
    first = scene(1)
    other = first.copy()
    other[35:85, 50:100] = scene(99)[35:85, 50:100]
    assert not len(near_pairs(take_prints(imageset({"a": first, "b": other})[0]))[0])


def garment(seed: int) -> np.ndarray:
    """A dark outline before a light wall, the same for every seed; folds, pockets and the cloth's pattern are not."""
    rng = np.random.default_rng(seed)
    wall = np.full((150, 120, 3), 200, np.float32) + np.linspace(-20, 20, 150, dtype=np.float32)[:, None, None]
    cut = np.zeros((150, 120), np.uint8)
    corners = [(35, 30), (50, 24), (70, 24), (85, 30), (108, 70), (95, 80), (86, 62), (86, 125), (34, 125), (34, 62)]
    cv2.fillPoly(cut, [np.array([*corners, (25, 80), (12, 70)])], 1)
    cloth = 60 + 90 * (cv2.resize(rng.random((15, 12)).astype(np.float32), (120, 150)) - 0.5)
    return np.where(cut[..., None] > 0, cloth[..., None], wall).clip(0, 255).astype(np.uint8)


def test_two_garments_photographed_in_one_place_are_no_copies_and_a_copy_of_one_is():
    thumbnails = [same_picture.thumbnail(garment(number)) for number in range(6)]
    for one, other in pairwise(thumbnails):
        found = same_picture.either_way(one, other)
        assert found.correlation >= same_picture.CORRELATION, "their outlines are the same"
        assert not found.same
    for edit in EDITS.values():
        assert same_picture.either_way(thumbnails[0], same_picture.thumbnail(edit(garment(0)))).same


def test_identical_files_are_groups_and_share_their_near_copies():
    picture = scene(3)
    images, _ = imageset({"a": picture, "b": EDITS["half size"](picture), "c": picture, "d": scene(4)})
    prints = take_prints(images)
    assert identical_groups(prints.digests) == [[0, 2]]
    assert near_pairs(prints)[0].tolist() == [[0, 1], [1, 2]]


def test_unreadable_and_flat_images_have_no_copies():
    flat = np.full((40, 40, 3), 200, np.uint8)
    images, source = imageset({"a": flat, "b": flat + 1, "c": scene(1), "d": scene(2)})
    source.bytes["c"] = source.bytes["d"] = b""
    prints = take_prints(images)
    assert list(prints.unreadable) == [2, 3]
    assert prints.flat.tolist() == [True] * 4
    assert identical_groups(prints.digests) == []
    assert not len(near_pairs(prints)[0])


@pytest.mark.parametrize("number", [0, 1])
def test_no_image_or_one_has_no_pairs(number):
    prints = take_prints(imageset({f"p{each}": scene(each) for each in range(number)})[0])
    assert near_pairs(prints)[0].shape == (0, 2)


@pytest.mark.parametrize("block", [(1, 1), (7, 13), (64, 4096)])
@pytest.mark.parametrize("width", [8, 11])
def test_every_close_pair_comes_once_whatever_the_blocks(monkeypatch, block, width):
    monkeypatch.setattr(close_codes, "ROWS", block[0])
    monkeypatch.setattr(close_codes, "COLUMNS", block[1])
    codes = np.random.default_rng(1).integers(0, 256, (60, width), dtype=np.uint8)
    codes[40:50] = codes[:10]
    codes[41, 0] ^= 7
    bits = np.unpackbits(codes, axis=1).astype(int)
    differing = np.abs(bits[:, None] - bits[None]).sum(axis=2)
    expected = {(a, b, differing[a, b]) for a in range(60) for b in range(a + 1, 60) if differing[a, b] <= 26}
    found = [tuple(map(int, row)) for part in close_pairs(codes, 26) for row in zip(*part, strict=True)]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_blocks_stay_small(monkeypatch):
    codes = np.random.default_rng(1).integers(0, 256, (3000, 8), dtype=np.uint8)
    monkeypatch.setattr(close_codes, "ROWS", 20)
    assert sum(1 for _ in close_pairs(codes, 2)) > 100
