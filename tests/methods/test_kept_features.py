"""Features and vocabularies kept by content: the same rankings cold and warm, and nothing stale is taken up."""

import time

import cv2
import numpy as np
import pytest

from datasets.imageset import ImageSet
from methods.conformance_images import structured_images
from methods.contracts import Reusing
from methods.local_features import kept_features
from methods.local_features.aggregated_search import bag_of_words_search, vlad_search
from methods.local_features.binary_matching import BinaryMatching
from methods.local_features.indexed_search import IndexedSearch
from methods.local_features.kept_features import KeptFeatures
from methods.sift import SiftMatching
from methods.sift_features import SiftExtractor
from methods.stages import StageClock

BUILDS = {
    "sift": SiftMatching,
    "sift, verified": lambda: SiftMatching(verify=True, shortlist=5),
    "sift, mean distance": lambda: SiftMatching(aggregate="mean-distance"),
    "akaze": lambda: BinaryMatching("akaze"),
    "orb": lambda: BinaryMatching("orb"),
    "indexed": IndexedSearch,
    "bag of words": lambda: bag_of_words_search(50),
    "bag of words, verified": lambda: bag_of_words_search(50, verify=True),
    "vlad": lambda: vlad_search(4, 8),
    "vlad, whitened": lambda: vlad_search(4, 8, whiten=True),
}


def with_digests(images):
    return ImageSet(images.items, images.source, [f"digest of {item.id}" for item in images.items])


IMAGES = with_digests(structured_images(labels=6, each=3))
GALLERY, QUERIES = IMAGES.take(range(1, 18, 3)), IMAGES.take(range(0, 18, 3))


class Counting(SiftExtractor):
    extracted = 0

    def extract(self, image):
        self.extracted += 1
        return super().extract(image)


def ranked(build, folder):
    method = build()
    assert isinstance(method, Reusing)
    method.reuse(folder)
    method.fit(GALLERY)
    method.index(GALLERY)
    ranking = method.search(QUERIES, len(GALLERY))
    return ranking, method.nbytes


@pytest.mark.parametrize("name", BUILDS)
def test_rankings_are_the_same_without_a_cache_and_with_a_cold_and_a_warm_one(name, tmp_path):
    plain, cold, warm = (ranked(BUILDS[name], folder) for folder in (None, tmp_path, tmp_path))
    for other in (cold, warm):
        assert np.array_equal(plain[0].ids, other[0].ids)
        assert np.array_equal(plain[0].scores, other[0].scores)
        assert plain[1] == other[1]


def counted(folder, images=GALLERY, **settings):
    """Features of `images`, and how many images were extracted for them."""
    extractor = Counting(**settings)
    extractor.kept = KeptFeatures(folder, extractor)
    features = list(extractor.extract_all(images))
    return features, extractor.extracted


def equal(left, right):
    return all(
        np.array_equal(a.points, b.points) and np.array_equal(a.descriptors, b.descriptors)
        for a, b in zip(left, right, strict=True)
    )


def test_a_batch_is_extracted_once_and_its_largest_image_looked_at_again(tmp_path):
    cold, first = counted(tmp_path)
    warm, second = counted(tmp_path)
    assert (first, second) == (len(GALLERY), 1)
    assert equal(cold, warm) and equal(cold, SiftExtractor().extract_all(GALLERY))


def test_images_that_other_batches_hold_are_taken_from_there(tmp_path):
    counted(tmp_path, GALLERY)
    mixed = IMAGES.take([1, 0, 4, 3])  # two of the gallery's, two that are new
    features, extracted = counted(tmp_path, mixed)
    assert extracted == 3  # the new ones, and the larger of the others to be sure
    assert equal(features, SiftExtractor().extract_all(mixed))
    assert counted(tmp_path, mixed)[1] == 1


def test_what_other_batches_hold_wrongly_is_made_anew(tmp_path):
    counted(tmp_path, GALLERY)
    (path,) = tmp_path.glob("*/*.npz")
    arrays = dict(np.load(path))
    np.savez(path, **{**arrays, "of points": arrays["of points"] + 1})
    mixed = IMAGES.take([1, 0, 4, 3])
    features, extracted = counted(tmp_path, mixed)
    assert extracted == 5 and equal(features, SiftExtractor().extract_all(mixed))


@pytest.mark.parametrize("change", ["settings", "code", "packages", "images"])
def test_a_change_of_what_decides_features_extracts_them_anew(change, tmp_path, monkeypatch):
    counted(tmp_path)
    settings, images = {}, GALLERY
    if change == "settings":
        settings = {"short_side": 100}
    elif change == "code":
        monkeypatch.setattr(kept_features.fingerprint, "code_digest", lambda modules: "other code")
    elif change == "packages":
        monkeypatch.setattr(kept_features.fingerprint, "package_versions", lambda names: {"cv2": "99"})
    else:
        images = QUERIES
    assert counted(tmp_path, images, **settings)[1] == len(images)


@pytest.mark.parametrize("damage", ["truncated", "empty", "of another form", "other features"])
def test_a_damaged_file_is_named_and_made_again(damage, tmp_path, caplog):
    before, _ = counted(tmp_path)
    (path,) = tmp_path.glob("*/*.npz")
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "of another form":
        np.savez(path, rows=np.zeros(3))
    else:
        arrays = dict(np.load(path))
        np.savez(path, **{**arrays, "of descriptors": arrays["of descriptors"] ^ 1})
    after, extracted = counted(tmp_path)
    assert extracted >= len(GALLERY) and equal(before, after)
    assert f"{path} (" in caplog.text
    assert counted(tmp_path)[1] == 1


def test_images_of_unknown_content_are_never_kept(tmp_path):
    assert counted(tmp_path, structured_images(labels=2, each=2))[1] == 4
    assert not list(tmp_path.glob("*/*.npz"))


def test_features_taken_up_count_with_the_seconds_they_took(tmp_path, monkeypatch):
    class Slow(SiftExtractor):
        def extract(self, image):
            time.sleep(0.02)
            return super().extract(image)

    totals = []
    for _ in range(2):
        extractor, clock = Slow(), StageClock()
        extractor.kept = KeptFeatures(tmp_path, extractor)
        with clock.running():
            start = time.perf_counter()
            list(extractor.extract_all(GALLERY))
            totals.append(time.perf_counter() - start + clock.spared)
    assert min(totals) >= 0.02 * len(GALLERY) / cv2.getNumThreads()  # so many images at once
    assert totals[1] == pytest.approx(totals[0], abs=0.1)


def test_features_of_other_batches_count_with_their_share_of_the_seconds(tmp_path):
    counted(tmp_path, GALLERY)
    (path,) = tmp_path.glob("*/*.npz")
    arrays = dict(np.load(path))
    np.savez(path, **{**arrays, "seconds": np.full(len(GALLERY), 100.0)})
    extractor, clock = SiftExtractor(), StageClock()
    extractor.kept = KeptFeatures(tmp_path, extractor)
    with clock.running():
        list(extractor.extract_all(IMAGES.take([1, 0, 4, 3])))  # two of the gallery's
    assert clock.spared == pytest.approx(200, abs=10)


@pytest.mark.parametrize("build", [bag_of_words_search, vlad_search])
def test_a_vocabulary_is_learned_once_and_anew_for_other_settings(build, tmp_path, monkeypatch):
    learned = []
    kind = type(build(5).aggregation)
    fit = kind.fit
    monkeypatch.setattr(kind, "fit", lambda self, images: (learned.append(self.words), fit(self, images)))
    for words, verify in ((5, False), (5, True), (6, False)):
        method = build(words, verify=verify)
        method.reuse(tmp_path)
        method.fit(GALLERY)
    assert learned == [5, 6]


def test_a_method_that_starts_afresh_reads_nothing(tmp_path):
    method = bag_of_words_search(5)
    method.reuse(tmp_path)
    method.fit(GALLERY)
    method.index(GALLERY)
    method.reuse(None)
    for path in tmp_path.glob("*/*.npz"):
        path.unlink()
    method.search(QUERIES, 3)
    assert not list(tmp_path.glob("sift-*/*.npz"))
