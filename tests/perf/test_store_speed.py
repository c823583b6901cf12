"""Keeping a ranking of 1,000 queries over 10,000 images and reading it again."""

import numpy as np
import pytest
from paired import alone

from benchmarks.core.cells import Cell
from benchmarks.core.store import Store
from methods.ranking import rank_scores

QUERIES, GALLERY = 1_000, 10_000


@pytest.fixture
def ranking():
    return rank_scores(np.random.default_rng(0).random((QUERIES, GALLERY), dtype=np.float32), GALLERY)


def test_saving_a_ranking(benchmark, ranking, tmp_path):
    path = "ranking store, saving 1,000 x 10,000"
    alone(benchmark, path, lambda: Store(tmp_path).save_ranking(tmp_path, ranking), items=QUERIES, unit="query")


def test_loading_a_ranking(benchmark, ranking, tmp_path):
    store, cell = Store(tmp_path), Cell("lfw", "standard", "retrieval", "phash")
    workdir = store.workdir(cell)
    store.save_ranking(workdir, ranking)
    store.commit(cell, {}, workdir)
    alone(benchmark, "ranking store, loading 1,000 x 10,000", lambda: store.ranking(cell), items=QUERIES, unit="query")
