"""Searching a folder: indexed once, updated, honest about what it skips and what it cannot say."""

import signal

import numpy as np
import pytest
from search_support import encoded, fill, opened, picture, query

from benchmarks.search import encoding
from benchmarks.search.answer import Answer
from benchmarks.search.errors import SearchError
from benchmarks.search.faces import encode_face
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.query import Crop, Query
from datasets.errors import WeightsError
from methods.faces.detection import FaceBoxes


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("photos"), 30)


@pytest.mark.parametrize("method", ["phash", "pixels", "sift", "colour-histogram"])
def test_a_picture_finds_itself_first(photos, tmp_path, method):
    answer = opened(photos, tmp_path / "index", method).search(query(7), k=3)
    assert (answer.hits[0].rank, answer.hits[0].path) == (1, "007.png")
    assert len(answer.hits) == 3
    assert set(answer.seconds) == {"load", "encode", "search"}


@pytest.mark.parametrize("method", ["phash", "pixels"])
def test_a_copy_matches_and_a_stranger_does_not(photos, tmp_path, method):
    searcher = opened(photos, tmp_path / "index", method)
    copy = Query("copy", np.asarray(picture(7, (90, 70))))
    assert searcher.search(copy).verdict == "match"
    assert searcher.search(query(1234)).verdict == "no good match"


def test_an_index_is_used_again_and_only_news_are_encoded(tmp_path):
    root, index = fill(tmp_path / "root", 12), tmp_path / "index"
    done = []

    def advance(what, count, total):
        done.append((what, count, total))

    opened(root, index, advance=advance)
    assert sum(count for what, count, _ in done if what == "encoding") == 12
    picture(50).save(root / "new.png")
    picture(51).save(root / "003.png")
    (root / "005.png").unlink()
    done.clear()
    searcher = opened(root, index, advance=advance)
    assert sum(count for what, count, _ in done if what == "encoding") == 2
    assert searcher.search(query(50)).hits[0].path == "new.png"
    assert searcher.search(query(51)).hits[0].path == "003.png"
    assert "005.png" not in {hit.path for hit in searcher.search(query(5), k=99).hits}
    done.clear()
    opened(root, index, advance=advance)
    assert done == []


def test_an_interrupted_indexing_goes_on_where_it_was(tmp_path, monkeypatch):
    from methods.encoders.hashes import PerceptualHash

    root = fill(tmp_path / "root", 9)
    monkeypatch.setattr(encoding, "SAVE_SECONDS", -1.0)
    monkeypatch.setattr(PerceptualHash, "batch_size", 3)
    encode, calls = PerceptualHash.encode, []

    def failing(self, images):
        calls.append(len(images))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return encode(self, images)

    monkeypatch.setattr(PerceptualHash, "encode", failing)
    # SIGINT is ignored where tests run in the background.
    monkeypatch.setattr("benchmarks.system.leaving._asked", [signal.SIGINT])
    with pytest.raises(KeyboardInterrupt):
        opened(root, tmp_path / "index")
    calls.clear()
    opened(root, tmp_path / "index")
    assert sum(calls) == 3


def test_broken_images_are_counted_with_their_reasons(tmp_path):
    root = fill(tmp_path / "root", 5)
    (root / "empty.jpg").write_bytes(b"")
    (root / "letter.jpg").write_bytes(b"dear sir")
    for method in ("phash", "sift"):
        searcher = opened(root, tmp_path / method, method)
        skipped = searcher.gallery.skipped()
        assert skipped.count == 2
        assert "empty" in dict(skipped.first)["empty.jpg"]
        assert "not an image" in dict(skipped.first)["letter.jpg"]
        assert len(searcher.search(query(1), k=99).hits) == 5


def test_a_folder_of_broken_images_says_so(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.jpg").write_bytes(b"no")
    with pytest.raises(SearchError, match="nothing to search in"):
        opened(tmp_path / "root", tmp_path / "index")
    with pytest.raises(SearchError, match=r"none of 1 image can be used \(first: a\.jpg"):
        opened(tmp_path / "root", tmp_path / "index")


def test_large_images_make_small_batches(tmp_path, monkeypatch):
    from methods.encoders.hashes import PerceptualHash

    monkeypatch.setattr(encoding, "BATCH_PIXELS", 2 * 60 * 48)
    encode, sizes = PerceptualHash.encode, []
    monkeypatch.setattr(PerceptualHash, "encode", lambda self, i: (sizes.append(len(i)), encode(self, i))[1])
    opened(fill(tmp_path / "root", 5), tmp_path / "index")
    assert sizes == [2, 2, 1]


def test_equal_scores_share_a_rank(tmp_path):
    root = fill(tmp_path / "root", 4)
    (root / "again.png").write_bytes((root / "002.png").read_bytes())
    answer = opened(root, tmp_path / "index").search(query(2), k=3)
    assert [hit.rank for hit in answer.hits] == [1, 1, 3]
    assert {hit.path for hit in answer.hits[:2]} == {"002.png", "again.png"}


def test_a_region_is_searched_for_alone(photos, tmp_path):
    collage = np.zeros((120, 140, 3), dtype=np.uint8)
    collage[10:58, 20:80] = np.asarray(picture(4))
    searcher = opened(photos, tmp_path / "index", "pixels")
    answer = searcher.search(Query("collage", collage), crop=Crop(20, 10, 60, 48))
    assert answer.hits[0].path == "004.png"
    assert "region" in answer.notes[0]


def test_few_images_are_not_calibrated_and_say_so(tmp_path):
    answer = opened(fill(tmp_path / "root", 3), tmp_path / "index").search(query(99))
    assert (answer.verdict, answer.threshold) == ("not calibrated", None)
    assert any("too few" in note for note in answer.notes)
    assert answer.to_json()["hits"][0]["good"] is None


def test_what_keeps_no_index_says_so(photos, tmp_path):
    answer = opened(photos, tmp_path / "index", "random").search(query(1))
    assert any("keeps no index" in note for note in answer.notes)
    assert answer.verdict == "not calibrated"


def test_methods_that_cannot_mean_anything_are_refused(photos, tmp_path):
    with pytest.raises(SearchError, match="learns from labels"):
        opened(photos, tmp_path / "index", "svm")
    with pytest.raises(WeightsError, match="fetch resnet50"):
        opened(photos, tmp_path / "index", "resnet50")
    with pytest.raises(SearchError, match="mark its region"):
        opened(photos, tmp_path / "index").search(query(1), face=1)


def test_a_supervised_method_searches_a_labelled_folder(tmp_path):
    searcher = opened(fill(tmp_path / "root", 12, labels=3), tmp_path / "index", "svm")
    assert searcher.search(query(4)).hits[0].label == "label1"


class TwoFaces:
    """A FaceEncoder that sees a small face on the right and a large one on the left."""

    margin = 0.0
    batch_size = 4

    def __init__(self, faces=2):
        boxes = np.array([[70, 10, 90, 30], [5, 5, 45, 45]], dtype=np.float32)[:faces]
        self.boxes = FaceBoxes(boxes, np.array([0.9, 0.8], np.float32)[:faces], np.zeros((faces, 5, 2), np.float32))

    def detect(self, images):
        return [self.boxes]

    def embed(self, crops):
        return crops.mean(axis=(1, 2))


def halves() -> np.ndarray:
    image = np.zeros((50, 100, 3), dtype=np.uint8)
    image[:, 50:] = 200
    return image


def test_the_main_face_is_searched_for_unless_another_is_asked():
    row, faces = encode_face(TwoFaces(), halves(), None)
    assert [(face.number, face.chosen) for face in faces] == [(1, True), (2, False)]
    assert row[0, 0] == 0
    row, faces = encode_face(TwoFaces(), halves(), 2)
    assert [face.chosen for face in faces] == [False, True]
    assert row[0, 0] == 200


def test_a_face_that_is_not_there():
    with pytest.raises(SearchError, match="no face 3.*2 were found"):
        encode_face(TwoFaces(), halves(), 3)
    with pytest.raises(SearchError, match="no face was found"):
        encode_face(TwoFaces(faces=0), halves(), 1)


def test_no_face_in_the_query_is_a_verdict(photos, tmp_path, monkeypatch):
    searcher = opened(photos, tmp_path / "index", "pixels")
    monkeypatch.setattr(searcher.method, "encoder", TwoFaces(faces=0))
    answer = searcher.search(query(1))
    assert answer.verdict == "nothing to search for"
    assert answer.hits == ()


def test_an_answer_is_plain_json(photos, tmp_path):
    import json

    answer = opened(photos, tmp_path / "index").search(query(3), k=2)
    document = json.loads(json.dumps(answer.to_json()))
    assert document["hits"][0]["good"] is True
    assert document["verdict"] == "match"
    assert isinstance(answer, Answer)


def test_a_file_that_changes_meanwhile_is_left_out_until_the_next_time(tmp_path, monkeypatch):
    root = fill(tmp_path / "root", 3)
    update = FolderGallery.update

    def racing(self, *arguments):
        update(self, *arguments)
        (root / "001.png").write_bytes(encoded(picture(77)))

    with monkeypatch.context() as patch:
        patch.setattr(FolderGallery, "update", racing)
        answer = opened(root, tmp_path / "index").search(query(77), k=9)
    assert sorted(hit.path for hit in answer.hits) == ["000.png", "002.png"]
    assert any("1 image that could not be read just now" in note for note in answer.notes)
    assert opened(root, tmp_path / "index").search(query(77)).hits[0].path == "001.png"
