import imagehash
import numpy as np
import pytest
from PIL import Image as Pillow

from datasets.errors import UnknownNameError
from methods.conformance_images import odd_images, structured_images
from methods.distances import row_similarity
from methods.encoders.hashes import FUNCTIONS, PerceptualHash
from methods.encoders.hog import Hog
from methods.encoders.pixels import Pixels
from methods.indexes.exact import ExactIndex

PICTURES = [*structured_images(), *odd_images()]


def test_pixels_of_a_thumbnail_are_its_own_values_in_reading_order():
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    rows = Pixels().encode([picture])
    assert rows.shape == (1, 3072) and rows.dtype == np.float32
    assert np.array_equal(np.rint(rows[0] * 255), picture.ravel())


def test_pixels_average_areas_when_they_shrink():
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    rows = Pixels().encode([np.repeat(checks[..., None], 3, axis=2).astype(np.uint8)])
    assert np.ptp(rows) == 0 and rows[0, 0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize("hash_size", [4, 8, 16])
def test_hashes_are_bit_for_bit_those_of_imagehash(kind, hash_size):
    codes = PerceptualHash(kind, hash_size).encode(PICTURES)
    function = getattr(imagehash, FUNCTIONS[kind])
    theirs = [function(Pillow.fromarray(picture), hash_size=hash_size) for picture in PICTURES]
    assert codes.dtype == np.uint8 and codes.shape == (len(PICTURES), hash_size**2 // 8)
    assert [code.tobytes().hex() for code in codes] == [str(one) for one in theirs]
    distances = [one - theirs[0] for one in theirs]
    assert np.array_equal(-row_similarity(codes, codes[:1], "hamming"), distances)


def test_an_unknown_hash_names_those_there_are():
    with pytest.raises(UnknownNameError, match="phash, dhash, ahash, whash"):
        PerceptualHash("md5")


def test_a_wavelet_hash_needs_a_power_of_two():
    with pytest.raises(ValueError, match="power of 2"):
        PerceptualHash("whash", hash_size=6)


def test_hog_sees_edges_and_their_direction_but_not_their_colour_or_light():
    flat = np.full((64, 64, 3), 90, np.uint8)
    upright, lying = flat.copy(), flat.copy()
    upright[:, 30:] = 200
    lying[30:] = 200
    brighter = upright + np.uint8(40)
    rows = Hog().encode([flat, upright, lying, brighter])
    assert rows.shape == (4, 1764) and rows.dtype == np.float32
    assert not rows[0].any()
    assert np.linalg.norm(rows[1] - rows[3]) < 0.1 * np.linalg.norm(rows[1] - rows[2])


def test_cifar10_nearest_pixels_are_far_above_chance(data_dir):
    """The full training set gives 35.4 % (L2, one neighbour); the 4,000 images at hand must give 20 to 30 %."""
    folder = data_dir / "cifar10" / "cifar-10-batches-bin"
    gallery, gallery_labels = _records(folder / "data_batch_1.bin", 4000)
    queries, labels = _records(folder / "test_batch.bin", 500)
    index = ExactIndex("l2")
    index.add(Pixels().encode(gallery))
    ids, _ = index.search(Pixels().encode(queries), 1)
    assert 0.2 < np.mean(gallery_labels[ids[:, 0]] == labels) < 0.35


def _records(path, count):
    """Images and labels of the first `count` records of a binary batch: a label byte, then three planes."""
    records = np.fromfile(path, dtype=np.uint8, count=count * 3073).reshape(-1, 3073)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return list(np.ascontiguousarray(images)), records[:, 0]
