"""Tie-aware metrics of 1,000 queries over 10,000 images beside pytrec_eval's, which break ties by document name.

Each side starts from what it takes: ours from a ranking as a search returns it, pytrec_eval from dictionaries of
scores that were made beforehand. Each computes mAP, MRR, R-precision, success, precision, recall and nDCG; ours also
MAP@R, kNN votes and tie rates.
"""

import numpy as np
import pytest
from paired import compare

from benchmarks.metrics.judgement import CUTOFFS, judge
from benchmarks.metrics.registry import evaluate
from methods.ranking import rank_scores

QUERIES, GALLERY, CLASSES = 1_000, 10_000, 100
TIMES_FASTER = 20


def scores_of(kind, rng):
    """Scores (q, n): all different, or whole numbers as Hamming distances of 64 bits have them."""
    if kind == "ties":
        return -rng.binomial(64, 0.5, (QUERIES, GALLERY)).astype(np.float32)
    return rng.permuted(np.tile(np.arange(GALLERY, dtype=np.float32), (QUERIES, 1)), axis=1)


@pytest.mark.parametrize("kind", ["no ties", "ties"])
def test_metrics_beside_pytrec_eval(benchmark, peer_module, kind):
    path = f"metrics, 1,000 x 10,000, {kind}"
    pytrec_eval = peer_module("pytrec_eval", f"{path}, beside pytrec_eval")
    rng = np.random.default_rng(0)
    gallery_labels, query_labels = np.arange(GALLERY) % CLASSES, np.arange(QUERIES) % CLASSES
    scores = scores_of(kind, rng)
    ranking = rank_scores(scores, GALLERY)
    names = [f"d{number}" for number in range(GALLERY)]
    run = {f"q{number}": dict(zip(names, row.tolist(), strict=True)) for number, row in enumerate(scores)}
    relevant = [{names[place]: 1 for place in np.flatnonzero(gallery_labels == label)} for label in range(CLASSES)]
    qrels = {f"q{number}": relevant[label] for number, label in enumerate(query_labels)}
    cuts = ",".join(map(str, CUTOFFS))
    measures = {"map", "recip_rank", "Rprec", *(f"{m}.{cuts}" for m in ("P", "recall", "ndcg_cut", "success"))}
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, measures)

    def ours():
        return evaluate(judge(ranking, gallery_labels, query_labels))

    if kind == "no ties":
        theirs = evaluator.evaluate(run)
        assert ours()["mAP"] == pytest.approx([theirs[f"q{number}"]["map"] for number in range(QUERIES)], abs=1e-9)
    compare(
        benchmark,
        path,
        ours,
        "pytrec_eval",
        lambda: evaluator.evaluate(run),
        items=QUERIES,
        unit="query",
        target=TIMES_FASTER,
        rounds=3,
        peer_warm_up=False,
    )
