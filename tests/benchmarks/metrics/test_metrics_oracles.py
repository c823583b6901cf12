"""The metrics against pytrec_eval, against brute force over tie-breaks, and against direct definitions."""

import numpy as np
import pytest

from benchmarks.metrics.chance import VARIANCES
from benchmarks.metrics.judgement import CUTOFFS, judge
from benchmarks.metrics.registry import METRICS, evaluate
from tests.benchmarks.metrics_definitions import mean_over_tie_breaks, ranking_of, strict_metrics, vote_share

TREC_NAMES = {
    "mAP": "map",
    "MRR": "recip_rank",
    "R-precision": "Rprec",
    **{f"hit@{k}": f"success_{k}" for k in CUTOFFS},
    **{f"P@{k}": f"P_{k}" for k in CUTOFFS},
    **{f"recall@{k}": f"recall_{k}" for k in CUTOFFS},
    **{f"nDCG@{k}": f"ndcg_cut_{k}" for k in CUTOFFS},
}


def trec_values(scores: np.ndarray, gallery_labels: np.ndarray, query_labels: np.ndarray) -> list[dict[str, float]]:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    relevant = gallery_labels[None, :] == query_labels[:, None]
    qrels = {f"q{i}": {f"d{j}": int(hit) for j, hit in enumerate(row)} for i, row in enumerate(relevant)}
    run = {f"q{i}": {f"d{j}": float(score) for j, score in enumerate(row)} for i, row in enumerate(scores)}
    cuts = ",".join(map(str, CUTOFFS))
    measures = {"map", "recip_rank", "Rprec", *(f"{m}.{cuts}" for m in ("P", "recall", "ndcg_cut", "success"))}
    values = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    return [values[f"q{i}"] for i in range(len(scores))]


@pytest.mark.parametrize(("n", "classes"), [(200, 3), (300, 40), (12, 2)])
def test_untied_rankings_agree_with_trec_eval(n, classes):
    generator = np.random.default_rng(n)
    gallery_labels = np.append(generator.integers(0, classes, n - classes), np.arange(classes))
    query_labels = generator.integers(0, classes, 30)
    scores = generator.permuted(np.tile(np.arange(n, dtype=np.float32), (30, 1)), axis=1)
    ours = evaluate(judge(ranking_of(scores), gallery_labels, query_labels))
    for i, theirs in enumerate(trec_values(scores, gallery_labels, query_labels)):
        for name, trec_name in TREC_NAMES.items():
            assert ours[name][i] == pytest.approx(theirs[trec_name], abs=1e-12), (name, i)


@pytest.mark.parametrize("levels", [1, 2, 3, 6])
def test_ties_give_the_mean_over_all_tie_breaks(levels):
    generator = np.random.default_rng(levels)
    gallery_labels = np.array([0, 0, 1, 1, 2, 1])
    scores = generator.integers(0, levels, (12, 6)).astype(np.float32)
    query_labels = generator.integers(0, 3, 12)
    ours = evaluate(judge(ranking_of(scores), gallery_labels, query_labels))
    for i in range(12):
        relevant = gallery_labels == query_labels[i]
        for name, expected in mean_over_tie_breaks(scores[i], relevant, relevant.sum()).items():
            assert ours[name][i] == pytest.approx(expected, abs=1e-12), (name, i)
        for k in CUTOFFS:
            share = vote_share(scores[i], gallery_labels.tolist(), query_labels[i], k)
            assert ours[f"kNN-vote@{k}"][i] == pytest.approx(share, abs=1e-12), (k, i)


def test_large_ties_agree_with_random_tie_breaks():
    generator = np.random.default_rng(5)
    gallery_labels = np.repeat(np.arange(10), 20)
    query_labels = np.arange(4)
    scores = generator.integers(0, 6, (4, 200)).astype(np.float32)
    ours = evaluate(judge(ranking_of(scores), gallery_labels, query_labels), list(VARIANCES))
    samples = []
    for draw in range(1500):
        broken = scores + generator.random(scores.shape, dtype=np.float32) * np.float32(0.5)
        ranking = ranking_of(broken, order_seed=draw)
        samples.append(evaluate(judge(ranking, gallery_labels, query_labels), list(VARIANCES)))
    for name in VARIANCES:
        drawn = np.array([sample[name] for sample in samples])
        error = drawn.std(axis=0) / np.sqrt(len(drawn))
        assert np.all(np.abs(drawn.mean(axis=0) - ours[name]) <= 5 * error + 1e-12), name


def metric_learning_map_at_r(knn_labels: np.ndarray, query_labels: np.ndarray, r: np.ndarray) -> np.ndarray:
    """pytorch-metric-learning's mean_average_precision_at_r, in numpy, one value per query."""
    found = knn_labels[:, : r.max()] == query_labels[:, None]
    within = np.arange(found.shape[1])[None, :] < r[:, None]
    relevant = found & within
    precision_at_i = np.cumsum(relevant, axis=1) / np.arange(1, found.shape[1] + 1)
    return (precision_at_i * relevant).sum(axis=1) / r


def test_map_at_r_agrees_with_pytorch_metric_learning():
    generator = np.random.default_rng(3)
    gallery_labels = generator.integers(0, 8, 150)
    query_labels = np.arange(8)
    ranking = ranking_of(generator.random((8, 150), dtype=np.float32))
    r = np.bincount(gallery_labels)[query_labels]
    expected = metric_learning_map_at_r(gallery_labels[ranking.ids], query_labels, r)
    values = evaluate(judge(ranking, gallery_labels, query_labels), ["MAP@R"])["MAP@R"]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)


def test_the_worked_example():
    """Ranks + - + - with a third positive never found, by hand."""
    gallery_labels = np.array(["a", "b", "a", "b", "a"])
    ranking = ranking_of(np.array([[5.0, 4, 3, 2, 1]], dtype=np.float32))
    cut = type(ranking)(ranking.ids[:, :4], ranking.scores[:, :4], ranking.undetected)
    values = {name: value[0] for name, value in evaluate(judge(cut, gallery_labels, np.array(["a"]))).items()}
    assert values["mAP"] == pytest.approx((1 + 2 / 3) / 3)
    assert values["MAP@R"] == pytest.approx((1 + 2 / 3) / 3)
    assert values["R-precision"] == pytest.approx(2 / 3)
    assert values["MRR"] == 1
    assert values["P@5"] == pytest.approx(2 / 5)
    assert values["recall@25"] == pytest.approx(2 / 3)
    assert values["nDCG@5"] == pytest.approx((1 + 0.5) / (1 + 1 / np.log2(3) + 0.5))
    assert values["kNN-vote@1"] == 1
    assert values["kNN-vote@5"] == 0.5  # two votes against two
    assert values["tie_rate@1"] == 0


def test_the_definitions_themselves_on_a_perfect_ranking():
    values = strict_metrics([True, True, False], positives=2)
    assert {name for name, value in values.items() if value == 1} >= {"hit@1", "mAP", "MAP@R", "MRR", "R-precision"}
    assert values["P@5"] == pytest.approx(0.4)


def test_every_metric_is_computed_and_named_exactly_once():
    values = evaluate(judge(ranking_of(np.zeros((1, 3), np.float32)), np.array([0, 1, 2]), np.array([0])))
    assert list(values) == list(METRICS)
    assert len(METRICS) == 6 * len(CUTOFFS) + 4
