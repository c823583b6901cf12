"""One component on every engine, in one process: checks first, then rounds in which all that pass take turns."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.execution.equivalence.check import EquivalenceCheck
from benchmarks.execution.equivalence.sample import QUERIES, sample_of
from benchmarks.execution.worker import Job, contained, open_cell
from benchmarks.experiments.engines.subject import PREDICT, Call, Component, Subject, make_subject
from benchmarks.experiments.rounds import Calibration, interleaved, strayed
from benchmarks.rows.comparisons import EngineFigures
from datasets.manifest import Manifest
from methods.building import build_encoder
from methods.engines.registry import ENGINES, PLAIN, get_engine

if TYPE_CHECKING:
    import keras

TURN_SECONDS = 0.25
"""Least length of a turn: a quick engine is called several times in one."""
LEAST_ROUNDS = 3
UNTRAINED_QUERIES = 8
"""Of a sample on which a network without weights is checked by its cosines: any images will do."""
LARGEST = 1e6
"""Answers above it are no features of anything: inputs are of the order of 1 to 255."""
MOST_IMAGES = 4
"""That statistics are taken of: each has many positions, and a training pass holds every layer's answers at once. With
sixteen, EfficientNetV2L and its engines did not fit in 24 GB."""


@dataclass(frozen=True, kw_only=True)
class EngineJob(Job):
    """A Job on one component of a method's encoder."""

    component: Component
    engines: tuple[str, ...]
    batch: int
    rounds: int
    seconds: float
    """Of all rounds, about; of a slow network fewer are made, but never fewer than LEAST_ROUNDS."""


def run_engines(job: EngineJob) -> None:
    """Entry point of the child process."""
    contained(job, partial(_measure, order=job))


def _measure(job: Job, order: EngineJob) -> EngineFigures:
    """What is stored: `checks` by engine, `seconds` (rounds,) an image by engine that is equivalent."""
    subject, trained = _subject(order)
    settled = not trained and subject.part == "network" and settle(subject.network(), subject.inputs)
    calls, checks = _checked(subject, order.engines, order.batch)
    chosen = np.arange(order.batch) % len(subject.inputs)
    batch = subject.inputs[chosen] if isinstance(subject.inputs, np.ndarray) else [subject.inputs[i] for i in chosen]
    calibration = Calibration()
    bound = {name: partial(call, batch) for name, call in calls.items()}
    seconds = take_turns(bound, order.rounds, order.seconds, calibration)
    return {
        "settled": settled,
        "size": subject.size,
        "images": len(subject.inputs),
        "checks": {name: check.to_json() for name, check in checks.items()},
        "seconds": {name: (values / order.batch).tolist() for name, values in seconds.items()},
        "strayed": strayed(np.array(calibration.seconds)),
    }


def take_turns(
    calls: Mapping[str, Callable[[], object]], rounds: int, budget: float, calibration: Calibration
) -> dict[str, np.ndarray]:
    """Mean seconds of a call in each round (rounds,), by name; every one has a turn in each, in a new order.

    Calls have been made before, so that they are warm. No round begins after `budget` seconds, save the least number.
    """
    repeats = {}
    for name, call in calls.items():
        start = time.perf_counter()
        call()
        repeats[name] = max(1, math.ceil(TURN_SECONDS / (time.perf_counter() - start)))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    deadline = time.perf_counter() + budget

    def begins(number: int) -> bool:
        return number < LEAST_ROUNDS or time.perf_counter() <= deadline

    for name in interleaved(list(calls), rounds, calibration, begins):
        start = time.perf_counter()
        for _ in range(repeats[name]):
            calls[name]()
        seconds[name].append((time.perf_counter() - start) / repeats[name])
    return {name: np.array(values) for name, values in seconds.items()}


def _checked(
    subject: Subject, names: tuple[str, ...], size: int
) -> tuple[dict[str, Call], dict[str, EquivalenceCheck]]:
    """Calls of plain Keras and of all engines that are equivalent to it; the check of each engine that was tried."""
    calls = {PLAIN: subject.on(get_engine(PLAIN))}
    plain = _in_batches(calls[PLAIN], subject.inputs, size)
    checks = {}
    for name in reversed(ENGINES):
        if name == PLAIN or name not in names:
            continue
        if obstacle := get_engine(name).obstacle():
            checks[name] = EquivalenceCheck(name, obstacle)
            continue
        call = subject.on(get_engine(name))
        checks[name] = subject.compare(name, plain, _in_batches(call, subject.inputs, size))
        if checks[name].passed:
            calls[name] = call
    if predict := subject.predict():
        predict(subject.inputs[:size])
        calls = {PREDICT: predict, **calls}
    return calls, checks


def _in_batches(call: Call, inputs: Any, size: int) -> Any:
    """All results: an array for rows, a list for faces."""
    results = [call(inputs[start : start + size]) for start in range(0, len(inputs), size)]
    return np.concatenate(results) if isinstance(results[0], np.ndarray) else [one for some in results for one in some]


def _subject(order: EngineJob) -> tuple[Subject, bool]:
    context, dataset = open_cell(order)
    encoder = build_encoder(context.spec, context.surroundings)
    trained = order.weights is not None or not context.spec.weights
    gallery = Manifest.from_json(order.manifest.read_text(encoding="utf-8"), dataset).gallery
    sample = sample_of(gallery, QUERIES if trained else UNTRAINED_QUERIES)
    return make_subject(order.component.part, encoder, sample, trained), trained


def settle(network: "keras.Model", inputs: np.ndarray) -> bool:
    """Set the statistics of `network`'s normalisations where its answers to `inputs` (n, h, w, c) exceed LARGEST.

    The first MOST_IMAGES of them are looked at. Says whether they did.

    Without weights of its own, a deep network may blow a signal up beyond recognition: EfficientNetV2L's 217
    normalisations do nothing before it is trained, and its answers reach 10^11. Nothing of the image is left in them
    but rounding errors, which no two engines share. Then each normalisation is given the mean and variance of what it
    is fed, as the first step of a training would.
    """
    inputs = inputs[:MOST_IMAGES]
    with np.errstate(over="ignore"):
        if np.abs(network.predict_on_batch(inputs)).max() <= LARGEST:
            return False
    norms = list(_normalisations(network))
    before = [(norm.trainable, norm.momentum) for norm in norms]
    for norm in norms:
        norm.trainable, norm.momentum = True, 0.0
    network(inputs, training=True)
    for norm, (trainable, momentum) in zip(norms, before, strict=True):
        norm.trainable, norm.momentum = trainable, momentum
    return True


def _normalisations(network: "keras.Model") -> "Iterator[keras.layers.BatchNormalization]":
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from _normalisations(layer)
