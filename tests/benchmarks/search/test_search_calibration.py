"""Thresholds do what they say: one search in a hundred for something absent is told of a match."""

import numpy as np
import pytest

from benchmarks.search.calibration import FALSE_MATCHES, _untied, from_labels, from_neighbours

RNG = np.random.default_rng(3)


def test_labelled_queries_allow_one_false_match_in_a_hundred():
    wrong, right = RNG.normal(0, 1, 500), RNG.normal(4, 1, 500)
    calibration = from_labels(wrong, right)
    assert np.mean(wrong >= calibration.threshold) == FALSE_MATCHES
    assert "500 labelled queries" in calibration.basis
    assert f"{np.mean(right >= calibration.threshold):.0%} of searches for one that is" in calibration.basis


def test_tied_scores_are_never_parted():
    wrong = np.array([-10.0] * 90 + [-8.0] * 10)
    calibration = from_labels(wrong, np.array([-2.0] * 100))
    assert -8 < calibration.threshold < -2


def test_where_nothing_scores_higher_only_that_would_match():
    calibration = from_labels(np.zeros(50), np.full(50, -np.inf))
    assert calibration.threshold > 0


def test_few_queries_calibrate_nothing():
    calibration = from_labels(np.arange(5.0), np.arange(5.0))
    assert calibration.threshold is None
    assert "too few" in calibration.basis


def unit(rows: int, dimension: int) -> np.ndarray:
    vectors = RNG.normal(size=(rows, dimension))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest(queries: np.ndarray, gallery: np.ndarray, metric: str) -> np.ndarray:
    """The best score of each query, its own row (if it is in the gallery) left out."""
    if metric == "hamming":
        scores = -(queries[:, None] != gallery).sum(axis=2).astype(float)
    elif metric == "cosine":
        scores = queries @ gallery.T
    else:
        scores = -np.linalg.norm(queries[:, None] - gallery, axis=2)
    if queries is gallery:
        np.fill_diagonal(scores, -np.inf)
    return scores.max(axis=1)


def sample(metric: str, rows: int) -> np.ndarray:
    return RNG.random((rows, 64)) < 0.5 if metric == "hamming" else unit(rows, 24)


@pytest.mark.parametrize("metric", ["cosine", "l2", "hamming"])
@pytest.mark.parametrize("copies", [0, 60])
def test_a_folders_own_neighbours_tell_strangers_apart_even_beside_copies(metric, copies):
    gallery = sample(metric, 400)
    if copies and metric == "hamming":
        gallery[:copies] = gallery[copies : 2 * copies] ^ (RNG.random((copies, 64)) < 0.02)
    elif copies:
        gallery[:copies] = gallery[copies : 2 * copies] + RNG.normal(0, 0.01, (copies, 24))
    calibration = from_neighbours(nearest(gallery, gallery, metric), metric, "a stranger")
    strangers = nearest(sample(metric, 2000), gallery, metric)
    assert np.mean(strangers >= calibration.threshold) < 0.06
    assert np.quantile(strangers, 0.5) < calibration.threshold
    best = 1.0 if metric == "cosine" else 0.0
    assert best >= calibration.threshold, "a picture that is here must always be a match"


def test_a_folder_of_copies_cannot_be_calibrated():
    calibration = from_neighbours(np.zeros(50), "hamming", "a stranger")
    assert calibration.threshold is None
    assert "not calibrated" in calibration.basis


def test_equally_alike_images_cannot_be_calibrated():
    assert from_neighbours(np.full(50, -9.0), "hamming", "a stranger").threshold is None


def test_few_images_cannot_be_calibrated():
    assert from_neighbours(np.arange(-5.0, 0), "l2", "a stranger").threshold is None


@pytest.mark.parametrize(
    "counted",
    [
        {20: 22, 18: 182, 16: 143, 14: 41, 12: 10, 10: 2},
        {18: 7, 16: 124, 14: 208, 12: 51, 10: 10},
        {16: 25, 14: 190, 12: 147, 10: 34, 8: 3, 6: 1},
    ],
    ids=["2,000 pictures", "20,000", "100,000"],
)
def test_a_law_is_learned_where_half_of_the_counts_are_one_number(counted):
    """The distances in bits of a pHash to the nearest unrelated of so many drawn pictures, as they were counted."""
    bits = np.repeat(list(counted), list(counted.values()))
    learned = from_neighbours(-bits.astype(float), "hamming", "a stranger", 0.001)
    assert learned.threshold is not None, learned.basis
    assert learned.threshold <= -4, "a copy of half the size differs in up to 4 bits"
    assert np.mean(-bits >= learned.threshold) <= 1 / 400


@pytest.mark.parametrize("metric", ["hamming", "cosine"])
def test_counts_teach_what_the_numbers_that_they_were_rounded_from_teach(metric):
    """A hash of 256 bits, half of them set, differs by even numbers; a cosine of its signs is a count as well."""
    exact = 75 * RNG.weibull(10, (40, 400))
    score = {"hamming": lambda bits: 0.5 - bits, "cosine": lambda bits: 1 - bits / 128}[metric]
    at = [
        [from_neighbours(score(bits).astype(np.float32), metric, "a stranger").threshold for bits in some]
        for some in (exact, 2 * np.round(exact / 2))
    ]
    apart = np.sqrt(np.mean(np.subtract(*at) ** 2))
    assert apart < np.std(at[0]) / 2, "rounding moves a threshold by less than chance does"


def test_counts_are_spread_around_themselves():
    counts = np.repeat([2.5, 4.5, 6.5], [3, 50, 7])
    spread = _untied(counts)
    assert np.abs(spread - counts).max() <= 1
    assert (np.diff(spread) > 0).all()
    assert spread.mean() == pytest.approx(counts.mean())
    assert np.array_equal(_untied(np.full(9, 3.5)), np.full(9, 3.5))
