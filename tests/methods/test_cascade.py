"""The cascade answers near copies by hash and SIFT, and embeds and checks the rest."""

import numpy as np
import onnx_files
import pytest

from datasets.imageset import ImageSet, Item
from methods.cascade import HashEmbeddingSift
from methods.stages import StageClock


def scene(seed, size=160):
    """A picture with corners in it."""
    rng = np.random.default_rng(seed)
    image = np.full((size, size, 3), rng.integers(60, 200, 3), dtype=np.uint8)
    for _ in range(45):
        top, left = rng.integers(0, size - 20, 2)
        height, width = rng.integers(6, 40, 2)
        image[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return image


class Pictures:
    def __init__(self, images):
        self.images = images

    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        return self.images[id]


def image_set(images):
    return ImageSet([Item(name, name) for name in images], Pictures(images), None)


GALLERY = {f"g{number}": scene(number) for number in range(6)}


@pytest.fixture(scope="module")
def cascade(tmp_path_factory):
    path = tmp_path_factory.mktemp("cascade") / "small.onnx"
    path.write_bytes(onnx_files.small_network())
    made = HashEmbeddingSift(path, network={"size": (16, 16), "mean": (127.5,), "std": (127.5,)})
    made.fit(image_set(GALLERY))
    made.index(image_set(GALLERY))
    return made


def asked(cascade, images, k=6):
    before, clock = cascade.embedded, StageClock()
    with clock.running():
        ranking = cascade.search(image_set(images), k)
    return ranking, cascade.embedded - before, clock.seconds


def test_a_near_copy_is_answered_without_the_network(cascade):
    brighter = np.clip(GALLERY["g2"].astype(int) + 12, 0, 255).astype(np.uint8)
    ranking, embedded, _ = asked(cascade, {"q": brighter})
    assert ranking.ids[0, 0] == 2
    assert embedded == 0
    assert ranking.scores[0, 0] > 12
    assert ranking.scores[0, 1] <= 1


def test_a_turned_copy_is_embedded_and_found_by_the_check(cascade):
    import cv2

    turn = cv2.getRotationMatrix2D((80, 80), 40, 1.0)
    turned = cv2.warpAffine(GALLERY["g4"], turn, (160, 160))
    ranking, embedded, seconds = asked(cascade, {"q": turned, "other": scene(99)})
    assert embedded == 2
    assert ranking.ids[0, 0] == 4
    assert ranking.scores[0, 0] > 3
    assert {"encode", "search", "rerank"} <= set(seconds)


def test_a_query_is_answered_alike_alone_and_among_others(cascade):
    queries = {"copy": GALLERY["g1"], "new": scene(50), "flat": np.zeros((40, 40, 3), np.uint8)}
    together, _, _ = asked(cascade, queries)
    for row, (name, image) in enumerate(queries.items()):
        alone, _, _ = asked(cascade, {name: image})
        assert alone.scores[0] == pytest.approx(together.scores[row], abs=1e-5)
    assert np.isfinite(together.scores).all()
    assert cascade.nbytes > 6 * 8


def test_an_empty_gallery_has_no_answers(cascade, tmp_path):
    path = tmp_path / "small.onnx"
    path.write_bytes(onnx_files.small_network())
    made = HashEmbeddingSift(path, network={"size": (16, 16)})
    assert made.search(image_set({}), 3).ids.shape == (0, 0)
