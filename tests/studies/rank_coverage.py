"""How often do rank intervals over several data sets hold the true rank? 95% is promised, 93% is asked for.

    python tests/studies/rank_coverage.py [--markdown docs/measurements/rank-coverage.md]

Simulated, seeded: methods of known order answer the same queries, some of which are hard for all of them. Takes about a
minute.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from benchmarks.metrics.ranks import Answers, Ranked, rank_methods  # noqa: E402

SIZES = (310, 170, 500)
"""Queries of the standard subsets of LFW, IMDB-WIKI and CIFAR-10."""
FIELDS = {
    "8 methods, far apart": np.linspace(0.15, 0.85, 8),
    "8 methods, near one another": np.linspace(0.45, 0.52, 8),
    "8 methods, four of them equal": np.array([0.2, 0.35, 0.5, 0.5, 0.5, 0.5, 0.6, 0.8]),
    "8 methods, seldom right": np.linspace(0.005, 0.04, 8),
    "30 methods": np.linspace(0.1, 0.8, 30),
}
"""Their true shares of hits, worst first."""
WANTED = 0.93
EACH = 5
"""Queries of a class, where classes differ."""


def simulated(
    shares: np.ndarray, sizes: tuple[int, ...], alike: float, rng: np.random.Generator, each: int = 1
) -> list[Answers]:
    """Hits of methods m0, m1, ...: how hard a query is explains `alike` of each answer, and `each` queries share it."""
    from scipy.special import ndtri

    found = []
    for queries in sizes:
        classes = np.arange(queries) // each
        hard = rng.normal(size=int(classes.max()) + 1)[classes]
        own = rng.normal(size=(len(shares), queries))
        hits = np.sqrt(alike) * hard + np.sqrt(1 - alike) * own < ndtri(shares)[:, None]
        values = {f"m{number}": row.astype(float) for number, row in enumerate(hits)}
        found.append(Answers(values, classes if each > 1 else None))
    return found


def true_ranks(shares: np.ndarray) -> dict[str, tuple[int, int]]:
    """Best and worst rank of each method: those of equal shares have all ranks of their block."""
    return {
        f"m{number}": (1 + int((shares > share).sum()), int((shares >= share).sum()))
        for number, share in enumerate(shares)
    }


def holds(ranked: Ranked, true: tuple[int, int]) -> bool:
    """Whether the whole true rank lies in the interval."""
    return ranked.low <= true[0] and true[1] <= ranked.high


def coverage(
    shares: np.ndarray, alike: float, runs: int, each: int = 1, sizes: tuple[int, ...] = SIZES, resamples: int = 500
) -> tuple[float, float, float]:
    """The lowest coverage of a method, the mean one, and how many ranks an interval spans on average."""
    rng, true = np.random.default_rng(0), true_ranks(shares)
    held: dict[str, list[bool]] = {method: [] for method in true}
    widths = []
    for _ in range(runs):
        for ranked in rank_methods(simulated(shares, sizes, alike, rng, each), resamples=resamples):
            held[ranked.method].append(holds(ranked, true[ranked.method]))
            widths.append(ranked.high - ranked.low + 1)
    rates = [float(np.mean(each)) for each in held.values()]
    return min(rates), float(np.mean(rates)), float(np.mean(widths))


def table(runs: int) -> tuple[list[str], float]:
    """Markdown, and the lowest mean coverage."""
    rows, lowest = [], 1.0
    for name, shares in FIELDS.items():
        for alike, each in ((0.0, 1), (0.5, 1), (0.5, EACH)):
            least, mean, width = coverage(shares, alike, runs, each)
            lowest = min(lowest, least)
            rows.append(f"| {name} | {alike:.1f} | {each} | {mean:.3f} | {least:.3f} | {width:.1f} |")
            print(rows[-1], flush=True)
    return rows, lowest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", type=Path, help="write the page to this file")
    parser.add_argument("--runs", type=int, default=200, help="simulations of each row")
    options = parser.parse_args()
    rows, lowest = table(options.runs)
    text = "\n".join(
        [
            "# Coverage of rank intervals",
            "",
            "    python tests/studies/rank_coverage.py --markdown docs/measurements/rank-coverage.md",
            "",
            "writes this page: how often a 95% interval of a method's rank over three data sets "
            f"({', '.join(map(str, SIZES))} queries) holds its true rank, in {options.runs:,} simulations each. "
            'Methods of equal share have all ranks of their block as their true rank. "In common": how much of an '
            'answer the query\'s difficulty explains, which all methods share; "class": queries that '
            "share their difficulty.",
            "",
            f"Lowest of any method: {lowest:.3f}; {WANTED} is asked for. Intervals are cautious: their level holds for "
            "all pairs of methods at once, so that equal methods are covered too.",
            "",
            "| methods | in common | class | mean coverage | lowest of a method | ranks in an interval |",
            "|:--|--:|--:|--:|--:|--:|",
            *rows,
            "",
        ]
    )
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0 if lowest >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
