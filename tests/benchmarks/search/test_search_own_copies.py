"""Chances hold in a folder full of edited copies, and one without copies costs little more."""

import numpy as np
import pytest
from copies_support import photo, save
from hypothesis import given
from hypothesis import strategies as st
from search_support import opened

from benchmarks.search.chance import calibration_error
from benchmarks.search.own_copies import BATCH, MOST, WORTH, own_copies
from benchmarks.search.query import Query


class Told:
    """A check that knows the copies, and counts what it is asked: thumbnails show those that are `plain`."""

    def __init__(self, copies, plain=()):
        self.known, self.plain, self.asked, self.by_features = set(copies), set(plain), [], []

    def plain_copies(self, pairs):
        self.asked.append(list(pairs))
        return [pair in self.plain for pair in pairs]

    def copies(self, pairs):
        self.by_features += pairs
        return [pair in self.known for pair in pairs]


def pairs(count):
    return {(number, number + 1): -float(number) for number in range(count)}


def test_a_folder_without_copies_costs_one_batch():
    check = Told([])
    assert own_copies(check, pairs(500)) == set()
    assert [len(batch) for batch in check.asked] == [BATCH]


def test_the_most_alike_come_first_and_a_batch_without_a_copy_is_the_last():
    scores = pairs(100)
    copies = list(scores)[: 2 * BATCH + 1] + list(scores)[4 * BATCH :]
    check = Told(copies)
    assert own_copies(check, scores) == set(copies[: 2 * BATCH + 1])
    assert [pair for batch in check.asked for pair in batch] == list(scores)[: 4 * BATCH]


def test_no_more_than_so_many_are_compared():
    check = Told(pairs(2 * MOST))
    assert len(own_copies(check, pairs(2 * MOST))) == MOST


def test_features_are_compared_of_pairs_that_thumbnails_leave_open_while_they_find_copies():
    scores = pairs(MOST)
    plain = [pair for pair in scores if pair[0] % 2]
    hidden = next(pair for pair in scores if pair not in plain)
    check = Told([hidden], plain)
    assert own_copies(check, scores) == {hidden, *plain}
    assert set(check.by_features).isdisjoint(plain)
    assert len(check.by_features) == BATCH + WORTH, "one copy found pays for some more, and then no others"


def test_features_are_compared_throughout_where_they_find_a_copy_in_worth():
    scores = pairs(MOST)
    hidden = [pair for pair in scores if pair[0] % WORTH == 0]
    check = Told(hidden)
    assert own_copies(check, scores) == set(hidden)
    assert len(check.by_features) >= MOST - BATCH


@given(st.dictionaries(st.tuples(st.integers(0, 9), st.integers(10, 19)), st.floats(-1, 1)), st.data())
def test_what_is_found_are_copies_that_were_asked(scores, data):
    known = data.draw(st.sets(st.sampled_from(sorted(scores)))) if scores else set()
    check = Told(known)
    found = own_copies(check, scores)
    asked = [pair for batch in check.asked for pair in batch]
    assert found == known & set(check.by_features)
    assert set(check.by_features) <= set(asked)
    assert all(scores[pair] <= min(scores[before] for before in asked) for pair in set(scores) - set(asked))


def boxed(seed, corner):
    """A picture of which a box hides a corner: no near-identical one, and as good a copy."""
    image = photo(seed, (160, 120)).copy()
    rows, columns = slice(0, 24) if corner < 2 else slice(96, 120), slice(0, 30) if corner % 2 else slice(130, 160)
    image[rows, columns] = 250 if seed % 2 else 10
    return image


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """60 pictures; of 50 of them two copies with a hidden corner each lie beside them."""
    root = tmp_path_factory.mktemp("full")
    for seed in range(60):
        save(root / f"{seed:03d}.png", photo(seed, (160, 120)))
        for corner in range(2) if seed < 50 else ():
            save(root / f"{seed:03d}-{corner}.png", boxed(seed, corner))
    return root


def test_edited_copies_in_the_folder_are_likely_to_be_right(full, tmp_path):
    searcher = opened(full, tmp_path / "index")
    chances, right = [], []
    for seed in range(0, 50, 3):
        for hit in searcher.search(Query("x", boxed(seed, 3)), 10).hits:
            chances.append(hit.chance)
            right.append(hit.path.startswith(f"{seed:03d}"))
    copies = np.array(chances)[np.array(right)]
    assert len(copies) >= 2 * 17
    assert np.median(copies) > 0.8
    assert calibration_error(np.array(chances), np.array(right)) < 0.1


def test_a_folder_of_strangers_is_calibrated_as_without_the_check(tmp_path, monkeypatch):
    root = tmp_path / "strangers"
    for seed in range(60):
        save(root / f"{seed:03d}.png", photo(seed, (160, 120)))
    with_check = opened(root, tmp_path / "one").calibration
    monkeypatch.setattr("benchmarks.search.known_answers.own_copies", lambda check, scores: set())
    assert opened(root, tmp_path / "two").calibration == with_check
