"""What a catalogue method finds alike is kept: of a changed folder only what has to be is searched for again."""

import cv2
import numpy as np
import pytest
from copies_support import photo, save

from benchmarks.duplicates import neighbours, now_and_then
from benchmarks.duplicates.finding import find_copies
from benchmarks.duplicates.nearest import Nearest, positions_now
from benchmarks.duplicates.written import to_json
from benchmarks.search.searcher import Places

PICTURES = 24
LEARNER = """
from dataclasses import replace
from methods.registry import load_registry
METHODS = [replace(load_registry().get("phash"), id="learner", learns=True)]
"""


@pytest.fixture
def searched(monkeypatch):
    """How many pictures are searched for, for their nearest or for all their scores: added as that happens."""
    made = []

    def watched(name):
        search = getattr(neighbours._Search, name)

        def wrapped(self, pictures, *rest):
            made.append(len(pictures))
            return search(self, pictures, *rest)

        monkeypatch.setattr(neighbours._Search, name, wrapped)

    watched("nearest_of")
    watched("scores_of")
    monkeypatch.setattr(neighbours, "MOST", 2)
    return made


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "photos"
    for seed in range(PICTURES):
        save(root / f"p{seed:02d}.png", photo(seed, (96, 72)))
    return root


def kept_in(places, finding):
    (path,) = (places.index / finding.gallery.key).rglob("neighbours/*.npz")
    return path


def links(finding):
    return [(link.one, link.other, link.score) for link in finding.compared.links]


def searched_anew(root, places, finding):
    """By the same numbers of pictures, which decide between equally near ones."""
    kept_in(places, finding).unlink()
    return find_copies(root, "phash", places)


def test_an_unchanged_folder_is_not_searched_again(root, tmp_path, searched):
    places = Places(tmp_path / "index")
    first = find_copies(root, "phash", places, threshold=-8)
    assert searched == [PICTURES]
    searched.clear()
    done = []
    again = find_copies(root, "phash", places, threshold=-8, advance=lambda what, *_: done.append(what))
    assert searched == []
    assert "comparing" not in done
    assert to_json(again) == to_json(first)
    assert links(again) == links(first)


def test_of_a_changed_folder_only_what_has_to_be_is_searched_for(root, tmp_path, searched):
    places = Places(tmp_path / "index")
    find_copies(root, "phash", places)
    searched.clear()
    save(root / "half.png", cv2.resize(photo(3, (96, 72)), (48, 36), interpolation=cv2.INTER_AREA))
    added = find_copies(root, "phash", places)
    assert searched == [1, 1], "the new picture: its scores with all, and its nearest"
    assert links(added) == links(searched_anew(root, places, added))
    searched.clear()
    (root / "half.png").unlink()
    removed = find_copies(root, "phash", places)
    assert searched[0] == 0
    assert 0 < searched[1] < PICTURES / 4, "those that had it among their nearest"
    assert links(removed) == links(searched_anew(root, places, removed))


def test_where_much_has_changed_all_are_searched_for(root, tmp_path, searched):
    places = Places(tmp_path / "index")
    find_copies(root, "phash", places)
    searched.clear()
    for seed in range(PICTURES):
        save(root / f"q{seed:02d}.png", photo(100 + seed, (96, 72)))
    find_copies(root, "phash", places)
    assert searched == [2 * PICTURES]


def test_a_method_that_learns_from_the_folder_searches_for_all(root, tmp_path, searched, learner):
    places = Places(tmp_path / "index")
    find_copies(root, "learner", places, plugins=[learner])
    searched.clear()
    save(root / "more.png", photo(200, (96, 72)))
    find_copies(root, "learner", places, plugins=[learner])
    assert searched == [PICTURES + 1]


@pytest.fixture(scope="module")
def learner(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugin") / "neighbours_learner.py"
    path.write_text(LEARNER)
    return path


def interrupted(root, places, monkeypatch, method="phash", plugins=()):
    """Two of three blocks of pictures are searched for, and no more."""
    monkeypatch.setattr(neighbours, "BLOCK", PICTURES // 3)
    monkeypatch.setattr(now_and_then, "SAVE_SECONDS", 0)
    monkeypatch.setattr(now_and_then, "WORTH", 0)
    blocks = []

    def advance(what, done, total):
        if what == "comparing":
            blocks.append(done)
            if len(blocks) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_copies(root, method, places, plugins=plugins, advance=advance)


@pytest.mark.parametrize("method", ["phash", "learner"])
def test_an_interrupted_search_goes_on_where_it_was_and_it_is_said(
    root, tmp_path, searched, monkeypatch, caplog, learner, method
):
    monkeypatch.setattr("datasets.notes._noted", set())  # what was said before is not said again
    places = Places(tmp_path / "index")
    interrupted(root, places, monkeypatch, method, [learner])
    searched.clear()
    resumed = find_copies(root, method, places, plugins=[learner])
    assert searched == [0, PICTURES // 3]
    assert f"goes on: the nearest of {2 * PICTURES // 3} of {PICTURES} pictures are known" in caplog.text
    kept_in(places, resumed).unlink()
    assert links(resumed) == links(find_copies(root, method, places, plugins=[learner]))


def test_pictures_that_came_since_an_interrupted_search_are_found_as_well(root, tmp_path, searched, monkeypatch):
    places = Places(tmp_path / "index")
    interrupted(root, places, monkeypatch)
    searched.clear()
    save(root / "half.png", cv2.resize(photo(3, (96, 72)), (48, 36), interpolation=cv2.INTER_AREA))
    resumed = find_copies(root, "phash", places)
    assert searched == [1, PICTURES // 3 + 1]
    assert links(resumed) == links(searched_anew(root, places, resumed))


def test_what_was_learned_from_the_folder_as_it_was_is_not_gone_on_with(root, tmp_path, searched, monkeypatch, learner):
    places = Places(tmp_path / "index")
    interrupted(root, places, monkeypatch, "learner", [learner])
    save(root / "more.png", photo(200, (96, 72)))
    searched.clear()
    find_copies(root, "learner", places, plugins=[learner])
    assert searched == [PICTURES + 1]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:100], lambda data: data[:-600] + bytes([data[-600] ^ 255]) + data[-599:]]
)
def test_damaged_neighbours_are_searched_for_again_and_it_is_said(root, tmp_path, searched, damage, caplog):
    places = Places(tmp_path / "index")
    first = find_copies(root, "phash", places, threshold=-8)
    kept = kept_in(places, first)
    kept.write_bytes(damage(kept.read_bytes()))
    searched.clear()
    again = find_copies(root, "phash", places, threshold=-8)
    assert searched == [PICTURES]
    assert to_json(again) == to_json(first)
    assert f"stored file damaged: {kept}" in caplog.text
    assert len(kept_in(places, again).read_bytes()) > 100


def test_positions_that_no_picture_has_are_damage(root, tmp_path, searched, caplog):
    places = Places(tmp_path / "index")
    kept = kept_in(places, find_copies(root, "phash", places))
    with np.load(kept) as file:
        arrays = dict(file)
    arrays["others"] = arrays["others"] + PICTURES
    np.savez(kept, **arrays)
    searched.clear()
    find_copies(root, "phash", places)
    assert searched == [PICTURES]
    assert "stored file damaged" in caplog.text


def brute(scores, depth):
    """The nearest by all scores (n, n), the earlier of equal ones first."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :depth].astype(np.int32)
    best = np.take_along_axis(scores, order, axis=1).astype(np.float32)
    nearest = Nearest.unknown(len(scores), depth)
    nearest.others[:, : order.shape[1]] = np.where(best > -np.inf, order, -1)
    nearest.scores[:, : order.shape[1]] = best
    nearest.known[:] = True
    return nearest


@pytest.mark.parametrize("seed", range(20))
def test_what_is_brought_up_to_date_is_what_all_scores_say(seed):
    rng = np.random.default_rng(seed)
    pictures, gone, came, depth = 30, rng.integers(0, 4), rng.integers(0, 4), int(rng.integers(1, 40))
    total = pictures + came
    scores = -rng.integers(0, 12, (total, total)).astype(np.float64)  # ties are the rule
    scores = np.minimum(scores, scores.T)
    blind = rng.random(total) < 0.1
    scores[blind], scores[:, blind] = -np.inf, -np.inf
    before = [bytes([number]) for number in range(pictures)]
    now = before[gone:] + [bytes([number]) for number in range(pictures, total)]
    held = scores[gone:, gone:]
    nearest, asked = brute(scores[:pictures, :pictures], depth).moved(positions_now(before, now), len(now))
    new = np.arange(pictures - gone, len(now))
    assert set(new) <= set(asked)
    for start in range(0, len(new), 2):
        some = new[start : start + 2]
        nearest.take_in(some, held[some].astype(np.float32))
    expected = brute(held, depth)
    untouched = np.setdiff1d(np.arange(len(now)), asked)
    assert np.array_equal(nearest.others[untouched], expected.others[untouched])
    assert np.array_equal(nearest.scores[untouched], expected.scores[untouched])


def test_links_are_each_pair_once_best_first():
    scores = np.array([[0, -1, -5], [-1, 0, -2], [-4, -2, 0]], dtype=np.float64)
    found = brute(scores, 3).links()
    assert [(link.one, link.other, link.score) for link in found] == [(0, 1, -1), (1, 2, -2), (0, 2, -4)]
    assert list(Nearest.unknown(0, 3).links()) == []
    assert list(Nearest.unknown(4, 3).links()) == []
