import threading
import time
import weakref

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.imageset import ImageSet, Item
from methods import sift_bank
from methods.conformance_images import MemorySource, odd_images, structured_images
from methods.local_features import extraction
from methods.sift import SiftMatching
from methods.sift_bank import DescriptorBank
from methods.sift_features import SiftExtractor, unit_descriptors
from methods.sift_measures import measures, passing, scores_of
from methods.sift_pairs import distinct_matches, inliers, matches_of, ratio_passes, two_nearest

IMAGES = structured_images(labels=6, each=3)
ODD = odd_images()
VARIANTS = [{}, {"verify": True, "shortlist": 4}, {"aggregate": "mean-distance"}, {"root": True}]


def indexed(gallery, **settings):
    method = SiftMatching(**settings)
    method.fit(gallery)
    method.index(gallery)
    return method


def _sum_of_both(nearest, second):
    """Any number that changes when a nearest or second nearest does; -inf, for none, counts as -1."""
    return np.maximum(nearest, -1).sum(axis=1) + 3 * np.maximum(second, -1).sum(axis=1)


def descriptors(rng, count):
    return rng.integers(0, 256, (count, 128)).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.integers(0, 6), min_size=1, max_size=9),
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    chunk=st.integers(1, 60),
)
def test_the_bank_compares_each_query_with_each_image_as_if_both_were_alone(counts, sizes, chunk):
    rng = np.random.default_rng(sum(counts) + sum(sizes))
    gallery, queries = ([descriptors(rng, count) for count in numbers] for numbers in (counts, sizes))
    bank = DescriptorBank(gallery, root=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sift_bank, "CHUNK", chunk)
        found = bank.measured(queries, {"sum": _sum_of_both, "nearest": lambda nearest, second: nearest})
    assert len(found) == len(queries)
    for query, measured in zip(queries, found, strict=True):
        for image, rows in enumerate(gallery):
            _, nearest, second = two_nearest(query, rows, root=False)
            assert np.isclose(measured["sum"][image], _sum_of_both(nearest[None], second[None])[0], atol=1e-4)
            assert np.allclose(measured["nearest"][image], nearest, atol=1e-6)
    assert all(np.array_equal(bank.descriptors(image), rows) for image, rows in enumerate(gallery))


def test_queries_asked_together_measure_bit_by_bit_what_they_do_alone():
    rng = np.random.default_rng(2)
    gallery = [descriptors(rng, count) for count in rng.integers(1, 40, 60)]
    queries = [descriptors(rng, count) for count in (3, 17, 50, 120)]
    bank = DescriptorBank(gallery, root=False)
    together = bank.measured(queries, measures(0.8))
    for query, found in zip(queries, together, strict=True):
        (alone,) = bank.measured([query], measures(0.8))
        assert all(np.array_equal(alone[name], found[name]) for name in alone)


@pytest.mark.parametrize("count", [2, 40])
def test_ratio_counts_are_those_of_opencvs_matcher(count):
    rng = np.random.default_rng(count)
    left, right = descriptors(rng, 30), descriptors(rng, count)
    left[:5] = np.clip(right[rng.integers(0, count, 5)] + rng.integers(0, 9, (5, 128)), 0, 255)
    units = [unit_descriptors(rows, root=False) for rows in (left, right)]
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(*units, k=2)
    expected = [best.distance < 0.8 * second.distance for best, second in pairs]
    _, nearest, second = two_nearest(left, right, root=False)
    assert np.array_equal(ratio_passes(nearest, second, 0.8), expected)
    assert sum(expected) >= 5


def test_no_second_neighbour_means_no_match():
    rng = np.random.default_rng(0)
    lone = descriptors(rng, 1)
    _, nearest, second = two_nearest(lone, lone, root=False)
    assert not ratio_passes(nearest, second, 0.8).any()


def test_a_row_of_the_right_image_is_matched_once():
    rng = np.random.default_rng(0)
    right = descriptors(rng, 5)
    rows, columns = distinct_matches(np.repeat(right[:2], 3, axis=0), right, 0.8, root=False)
    assert sorted(columns) == [0, 1] and len(rows) == 2


def test_matches_of_descriptors_known_to_pass_are_those_of_all():
    rng = np.random.default_rng(3)
    right = descriptors(rng, 60)
    left = np.concatenate([descriptors(rng, 20), right[rng.integers(0, 60, 30)] // 2 + 20])
    _, nearest, second = two_nearest(left, right, root=False)
    bits = measures(0.8)["ratio-count"](nearest[None], second[None])[0]
    passed = passing(bits, len(left))
    assert 10 < len(passed) < 50 and np.array_equal(passed, np.flatnonzero(ratio_passes(nearest, second, 0.8)))
    assert scores_of("ratio-count", bits[None]).tolist() == [len(passed)]
    expected = distinct_matches(left, right, 0.8, root=False)
    assert len(expected[0]) < len(passed)  # several match one row
    for found, own in zip(matches_of(left, right, passed, root=False), expected, strict=True):
        assert np.array_equal(found, own)


def test_who_agrees_is_the_same_whether_opencv_refines_the_transform_or_not():
    rng = np.random.default_rng(5)
    for good in range(2, 12):
        left = rng.uniform(0, 200, (good + 6, 2)).astype(np.float32)
        right = (left * 0.8 + 11 + rng.normal(0, 2, left.shape)).astype(np.float32)
        right[good:] = rng.uniform(0, 200, (6, 2))
        masks = [
            cv2.estimateAffinePartial2D(left, right, method=cv2.RANSAC, ransacReprojThreshold=3, refineIters=rounds)[1]
            for rounds in (0, 10)
        ]
        assert np.array_equal(*masks)


def test_root_sift_is_the_unit_square_root():
    rows = unit_descriptors(np.array([[4, 9, 0, 3] + [0] * 124], dtype=np.uint8), root=True)
    assert np.allclose(rows[0, :4] ** 2, np.array([4, 9, 0, 3]) / 16)


@pytest.mark.parametrize(("good", "bad"), [(12, 6), (3, 0)])
def test_inliers_are_the_points_that_move_together(good, bad):
    rng = np.random.default_rng(1)
    left = rng.uniform(0, 200, (good + bad, 2)).astype(np.float32)
    turn = 1.3 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    right = (left @ turn.T + [30, -12]).astype(np.float32)
    right[good:] += rng.uniform(80, 150, (bad, 2)).astype(np.float32) * np.array([[1, -1]] * bad, np.float32).reshape(
        -1, 2
    )
    assert inliers(left, right, tolerance=3, seed=0) == good


def test_two_matches_or_three_at_one_spot_prove_nothing():
    points = np.array([[1, 2], [50, 80], [90, 10]], dtype=np.float32)
    assert inliers(points[:2], points[:2], tolerance=3, seed=0) == 0
    assert inliers(points, points[[0, 0, 0]], tolerance=3, seed=0) == 0


def test_thumbnails_are_enlarged_and_large_pictures_shrunk_before_extraction():
    picture = IMAGES[0]
    thumbnail, poster = cv2.resize(picture, (32, 32)), cv2.resize(picture, (1500, 1500))
    enlarged = SiftExtractor().extract(thumbnail)
    assert len(enlarged.points) > len(SiftExtractor(short_side=1).extract(thumbnail).points)
    assert enlarged.points.max() > 32
    assert SiftExtractor().extract(poster).points.max() < 640


def test_opencvs_descriptors_fit_in_bytes_unchanged():
    grey = cv2.cvtColor(cv2.resize(IMAGES[0], (160, 160)), cv2.COLOR_RGB2GRAY)
    _, floats = cv2.SIFT.create().detectAndCompute(grey, None)
    assert np.array_equal(floats, floats.astype(np.uint8))


@pytest.mark.parametrize("settings", VARIANTS)
def test_pictures_of_one_drawing_find_each_other(settings):
    gallery, queries = IMAGES.take(range(1, 18, 3)), IMAGES.take(range(0, 18, 3))
    ranking = indexed(gallery, **settings).search(queries, 6)
    assert np.mean(ranking.ids[:, 0] == np.arange(6)) >= 5 / 6


@pytest.mark.parametrize("settings", VARIANTS)
def test_pictures_without_keypoints_tie_with_strangers_and_are_never_nan(settings):
    gallery = ImageSet([*IMAGES.items[:3], *ODD.items[:1]], MemorySource(_pictures(IMAGES) | _pictures(ODD)))
    method = indexed(gallery, **settings)
    blank = method.search(ODD[:1], 4)
    assert np.ptp(blank.scores) == 0 and not blank.undetected.any()
    found = method.search(IMAGES[:1], 4)
    assert found.ids[0, -1] == 3 and np.isfinite(found.scores).all()


def test_verified_images_come_first_by_inliers_and_ratio_matches_follow():
    plain, checked = indexed(IMAGES), indexed(IMAGES, verify=True, shortlist=4)
    queries = IMAGES[:5]
    counts = plain.search(queries, 18)
    for row, ranking in enumerate(checked.search(queries, 18).scores):
        verified = np.count_nonzero(ranking >= 0)
        fourth = counts.scores[row, 3]
        assert verified == np.count_nonzero(counts.scores[row] >= max(fourth, 1))
        behind = counts.scores[row, verified:]
        assert np.allclose(ranking[verified:], behind / (1 + behind) - 1)


@pytest.mark.parametrize("settings", VARIANTS)
def test_the_similarity_of_a_pair_is_its_score_in_a_search(settings):
    gallery, queries = IMAGES.take(range(1, 18, 3)), IMAGES.take(range(0, 18, 3))
    method = indexed(gallery, **settings | ({"shortlist": 6} if "verify" in settings else {}))
    ranking = method.search(queries, 6)
    found = [scores[ids == row][0] for row, (ids, scores) in enumerate(zip(ranking.ids, ranking.scores, strict=True))]
    assert np.allclose(method.similarity(queries, gallery), found, atol=1e-5)


def test_verifying_keeps_where_the_keypoints_lie():
    assert indexed(IMAGES, verify=True).nbytes > indexed(IMAGES).nbytes > 0


def test_verification_needs_ratio_matches():
    with pytest.raises(ValueError, match="ratio"):
        SiftMatching(verify=True, aggregate="mean-distance")


@pytest.mark.parametrize("verify", [False, True])
def test_a_cropped_and_recompressed_photograph_finds_its_original(data_dir, verify):
    paths = sorted((data_dir / "lfw" / "lfw-deepfunneled").glob("A*/*_0001.jpg"))[:40]
    photos = {path.stem: cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in paths}
    crops = {}
    for name in list(photos)[::8]:
        _, jpeg = cv2.imencode(".jpg", photos[name][30:220, 20:230], [cv2.IMWRITE_JPEG_QUALITY, 40])
        crops[name] = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    gallery, queries = (ImageSet([Item(n, n) for n in some], MemorySource(some)) for some in (photos, crops))
    ranking = indexed(gallery, verify=verify).search(queries, 1)
    assert np.array_equal(gallery.ids[ranking.ids[:, 0]], queries.ids)


def _pictures(images):
    return dict(zip(images.ids.tolist(), images, strict=True))


@pytest.fixture
def threads():
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


class Witnessed(SiftExtractor):
    """Keeps which thread extracted what."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def extract(self, image):
        self.seen.append((threading.get_ident(), cv2.getNumThreads()))
        time.sleep(0.01)  # so that no thread is done with all before another begins
        return super().extract(image)


def same(left, right):
    return np.array_equal(left.points, right.points) and np.array_equal(left.descriptors, right.descriptors)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_many_images_are_extracted_at_once_and_alike(threads, count):
    threads(count)
    alone = [SiftExtractor().extract(image) for image in IMAGES]
    extractor = Witnessed()
    assert all(map(same, extractor.extract_many(list(IMAGES)), alone))
    assert len({thread for thread, _ in extractor.seen}) == count and {own for _, own in extractor.seen} == {1}
    assert cv2.getNumThreads() == count


@pytest.mark.parametrize("known", [True, False])
def test_an_image_of_several_pairs_is_extracted_once_where_its_content_is_known(threads, known, monkeypatch):
    monkeypatch.setattr(extraction, "BATCH", 3)
    threads(2)
    sides = [[0, 0, 1, 2, 0, 3, 3, 4], [1, 2, 2, 3, 5, 3, 6, 0]]
    digests = [f"{image}" for image in range(len(IMAGES))] if known else None
    images = ImageSet(IMAGES.items, IMAGES.source, digests)
    extractor = Witnessed()
    pairs = list(extractor.extract_pairs(*(images.take(side) for side in sides)))
    assert len(extractor.seen) == (7 if known else 16)
    for places, pair in zip(zip(*sides, strict=True), pairs, strict=True):
        assert all(same(found, extractor.extract(IMAGES[place])) for found, place in zip(pair, places, strict=True))


def test_features_of_pairs_are_let_go_after_their_last(monkeypatch):
    monkeypatch.setattr(extraction, "BATCH", 2)
    images = ImageSet(IMAGES.items[:8], IMAGES.source, [f"{image}" for image in range(8)])
    pairs = SiftExtractor().extract_pairs(images[:4], images[4:])
    first = [weakref.ref(features) for features in next(pairs)]
    for _ in range(2):
        next(pairs)
    assert [reference() for reference in first] == [None, None]
