"""Verdicts hold: a file of the folder is always a match, a threshold can be reached, and blank pictures say so."""

import re

import numpy as np
import pytest
from PIL import Image
from search_support import encoded, fill, opened, picture

from benchmarks.search.calibration import SURELY, from_labels, from_neighbours
from benchmarks.search.query import Crop, Query, cropped, read_query
from benchmarks.search.unrelated import Neighbours, nearest_unrelated

METHODS = ["phash", "dhash", "pixels", "colour-histogram", "sift"]


@pytest.fixture(scope="module", params=[0, 25, 60])
def copied(request, tmp_path_factory):
    """60 pictures, some of them saved again as JPEG, smaller."""
    root = fill(tmp_path_factory.mktemp("copied"), 60)
    for seed in range(request.param):
        picture(seed).resize((50, 40)).save(root / f"{seed:03d}-again.jpg", quality=70)
    return root


@pytest.mark.parametrize("method", METHODS)
def test_every_file_of_the_folder_is_a_match_and_strangers_are_not(copied, tmp_path, method):
    searcher = opened(copied, tmp_path / "index", method)
    for name in ("003.png", "059.png"):
        answer = searcher.search(read_query((copied / name).read_bytes(), name))
        assert answer.verdict == "match"
        assert answer.hits[0].identical
        assert answer.is_good(answer.hits[0])
        assert answer.to_json()["hits"][0]["good"] is True
    if searcher.calibration.threshold is not None:
        assert searcher.calibration.threshold <= SURELY[searcher.composed.ann.metric]
        strangers = [searcher.search(Query("x", np.asarray(picture(seed)))).verdict for seed in range(900, 930)]
        assert strangers.count("match") <= 2


@pytest.mark.parametrize("method", ["phash", "pixels"])
def test_copies_are_told_although_most_of_the_folder_has_copies(tmp_path, method):
    root = fill(tmp_path / "root", 60)
    for seed in range(60):
        picture(seed).save(root / f"{seed:03d}-again.jpg", quality=70)
    searcher = opened(root, tmp_path / "index", method)
    copies = [encoded(picture(seed).resize((90, 72)), "JPEG", quality=80) for seed in range(20)]
    assert [searcher.search(read_query(copy, "x")).verdict for copy in copies].count("match") >= 18


def test_a_file_matches_where_nothing_could_be_calibrated(tmp_path):
    root = fill(tmp_path / "root", 5)
    for method in ("phash", "sift"):
        searcher = opened(root, tmp_path / method, method)
        assert searcher.search(read_query((root / "002.png").read_bytes(), "x")).verdict == "match"
        assert searcher.search(read_query(encoded(picture(99)), "x")).verdict == "not calibrated"


@pytest.mark.parametrize(("metric", "best"), [("hamming", 0.0), ("l2", 0.0), ("cosine", 1.0)])
@pytest.mark.parametrize("spread", [0.01, 0.2, 3.0])
def test_no_threshold_is_out_of_reach(metric, best, spread):
    distances = np.random.default_rng(0).lognormal(0, spread, 200)
    scores = (
        1 - np.minimum(distances, 2) ** 2 / 2
        if metric == "cosine"
        else -np.round(distances, 0 if metric == "hamming" else 9)
    )
    calibration = from_neighbours(scores, metric, "a stranger")
    assert calibration.threshold is None or calibration.threshold <= best


def test_a_threshold_from_labels_can_be_reached():
    assert from_labels(np.zeros(50), np.full(50, -np.inf), 0.0).threshold == 0.0


@pytest.mark.parametrize(
    ("scores", "nearest"),
    [
        ([-20, -21, -23], -20),  # nothing near
        ([-1, -20, -21], -20),  # one copy
        ([-1, -2, -20], -20),  # two copies
        ([-0.0, -3, -22, -23], -22),  # copies of different nearness
        ([-7], -7),
    ],
)
def test_near_duplicates_are_left_out_of_the_fit(scores, nearest):
    found = Neighbours(0, np.arange(1, len(scores) + 1), np.array(scores, dtype=float), "hamming")
    assert nearest_unrelated([found]).tolist() == [nearest]


def blank(kind: str) -> bytes:
    if kind == "white":
        return encoded(Image.new("RGB", (40, 40), "white"))
    if kind == "grey jpeg":
        return encoded(Image.new("RGB", (40, 40), (90, 120, 33)), "JPEG", quality=40)
    if kind == "all transparent":
        return encoded(Image.new("RGBA", (40, 40), (10, 20, 30, 0)))
    return encoded(Image.fromarray(np.full((40, 40), 30_000, dtype=np.uint16)))


@pytest.mark.parametrize("kind", ["white", "grey jpeg", "all transparent", "16 bits"])
@pytest.mark.parametrize("method", ["phash", "colour-histogram", "sift"])
def test_a_picture_without_content_is_nothing_to_search_for(copied, tmp_path, method, kind):
    answer = opened(copied, tmp_path / "index", method).search(read_query(blank(kind), "blank"))
    assert (answer.verdict, answer.hits) == ("nothing to search for", ())
    assert any("flat colour" in note for note in answer.notes)


def test_a_blank_region_is_nothing_to_search_for(copied, tmp_path):
    half = picture(1, (80, 60))
    half.paste((0, 0, 0), (0, 0, 40, 60))
    query = read_query(encoded(half), "half")
    searcher = opened(copied, tmp_path / "index")
    assert searcher.search(query).verdict != "nothing to search for"
    assert searcher.search(query, crop=Crop(0, 0, 40, 60)).verdict == "nothing to search for"
    assert cropped(query, Crop(0, 0, 60, 60)).sha256 is None


@pytest.fixture(scope="module")
def near_equals(tmp_path_factory):
    """Thirty pictures that pHash cannot tell apart, among others; and as many blank ones."""
    root = fill(tmp_path_factory.mktemp("near"), 20)
    pixels = np.array(picture(3))
    for number in range(30):
        pixels[0, 0] = number * 8, number, number
        Image.fromarray(pixels).save(root / f"z{number:02d}.png")
        (root / f"b{number:02d}.png").write_bytes(blank("white"))
    return root


@pytest.mark.parametrize("method", ["phash", "random", "constant"])
def test_the_very_file_is_a_match_and_named_where_it_is_not_among_the_hits(near_equals, tmp_path, method):
    searcher = opened(near_equals, tmp_path / "index", method)
    queries = [read_query((near_equals / f"z{number:02d}.png").read_bytes(), "x") for number in range(30)]
    answers = [searcher.search(query, 2) for query in queries]
    assert {answer.verdict for answer in answers} == {"match"}
    named = [f"the same file is in the gallery as z{number:02d}.png" for number in range(30)]
    assert [answer.notes[0] for answer in answers] == named
    assert searcher.search(read_query(encoded(picture(99)), "x"), 2).verdict != "match"


def test_a_blank_file_of_the_folder_is_named_and_still_nothing_to_search_for(near_equals, tmp_path):
    answer = opened(near_equals, tmp_path / "index").search(read_query(blank("white"), "x"))
    assert answer.verdict == "nothing to search for"
    assert re.match(r"the same file is in the gallery as (b\d\d\.png, ){9}b\d\d\.png and 20 more", answer.notes[0])
