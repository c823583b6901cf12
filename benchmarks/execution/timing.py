"""Query latency and throughput, measured on whole queries from encoded bytes to a ranking."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.protocol import Timing
from benchmarks.rows.cell import Latency
from datasets.imageset import Image, ImageSet
from methods.contracts import Method
from methods.stages import STAGES, StageClock

MIN_SAMPLES = 5
SETTLED_SAMPLES = 10
SETTLED_WITHIN = 0.02
"""Of the lower of two medians. More batches than that would only confirm what they say."""
_WARM_UP_LIMIT = 12
_STABLE_WITHIN = 0.10


@dataclass(frozen=True)
class LatencySamples:
    """Every sample kept: `total` (n,) seconds a query; `stages` self-seconds by name, total less `other` in sum."""

    total: np.ndarray
    stages: Mapping[str, np.ndarray]
    warm_up: int

    @property
    def other(self) -> np.ndarray:
        """Seconds a query outside every stage."""
        return self.total - sum(self.stages.values(), np.zeros_like(self.total))


def in_memory(images: ImageSet) -> ImageSet:
    """The same images with their encoded bytes read beforehand, so that a timed query does not touch the disk."""
    data = {item.id: images.read(position) for position, item in enumerate(images.items)}
    return ImageSet(images.items, _Bytes(data, images), images.digests)


def query_latency(method: Method, queries: ImageSet, k: int, timing: Timing) -> LatencySamples:
    """Batch-1 latency: one query at a time in turn, after a warm-up that lasts until two fives of calls agree."""
    calls = warm_up(lambda: method.search(queries[:1], k), timing.seconds)
    return timed_queries(method, _in_turn(queries, timing), k, warm_up_calls=len(calls))


def timed_queries(method: Method, queries: Iterable[ImageSet], k: int, warm_up_calls: int = 0) -> LatencySamples:
    """Seconds of each of `queries`, single images, in turn; in all and by stage."""
    totals: list[float] = []
    stages: list[dict[str, float]] = []
    for query in queries:
        clock = StageClock()
        with clock.running():
            start = time.perf_counter()
            method.search(query, k)
            totals.append(time.perf_counter() - start)
        stages.append(clock.seconds)
    seen = [name for name in STAGES if any(name in sample for sample in stages)]
    columns = {name: np.array([sample.get(name, 0.0) for sample in stages]) for name in seen}
    return LatencySamples(np.array(totals), columns, warm_up_calls)


def _in_turn(queries: ImageSet, timing: Timing) -> Iterator[ImageSet]:
    """Single queries, round and round, until the budget is spent; never fewer than MIN_SAMPLES."""
    deadline = time.perf_counter() + timing.seconds
    asked = 0
    while asked < MIN_SAMPLES or (asked < timing.queries and time.perf_counter() < deadline):
        yield queries.take([asked % len(queries)])
        asked += 1


def seconds_per_image(call: Callable[[], object], images: int, budget: float) -> np.ndarray:
    """Seconds an image over repeated batch calls: a warm-up call, then at least two samples in `budget` seconds.

    No more are taken once there are SETTLED_SAMPLES and the medians of their two halves agree within SETTLED_WITHIN.
    """
    call()
    samples: list[float] = []
    deadline = time.perf_counter() + budget
    while len(samples) < 2 or (len(samples) < 50 and time.perf_counter() < deadline and not _settled(samples)):
        start = time.perf_counter()
        call()
        samples.append((time.perf_counter() - start) / images)
    return np.array(samples)


def _settled(samples: Sequence[float]) -> bool:
    if len(samples) < SETTLED_SAMPLES or len(samples) % 2:
        return False
    earlier, later = np.median(samples[: len(samples) // 2]), np.median(samples[len(samples) // 2 :])
    return bool(abs(later - earlier) <= SETTLED_WITHIN * min(earlier, later))


def percentiles(seconds: np.ndarray) -> Latency:
    """Median, tail and mean in milliseconds under the names tables print."""
    p50, p95, p99 = np.percentile(seconds, [50, 95, 99]) * 1e3
    return {
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "mean_ms": float(seconds.mean() * 1e3),
        "samples": len(seconds),
    }


def warm_up(call: Callable[[], object], budget: float) -> list[float]:
    """Call until the medians of two neighbouring fives agree within 10 %, or `budget` seconds are spent.

    Returns the seconds of each call.
    """
    seconds: list[float] = []
    deadline = time.perf_counter() + budget
    while len(seconds) < _WARM_UP_LIMIT and (len(seconds) < 2 or time.perf_counter() < deadline):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
        if len(seconds) >= 10:
            before, after = np.median(seconds[-10:-5]), np.median(seconds[-5:])
            if abs(after - before) <= _STABLE_WITHIN * before:
                break
    return seconds


class _Bytes:
    def __init__(self, data: Mapping[str, bytes], images: ImageSet) -> None:
        self._data = data
        self._source = images.source

    def read(self, id: str) -> bytes:
        return self._data[id]

    def decode(self, data: bytes, id: str) -> Image:
        return self._source.decode(data, id)
