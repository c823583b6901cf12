"""Two calls timed in turn in one process: the only fair way to say that one is so many times as fast.

Rounds of ours and of the peer's alternate, so that whatever slows the machine slows both; the ratio of their medians
has a 95% percentile bootstrap interval over rounds (Efron & Tibshirani 1993, chapter 13), drawn as pairs.
"""

import time

import numpy as np

RESAMPLES = 2000


def compare(
    benchmark,
    path,
    ours,
    peer,
    peer_call,
    *,
    items,
    unit,
    peer_items=None,
    target=None,
    at_most=False,
    rounds=8,
    peer_warm_up=True,
):
    """Benchmark `ours()` with `peer_call()` before each of its rounds, and leave the comparison for the table.

    `peer` names the other; each call treats `items` things of kind `unit` (`peer_items` where the peer's differ).
    The ratio is how many times as fast ours is; with `at_most` the peer is a limit, and it is how many times that
    limit ours takes. `target` bounds it from below or, with `at_most`, from above. Returns the ratio.
    """
    seconds = []

    def turn():
        start = time.perf_counter()
        peer_call()
        seconds.append(time.perf_counter() - start)

    if peer_warm_up:
        peer_call()
    ours()
    benchmark.pedantic(ours, setup=turn, rounds=rounds)
    ours_s = np.array(benchmark.stats.stats.data) / items
    return record(benchmark, path, ours_s, peer, np.array(seconds) / (peer_items or items), unit, target, at_most)


def record(benchmark, path, ours_s, peer, peer_s, unit, target=None, at_most=False):
    """Leave a comparison of paired samples (rounds,), seconds an item, for the table; returns the ratio."""
    ratio, low, high = ratio_of_medians(ours_s, peer_s) if at_most else ratio_of_medians(peer_s, ours_s)
    benchmark.extra_info["comparison"] = {
        "path": path,
        "unit": unit,
        "ours_s": float(np.median(ours_s)),
        "peer": peer,
        "peer_s": float(np.median(peer_s)),
        "ratio": ratio,
        "low": low,
        "high": high,
        "rounds": len(ours_s),
        "target": target,
        "at_most": at_most,
    }
    return ratio


def alone(benchmark, path, call, *, items, unit, seconds=2.0, most_rounds=20):
    """Benchmark `call()`, which nobody else does in just this form: as many rounds as fit in about `seconds`."""
    call()
    start = time.perf_counter()
    call()
    once = time.perf_counter() - start
    benchmark.pedantic(call, rounds=int(np.clip(seconds / once, 2, most_rounds)))
    median = float(np.median(benchmark.stats.stats.data)) / items
    benchmark.extra_info["alone"] = {"path": path, "unit": unit, "ours_s": median}


def ratio_of_medians(above, below, seed=0):
    """median(above) / median(below) with the ends of its 95% interval, resampling rounds as pairs."""
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    rows = np.random.default_rng(seed).integers(0, len(above), (RESAMPLES, len(above)))
    ratios = np.median(above[rows], axis=1) / np.median(below[rows], axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(np.median(above) / np.median(below)), float(low), float(high)
