import numpy as np

from methods.canaries import ConstantRanking, Oracle, RandomRanking
from methods.conformance_images import structured_images, with_labels

IMAGES = structured_images(labels=10, each=6)
QUERIES, GALLERY = IMAGES[::6], IMAGES


def ranked(method, k=60):
    method.fit(GALLERY)
    method.index(GALLERY)
    return method.search(QUERIES, k)


def test_constant_ties_everything():
    ranking = ranked(ConstantRanking())
    assert ranking.scores.shape == (10, 60) and not ranking.scores.any()


def test_random_permutes_and_lands_near_chance():
    ranking = ranked(RandomRanking(seed=1))
    assert all(sorted(row) == list(range(60)) for row in ranking.ids)
    assert len({tuple(row) for row in ranking.ids}) == 10
    hits = [np.mean(GALLERY.labels[ranked(RandomRanking(s), 5).ids] == QUERIES.labels[:, None]) for s in range(20)]
    assert abs(np.mean(hits) - 0.1) < 0.04  # 1,000 draws: the standard error is 0.01


def test_random_depends_on_the_query_and_the_seed_alone():
    method = RandomRanking(seed=1)
    together = ranked(method)
    alone = method.search(QUERIES[3:4], 60)
    assert np.array_equal(together.ids[3], alone.ids[0])
    assert not np.array_equal(together.ids, ranked(RandomRanking(seed=2)).ids)


def test_oracle_puts_every_positive_first_and_knows_pairs():
    ranking = ranked(Oracle(), 6)
    assert np.array_equal(GALLERY.labels[ranking.ids], np.repeat(QUERIES.labels[:, None], 6, axis=1))
    assert np.array_equal(Oracle().similarity(IMAGES[:12], IMAGES[3:15]), [1, 1, 1, 0, 0, 0] * 2)


def test_only_the_oracle_profits_from_labels():
    blank = with_labels(QUERIES, [""] * len(QUERIES))
    oracle, random = Oracle(), RandomRanking()
    assert ranked(oracle, 1).scores.all() and not oracle.search(blank, 1).scores.any()
    assert np.array_equal(ranked(random).ids, random.search(blank, 60).ids)
