"""Peak memory of retrieval cells, by ratio and by size: a small process may double, a large one may breathe."""

from benchmarks.gate.finding import Finding, Verdict
from benchmarks.gate.rules import Rules
from benchmarks.gate.snapshot import CellRecord


def judge_memory(base: CellRecord, new: CellRecord, rules: Rules) -> Finding | None:
    """How the peaks compare; None where a side has none, or where the sides ran with different threads."""
    if base.memory is None or new.memory is None or base.threads != new.threads:
        return None
    return Finding(
        verdict=_verdict(base.memory, new.memory, rules),
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
