"""Measures of time and memory: read from the samples a cell kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.metrics.statistics import Interval
from benchmarks.protocol import SEED
from benchmarks.reporting.claims.evidence import NoFigureError, Source
from benchmarks.reporting.claims.measure import CellMeasure, Value

_RESAMPLES = 2000


@dataclass(frozen=True)
class SearchTime(CellMeasure):
    """Median time of one stage of a query (of the whole query where `stage` is "total"), batch 1, in milliseconds."""

    stage: str = "search"

    unit: ClassVar[str] = "ms"

    @property
    def name(self) -> str:
        """The stage."""
        return "whole query" if self.stage == "total" else f"{self.stage}, one image at a time"

    def value(self, sources: Sequence[Source]) -> Value:
        """With the bootstrap interval of the median over timed queries."""
        samples = sources[0].samples
        if self.stage not in samples:
            raise NoFigureError(f"no {self.stage} stage")
        return _median_ms(samples[self.stage])


@dataclass(frozen=True)
class IndexingTime(CellMeasure):
    """Median time to take one gallery image into the index, in batches, decoding and detection included."""

    unit: ClassVar[str] = "ms"

    @property
    def name(self) -> str:
        """What is timed."""
        return "indexing, an image"

    def value(self, sources: Sequence[Source]) -> Value:
        """With the bootstrap interval of the median over batches."""
        return _median_ms(sources[0].samples["gallery"])


@dataclass(frozen=True)
class PeakMemory(CellMeasure):
    """Peak resident memory of the cell's process over its imports, in MiB."""

    unit: ClassVar[str] = "MiB"

    @property
    def name(self) -> str:
        """What is measured."""
        return "peak memory"

    def value(self, sources: Sequence[Source]) -> Value:
        """One figure a run: no interval."""
        peak = sources[0].row.get("memory", {}).get("peak")
        if peak is None:
            raise NoFigureError(sources[0].word or "not measured")
        return Value(peak / 2**20)


def _median_ms(seconds: np.ndarray) -> Value:
    """Median and its percentile-bootstrap interval (Efron & Tibshirani 1993, chapter 13), in milliseconds."""
    drawn = np.random.default_rng(SEED).choice(seconds, size=(_RESAMPLES, len(seconds)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975]) * 1e3
    return Value(float(np.median(seconds) * 1e3), Interval(float(low), float(high)))
