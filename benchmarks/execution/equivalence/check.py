"""Does an engine give what plain Keras gives? Judged on the rows, or the faces, that both make of the same images."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import cast

import numpy as np

from benchmarks.execution.equivalence.sample import Sample
from benchmarks.metrics.statistics import paired_difference
from benchmarks.rows.comparisons import CheckFigures
from datasets.imageset import Image
from methods.contracts import Encoder
from methods.engines.contract import Engine
from methods.engines.swap import Swap
from methods.faces.detection import FaceBoxes

COSINE = 0.999
"""Least cosine between an image's row and the one that plain Keras gives in float32."""
MOVED_PIXELS = 1.0
"""How far a face's box may lie from where the plain cascade puts it."""
FACES_ALIKE = 0.98
"""Least share of images with the same faces: rounding settles ties between overlapping boxes now and then."""


@dataclass(frozen=True)
class EquivalenceCheck:
    """What a comparison with plain Keras found. `reason` is empty where the engine passed."""

    engine: str
    reason: str = ""
    cosine_min: float | None = None
    cosine_mean: float | None = None
    hit: float | None = None
    """hit@1 on the engine; None where it was not asked (no weights: the network's answers mean nothing)."""
    hit_change: float | None = None
    """Less that of plain Keras."""
    hit_interval: tuple[float, float] | None = None
    """95% interval of the change, over queries."""
    faces: str = ""
    """Of a detector: how many images have the same faces, and how far boxes moved."""
    seconds: float | None = None
    """An image, of this one comparison."""
    plain_seconds: float | None = None

    @property
    def passed(self) -> bool:
        """May the engine be used?"""
        return not self.reason

    @property
    def gains(self) -> bool:
        """Did it pass, and was it faster than plain Keras?"""
        return self.passed and self.seconds is not None and self.seconds < (self.plain_seconds or 0.0)

    def to_json(self) -> CheckFigures:
        """As it is kept."""
        return cast(CheckFigures, asdict(self))

    @classmethod
    def from_json(cls, facts: CheckFigures) -> "EquivalenceCheck":
        """The check that `to_json` kept."""
        low_high = facts.get("hit_interval")
        known = {name: value for name, value in facts.items() if name in cls.__dataclass_fields__}
        return cls(**known | {"hit_interval": (low_high[0], low_high[1]) if low_high else None})  # type: ignore[arg-type]


def judge_rows(
    engine: str, plain: np.ndarray, rows: np.ndarray, labels: np.ndarray | None = None, queries: int = 0
) -> EquivalenceCheck:
    """Compare `rows` (n, d) with the `plain` ones, NaN where an image has none.

    The first `queries` rows are searched for among the others, whose labels say which are right; `labels` (n,) None
    leaves that out. An engine fails where a cosine is below COSINE, where it gives other images a row, and where hit@1
    changes by more than chance would have it (the interval of the paired difference does not hold 0).
    """
    there, here = ~np.isnan(plain).any(axis=1), ~np.isnan(rows).any(axis=1)
    if not np.array_equal(there, here):
        return EquivalenceCheck(
            engine, f"{np.sum(there != here)} of {len(plain)} images have a row on one of the two alone"
        )
    if not there.any():
        return EquivalenceCheck(engine, "no image had a row to compare")
    cosines = np.sum(_unit(plain[there]) * _unit(rows[there]), axis=1)
    found = EquivalenceCheck(engine, cosine_min=float(cosines.min()), cosine_mean=float(cosines.mean()))
    reason = "" if cosines.min() >= COSINE else f"cosine {cosines.min():.4f} to plain Keras, under {COSINE}"
    if labels is not None:
        before, after = (_hits(values, labels, queries) for values in (plain, rows))
        change = paired_difference(after, before)
        low, high = change.interval
        found = replace(found, hit=float(after.mean()), hit_change=change.mean, hit_interval=(low, high))
        if not low <= 0 <= high:
            reason = reason or f"hit@1 changes by {change.mean:+.3f} [{low:+.3f}, {high:+.3f}]"
    return replace(found, reason=reason)


def judge_faces(engine: str, plain: Sequence[FaceBoxes], faces: Sequence[FaceBoxes]) -> EquivalenceCheck:
    """Compare the faces of the same images: as many of them, in the same order, none moved by over MOVED_PIXELS."""
    moved = [
        float(np.abs(a.boxes - b.boxes).max(initial=0)) if len(a) == len(b) else np.inf
        for a, b in zip(plain, faces, strict=True)
    ]
    alike = np.array(moved) <= MOVED_PIXELS
    farthest = max((pixels for pixels, same in zip(moved, alike, strict=True) if same), default=0.0)
    text = f"the same faces in {alike.sum()} of {len(alike)} images, boxes moved by {farthest:.2g} pixels at most"
    return EquivalenceCheck(engine, "" if alike.mean() >= FACES_ALIKE else text, faces=text)


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float64).tiny)


def _hits(rows: np.ndarray, labels: np.ndarray, queries: int) -> np.ndarray:
    """Of each of the first `queries` rows: is the nearest other, by cosine, of its label? (queries,) 0 or 1."""
    likeness = _unit(rows[:queries]) @ _unit(rows[queries:]).T
    nearest = np.nan_to_num(likeness, nan=-2.0).argmax(axis=1)
    found = ~np.isnan(rows[:queries]).any(axis=1)
    return ((labels[queries:][nearest] == labels[:queries]) & found).astype(np.float64)


def check_engines(
    encoder: Encoder, engines: Iterable[Engine], sample: Sample, labelled: bool = True
) -> Iterator[EquivalenceCheck]:
    """The check of each engine, in order, made when it is asked for; `labelled` False leaves hit@1 out."""
    plain, plain_seconds = _rows(encoder, sample.images)
    labels = sample.labels if labelled else None
    for engine in engines:
        if obstacle := engine.obstacle():
            yield EquivalenceCheck(engine.name, obstacle)
            continue
        with Swap(encoder, engine):
            rows, seconds = _rows(encoder, sample.images)
        check = judge_rows(engine.name, plain, rows, labels, sample.queries)
        yield replace(check, seconds=seconds, plain_seconds=plain_seconds)


def up_to_gain(checks: Iterable[EquivalenceCheck]) -> list[EquivalenceCheck]:
    """The checks up to the first engine that gains something: those after it are not asked for."""
    made = []
    for check in checks:
        made.append(check)
        if check.gains:
            break
    return made


def _rows(encoder: Encoder, images: list[Image]) -> tuple[np.ndarray, float]:
    """Rows (n, d), and seconds an image of the second half: the first one warms up."""
    half = max(1, len(images) // 2)
    first = np.array(encoder.encode(images[:half]))  # an encoder may fill the same array again
    start = time.perf_counter()
    second = encoder.encode(images[half:])
    return np.concatenate([first, second]), (time.perf_counter() - start) / max(1, len(images) - half)
