"""The comparison itself: cells paired by name, identity first, then every measure, then one verdict for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.core.tasking.registry import Tasks
from benchmarks.gate.accuracy import judge_accuracy, make_pairs, pool
from benchmarks.gate.costs import PairedTimes, judge_latency, judge_memory, read_paired_times
from benchmarks.gate.finding import Finding, Verdict
from benchmarks.gate.identity import added, check_identity, check_result, missing
from benchmarks.gate.power import Detectable, detectable
from benchmarks.gate.rules import Rules
from benchmarks.gate.sides import read_side
from benchmarks.gate.snapshot import CellRecord, Snapshot

EXIT_CODES = {Verdict.INCOMPARABLE: 2, Verdict.WORSE: 1}
"""Of the gravest verdict among the findings; 0 for every other."""


@dataclass(frozen=True, eq=False)
class Report:
    """All findings, in order: not comparable, worse, better, same, new."""

    base: Snapshot
    new: Snapshot
    rules: Rules
    findings: tuple[Finding, ...]
    detectable: tuple[Detectable, ...] = ()
    """What this comparison can see, for each size of table."""

    def having(self, verdict: Verdict) -> list[Finding]:
        """The findings with this verdict."""
        return [finding for finding in self.findings if finding.verdict is verdict]

    @property
    def verdict(self) -> Verdict:
        """Of the whole. Where something could not be compared nothing is promised of the rest, so that comes first."""
        for verdict in (Verdict.INCOMPARABLE, Verdict.WORSE, Verdict.BETTER):
            if self.having(verdict):
                return verdict
        return Verdict.SAME

    @property
    def exit_code(self) -> int:
        """0 same or better, 1 worse, 2 not comparable."""
        return EXIT_CODES.get(self.verdict, 0)


def compare_paths(
    base: Path, new: Path, rules: Rules, methods: Sequence[str] = (), tasks: Tasks | None = None
) -> Report:
    """Compare what two places store, all methods or those named; raises BenchmarkError where one is empty."""
    chosen = frozenset(methods)
    pairs = [pair for pair in read_paired_times(new) if not chosen or pair.method in chosen]
    sides = [_only(read_side(place, tasks), chosen) for place in (base, new)]
    return compare(sides[0], sides[1], pairs, rules, tasks)


def compare(
    base: Snapshot, new: Snapshot, times: Sequence[PairedTimes], rules: Rules, tasks: Tasks | None = None
) -> Report:
    """Every cell of either side, and the paired times, judged."""
    findings: list[Finding] = []
    comparable: list[tuple[CellRecord, CellRecord]] = []
    for cell, before in base.cells.items():
        after = new.cells.get(cell)
        if after is None:
            findings.append(missing(before))
        elif found := check_identity(before, after) or check_result(before, after):
            findings.append(found)
        else:
            comparable.append((before, after))
            if grown := judge_memory(before, after, rules):
                findings.append(grown)
    pairs = [pair for before, after in comparable for pair in make_pairs(before, after)]
    pooled = pool(comparable, tasks)
    findings += judge_accuracy([pairs, pooled], rules)
    findings += judge_latency(times, rules)
    findings += [added(record) for cell, record in new.cells.items() if cell not in base.cells]
    order = {verdict: place for place, verdict in enumerate(Verdict)}
    sizes = [int(np.count_nonzero(~np.isnan(pair.new))) for pair in pooled]
    seen = detectable(comparable, sizes, len(pairs), rules)
    return Report(base, new, rules, tuple(sorted(findings, key=lambda finding: order[finding.verdict])), tuple(seen))


def _only(snapshot: Snapshot, methods: frozenset[str]) -> Snapshot:
    if not methods:
        return snapshot
    kept = {cell: record for cell, record in snapshot.cells.items() if cell.method in methods}
    return Snapshot(snapshot.source, kept, snapshot.updates)
