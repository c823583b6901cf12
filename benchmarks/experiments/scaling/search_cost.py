"""What a step or a search costs without looking at images: extraction is the same for every gallery."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.execution import timing
from benchmarks.protocol import SEARCH_DEPTH, Timing
from datasets.imageset import ImageSet
from methods.contracts import Method
from methods.stages import StageClock

TIMING = Timing(queries=100, seconds=3.0, batch=32, gallery_sample=64)
"""What one point may spend on being timed."""

EXTRACTION = ("decode", "detect", "encode")
"""Stages of looking at one image."""

_MOST_BATCHES = 50


@dataclass(frozen=True)
class Cost:
    """Seconds of a step: of looking at images, and of all the rest."""

    work: float
    extraction: float


def clocked(step: Callable[[], object]) -> Cost:
    """The cost of `step()`; work that an earlier process has spared it (a training) counts as it did there."""
    clock = StageClock()
    with clock.running():
        start = time.perf_counter()
        step()
        elapsed = time.perf_counter() - start
    extraction = sum(clock.seconds.get(stage, 0.0) for stage in EXTRACTION)
    return Cost(elapsed + clock.spared - extraction, extraction)


def single_searches(method: Method, queries: ImageSet) -> np.ndarray:
    """Seconds (n,) of searches one query at a time, after a warm-up."""
    samples = timing.query_latency(method, queries, SEARCH_DEPTH, TIMING)
    looking = (samples.stages[stage] for stage in EXTRACTION if stage in samples.stages)
    return samples.total - sum(looking, np.zeros_like(samples.total))


def batched_searches(method: Method, batch: ImageSet) -> np.ndarray:
    """Seconds a query (n,) of searches for a whole batch: two at least, after one that is not counted."""
    method.search(batch, SEARCH_DEPTH)
    deadline = time.perf_counter() + TIMING.seconds / 2
    samples: list[float] = []
    while len(samples) < 2 or (len(samples) < _MOST_BATCHES and time.perf_counter() < deadline):
        samples.append(clocked(lambda: method.search(batch, SEARCH_DEPTH)).work / len(batch))
    return np.array(samples)
