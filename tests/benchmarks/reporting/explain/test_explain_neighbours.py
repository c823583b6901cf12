"""Embeddings explained: the margin to the next label, and bars that show it."""

import numpy as np
import pytest

from benchmarks.reporting.explain import Neighbour, explain
from benchmarks.reporting.explain.canvas import draw_bars
from benchmarks.reporting.explain.neighbours import MOST, best_of_another_label, draw_neighbours
from benchmarks.reporting.pictures.marks import RIGHT
from methods.registry import load_registry

FOUND = [
    Neighbour("a/1", "Ann_Lee", 0.9),
    Neighbour("a/2", "Ann_Lee", 0.8),
    Neighbour("b/1", "Bo", 0.5),
    Neighbour("c/1", "Cy", 0.4),
]
IMAGE = np.full((40, 50, 3), 90, dtype=np.uint8)


def filled_columns(bars: np.ndarray, row: int) -> int:
    """How wide the bar of a row is, in pixels."""
    return int((bars[row * 24 + 11] == RIGHT).all(axis=1).sum())


def test_the_margin_is_to_the_best_of_another_label():
    explanation = explain(load_registry().get("hog"), IMAGE, IMAGE, neighbours=FOUND, chosen=1)
    assert "Ann Lee scores 0.8, 0.3 above the best of another label, Bo at rank 3" in explanation.text
    assert explanation.picture.dtype == np.uint8


def test_a_hit_below_another_label_says_so():
    explanation = explain(load_registry().get("hog"), IMAGE, IMAGE, neighbours=FOUND, chosen=2)
    assert "Bo scores 0.5, 0.4 below the best of another label, Ann Lee at rank 1" in explanation.text


def test_a_single_label_has_no_rival():
    explanation = explain(load_registry().get("hog"), IMAGE, IMAGE, neighbours=FOUND[:2])
    assert "no result bears another label" in explanation.text


def test_images_without_labels_are_all_told_apart():
    assert best_of_another_label([Neighbour("x", "", 3), Neighbour("y", "", 2)], 0) == 1


def test_without_neighbours_there_is_no_picture():
    explanation = explain(load_registry().get("hog"), IMAGE, IMAGE)
    assert explanation.picture is None and "scores" in explanation.text


def test_a_bar_is_as_long_as_its_score():
    bars = np.array(draw_bars(["a", "b"], np.array([1.0, 0.5]), [True, True], 0, 500))
    assert filled_columns(bars, 0) == pytest.approx(2 * filled_columns(bars, 1), abs=3)


def test_distances_are_drawn_as_distances():
    bars = np.array(draw_bars(["near", "far"], np.array([-1.0, -4.0]), [True, True], 0, 500))
    assert filled_columns(bars, 1) == pytest.approx(4 * filled_columns(bars, 0), abs=6)


def test_another_label_is_an_outline():
    bars = np.array(draw_bars(["a", "b"], np.array([1.0, 1.0]), [True, False], 0, 500))
    assert filled_columns(bars, 1) < filled_columns(bars, 0) / 10


@pytest.mark.parametrize("scores", [[0.0, 0.0], [-np.inf, -1.0], [-2.0, 3.0]])
def test_odd_scores_are_drawn(scores):
    assert draw_bars(["a", "b"], np.array(scores), [True, False], 1, 300).width == 300


def test_the_chosen_one_and_the_rival_are_always_among_the_bars():
    many = [Neighbour(f"a/{i}", "a", 1 - i / 100) for i in range(40)] + [Neighbour("b/1", "b", 0.1)]
    assert draw_neighbours(many, 30, 400).height == (MOST + 1) * 24
