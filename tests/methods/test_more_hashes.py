"""PDQ, OpenCV's hashes and the crop-resistant one: their distances are those of their own libraries."""

import cv2
import imagehash
import numpy as np
import pytest
from PIL import Image as Pillow
from real_images import lfw_image

from datasets.errors import UnknownNameError
from datasets.imageset import ImageSet, Item
from methods.building import Surroundings, build_encoder, build_method
from methods.catalogue_hashes import MORE_HASHES
from methods.conformance import check
from methods.conformance_images import MemorySource, odd_images, structured_images
from methods.crop_resistant import CropResistantHash, segment_codes
from methods.distances import row_similarity
from methods.encoders.opencv_hashes import KINDS, OpenCvHash
from methods.encoders.pdq import Pdq
from methods.indexes.correlation_peak import CorrelationPeakIndex
from methods.indexes.sign_bits import SignBitsIndex

ROWS = {spec.id: spec for spec in MORE_HASHES}
PICTURES = [*structured_images(), *odd_images()]
FLAT = np.full((64, 48, 3), 90, np.uint8)


def images_of(pictures):
    items = [Item(str(number), str(number)) for number in range(len(pictures))]
    return ImageSet(items, MemorySource({str(number): picture for number, picture in enumerate(pictures)}))


@pytest.mark.parametrize("id", ROWS)
def test_every_row_conforms(id):
    if "pdqhash" in ROWS[id].requires:
        pytest.importorskip("pdqhash", reason="the extra `hashes` is not installed")
    assert check(lambda: build_method(ROWS[id]), ROWS[id]) == []


def test_pdq_is_the_reference_implementation_and_a_flat_picture_has_nothing_to_search_for():
    pdqhash = pytest.importorskip("pdqhash", reason="the extra `hashes` is not installed")
    rows = Pdq().encode([*PICTURES, FLAT])
    assert rows.shape == (len(PICTURES) + 1, 256) and rows.dtype == np.float32
    for row, picture in zip(rows, [*PICTURES, FLAT], strict=True):
        bits, quality = pdqhash.compute(picture)
        assert np.isnan(row).all() if quality == 0 else np.array_equal(row > 0, bits)
    assert np.isnan(rows[-1]).all() and not np.isnan(rows[0]).any()


def test_a_flat_query_finds_nothing_and_a_flat_gallery_image_is_never_found():
    pytest.importorskip("pdqhash", reason="the extra `hashes` is not installed")
    pictures = [*structured_images()][:3]
    for id in ("pdq", "pdq-symmetric"):
        method = build_method(ROWS[id])
        method.index(images_of([*pictures, FLAT]))
        ranking = method.search(images_of([pictures[0], FLAT]), 4)
        assert ranking.undetected.tolist() == [False, True]
        assert ranking.ids[0, 0] == 0 and 3 not in ranking.ids[0]
        assert (ranking.ids[1] == -1).all()


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_eight_views_find_turned_and_mirrored_copies(data_dir, turns, mirrored):
    pytest.importorskip("pdqhash", reason="the extra `hashes` is not installed")
    names = ("Albert_Costa", "Angela_Bassett", "Arminio_Fraga", "Billy_Crystal", "Bob_Graham", "Boris_Becker")
    pictures = [lfw_image(data_dir, name, number) for name in names for number in (1, 2, 3)]
    copies = [np.rot90(picture[:, ::-1] if mirrored else picture, turns).copy() for picture in pictures]
    method, plain = build_method(ROWS["pdq-symmetric"]), build_method(ROWS["pdq"])
    for each in (method, plain):
        each.index(images_of(pictures))
    found = [each.search(images_of(copies), 1).ids[:, 0] for each in (method, plain)]
    assert np.array_equal(found[0], np.arange(len(pictures)))
    assert (turns == 0 and not mirrored) == np.array_equal(found[1], np.arange(len(pictures)))


def test_sign_bits_count_the_bits_in_which_the_nearest_view_differs():
    rng = np.random.default_rng(0)
    gallery, queries = rng.choice([-1.0, 1.0], (9, 4 * 100)), rng.choice([-1.0, 1.0], (5, 4 * 100))
    index = SignBitsIndex(views=4)
    index.add(gallery.astype(np.float32))
    ids, scores = index.search(queries.astype(np.float32), 9)
    views = queries.reshape(5, 4, 100)
    cosines = np.einsum("qvb,nb->qnv", views, gallery[:, :100]).max(axis=2) / 100
    assert np.allclose(np.take_along_axis(cosines, ids, axis=1), scores, atol=1e-6)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert index.nbytes == 9 * 16  # 100 bits in whole words


def test_pdq_takes_one_view_or_eight():
    with pytest.raises(ValueError, match="1 view of a picture or 8"):
        Pdq(views=2)


@pytest.mark.parametrize("kind", KINDS)
def test_distances_are_those_of_opencvs_compare(kind):
    rows = OpenCvHash(kind).encode(PICTURES)
    theirs = getattr(cv2.img_hash, KINDS[kind].name).create()
    hashes = [theirs.compute(picture[..., ::-1].copy()) for picture in PICTURES]
    expected = np.array([[theirs.compare(query, other) for other in hashes] for query in hashes[:8]])
    index = build_method(ROWS[kind]).ann
    index.add(rows)
    ids, scores = index.search(rows[:8], len(PICTURES))
    ours = np.take_along_axis(scores, np.argsort(ids, axis=1), axis=1)
    if kind == "radial-variance":  # OpenCV's is a similarity, and undefined for a flat profile
        assert np.allclose(ours, expected, atol=1e-5)
    else:
        assert np.allclose(-ours, expected, atol=0.05 if kind == "colour-moments" else 1e-6)


def test_an_unknown_hash_names_those_there_are():
    with pytest.raises(UnknownNameError, match="block-mean, marr-hildreth"):
        OpenCvHash("md5")


def test_a_turned_profile_correlates_fully_and_a_flat_one_not_at_all():
    profile = np.random.default_rng(0).random((1, 40)).astype(np.float32)
    index = CorrelationPeakIndex()
    index.add(np.concatenate([np.roll(profile, 11, axis=1), np.ones((1, 40), np.float32), -profile]))
    ids, scores = index.search(profile, 3)
    assert ids[0, 0] == 0 and scores[0, 0] == pytest.approx(1, abs=1e-5)
    assert scores[0, ids[0] == 1] == pytest.approx(0, abs=1e-5)


def test_segments_are_those_of_imagehash(data_dir):
    names = ("Albert_Costa", "Angela_Bassett", "Arminio_Fraga", "Billy_Crystal", "Bob_Graham", "Boris_Becker")
    for picture in [*PICTURES[::3], *(lfw_image(data_dir, name, 1) for name in names)]:
        theirs = imagehash.crop_resistant_hash(Pillow.fromarray(picture)).segment_hashes
        codes = np.packbits([segment.hash.ravel() for segment in theirs], axis=1)
        assert sorted(map(bytes, segment_codes(picture))) == sorted(map(bytes, codes))


def test_scores_of_the_crop_resistant_hash_are_imagehashs_differences(data_dir):
    names = ("Albert_Costa", "Angela_Bassett", "Arminio_Fraga", "Billy_Crystal")
    pictures = [lfw_image(data_dir, name, number) for name in names for number in (1, 2)]
    queries = [picture[20:230, 30:240].copy() for picture in pictures[:3]]
    method = CropResistantHash()
    method.index(images_of(pictures))
    ranking = method.search(images_of(queries), len(pictures))
    hashes = [imagehash.crop_resistant_hash(Pillow.fromarray(picture)) for picture in pictures]
    for place, query in enumerate(queries):
        asked = imagehash.crop_resistant_hash(Pillow.fromarray(query))
        differences = np.array([asked - other for other in hashes])
        expected = len(asked.segment_hashes) - differences[ranking.ids[place]]
        assert np.allclose(ranking.scores[place], expected, atol=1e-5)


def test_verification_compares_pdq_as_search_does():
    pytest.importorskip("pdqhash", reason="the extra `hashes` is not installed")
    rows = build_encoder(ROWS["pdq"], Surroundings()).encode([*structured_images()][:2])
    index = SignBitsIndex()
    index.add(rows[1:])
    assert index.search(rows[:1], 1)[1][0, 0] == pytest.approx(row_similarity(rows[:1], rows[1:], "cosine")[0])
