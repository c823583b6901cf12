"""The parts of finding copies: candidates, alignment, groups, threshold and evaluation."""

from types import SimpleNamespace

import numpy as np
import pytest
from copies_support import burst, photo

import benchmarks.duplicates.hash_candidates as hash_candidates_module
from benchmarks.duplicates.copies import _turned_back
from benchmarks.duplicates.evaluation import evaluate, read_pairs
from benchmarks.duplicates.frames import (
    FRAME,
    ORIENTATIONS,
    FrameEncoder,
    all_hashes,
    squeezed,
    turned,
)
from benchmarks.duplicates.groups import verified_groups
from benchmarks.duplicates.hash_candidates import MOST, RADIUS, ROWS, hash_candidates
from benchmarks.duplicates.links import EVERYWHERE, Link, best_links
from benchmarks.duplicates.tail import TAIL, fitted
from benchmarks.duplicates.threshold import HIGHEST, ONE_PERSON, from_links
from benchmarks.search.errors import SearchError
from datasets import distortions
from methods.duplicates.agreement import agreement, cells, mirrored_cells
from methods.duplicates.alignment import align
from methods.duplicates.local_rows import LOCAL, LocalEncoder, local_picture, mirrored
from methods.duplicates.records import grey_of, unpacked

LEFT, RIGHT = 0xF0F0F0F0F0F0F0F0, 0x0F0F0F0F0F0F0F0F


def local(image):
    return local_picture(unpacked(LocalEncoder().encode([image])[0], LOCAL))


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_a_hash_of_each_orientation_is_that_of_the_picture_turned(orientation):
    square = squeezed(grey_of(photo(1)), 32)
    hashes = all_hashes(square)
    assert all_hashes(turned(square, orientation))[0] == hashes[orientation]
    assert np.array_equal(_turned_back(turned(square, orientation), orientation), square)


def test_candidates_are_those_of_comparing_all_pairs():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, (300, ORIENTATIONS), dtype=np.uint64)
    hashes[250:, 3] = hashes[:50, 0] ^ np.uint64(0b1011)
    bits = np.bitwise_count(hashes[:, None, :1] ^ hashes[None]).min(axis=2)
    expected = {(i, j) for i, j in zip(*np.nonzero(bits <= RADIUS), strict=True) if i < j}
    found = [
        pair for some in hash_candidates(hashes) for pair in zip(some.one, some.other, some.orientation, strict=True)
    ]
    assert {(one, other) for one, other, _ in found} == expected
    assert len(found) == len(expected)
    assert all(orientation == 3 for one, other, orientation in found if other == one + 250)


def test_the_nearest_candidates_are_those_of_all_tiles(monkeypatch):
    hashes = np.random.default_rng(1).integers(0, 16, (400, ORIENTATIONS), dtype=np.uint64)
    whole = [column.tolist() for column in next(hash_candidates(hashes))]
    monkeypatch.setattr(hash_candidates_module, "COLUMNS", 33)
    assert [column.tolist() for column in next(hash_candidates(hashes))] == whole
    assert len(whole[0]) == MOST * ROWS
    bits = np.bitwise_count(hashes[:1, :1] ^ hashes.T)
    nearest = np.lexsort((np.arange(399), bits.min(axis=0)[1:]))[:MOST] + 1
    assert whole[1][:MOST] == nearest.tolist()
    assert whole[2][:MOST] == bits.argmin(axis=0)[nearest].tolist(), "the first of the orientations that are nearest"


def test_of_many_alike_a_picture_has_its_nearest_as_candidates():
    hashes = np.zeros((200, ORIENTATIONS), dtype=np.uint64)
    hashes[100:] = np.uint64(1)
    (first, *_) = hash_candidates(hashes)
    of_first = first.other[first.one == 0]
    assert len(of_first) == MOST
    assert of_first.max() < 100, "those without a differing bit"


def test_a_mirrored_picture_is_that_of_the_mirrored_image():
    here, there = mirrored(local(photo(3))), local(distortions.flip(photo(3)))
    assert align(here, there).share > 0.9
    assert align(local(photo(3)), there).share < 0.2, "not without the mirror"


def test_a_crop_is_found_where_it_was_cut():
    image = photo(5)
    found = align(local(image), local(image[:120, 160:]))
    assert found.share > 0.8
    upper_right = 0x0F0F0F0F00000000
    assert (found.cells[0] & upper_right).bit_count() >= 10
    assert (found.cells[0] & ~upper_right & EVERYWHERE).bit_count() <= 2


@pytest.mark.parametrize("seed", range(6))
def test_copies_agree_and_strangers_and_shots_of_one_scene_do_not(seed):
    image = photo(seed)
    for edited, least in ((distortions.jpeg(distortions.gamma(image)), 0.6), (distortions.watermark(image), 0.45)):
        assert align(local(image), local(edited)).share > least
    assert align(local(image), local(photo(seed + 100))).share < 0.1
    assert align(local(burst(seed, 1)), local(burst(seed, 2))).share < 0.4


def test_flat_areas_prove_nothing():
    flat = np.full((64, 64), 90, np.uint8)
    assert agreement(flat, flat).share == 0
    busy = squeezed(grey_of(photo(0)), 64)
    assert agreement(busy, busy).share == 1
    assert agreement(busy, flat).share == 0, "detail that only one has is a disagreement"


def test_cells_say_where():
    same = np.zeros((64, 64), bool)
    same[:, :32] = True
    assert cells(same) == LEFT
    assert mirrored_cells(LEFT) == RIGHT


def grouped(links, complete=False):
    groups, left = verified_groups(best_links(links), complete)
    return [set(group.members) for group in groups], {(link.one, link.other) for link in left}


def test_a_chain_does_not_merge_its_ends():
    chain = [Link(0, 1, 0.9), Link(1, 2, 0.8)]
    assert grouped(chain, complete=True) == ([{0, 1}], {(1, 2)})
    parts = [Link(0, 1, 0.9, (EVERYWHERE, LEFT)), Link(1, 2, 0.8, (RIGHT, EVERYWHERE))]
    assert grouped(parts) == ([{0, 1}], {(1, 2)}), "1 is a collage of 0 and 2"


def test_copies_that_show_the_same_part_of_the_hub_are_one_group():
    parts = [Link(0, 1, 0.9, (EVERYWHERE, LEFT)), Link(1, 2, 0.8, (LEFT, EVERYWHERE))]
    assert grouped(parts) == ([{0, 1, 2}], set())


def test_a_long_chain_is_cut_into_groups_around_hubs():
    groups, _ = grouped([Link(n, n + 1, 0.9) for n in range(9)], complete=True)
    assert all(len(group) == 2 for group in groups)


def test_the_better_of_two_links_counts():
    assert best_links([Link(0, 1, 0.3), Link(0, 1, 0.7), Link(2, 3, 0.5)]) == [Link(0, 1, 0.7), Link(2, 3, 0.5)]


def pairs_of(scores, first=0):
    """A link for each score, of two pictures that have no other."""
    return [Link(first + 2 * n, first + 2 * n + 1, min(float(s), 1.0)) for n, s in enumerate(scores)]


def test_a_folder_full_of_hard_negatives_asks_for_a_higher_threshold():
    rng = np.random.default_rng(1)
    few = from_links(pairs_of(rng.exponential(0.03, 4000)), 8000, 0.001)
    assert few.score == ONE_PERSON.score_at(0.001)
    many = from_links(pairs_of(rng.exponential(0.12, 4000)), 8000, 0.001)
    assert np.exp(-many.score / 0.12) == pytest.approx(0.001, rel=1), "the share that the law leaves above it"
    assert "alike pairs of this folder that are none, more than" in many.basis
    assert from_links(pairs_of(rng.exponential(0.12, 4000)), 8000, 0.01).score < many.score


def test_copies_that_agree_little_are_not_taken_for_hard_negatives():
    rng = np.random.default_rng(1)
    strangers = pairs_of(rng.exponential(0.03, 1000))
    copies = []
    for first in range(2000, 4000, 4):  # a picture, a copy of it, and two that were edited beyond recognition
        copies += [Link(first, first + 1, 0.9)]
        copies += [Link(first, first + n, float(rng.uniform(0.1, 0.25))) for n in (2, 3)]
        copies += [Link(first + 2, first + 3, 0.6)]
    assert from_links([*strangers, *copies], 4000, 0.001).score == ONE_PERSON.score_at(0.001)


def test_a_folder_with_few_alike_pairs_says_so():
    found = from_links(pairs_of([0.15] * 20), 40, 0.001)
    assert found.score == ONE_PERSON.score_at(0.001)
    assert "40 alike pairs that are no copies, too few of its own to learn from (50 are needed)" in found.basis
    assert "0 alike pairs" in from_links([], 40, 0.001).basis


def test_the_law_of_a_tail_is_found_again_and_its_interval_holds():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        scores = np.where(rng.random(2000) < 0.2, TAIL + rng.exponential(1 / 15, 2000), 0)
        law = fitted(scores[(scores >= TAIL) & (scores <= 0.25)], int((scores <= 0.25).sum()), 0.25)
        low, high = law.interval(0.4)
        held += low <= 0.2 * np.exp(-15 * 0.3) <= high
    assert held >= 180
    assert law.rate_at(law.score_at(0.001)) == pytest.approx(0.001)
    assert law.share == pytest.approx(0.2, abs=0.04)


def test_scores_that_do_not_fall_off_ask_for_the_highest_threshold():
    flat = from_links(pairs_of(np.linspace(0.1, 0.249, 200)), 400, 0.001)
    assert flat.score == HIGHEST


def finding_of(pairs, same=()):
    """Six pictures a to f, each a content of its own; `pairs` are (one, other, score), `same` two of one content."""
    names = dict(enumerate("abcdef"))
    files = {bytes([n]): (n,) for n in names}
    for one, other in same:
        files[bytes([one])] = (one, other)
    links = best_links(Link(*pair) for pair in pairs)
    compared = SimpleNamespace(contents=[bytes([n]) for n in names], links=links, threshold=SimpleNamespace(score=0.5))
    group = [SimpleNamespace(path="a"), SimpleNamespace(path="b")]
    return SimpleNamespace(names=names, files=files, compared=compared, groups=[group])


def listed(tmp_path, text):
    path = tmp_path / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    return read_pairs(path, frozenset("abcdef"))


def test_precision_and_recall_over_thresholds(tmp_path):
    finding = finding_of([(0, 1, 0.9), (2, 3, 0.6), (0, 4, 0.55), (1, 5, 0.2)])
    known = listed(tmp_path, "one,other\nb,a\n./c,d\nb,f\n")
    qualities, groups = evaluate(finding, known)
    by_threshold = {quality.threshold: (quality.precision, quality.recall) for quality in qualities}
    assert by_threshold == {0.9: (1, 1 / 3), 0.6: (1, 2 / 3), 0.55: (2 / 3, 2 / 3), 0.5: (2 / 3, 2 / 3), 0.2: (0.75, 1)}
    assert (groups.found, groups.right, groups.f1) == (1, 1, 0.5)


def test_only_listed_pairs_are_judged_where_the_list_says_which_are_none(tmp_path):
    finding = finding_of([(0, 1, 0.9), (2, 3, 0.6), (0, 4, 0.55)])
    known = listed(tmp_path, "one,other,copy\na,b,1\nc,d,0\na,f,0\n")
    used = next(quality for quality in evaluate(finding, known)[0] if quality.threshold == 0.5)
    assert (used.right, used.wrong, used.precision, used.recall, used.false_merges) == (1, 1, 0.5, 1, 0.5)


def test_files_of_one_content_are_found_at_every_threshold(tmp_path):
    finding = finding_of([(0, 1, 0.6)], same=[(2, 3)])
    qualities, _ = evaluate(finding, listed(tmp_path, "one,other\nc,d\n"))
    assert all(quality.recall == 1 for quality in qualities)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n", "no column one or other"),
        ("one,other\na,z\n", "line 2: 'z' is no picture"),
        ("one,other\na,a\n", "paired with itself"),
        ("one,other,copy\na,b,maybe\n", "write 1 or 0"),
        ("one,other,copy\na,b,0\n", "no pair of copies"),
        ("one,other,copy\na,b,0\nb,a,1\n", "both that they are copies and not"),
    ],
)
def test_a_list_of_pairs_that_cannot_be_used(tmp_path, text, says):
    with pytest.raises(SearchError, match=says):
        listed(tmp_path, text)


def test_a_row_says_whether_a_picture_is_flat():
    rows = FrameEncoder().encode([photo(0), np.full((40, 40, 3), 9, np.uint8)])
    assert [int(unpacked(row, FRAME)["flat"]) for row in rows] == [0, 1]
