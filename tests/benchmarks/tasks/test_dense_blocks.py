"""Tasks that judge scores hold one block of them at a time, and find what they found with all at once."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.core.judged.statistics import StatisticsWriter, StoredStatistics
from benchmarks.core.tasking import dense
from benchmarks.metrics.judgement import judge
from benchmarks.metrics.pair_ranks import pair_ranks
from benchmarks.system import files
from benchmarks.tasks import copies, identification
from datasets.imageset import ImageSet, Item
from methods.ranking import Ranking

IMAGES, QUERIES = 23, 17


def images(prefix, number, labels, twins=()):
    items = [Item(f"{prefix}{place}", labels[place]) for place in range(number)]
    digests = [dict(twins).get(place, f"{prefix}{place}") for place in range(number)]
    return ImageSet(items, None, digests)


class Scored:
    """Answers each query with all images by a table of scores, whole numbers so that they tie."""

    def __init__(self, table, ids):
        self.table = dict(zip(ids, table, strict=True))

    def search(self, queries, k):
        scores = np.stack([self.table[id] for id in queries.ids]).astype(np.float32)
        order = np.argsort(-scores, axis=1, kind="stable").astype(np.int32)
        best = np.take_along_axis(scores, order, axis=1)
        blind = np.array([id.endswith("3") for id in queries.ids])
        return Ranking(np.where(blind[:, None], -1, order), np.where(blind[:, None], -np.inf, best), blind)


@pytest.fixture
def world(tmp_path):
    rng = np.random.default_rng(4)
    labels = [f"l{number % 5}" for number in range(IMAGES)]
    gallery = images("g", IMAGES, labels, twins=[(4, "same"), (9, "same"), (11, "q2")])
    queries = images("q", QUERIES, labels)
    table = rng.integers(0, 9, (QUERIES, IMAGES))
    context = SimpleNamespace(spec=SimpleNamespace(id="made"), workdir=tmp_path)
    return SimpleNamespace(context=context, gallery=gallery, queries=queries, table=table, rng=rng)


@pytest.mark.parametrize("block", [1, 5, 64])
def test_copies_are_ranked_the_same_whatever_the_block(world, monkeypatch, block):
    monkeypatch.setattr(dense, "_BLOCK", block)
    right = np.concatenate([[4, 9, 0, 7, 22, 1], np.full(QUERIES - 6, -1)])
    method = Scored(world.table, world.queries.ids)
    parts = [world.queries[:6], world.queries[6:]]
    with dense.KeptScores(world.context.workdir, IMAGES) as kept:
        own, judged_on, undetected = copies._searched(world.context, method, world.gallery, parts, right, kept)
        scores = np.concatenate(list(kept.blocks()))
        again = np.concatenate(list(kept.blocks()))
    expected = world.table.astype(np.float32)
    expected[[3, 13]] = -np.inf  # in which nothing was seen
    expected[0, 9] = expected[1, 4] = np.nan
    assert np.array_equal(scores, expected, equal_nan=True) and np.array_equal(again, scores, equal_nan=True)
    whole, blockwise = pair_ranks(expected, right), copies.pair_ranks_of(iter(scores), own, right)
    for name in ("scores", "query", "above", "tied"):
        assert np.array_equal(getattr(whole, name), getattr(blockwise, name)), name
    assert judged_on.tolist() == [IMAGES - 1] * 2 + [IMAGES] * (QUERIES - 2)
    assert undetected == 2  # q3 and q13
    assert not list(world.context.workdir.iterdir())


@pytest.mark.parametrize("block", [1, 5, 64])
def test_people_are_named_the_same_whatever_the_block(world, monkeypatch, block):
    monkeypatch.setattr(dense, "_BLOCK", block)
    method = Scored(world.table, world.queries.ids)
    best, right, chance, undetected = identification._searched(world.context, method, world.queries, world.gallery)
    scores = world.table.astype(np.float32)
    scores[[3, 13]] = -np.inf  # in which nothing was seen
    scores[2, 11] = -np.inf  # the query's own file
    same = world.queries.labels[:, None] == world.gallery.labels
    top = (scores == scores.max(axis=1)[:, None]) & np.isfinite(scores)
    assert np.array_equal(best, scores.max(axis=1))
    assert np.array_equal(right, (top & same).sum(axis=1) / np.maximum(top.sum(axis=1), 1))
    assert np.array_equal(chance, same.mean(axis=1)) and undetected == 2


def test_statistics_are_opened_once_for_all_their_slabs(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    path = tmp_path / "judged.npz"
    gallery, queries = np.arange(12) % 3, np.arange(8) % 3
    with StatisticsWriter(path) as writer:
        for start in range(0, 8, 2):
            ids = np.stack([rng.permutation(12) for _ in range(2)]).astype(np.int32)
            ranking = Ranking(ids, -np.sort(rng.random((2, 12))).astype(np.float32), np.zeros(2, dtype=bool))
            judged = judge(ranking, gallery, queries[start : start + 2], junk=np.empty((0, 2), dtype=np.int64))
            writer.add(ranking, judged, ids[:, 0])
    stored = StoredStatistics(path)
    opened = []
    load = files.opened_arrays
    monkeypatch.setattr(files, "opened_arrays", lambda *args: opened.append(args) or load(*args))
    assert [rows.start for rows, _ in stored.slabs()] == [0, 2, 4, 6]
    assert len(opened) == 1
