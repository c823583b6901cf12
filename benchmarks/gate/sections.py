"""What a report says, as titled tables of plain text: printed on a terminal and written as markdown alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.gate.finding import Finding, Verdict
from benchmarks.gate.power import Detectable
from benchmarks.gate.report import Report
from benchmarks.gate.snapshot import Snapshot
from datasets.words import count_of

SHOWN = 20
"""Rows of a section, and ids of a list, at most; what is left out is counted."""

_COLUMNS = ("what", "measure", "base", "new", "change", "p")


@dataclass(frozen=True)
class Section:
    """A title, a header, rows of text, and lines below them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    lines: Sequence[str] = field(default_factory=tuple)


def headline(report: Report) -> str:
    """The verdict in one line."""
    counts = {verdict: len(report.having(verdict)) for verdict in Verdict}
    compared = counts[Verdict.WORSE] + counts[Verdict.BETTER] + counts[Verdict.SAME]
    told = (Verdict.INCOMPARABLE, Verdict.WORSE, Verdict.BETTER, Verdict.NEW)
    said = [f"{count_of(compared, 'figure')} compared", *(f"{counts[each]} {each}" for each in told if counts[each])]
    timed = sum(finding.measure == "query time" for finding in report.findings)
    times = f"{count_of(timed, 'query time')} among them" if timed else "query time not compared (no interleaved pairs)"
    return f"{report.verdict}: {', '.join(said)}; {times}"


def origins(report: Report) -> list[str]:
    """Where either side comes from, and what should be known when machines differ."""
    lines = [f"{name}: {_origin(side)}" for name, side in (("base", report.base), ("new", report.new))]
    cpus = [side.provenance.get("machine", {}).get("cpu") for side in (report.base, report.new)]
    if cpus[0] != cpus[1]:
        lines.append("the machines differ: what is trained during the run may come out differently on either")
    versions = [side.provenance.get("packages", {}) for side in (report.base, report.new)]
    changed = [
        f"{name} {versions[0].get(name)} → {to}" for name, to in versions[1].items() if versions[0].get(name) != to
    ]
    return [*lines, f"versions changed: {', '.join(changed)}"] if changed else lines


def sections(report: Report) -> list[Section]:
    """The tables, gravest first; nothing for what is the same throughout."""
    changed = [finding for finding in report.having(Verdict.SAME) if finding.p is not None or _says_more(finding)]
    made = [
        _incomparable(report.having(Verdict.INCOMPARABLE)),
        _figures("Worse", report.having(Verdict.WORSE)),
        _figures("Better", report.having(Verdict.BETTER)),
        _figures("Changed, but not by enough to count", changed),
        _figures("Memory that is not judged", list(filter(_unjudged, report.having(Verdict.SAME)))),
        _new(report.having(Verdict.NEW)),
        _visible(report.detectable),
    ]
    return [section for section in made if section.rows or section.lines]


def _says_more(finding: Finding) -> bool:
    return finding.measure == "result" and ", now " in finding.note


def _unjudged(finding: Finding) -> bool:
    return finding.measure == "peak memory" and bool(finding.note)


def _figures(title: str, findings: Sequence[Finding]) -> Section:
    ordered = sorted(findings, key=_size, reverse=True)
    rows = [(finding.subject, finding.measure, *_numbers(finding)) for finding in ordered[:SHOWN]]
    lines = [line for finding in ordered[:SHOWN] for line in _flipped(finding)]
    return Section(title, _COLUMNS, rows, [*lines, *_left_out(ordered)])


def _incomparable(findings: Sequence[Finding]) -> Section:
    """Cells by reason: a whole data set that is another one is one line."""
    by_reason: dict[str, list[str]] = {}
    for finding in findings:
        by_reason.setdefault(finding.note, []).append(finding.subject)
    rows = [(reason, str(len(subjects)), _listed(subjects, 3)) for reason, subjects in by_reason.items()]
    return Section("Not comparable", ("why", "cells", "which"), rows[:SHOWN], _left_out(rows))


def _new(findings: Sequence[Finding]) -> Section:
    rows = [(finding.subject,) for finding in findings]
    return Section("New", ("what",), rows[:SHOWN], _left_out(rows))


def _visible(detectable: Sequence[Detectable]) -> Section:
    """What would have been seen: so that "same" is not read as more than it is."""
    rows = [
        (entry.where, f"{entry.queries:,}", _loss(entry.alone, entry.queries), _loss(entry.among, entry.queries))
        for entry in detectable
    ]
    columns = ("table", "queries", "if no other figure changes", "if all figures change")
    title = "Smallest loss of hits that counts as worse, where no hit is gained"
    return Section(title, columns, rows[:SHOWN], _left_out(rows))


def _loss(share: float | None, queries: int) -> str:
    return "none would" if share is None else f"{share:.1%} ({share * queries:.0f})"


def _size(finding: Finding) -> float:
    """How grave: a lost result first, then by the change relative to what is usual for the measure."""
    if finding.base is None or finding.new is None:
        return float("inf")
    if finding.measure == "peak memory":
        return abs(finding.new / max(finding.base, 1.0) - 1)
    return abs(finding.new - finding.base)


def _numbers(finding: Finding) -> tuple[str, str, str, str]:
    """Base, new, change and p as text."""
    if finding.base is None or finding.new is None:
        return "", "", finding.note, ""
    p = "" if finding.p is None else f"{finding.p:.2g}"
    note = f" ({finding.note})" if finding.note else ""
    if finding.measure == "peak memory":
        base, new = (f"{value / 2**20:,.0f} MiB" for value in (finding.base, finding.new))
        return base, new, f"× {finding.new / max(finding.base, 1.0):.2f}{note}", p
    if finding.measure == "query time":
        return "1", f"{finding.new:.3f}", f"× {finding.new:.2f} [{finding.low:.2f}, {finding.high:.2f}]{note}", p
    interval = "" if finding.low is None else f" [{finding.low:+.3f}, {finding.high:+.3f}]"
    return f"{finding.base:.3f}", f"{finding.new:.3f}", f"{finding.new - finding.base:+.3f}{interval}{note}", p


def _flipped(finding: Finding) -> list[str]:
    """Which queries flipped, one line a direction."""
    return [
        f"{finding.subject}: {len(ids)} of {finding.queries} {word}: {_listed(ids, SHOWN)}"
        for word, ids in (("lost", finding.flips.lost), ("won", finding.flips.won))
        if ids
    ]


def _listed(names: Sequence[str], shown: int) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return "; ".join(names[:shown]) + more


def _left_out(rows: Sequence[object]) -> list[str]:
    return [f"… and {len(rows) - SHOWN} more: see --json"] if len(rows) > SHOWN else []


def _cores(machine: Mapping[str, Any]) -> str:
    return count_of(machine["cores"], "core") if "cores" in machine else "? cores"


def _origin(side: Snapshot) -> str:
    facts: Mapping[str, Any] = side.provenance
    machine, commit = facts.get("machine", {}), facts.get("git", {}).get("commit") or "unknown"
    parts: Iterable[str] = (
        side.source,
        f"commit {commit[:10]}",
        f"{machine.get('cpu', 'unknown machine')}, {_cores(machine)}",
    )
    last = side.updates[-1:] and f"written {side.updates[-1].date[:10]}: {side.updates[-1].reason}"
    return "; ".join([*parts, *([str(last)] if last else [])])
