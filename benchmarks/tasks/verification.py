"""Verification: one similarity for every pair of the LFW View 2 protocol (Huang et al. 2007)."""

import time
from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.tasks.context import CellContext
from datasets.manifest import PairManifest
from methods.answers import check_similarity
from methods.contracts import Verifier
from methods.progress import watched
from methods.stages import StageClock


def run(context: CellContext, pairs: PairManifest) -> dict[str, Any]:
    """The cell's measurements; the pairs' similarities are written to the working folder."""
    baseline = memory.resident_bytes()
    method = context.build(context.embed())
    if not isinstance(method, Verifier):
        raise TypeError(f"{context.spec.id} says it takes part in verification but has no similarity()")
    left, right = (watched(side, "images of pairs") for side in (pairs.left, pairs.right))
    clock = StageClock()
    with clock.running():
        start = time.perf_counter()
        scores = method.similarity(left, right)
        seconds = time.perf_counter() - start + clock.spared
    scores = check_similarity(context.spec.id, scores, len(pairs.left))
    context.save_arrays("pairs", scores=scores, same=np.asarray(pairs.same), fold=np.asarray(pairs.fold))
    peak = memory.peak_bytes()
    return {
        "counts": {
            "pairs": len(scores),
            "images": len(pairs.images),
            "missing_pairs": pairs.missing,
            "undetected_pairs": int(np.isneginf(scores).sum()),
        },
        "similarity_s": seconds,
        "memory": {"baseline": baseline, "peak": None if peak is None or baseline is None else max(0, peak - baseline)},
    }
