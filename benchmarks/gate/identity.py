"""Checked before any figure: were both sides asked the same question, and have both an answer?"""

import numpy as np

from benchmarks.gate.finding import Finding, Verdict
from benchmarks.gate.snapshot import UNTRAINED, CellRecord

_CANNOT_RUN = (UNTRAINED, "unavailable")
"""Statuses that tell of the machine (no weights, no package), not of the code."""


def check_identity(base: CellRecord, new: CellRecord) -> Finding | None:
    """Why the two may not be compared; None when they may."""
    reason = _difference(base, new)
    return _finding(Verdict.INCOMPARABLE, new, "identity", reason) if reason else None


def check_result(base: CellRecord, new: CellRecord) -> Finding | None:
    """What there is to say where a side has no result; None when both have one."""
    if base.has_accuracy and new.has_accuracy:
        return None
    was, is_ = _status(base), _status(new)
    if base.has_accuracy:
        verdict = Verdict.INCOMPARABLE if new.status in _CANNOT_RUN else Verdict.WORSE
        return _finding(verdict, new, "result", f"had a result, now {is_}")
    if new.has_accuracy:
        return _finding(Verdict.BETTER, new, "result", f"was {was}, now has a result")
    return _finding(Verdict.SAME, new, "result", was if was == is_ else f"was {was}, now {is_}")


def missing(base: CellRecord) -> Finding:
    """A cell of the base that the new side never ran: nothing can be said of it, and that is said."""
    return _finding(Verdict.INCOMPARABLE, base, "identity", "not among the new cells: it was not run")


def added(new: CellRecord) -> Finding:
    """A cell that the base does not know."""
    return _finding(Verdict.NEW, new, "result", "not in the base")


def _difference(base: CellRecord, new: CellRecord) -> str:
    if base.protocol != new.protocol:
        return f"protocol version {base.protocol} against {new.protocol}"
    if base.title != new.title:
        return f"{base.title} against {new.title}"
    if base.manifest != new.manifest:
        return f"other images of {new.title}: manifest {base.manifest[:10]} against {new.manifest[:10]}"
    if base.seed != new.seed:
        return f"seed {base.seed} against {new.seed}"
    if not (base.has_accuracy and new.has_accuracy):
        return ""
    if base.queries != new.queries:
        return f"other queries ({len(base.queries)} against {len(new.queries)})"
    if base.values.keys() != new.values.keys():
        return f"other metrics ({', '.join(base.values)} against {', '.join(new.values)})"
    if any(np.any(np.isnan(base.values[name]) != np.isnan(new.values[name])) for name in base.values):
        return "other queries count: those without a positive differ"
    return ""


def _status(record: CellRecord) -> str:
    if record.status == "ok":
        return "without a ranking"
    return f"{record.status} ({record.reason})" if record.reason else record.status


def _finding(verdict: Verdict, record: CellRecord, measure: str, note: str) -> Finding:
    return Finding(verdict=verdict, subject=record.subject, cell=record.cell, measure=measure, note=note)
