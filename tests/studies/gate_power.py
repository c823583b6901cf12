"""Does the regression gate see a drop of three points at 300 queries, and is it quiet when nothing got worse?

    python tests/studies/gate_power.py [--runs 200] [--markdown docs/measurements/gate-power.md]

Simulated, seeded: rankings of five methods on three data sets of 300 queries each. In a rerun every score gets a
little noise, as another library's arithmetic gives, so that some queries are won and some lost. A planted drop turns
the rankings of some queries upside down that were answered right, until three points of hit@1 are lost. Takes some
ten minutes.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from benchmarks.core.cells import Cell  # noqa: E402
from benchmarks.gate.report import compare  # noqa: E402
from benchmarks.gate.rules import Rules  # noqa: E402
from benchmarks.gate.snapshot import DECIMALS, CellRecord, make_snapshot  # noqa: E402
from benchmarks.metrics.judgement import judge  # noqa: E402
from benchmarks.metrics.registry import evaluate  # noqa: E402
from methods.ranking import Ranking  # noqa: E402
from tests.studies.made_on import made_on  # noqa: E402

QUERIES, GALLERY, LABELS = 300, 200, 50
STRENGTHS = {"hash": 0.8, "pixels": 1.2, "local": 1.8, "network": 2.6, "face": 4.0}
"""How many standard deviations a right image scores above a wrong one."""
DATASETS = ("lfw", "cifar10", "imdb-wiki")
NOISE = (0.0, 0.002, 0.01)
"""Of a rerun, in the same unit."""
Scores = Mapping[Cell, np.ndarray]


@dataclass(frozen=True)
class Trial:
    """How often the gate said what it should: of planted drops worse, of reruns not worse."""

    noise: float
    flips: float
    """Queries a cell whose first result changed between right and wrong, on average, planted ones aside."""
    caught: dict[str, float]
    """Share of planted drops found, by what was planted."""
    alarms: float
    """Share of reruns called worse."""


def labels() -> tuple[np.ndarray, np.ndarray]:
    """Of the gallery and of the queries, LABELS in turn."""
    return np.arange(GALLERY) % LABELS, np.arange(QUERIES) % LABELS


def make_scores(rng: np.random.Generator, methods: Mapping[str, float]) -> dict[Cell, np.ndarray]:
    """Scores (queries, gallery) of every method on every data set."""
    gallery, queries = labels()
    right = queries[:, None] == gallery
    return {
        Cell(dataset, "standard", "retrieval", method): rng.normal(size=right.shape) + strength * right
        for dataset in DATASETS
        for method, strength in methods.items()
    }


def rerun(scores: Scores, noise: float, rng: np.random.Generator) -> dict[Cell, np.ndarray]:
    """The same with noise on every score."""
    return {cell: values + noise * rng.normal(size=values.shape) for cell, values in scores.items()}


def records(scores: Scores) -> list[CellRecord]:
    """What the gate keeps of such a run."""
    return [record(cell, values) for cell, values in scores.items()]


def record(cell: Cell, scores: np.ndarray) -> CellRecord:
    """One cell, judged as a stored ranking is."""
    gallery, queries = labels()
    order = np.argsort(-scores, axis=1, kind="stable")
    sorted_scores = np.take_along_axis(scores, order, axis=1).astype(np.float32)
    ranking = Ranking(order.astype(np.int32), sorted_scores, np.zeros(len(queries), dtype=bool))
    values = evaluate(judge(ranking, gallery, queries), ("hit@1", "mAP"))
    return CellRecord(
        cell=cell,
        status="ok",
        reason="",
        title=cell.dataset,
        protocol=1,
        seed=1,
        manifest=cell.dataset,
        threads=1,
        queries=tuple(map(str, range(len(queries)))),
        values={name: np.round(column, DECIMALS) for name, column in values.items()},
    )


def spoiled(scores: np.ndarray, lost: int, rng: np.random.Generator) -> np.ndarray:
    """`lost` queries that are answered right, turned upside down."""
    gallery, queries = labels()
    right = np.flatnonzero(gallery[scores.argmax(axis=1)] == queries)
    rows = rng.choice(right, size=min(lost, len(right)), replace=False)
    changed = scores.copy()
    changed[rows] = -changed[rows]
    return changed


def reversed_share(scores: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A share of the queries turned upside down, whether answered right or not."""
    rows = rng.choice(len(scores), size=round(share * len(scores)), replace=False)
    changed = scores.copy()
    changed[rows] = -changed[rows]
    return changed


def is_worse(base: list[CellRecord], new: list[CellRecord]) -> bool:
    """What the gate says, by its standard rules."""
    return compare(make_snapshot("base", base), make_snapshot("new", new), (), Rules()).exit_code == 1


def trial(noise: float, runs: int, methods: Mapping[str, float] = STRENGTHS, seed: int = 0) -> Trial:
    """`runs` reruns, and as many with a drop in one cell, or with 3% of the queries of one method reversed."""
    rng = np.random.default_rng(seed)
    plants = {"3 points of hit@1 in one cell": 0, "3% of one method's queries reversed": 0}
    alarms, flips = 0, []
    for _ in range(runs):
        scores = make_scores(rng, methods)
        base, again = records(scores), rerun(scores, noise, rng)
        new = {entry.cell: entry for entry in records(again)}
        flips += [np.abs(new[was.cell].values["hit@1"] - was.values["hit@1"]).sum() for was in base]
        alarms += is_worse(base, list(new.values()))
        victim = list(again)[rng.integers(len(again))]
        dropped = {victim: record(victim, spoiled(again[victim], round(0.03 * QUERIES), rng))}
        plants["3 points of hit@1 in one cell"] += is_worse(base, list((new | dropped).values()))
        theirs = [cell for cell in again if cell.method == victim.method]
        turned = {cell: record(cell, reversed_share(again[cell], 0.03, rng)) for cell in theirs}
        plants["3% of one method's queries reversed"] += is_worse(base, list((new | turned).values()))
    return Trial(noise, float(np.mean(flips)), {name: count / runs for name, count in plants.items()}, alarms / runs)


def main() -> int:
    """Print the table; 1 where fewer than 95% of the three-point drops are caught, or over 1% of reruns are alarms."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    trials = [trial(noise, options.runs) for noise in NOISE]
    names = list(trials[0].caught)
    lines = [
        "# Power of the regression gate",
        "",
        "    python tests/studies/gate_power.py --markdown docs/measurements/gate-power.md",
        "",
        f"writes this page: {len(STRENGTHS)} simulated methods on {len(DATASETS)} data sets of {QUERIES} queries, "
        f"{options.runs} runs a row, rules as `compare` has them. Noise is what a rerun adds to every score, in "
        "standard deviations of the scores; 0 is code that repeats itself. Reversed queries need not have been "
        f"answered right: of a weak method few are, and what it loses may lie within the tolerance. {made_on()}",
        "",
        "| noise | queries a cell that flip | " + " | ".join(f"caught: {name}" for name in names) + " | false alarms |",
        "|--:|--:|" + "--:|" * len(names) + "--:|",
        *[
            f"| {each.noise:g} | {each.flips:.2f} | "
            + " | ".join(f"{each.caught[name]:.1%}" for name in names)
            + f" | {each.alarms:.1%} |"
            for each in trials
        ],
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0 if all(each.caught[names[0]] >= 0.95 and each.alarms <= 0.01 for each in trials) else 1


if __name__ == "__main__":
    sys.exit(main())
