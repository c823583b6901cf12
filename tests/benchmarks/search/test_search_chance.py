"""Chances hold: of hits that are said to be right with 80%, 80 of 100 are, on searches nothing was learned from."""

import json

import numpy as np
import pytest
from copies_support import photo
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from search_support import cli, fill, opened, picture

from benchmarks.search import known_answers
from benchmarks.search.chance import Chance, calibration_error, in_larger, learn
from benchmarks.search.known_answers import SHOWN, Known
from benchmarks.search.query import Query, read_query


def hits(count, seed):
    """Scores of hits, and which are right: the likelier the higher the score, by a law that is not a straight line."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, count)
    chances = 1 / (1 + np.exp(-(scores**3) / 2))
    return scores, rng.random(count) < chances, chances


@pytest.mark.parametrize(("count", "error"), [(600, 0.05), (5000, 0.02)])
def test_chances_hold_on_hits_nothing_was_learned_from(count, error):
    scores, right, _ = hits(count, 1)
    learned = learn(scores, right, "the same picture", "drawn hits")
    fresh, truth, chances = hits(20_000, 2)
    said = np.array([learned.of(score) for score in fresh])
    assert calibration_error(said, truth) <= error
    assert np.abs(said - chances).mean() < 0.06
    assert 0 < said.min() < said.max() < 1, "nothing is ever sure"


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=200, max_size=300))
def test_a_higher_score_is_never_less_likely(pairs):
    scores, right = np.array([score for score, _ in pairs], float), np.array([right for _, right in pairs])
    learned = learn(scores, right, "x", "y")
    if learned is None:
        assert right.all() or not right.any()
        return
    said = [learned.of(score) for score in np.linspace(-6, 6, 50)]
    assert all(0 < chance < 1 for chance in said)
    assert said == sorted(said)


def test_beyond_all_hits_chances_rise_to_that_of_an_equal_picture():
    scores, right, _ = hits(500, 1)
    far = scores.max() + 10
    alone, anchored = learn(scores, right, "x", "y"), learn(scores, right, "x", "y", far)
    assert [anchored.of(score) for score in scores] == [alone.of(score) for score in scores]
    assert alone.of(far) < anchored.of(far) < 1
    assert anchored.of(far - 5) > alone.of(far - 5)
    assert learn(scores, right, "x", "y", scores.max()) == alone, "where hits were equal they teach it themselves"


def test_few_hits_or_hits_of_one_kind_teach_nothing():
    scores, right, _ = hits(199, 1)
    assert learn(scores, right, "x", "y") is None
    assert learn(np.arange(500.0), np.ones(500, bool), "x", "y") is None
    assert learn(np.arange(500.0), np.zeros(500, bool), "x", "y") is None


def test_the_calibration_error_by_its_definition():
    chances = np.array([0.05, 0.05, 0.95, 0.95, 0.95, 0.55])
    right = np.array([False, True, True, True, False, True])
    assert calibration_error(chances, right) == pytest.approx((2 * 0.45 + 3 * abs(2 / 3 - 0.95) + 0.45) / 6)
    assert calibration_error(np.array([1.0]), np.array([True])) == 0


def test_a_larger_gallery_has_so_many_times_as_many_wrong_hits():
    rng = np.random.default_rng(0)
    right, wrong = rng.normal(2, 1, 20_000), rng.normal(0, 1, 20_000)
    near = lambda scores: np.count_nonzero(np.abs(scores - 1) < 0.2)  # noqa: E731
    before = near(right) / (near(right) + near(wrong))
    assert in_larger(before, 10) == pytest.approx(near(right) / (near(right) + 10 * near(wrong)))
    assert in_larger(0.5, 10) == pytest.approx(1 / 11)
    assert in_larger(0.5, 1) == 0.5


def test_each_search_counts_as_it_is_and_without_what_is_right():
    known = Known()
    scores, right = np.arange(15.0)[::-1], np.arange(15) == 2
    known.add(scores, right)
    assert known.scores[:SHOWN] == scores[:SHOWN].tolist()
    assert known.scores[SHOWN:] == [*scores[:2], *scores[3 : SHOWN + 1]]
    assert np.flatnonzero(known.right).tolist() == [2]
    known.add(scores, right & False, answerable=False)
    assert len(known.scores) == 3 * SHOWN, "a search without an answer counts once"


def test_a_chance_is_kept_and_read_again():
    learned = learn(*hits(500, 3)[:2], "the same picture", "drawn hits")
    assert Chance.from_json(json.loads(json.dumps(learned.to_json()))) == learned
    for damaged in ({}, {**learned.to_json(), "scores": []}, {**learned.to_json(), "chances": ["x"]}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            Chance.from_json(damaged)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """80 photographs; of 30 a smaller copy lies beside them."""
    root = tmp_path_factory.mktemp("photographs")
    for seed in range(80):
        image = Image.fromarray(photo(seed, (160, 120)))
        image.save(root / f"{seed:03d}.png")
        if seed < 30:
            image.resize((120, 90)).save(root / f"{seed:03d}-small.jpg", quality=85)
    return root


def test_a_hit_says_how_likely_it_is_right(folder, tmp_path):
    searcher = opened(folder, tmp_path / "index")
    saved = Image.fromarray(photo(50, (160, 120))).resize((140, 105))
    answer = searcher.search(Query("x", np.asarray(saved)))
    assert answer.hits[0].path == "050.png"
    assert answer.hits[0].chance > 0.9
    assert max(hit.chance for hit in answer.hits[1:]) < 0.2
    stranger = searcher.search(Query("x", photo(500, (160, 120))))
    assert stranger.hits[0].chance < 0.3
    assert any("that a hit shows the same picture; learned from" in note for note in answer.notes)
    itself = searcher.search(read_query((folder / "003.png").read_bytes(), "x"))
    assert (itself.hits[0].identical, itself.hits[0].chance) == (True, 1.0)


def test_copies_in_the_folder_do_not_count_as_wrong(folder, tmp_path, monkeypatch):
    learned = opened(folder, tmp_path / "one").calibration.chance
    assert learned.chances[-1] > 0.95
    monkeypatch.setattr(known_answers, "own_copies", lambda check, scores: set())
    blind = opened(folder, tmp_path / "two").calibration.chance
    assert blind.chances[-1] < learned.chances[-1]


def test_it_is_learned_once_and_again_where_its_file_is_damaged(folder, tmp_path, monkeypatch):
    first = opened(folder, tmp_path / "index").calibration
    (kept,) = (tmp_path / "index").rglob("thresholds/phash-*.json")
    monkeypatch.setattr(known_answers, "learn", lambda *arguments: pytest.fail("learned again"))
    assert opened(folder, tmp_path / "index").calibration == first
    monkeypatch.undo()
    kept.write_text(kept.read_text().replace('"scores"', '"skores"'))
    assert opened(folder, tmp_path / "index").calibration == first


def test_small_folders_and_canaries_have_no_chances(tmp_path):
    few = fill(tmp_path / "few", 15)
    assert opened(few, tmp_path / "a").search(Query("x", np.asarray(picture(3)))).hits[0].chance is None
    many = fill(tmp_path / "many", 40)
    assert opened(many, tmp_path / "b", "random").calibration.chance is None


def test_the_terminal_and_json_tell_chances(folder, tmp_path):
    Image.fromarray(photo(50, (160, 120))).resize((140, 105)).save(tmp_path / "query.jpg")
    asked = ("search", tmp_path / "query.jpg", "-g", folder, "-m", "phash", "-k", "3", "--no-thumbnails")
    told = cli(*asked, cwd=tmp_path).stdout.decode()
    assert "chance" in told and "050.png" in told, told
    (answer,) = json.loads(cli(*asked, "--json", cwd=tmp_path).stdout)[0]["answers"]
    assert answer["hits"][0]["chance"] > 0.9


def apart(lowest: int) -> tuple[np.ndarray, np.ndarray]:
    """600 wrong hits far below 40 right ones, one stray right hit among the former, `lowest` wrong ones below it."""
    scores = np.concatenate([np.linspace(0.1, 0.4, 600), np.linspace(0.7, 0.9, 40)])
    right = scores > 0.5
    right[lowest] = True
    return scores, right


@pytest.mark.parametrize("lowest", [1, 2, 3, 300, 599])
def test_wrong_hits_far_below_the_right_ones_are_never_likely(lowest):
    learned = learn(*apart(lowest), "x", "y")
    said = np.array([learned.of(score) for score in np.linspace(0.1, 0.39, 100)])
    assert said.max() < 0.02
    assert learned.of(0.8) > 0.95


@given(st.integers(1, 598), st.integers(1, 40))
def test_chances_add_up_to_the_right_hits_that_taught_them(lowest, right):
    scores, truth = apart(lowest)
    truth[600 : 640 - right] = False
    learned = learn(scores, truth, "x", "y")
    said = sum(learned.of(score) for score in scores)
    assert said == pytest.approx(truth.sum(), abs=0.5), "but for the half hits that are added"
