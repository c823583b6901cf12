"""Resident memory of this process as the kernel counts it (Linux); None where it cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rows.cell import Memory
from methods.memory import peak_bytes, resident_bytes

__all__ = ["StagePeaks", "peak_bytes", "peak_over", "reset_peak", "resident_bytes"]

_CLEAR_REFS = Path("/proc/self/clear_refs")


def reset_peak() -> bool:
    """Lower VmHWM to the present VmRSS (see proc(5), clear_refs); False where the kernel does not allow it."""
    try:
        _CLEAR_REFS.write_text("5")
    except OSError:
        return False
    return True


def peak_over(baseline: int | None) -> Memory:
    """A row's memory where stages are not told apart: the process's peak in bytes over what was resident before."""
    peak = peak_bytes()
    return {"baseline": baseline, "peak": None if peak is None or baseline is None else max(0, peak - baseline)}


class StagePeaks:
    """Peaks of stages that follow one another, in bytes over what was resident when this object was made.

    The kernel keeps one mark, the highest; between stages it is lowered to the present. Where the kernel does not allow
    that, a stage that stayed below the mark has no peak of its own: None.
    """

    def __init__(self) -> None:
        self.baseline = resident_bytes()
        self.stages: dict[str, int | None] = {}
        """Name -> peak; a stage entered again keeps the higher one."""
        self.highest: int | None = None
        """Over all stages so far."""

    @contextmanager
    def stage(self, name: str, is_own: bool = True) -> Iterator[None]:
        """Watch a block; `highest` leaves out one that is not the method's own work (`is_own` False)."""
        lowered, mark = reset_peak(), peak_bytes()
        try:
            yield
        finally:
            peak = peak_bytes()
            if peak is not None and mark is not None and self.baseline is not None:
                over = max(0, peak - self.baseline)
                is_known = lowered or peak > mark
                if is_own and is_known:
                    self.highest = max(over, self.highest or 0)
                self.stages[name] = max(over, self.stages.get(name) or 0) if is_known else None
            else:
                self.stages[name] = None

    def spared(self, name: str, growth: int) -> None:
        """Raise stage `name` to `growth` bytes over the baseline: what its work took in another cell, now taken up."""
        if growth and self.baseline is not None:
            self.stages[name] = max(growth, self.stages.get(name) or 0)
            self.highest = max(growth, self.highest or 0)
