"""Searching for a part of a picture, and what is made once: local features, and the embeddings of runs."""

import io

import numpy as np
import pytest
from copies_support import photo, save
from PIL import Image
from search_support import encoded, fill, picture

from benchmarks.core.embeddings import EmbeddingStore
from benchmarks.core.staleness import encoder_key, method_inputs
from benchmarks.search.choice import LOCAL, local_method
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.opening import open_searchers
from benchmarks.search.query import Crop, Query, read_query
from benchmarks.search.searcher import Places, Searcher
from datasets.distortions import crop
from datasets.folder import Folder
from datasets.manifest import build_manifest
from methods.encoders.hashes import PerceptualHash
from methods.registry import load_registry
from methods.sift_features import SiftExtractor

PHOTOGRAPHS = 30


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Local features, opened in a folder of photographs with detail."""
    place = tmp_path_factory.mktemp("parts")
    for seed in range(PHOTOGRAPHS):
        save(place / "photos" / f"{seed:02d}.png", photo(seed, (240, 180)))
    (searcher,) = open_searchers(str(place / "photos"), [LOCAL], Places(place / "index"), place / "results")
    return searcher


@pytest.mark.parametrize("seed", range(0, PHOTOGRAPHS, 6))
def test_a_crop_is_a_match_of_its_picture(opened, seed):
    part = crop(photo(seed, (240, 180)))
    answer = opened.search(Query("part", part), 3)
    assert (answer.verdict, answer.hits[0].path) == ("match", f"{seed:02d}.png")
    assert [answer.is_good(hit) for hit in answer.hits] == [True, False, False]


def test_a_region_of_a_larger_picture_is_found(opened):
    page = np.full((400, 500, 3), 255, np.uint8)
    page[100:280, 200:440] = photo(4, (240, 180))
    answer = opened.search(Query("page", page), crop=Crop(190, 90, 260, 200))
    assert (answer.verdict, answer.hits[0].path) == ("match", "04.png")


def test_strangers_are_no_match_of_local_features(opened):
    verdicts = [opened.search(Query("x", photo(seed, (240, 180)))).verdict for seed in range(500, 520)]
    assert verdicts.count("match") <= 1


def test_local_features_are_made_once(opened, monkeypatch):
    extracted = []
    extract = SiftExtractor.extract
    monkeypatch.setattr(SiftExtractor, "extract", lambda self, image: (extracted.append(1), extract(self, image))[1])
    again = Searcher(opened.spec, opened.gallery, Places(opened.gallery.root.parent / "index"))
    assert len(extracted) == 1, "one picture of the batch, to see that what is kept is right"
    assert not any("keeps no index" in note for note in again.indexed.notes)
    assert again.calibration == opened.calibration


def test_local_features_search_beside_the_usual_method_by_default(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.search.searcher.Searcher", lambda spec, *_: spec.id)
    monkeypatch.setattr("benchmarks.search.choice.default_method", lambda *_: "phash")
    arguments = (str(fill(tmp_path / "photos", 4)), None, Places(tmp_path / "index"), tmp_path / "results")
    assert open_searchers(*arguments, several=True) == ["phash", LOCAL]
    assert open_searchers(*arguments) == ["phash"], "where one answer is asked for"


def test_a_large_folder_is_not_searched_by_local_features_unless_asked(tmp_path, monkeypatch):
    gallery = FolderGallery(fill(tmp_path / "photos", 4), tmp_path / "index")
    gallery.update()
    assert local_method(gallery, load_registry(), None) == LOCAL
    monkeypatch.setattr("benchmarks.search.choice.MOST_LOCAL", 3)
    assert local_method(gallery, load_registry(), None) is None


def test_embeddings_of_a_run_are_used_where_they_fit(tmp_path, monkeypatch):
    root = fill(tmp_path / "photos", 12, labels=3)
    spec = load_registry().get("phash")
    folder = Folder(root)
    runs = tmp_path / "results"
    key = encoder_key(spec, method_inputs(spec, None, source=folder))
    images = build_manifest(folder, "full", tmp_path / "manifests").gallery
    EmbeddingStore(runs / "cache" / "embeddings" / key)(PerceptualHash(), images)
    encoding = []
    encode = PerceptualHash.encode
    monkeypatch.setattr(PerceptualHash, "encode", lambda self, some: (encoding.extend(some), encode(self, some))[1])
    gallery = FolderGallery(root, tmp_path / "index")
    gallery.update()
    searcher = Searcher(spec, gallery, Places(tmp_path / "index", runs=runs))
    assert len(encoding) == 12 - len(images), "only the run's queries were left to encode"
    buffer = io.BytesIO(encoded(picture(3)))
    assert searcher.search(read_query(buffer.getvalue(), "x")).hits[0].score == 0
    assert Image.open(buffer).size == (60, 48)
