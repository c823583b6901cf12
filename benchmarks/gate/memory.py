"""Peak memory of retrieval cells, by ratio and by size: a small process may double, a large one may vary.

Growth that is not judged, for it is small in bytes or the sides ran with different threads, is reported all the same.
"""

from benchmarks.gate.finding import Finding, Verdict
from benchmarks.gate.rules import Rules
from benchmarks.gate.snapshot import CellRecord
from datasets.words import count_of


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
