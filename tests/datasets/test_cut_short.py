"""JPEG files that lack their last bytes: read, the rest grey, and counted; those that lack more are damaged."""

import numpy as np
import pytest
from pictures import encode, noise
from PIL import Image as Pillow

from datasets.cut_short import LOST, was_cut_short, whole
from datasets.decoding import decode_image
from datasets.folder import Folder
from datasets.manifest import Manifest, build_manifest

KINDS = {
    "plain": (lambda picture: picture, {}),
    "progressive": (lambda picture: picture, {"progressive": True}),
    "grey": (lambda picture: picture.convert("L"), {}),
}


def picture() -> Pillow.Image:
    return noise(4, 30, 20).resize((300, 200), Pillow.Resampling.BICUBIC)


@pytest.mark.parametrize("missing", [1, 2, 3, 10, 100])
@pytest.mark.parametrize("kind", KINDS)
def test_a_few_missing_bytes_cost_a_few_pixels(kind, missing):
    convert, options = KINDS[kind]
    data = encode(convert(picture()), "JPEG", **options)
    completed = whole(data[:-missing])
    assert was_cut_short(completed) and completed.startswith(data[:-missing])
    assert not was_cut_short(data) and not was_cut_short(data[:-missing])
    read, right = decode_image(completed, "x"), decode_image(data, "x")
    assert read.shape == right.shape
    far = np.abs(read.astype(int) - right).max(axis=2) > 40
    assert far.mean() <= LOST
    assert missing > 2 or not far.any()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_lacks_more_is_damaged(kind, share):
    convert, options = KINDS[kind]
    data = encode(convert(picture()), "JPEG", **options)
    cut = data[: int(len(data) * share)]
    assert whole(cut) is cut


@pytest.mark.parametrize("behind", [b"", b"\0" * 100, b"a film, as telephones add it"])
def test_bytes_behind_the_end_change_nothing(behind):
    data = encode(picture(), "JPEG") + behind
    assert whole(data) is data


@pytest.mark.parametrize("format", ["PNG", "GIF", "BMP", "WEBP", "TIFF"])
def test_other_formats_are_left_as_they_are(format):
    cut = encode(picture(), format)[:-10]
    assert whole(cut) is cut


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0" * 50, b"\xff\xd8\xff\xda\x00\x08\x01"])
def test_what_is_no_picture_is_left_as_it_is(data):
    assert whole(data) is data


def test_too_many_pixels_are_not_decoded():
    cut = encode(picture(), "JPEG")[:-2]
    assert whole(cut, max_pixels=1000) is cut
    assert was_cut_short(whole(cut))


def test_a_manifest_counts_them_and_is_otherwise_as_before(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(3):
            (tmp_path / label / f"{number}.jpg").write_bytes(encode(noise(number, 60, 60), "JPEG"))
    sound = build_manifest(Folder(tmp_path), "full")
    assert sound.cut_short == () and "cut_short" not in sound.to_json()
    path = tmp_path / "a" / "1.jpg"
    path.write_bytes(path.read_bytes()[:-3])
    manifest = build_manifest(Folder(tmp_path), "full", tmp_path / ".cache")
    assert manifest.cut_short == ("a/1.jpg",) and manifest.skipped == ()
    again = Manifest.from_json(manifest.to_json(), Folder(tmp_path))
    assert (again.cut_short, again.hash) == (manifest.cut_short, manifest.hash)
    assert build_manifest(Folder(tmp_path), "full", tmp_path / ".cache").cut_short == ("a/1.jpg",)
    images = [image for images in (manifest.gallery, manifest.queries) for image in images]
    assert all(image.shape == (60, 60, 3) for image in images)
