"""What an answer costs: query time, only as a paired ratio, and peak memory, by ratio and by size.

Both versions of a method took turns in one job, round after round. As in airspeed velocity, a slowdown must be
significant (Mann & Whitney, Annals of Mathematical Statistics 18, 1947) and exceed a ratio. What is ranked are the
medians of rounds, not single queries: samples of one round share the machine's noise and are no independent evidence.

A small process may double its memory, a large one may vary. Growth that is not judged, for it is small in bytes or the
sides ran with different threads, is reported all the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np

from benchmarks.core.cells import Cell, pair_path
from benchmarks.gate.finding import Finding, Verdict
from benchmarks.gate.rules import Rules, holm
from benchmarks.gate.snapshot import CellRecord
from datasets.array_files import UNREADABLE, opened_arrays
from datasets.errors import BenchmarkError
from datasets.words import count_of


@dataclass(frozen=True, eq=False)
class PairedTimes:
    """Seconds (rounds, queries) of one method in two versions, measured in turn."""

    dataset: str
    subset: str
    method: str
    base: np.ndarray
    new: np.ndarray

    @property
    def medians(self) -> tuple[np.ndarray, np.ndarray]:
        """Seconds (rounds,) of either side."""
        return np.median(self.base, axis=1), np.median(self.new, axis=1)


def read_paired_times(results: Path) -> list[PairedTimes]:
    """Every `paired/<data set>/<subset>/<method>.npz` below `results`; raises BenchmarkError for a damaged one."""
    return [_read(path) for path in sorted((results / "paired").glob("*/*/*.npz"))]


def judge_latency(pairs: Sequence[PairedTimes], rules: Rules) -> list[Finding]:
    """A finding for each pair, the family of tests being all of them."""
    adjusted = holm([_p_value(pair) for pair in pairs])
    return [_finding(pair, float(p), len(pairs), rules) for pair, p in zip(pairs, adjusted, strict=True)]


def _p_value(pair: PairedTimes) -> float:
    """One-sided, of no change in the direction that the medians point to."""
    from scipy.stats import mannwhitneyu

    base, new = pair.medians
    alternative = "greater" if np.median(new / base) >= 1 else "less"
    tied = len(np.unique([*base, *new])) < len(base) + len(new)
    return float(mannwhitneyu(new, base, alternative=alternative, method="asymptotic" if tied else "exact").pvalue)


def _finding(pair: PairedTimes, p: float, tests: int, rules: Rules) -> Finding:
    base, new = pair.medians
    ratios = new / base
    ratio, rounds = float(np.median(ratios)), len(ratios)
    low, high = np.quantile(ratios, [0.025, 0.975])
    verdict, note = _judge(ratio, p, rules)
    if verdict is Verdict.SAME and tests / comb(2 * rounds, rounds) > rules.alpha:
        verdict = Verdict.INCOMPARABLE
        note = f"{count_of(rounds, 'round')} are too few to tell among {count_of(tests, 'method')}: time more"
    return Finding(
        verdict=verdict,
        subject=f"{pair.method} on {pair.dataset}:{pair.subset}",
        measure="query time",
        base=1.0,
        new=ratio,
        low=float(low),
        high=float(high),
        p=p,
        queries=rounds,
        note=note,
    )


def _judge(ratio: float, p: float, rules: Rules) -> tuple[Verdict, str]:
    if 1 / rules.latency_ratio <= ratio <= rules.latency_ratio:
        return Verdict.SAME, ""
    if p > rules.alpha:
        return Verdict.SAME, "not significant"
    return (Verdict.WORSE if ratio > 1 else Verdict.BETTER), ""


def _read(path: Path) -> PairedTimes:
    try:
        with opened_arrays(path) as file:
            base, new = (np.asarray(file[name], dtype=np.float64) for name in ("base", "new"))
            cell = Cell.from_json(json.loads(str(file["owner"]))) if "owner" in file else None
    except UNREADABLE as error:
        raise BenchmarkError(_damaged(path, error)) from error
    if base.ndim != 2 or new.ndim != 2 or len(base) != len(new) or not base.size or not new.size:
        raise BenchmarkError(_damaged(path, "they must be (rounds, queries) with equally many rounds"))
    if not (np.all(base > 0) and np.all(new > 0) and np.all(np.isfinite(base)) and np.all(np.isfinite(new))):
        raise BenchmarkError(_damaged(path, "they hold seconds that are not positive"))
    if cell is None:  # of an older version, which left it to the file's place to say whose they are
        return PairedTimes(path.parts[-3], path.parts[-2], path.stem, base, new)
    if pair_path(cell) != Path(*path.parts[-3:]):
        raise BenchmarkError(_damaged(path, f"they are those of {cell.method} on {cell.dataset}:{cell.subset}"))
    return PairedTimes(cell.dataset, cell.subset, cell.method, base, new)


def _damaged(path: Path, reason: object) -> str:
    """What is wrong with a file of paired times, whose it is by its place, and what makes it again."""
    method, subset, dataset = path.stem, path.parts[-2], path.parts[-3]
    return (
        f"stored file damaged: {path}, the paired times of {method} on {dataset}:{subset} "
        f"({' '.join(str(reason).split())[:200]}): remove it, or measure them again with `latency -m {method} "
        "--against CHECKOUT`"
    )


def judge_memory(base: CellRecord, new: CellRecord, rules: Rules) -> Finding | None:
    """How the peaks compare; None where a side has none."""
    if base.memory is None or new.memory is None:
        return None
    verdict, note = _verdict(base.memory, new.memory, rules), ""
    if base.threads != new.threads:
        verdict, note = Verdict.SAME, f"not judged: {base.threads} against {count_of(new.threads, 'thread')}"
    elif verdict is Verdict.SAME and new.memory > base.memory * rules.memory_ratio:
        note = f"not judged: by {rules.memory_bytes / 2**20:.0f} MiB or less"
    return Finding(
        verdict=verdict,
        note=note,
        subject=new.subject,
        cell=new.cell,
        measure="peak memory",
        base=float(base.memory),
        new=float(new.memory),
    )


def _verdict(base: int, new: int, rules: Rules) -> Verdict:
    if abs(new - base) <= rules.memory_bytes:
        return Verdict.SAME
    if new > base * rules.memory_ratio:
        return Verdict.WORSE
    return Verdict.BETTER if base > new * rules.memory_ratio else Verdict.SAME
