"""How often do the intervals that tables print hold the true value? 95% is promised, 93% is asked for.

    python tests/studies/interval_coverage.py [--markdown docs/measurements/interval-coverage.md]

Exact for shares of independent queries; simulated, seeded, for queries that share a class or an original, and for the
paired differences behind "tied with the best". Takes some three minutes.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from benchmarks.metrics.intervals import clustered_share_interval, share_interval  # noqa: E402
from benchmarks.metrics.statistics import paired_difference  # noqa: E402

SHARES = (0.005, 0.02, 0.1, 0.3, 0.9, 0.98, 0.995)
SIZES = (48, 170, 300, 1000)
CLUSTERS = ((30, 10), (10, 30), (100, 3))
"""Originals and edits of each, as in robustness; classes and queries of each, as on CIFAR-10; people, as on LFW."""
ALIKE = (0.0, 0.1, 0.3, 0.7)
"""Correlation of a cluster's queries."""
WANTED = 0.93


def of_share(n: int, share: float) -> float:
    """Exactly: how likely is a number of successes whose interval holds the share?"""
    from scipy.stats import binom

    intervals = [share_interval(successes / n, n) for successes in range(n + 1)]
    holds = np.array([low <= share <= high for low, high in intervals])
    return float(binom.pmf(np.arange(n + 1), n, share)[holds].sum())


def of_clustered_share(clusters: int, each: int, share: float, alike: float, runs: int, seed: int = 0) -> float:
    """Simulated: clusters of `each` queries, whose shares are of a beta distribution around the true one."""
    rng = np.random.default_rng(seed)
    own = np.full((runs, clusters), share)
    if alike:
        own = rng.beta(share * (1 / alike - 1), (1 - share) * (1 / alike - 1), size=(runs, clusters))
    hits = rng.random((runs, clusters, each)) < own[:, :, None]
    codes = np.repeat(np.arange(clusters), each)
    found = [clustered_share_interval(run.ravel().astype(float), codes) for run in hits]
    return float(np.mean([low <= share <= high for low, high in found]))


def of_difference(n: int, share: float, runs: int, seed: int = 0) -> float:
    """Simulated: how often the paired difference of two methods with one share of hits holds 0.

    On a tenth of the queries they answer independently of one another, on the others alike.
    """
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(runs):
        common, one, other = (rng.random(n) < share for _ in range(3))
        apart = rng.random(n) < 0.1
        difference = paired_difference(np.where(apart, one, common), np.where(apart, other, common), resamples=1000)
        held += difference.interval.low <= 0 <= difference.interval.high
    return held / runs


def grid(corner: str, rows: list[tuple[str, list[float]]], columns: list[str]) -> list[str]:
    """A markdown table of coverages."""
    lines = [f"| {corner} | " + " | ".join(columns) + " |", "|:--|" + "--:|" * len(columns)]
    return lines + [f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |" for name, values in rows]


def main() -> int:
    """Print the tables; 1 where a coverage is below what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    names = [f"{share:g}" for share in SHARES]
    alone = [(str(n), [of_share(n, share) for share in SHARES]) for n in SIZES]
    together = [
        (
            f"{clusters} × {each}, {alike:g}",
            [of_clustered_share(clusters, each, share, alike, options.runs) for share in SHARES],
        )
        for clusters, each in CLUSTERS
        for alike in ALIKE
    ]
    paired = [(str(n), [of_difference(n, share, options.runs) for share in SHARES]) for n in SIZES]
    lowest = [min(value for _, values in table for value in values) for table in (alone, together, paired)]
    noise = 2 * (0.05 * 0.95 / options.runs) ** 0.5
    lines = [
        "# Coverage of the intervals",
        "",
        "    python tests/studies/interval_coverage.py --markdown docs/measurements/interval-coverage.md",
        "",
        "writes this page: how often a 95% interval holds the true value. Columns are true shares.",
        "",
        f"**Shares over independent queries** (rows: queries), exact. Lowest: {lowest[0]:.3f}.",
        "",
        *grid("queries", alone, names),
        "",
        f"**Shares over clusters** (rows: clusters × queries of each, correlation of a cluster's queries), "
        f"{options.runs:,} simulated runs each, so that a coverage is exact to ±{noise:.3f}. Lowest: {lowest[1]:.3f}. "
        "The interval is cautious where nearly all queries, or nearly none, succeed: so few exceptions do not show how "
        "alike a cluster's queries are.",
        "",
        *grid("clusters", together, names),
        "",
        f"**Paired differences** of two equally good methods hold 0 (rows: queries), {options.runs:,} simulated runs "
        f"each. Lowest: {lowest[2]:.3f}.",
        "",
        *grid("queries", paired, names),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0 if min(lowest) >= WANTED - noise else 1


if __name__ == "__main__":
    sys.exit(main())
