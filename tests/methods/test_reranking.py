"""Query expansion, database-side augmentation, k-reciprocal re-ranking and the cascade do what their papers say."""

import numpy as np
import pytest

from methods.catalogue import CATALOGUE
from methods.catalogue_reranked import BASES
from methods.indexes.exact import ExactIndex
from methods.indexes.expansion import ExpandedIndex
from methods.indexes.reciprocal import ReciprocalIndex

INDEXES = {
    "expanded query": lambda: ExpandedIndex(query_neighbours=4),
    "augmented gallery": lambda: ExpandedIndex(gallery_neighbours=4),
    "both": lambda: ExpandedIndex(3, 3, alpha=1.0),
    "reciprocal": lambda: ReciprocalIndex(near=8, close=3),
}


def cloud(seed=0, classes=12, each=8, queries=3, spread=1.5, dimension=24):
    """Rows in clusters, labels, and queries of the same clusters."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, dimension))
    labels, asked = np.repeat(np.arange(classes), each), np.repeat(np.arange(classes), queries)
    rows, found = (
        (centres[which] + spread * rng.normal(size=(len(which), dimension))).astype(np.float32)
        for which in (labels, asked)
    )
    return rows, labels, found, asked


def mean_average_precision(index, rows, labels, queries, asked):
    index.add(rows)
    ids, _ = index.search(queries, len(rows))
    right = labels[ids] == asked[:, None]
    precision = np.cumsum(right, axis=1) / np.arange(1, len(rows) + 1)
    return float(((precision * right).sum(axis=1) / right.sum(axis=1)).mean())


@pytest.mark.parametrize("name", INDEXES)
def test_each_finds_more_of_a_class_than_plain_search(name):
    data = cloud()
    assert mean_average_precision(INDEXES[name](), *data) > mean_average_precision(ExactIndex("cosine"), *data) + 0.02


def test_an_expanded_query_is_the_weighted_sum_of_itself_and_its_nearest():
    rows, _, queries, _ = cloud()
    index = ExpandedIndex(query_neighbours=3, alpha=2.0)
    index.add(rows)
    units, query = (each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (rows, queries[5]))
    cosines = units @ query
    nearest = np.argsort(-cosines)[:3]
    expanded = query + (np.maximum(cosines[nearest], 0)[:, None] ** 2 * units[nearest]).sum(axis=0)
    expected = units @ expanded / np.linalg.norm(expanded)
    ids, scores = index.search(queries[5:6], len(rows))
    assert scores[0] == pytest.approx(np.sort(expected)[::-1], abs=1e-5)
    assert expected[ids[0]] == pytest.approx(scores[0], abs=1e-5)


def test_an_augmented_gallery_row_is_the_weighted_sum_of_itself_and_its_nearest():
    rows, _, queries, _ = cloud()
    index = ExpandedIndex(gallery_neighbours=3, alpha=2.0)
    index.add(rows)
    units, query = (each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (rows, queries[5]))
    cosines = units @ units.T
    sums = []
    for row, line in enumerate(cosines):
        nearest = [place for place in np.argsort(-line) if place != row][:3]
        sums.append(units[row] + (np.maximum(line[nearest], 0)[:, None] ** 2 * units[nearest]).sum(axis=0))
    expected = np.array([each / np.linalg.norm(each) for each in sums]) @ query
    ids, scores = index.search(queries[5:6], len(rows))
    assert expected[ids[0]] == pytest.approx(scores[0], abs=1e-5)


def by_the_paper(rows, query, near, close, share):
    """Scores (n,) by sets and loops, after Zhong et al. 2017; the gallery does not know of the query."""
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    query = query / np.linalg.norm(query)
    n, cosines, own = len(rows), units @ units.T, units @ query
    order = [list(np.argsort(-line, kind="stable")) for line in cosines]

    def reach(image, k):  # an image is the nearest of itself
        return cosines[image, order[image][k]]

    def mutual(image, k):
        return {x for x in order[image][: k + 1] if image in order[x][: k + 1]}

    def expanded(found):
        result = set(found)
        for x in found:
            half = mutual(x, round(near / 2))
            if len(half & found) >= 2 / 3 * len(half):
                result |= half
        return result

    def code(found, line):
        weights = np.zeros(n)
        for x in found:
            weights[x] = np.exp(line[x] - 1)
        return weights

    codes = np.array([code(expanded(mutual(image, near)), cosines[image]) for image in range(n)])
    codes /= codes.sum(axis=1, keepdims=True)
    codes = np.array([codes[order[image][:close]].mean(axis=0) for image in range(n)])
    ranked = np.argsort(-own, kind="stable")
    asked = code(expanded({x for x in ranked[:near] if own[x] >= reach(x, near)}), own)
    asked /= 1 + asked.sum()
    asked = (asked + codes[ranked[: close - 1]].sum(axis=0)) / close
    common = np.minimum(codes, asked).sum(axis=1)
    return -((1 - share) * (1 - common / (2 - common)) + share * (1 - own))


@pytest.mark.parametrize(("near", "close", "share"), [(8, 3, 0.3), (5, 1, 0.0), (20, 6, 0.5)])
def test_reciprocal_scores_are_those_of_the_paper(near, close, share):
    rows, _, queries, _ = cloud(classes=6)
    index = ReciprocalIndex(near, close, share)
    index.add(rows)
    ids, scores = index.search(queries, len(rows))
    for query, found, values in zip(queries, ids, scores, strict=True):
        assert by_the_paper(rows, query, near, close, share)[found] == pytest.approx(values, abs=1e-5)


@pytest.mark.parametrize("name", INDEXES)
def test_the_contract_of_an_index_is_kept_and_a_query_does_not_depend_on_others(name):
    rows, _, queries, _ = cloud()
    index = INDEXES[name]()
    assert index.metric == "cosine"
    index.add(rows)
    ids, scores = index.search(queries, len(rows) + 5)
    assert ids.dtype == np.int32
    assert scores.dtype == np.float32
    assert ids.shape == scores.shape == (len(queries), len(rows))
    assert (np.diff(scores, axis=1) <= 0).all()
    assert [sorted(each) for each in ids.tolist()] == [list(range(len(rows)))] * len(queries)
    assert index.nbytes >= rows.nbytes
    alone = np.concatenate([index.search(query[None], len(rows))[1] for query in queries])
    assert alone == pytest.approx(scores, abs=1e-5)
    assert index.search(queries[:0], 3)[0].shape == (0, 3)


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_few_or_equal_rows_are_searched_too(name, rows):
    same = np.ones((rows, 4), dtype=np.float32)
    index = INDEXES[name]()
    index.add(same)
    _, scores = index.search(np.ones((2, 4), dtype=np.float32), 10)
    assert scores.shape == (2, rows)
    assert np.isfinite(scores).all()
    assert np.ptp(scores) < 1e-5 if rows else True


@pytest.mark.parametrize("name", INDEXES)
def test_the_order_of_equal_rows_decides_nothing(name):
    rows, _, queries, _ = cloud(classes=4)
    twins = np.concatenate([rows, rows])
    index = INDEXES[name]()
    index.add(twins)
    ids, scores = index.search(queries, len(twins))
    by_image = np.take_along_axis(scores, np.argsort(ids, axis=1), axis=1)
    assert by_image[:, : len(rows)] == pytest.approx(by_image[:, len(rows) :], abs=1e-5)


def test_every_row_has_its_base_in_the_catalogue_with_the_same_encoder():
    by_id = {spec.id: spec for spec in CATALOGUE}
    assert set(BASES) <= set(by_id)
    for id, base in BASES.items():
        assert by_id[id].weights == by_id[base].weights
        assert by_id[id].encoder in (by_id[base].encoder, None)
        assert set(by_id[id].tasks) <= set(by_id[base].tasks)
