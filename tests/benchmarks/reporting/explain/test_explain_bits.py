"""Binary codes explained: what the grid and the text say is the Hamming distance."""

import numpy as np
import pytest

from benchmarks.reporting.explain import explain
from benchmarks.reporting.explain.bits import draw_bits
from benchmarks.reporting.explain.canvas import PANEL
from benchmarks.reporting.pictures.marks import WRONG
from methods.building import Surroundings, build_encoder
from methods.indexes.hamming import HammingIndex
from methods.registry import load_registry

HASHES = ("phash", "dhash", "ahash", "whash")


def picture(seed: int, shape=(60, 80)) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((shape[0] // 6, shape[1] // 8, 1), dtype=np.uint8))


def marked_cells(drawn: np.ndarray, columns: int = 8) -> int:
    """Cells with the mark's colour in them."""
    cell = PANEL // columns
    is_mark = (drawn == WRONG).all(axis=2)
    return sum(
        bool(is_mark[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell].any())
        for y in range(columns)
        for x in range(columns)
    )


@pytest.mark.parametrize("method", HASHES)
def test_as_many_bits_differ_as_the_index_counts(method):
    spec = load_registry().get(method)
    query, hit = picture(1), picture(2, (120, 160))
    encoder = build_encoder(spec, Surroundings())
    index = HammingIndex()
    index.add(encoder.encode([hit]))
    _, scores = index.search(encoder.encode([query]), 1)
    explanation = explain(spec, query, hit)
    assert explanation.title == f"{method}: {int(-scores[0, 0])} of 64 bits differ"
    assert "of 64 bits" in explanation.text
    assert explanation.picture.dtype == np.uint8 and explanation.picture.shape[2] == 3


def test_an_image_differs_from_itself_in_nothing():
    explanation = explain(load_registry().get("phash"), picture(3), picture(3))
    assert "0 of 64 bits differ" in explanation.title
    assert not (explanation.picture == WRONG).all(axis=2).any()


def test_every_differing_bit_is_crossed_out_and_no_other():
    rng = np.random.default_rng(0)
    code, other = rng.random(64) < 0.5, rng.random(64) < 0.5
    assert marked_cells(draw_bits(code, code != other)) == (code != other).sum()
    assert marked_cells(draw_bits(code, np.zeros(64, dtype=bool))) == 0


def test_a_crossed_out_bit_is_told_by_its_shape_too():
    same, differing = np.zeros(64, dtype=bool), np.arange(64) == 9
    grey = [draw_bits(same, marks).mean(axis=2) for marks in (same, differing)]
    cell = PANEL // 8
    centre = cell + cell // 2
    assert abs(grey[1][centre, centre] - grey[0][centre, centre]) > 40
