"""Where time goes inside a query: named stages whose self-times add up to the whole."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

STAGES = ("decode", "detect", "encode", "transform", "build", "search", "rerank")
"""The vocabulary: every stage a method reports is one of these."""


class StageClock:
    """Self-time in seconds per stage: a stage inside a stage is charged to the inner one alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.spared = 0.0
        """Seconds that this work took an earlier process, whose result was taken up instead (see `spare`)."""
        self.spared_bytes = 0
        """Most memory that any such work took over what was resident when it began."""
        self._inner = [0.0]

    @contextmanager
    def running(self) -> Iterator["StageClock"]:
        """Collect every `stage` entered in this block (in this thread)."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        self._inner.append(0.0)
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            inner = self._inner.pop()
            self._inner[-1] += elapsed
            self.seconds[name] = self.seconds.get(name, 0.0) + elapsed - inner


_current: ContextVar[StageClock | None] = ContextVar("stage_clock", default=None)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Mark a block as one stage of STAGES; free of charge when nothing is timing."""
    clock = _current.get()
    if clock is None:
        yield
        return
    if name not in STAGES:
        raise ValueError(f"unknown stage {name!r}; one of {', '.join(STAGES)}")
    with clock._timed(name):
        yield


def spare(seconds: float, peak_bytes: int = 0) -> None:
    """Say that work was spared by taking up an earlier result, so that nobody believes it to be free.

    It took `seconds`, and at its peak `peak_bytes` of memory over what was resident when it began.
    """
    clock = _current.get()
    if clock is not None:
        clock.spared += seconds
        clock.spared_bytes = max(clock.spared_bytes, peak_bytes)


def spared_seconds() -> float:
    """What was spared so far in the block that is being timed; 0 where nothing is timing."""
    clock = _current.get()
    return 0.0 if clock is None else clock.spared
