"""Spending a budget of seconds: all methods on few pictures, the better ones on more, each in a process of its own.

Successive halving (Jamieson & Talwalkar 2016) over the size of the gallery: rows of pictures are kept, so that a method
that goes on encodes only what is new to it.
"""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from benchmarks.core.cells import Cell
from benchmarks.core.plan import cell_inputs
from benchmarks.core.staleness import encoder_key
from benchmarks.core.store import Store
from benchmarks.execution.launch import prepare, run_isolated
from benchmarks.recommend.candidates import Purpose
from benchmarks.recommend.figures import Figures, figures_of
from benchmarks.recommend.trial import TIMING, TrialFigures, TrialJob, run_trial
from datasets.errors import BenchmarkError
from datasets.manifest import Manifest
from datasets.words import count_of, duration
from methods.spec import MethodSpec
from methods.weights import find_weights

ROUNDS = ((200, 60), (800, 160), (3000, 300))
"""Pictures searched in and copies searched for, round by round; a smaller folder needs fewer rounds."""
_SPENT = (0.6, 0.8, 1.0)
"""Share of the budget after which a round starts no more methods, so that the next has its time."""
_ONE = 0.2
"""Share of the budget that one method of one round may take."""
_KEPT, _FEWEST = 0.4, 3
NOT_TRIED = "not tried"
_TOO_SLOW = 1.5
"""A method so many times over a limit goes on only where it is the most accurate."""


@dataclass(frozen=True)
class Limits:
    """What the user can afford: milliseconds a picture and MiB, None for any; `memory` bytes end a process."""

    max_ms: float | None = None
    max_mib: float | None = None
    memory: int = 4 * 2**30

    def held_by(self, figures: Figures, slack: float = 1.0) -> bool:
        """Whether a method keeps within them."""
        slow = self.max_ms is not None and figures.p50_ms > self.max_ms * slack
        peak = figures.peak_mib if figures.peak_mib is not None else figures.index_mib
        return not slow and not (self.max_mib is not None and peak > self.max_mib * slack)


@dataclass
class Outcomes:
    """What the budget gave: figures of each method in the largest gallery that it came to, and who gave none."""

    figures: dict[str, Figures] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Method -> why there are no (further) figures."""
    paces: dict[str, float] = field(default_factory=dict)
    """Method -> seconds for each picture that was new to it, of its last trial as a whole."""
    seconds: float = 0.0

    @property
    def late(self) -> list[str]:
        """Methods for whose next trial there was no time, or too little."""
        return [method for method, reason in self.failed.items() if reason.startswith((NOT_TRIED, "timeout"))]

    @property
    def size(self) -> int:
        """The largest gallery that a method came to."""
        return max((each.size for each in self.figures.values()), default=0)

    @property
    def finalists(self) -> list[Figures]:
        """Figures in that gallery: these can be compared."""
        return [each for each in self.figures.values() if each.size == self.size]


@dataclass(frozen=True)
class Session:
    """One call of `recommend`."""

    dataset: str
    """As `open_dataset` takes it."""
    manifest: Manifest
    purpose: Purpose
    store: Store
    limits: Limits
    weights_dir: Path | None
    data_dir: Path | None
    plugins: tuple[Path, ...]
    threads: int
    say: Callable[[str], None]

    def run(self, specs: Sequence[MethodSpec], started: float, budget: float) -> Outcomes:
        """Try `specs` in turn, round by round; `started` is when the budget (seconds) began, by `time.monotonic`.

        Raises BenchmarkError where no process can be started.
        """
        outcomes = Outcomes()
        gallery = len(self.manifest.gallery)
        rounds = rounds_for(gallery)
        prepare({name for spec in specs for name in spec.requires}, self.threads, self.store.cache / "imports.log")
        path = self.store.keep_manifest(self.manifest.hash, self.manifest.to_json())
        before = 0
        for number, (size, copies) in enumerate(rounds):
            share = _SPENT[number] if number + 1 < len(rounds) else 1.0
            new = size - before + copies
            for spec in specs:
                left = budget * share - (time.monotonic() - started)
                timeout = min(max(left, 1.0), max(budget * _ONE, 10.0))
                if why := too_long(left, timeout, outcomes.paces.get(spec.id, 0.0) * new):
                    outcomes.failed.setdefault(spec.id, f"{NOT_TRIED} on {count_of(size, 'picture')}: {why}")
                else:
                    self._try(spec, path, size, copies, timeout, new, outcomes)
            before = size
            specs = survivors([spec for spec in specs if spec.id not in outcomes.failed], outcomes, self.limits)
        outcomes.seconds = time.monotonic() - started
        return outcomes

    def _try(
        self, spec: MethodSpec, manifest: Path, size: int, copies: int, timeout: float, new: int, outcomes: Outcomes
    ) -> None:
        cell = Cell(self.dataset, "recommend", "retrieval", spec.id)
        weights = next(filter(None, (find_weights(name, self.weights_dir) for name in spec.weights)), None)
        inputs = cell_inputs(cell, spec, self.manifest.hash, weights, self.threads, source=self.manifest.source)
        with tempfile.TemporaryDirectory(prefix=".recommend-", dir=self.store.cache) as workdir:
            job = TrialJob(
                cell=cell,
                workdir=Path(workdir),
                out=self.store.root,
                data_dir=self.data_dir,
                manifest=manifest,
                weights=weights.path if weights else None,
                embeddings=self.store.cache / "embeddings" / encoder_key(spec, inputs),
                plugins=self.plugins,
                threads=self.threads,
                timing=TIMING,
                size=size,
                copies=copies,
            )
            outcome = run_isolated(job, timeout, self.limits.memory, entry=run_trial)
        if outcome.status == "ok":
            found = figures_of(spec.id, spec.family, self.purpose, cast(TrialFigures, outcome.result))
            outcomes.figures[spec.id], outcomes.paces[spec.id] = found, outcome.seconds / new
            self.say(
                f"{spec.id} on {count_of(found.size, 'picture')}: {found.accuracy:.2f}, {found.p50_ms:.1f} ms a search"
            )
        else:
            reason = f"over {duration(timeout)}" if outcome.status == "timeout" else outcome.reason
            outcomes.failed[spec.id] = f"{outcome.status} on {count_of(size, 'picture')}: {reason}"
            self.say(f"{spec.id}: {outcomes.failed[spec.id]}")


def too_long(left: float, timeout: float, expected: float) -> str:
    """Why a trial that is `expected` to take so many seconds is not begun with so many `left`; "" if it is.

    One that would be cut off gives no figures, and takes the time of those that would give some.
    """
    if left <= 0:
        return "the time was spent"
    return f"it would take about {duration(expected)}, and had {duration(timeout)}" if expected > timeout else ""


def rounds_for(gallery: int) -> list[tuple[int, int]]:
    """Sizes and copies of each round over `gallery` pictures; the last takes them all (up to ROUNDS' largest)."""
    rounds = [(size, copies) for size, copies in ROUNDS if size * 1.5 < gallery]
    last = min(gallery, ROUNDS[-1][0])
    if rounds and rounds[-1][0] >= last:
        return rounds
    return [*rounds, (last, min(last, ROUNDS[-1][1]))]


def survivors(specs: Sequence[MethodSpec], outcomes: Outcomes, limits: Limits) -> list[MethodSpec]:
    """Who goes on: the most accurate of all, the better part of those within the limits, and the Pareto front.

    The most accurate come first: where the time is spent, they are not those that were never tried.
    """
    known = [outcomes.figures[spec.id] for spec in specs if spec.id in outcomes.figures]
    if not known:
        return []
    ranked = sorted(known, key=lambda each: -each.accuracy)
    within = [each for each in ranked if limits.held_by(each, _TOO_SLOW)]
    count = max(_FEWEST, math.ceil(_KEPT * len(within)))
    kept = {each.method for each in (*ranked[:1], *within[:count], *pareto(within))}
    by_id = {spec.id: spec for spec in specs}
    return [by_id[each.method] for each in ranked if each.method in kept]


def pareto(figures: Sequence[Figures]) -> list[Figures]:
    """Those that no other beats in accuracy without taking longer, fastest first."""
    front: list[Figures] = []
    for each in sorted(figures, key=lambda each: (each.p50_ms, -each.accuracy)):
        if not front or each.accuracy > front[-1].accuracy:
            front.append(each)
    return front


def parse_budget(text: str) -> float:
    """Seconds of "90s", "15m", "1h" or a bare number of seconds; raises BenchmarkError."""
    factor = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    number = text[:-1] if factor else text
    try:
        seconds = float(number) * (factor or 1)
    except ValueError:
        seconds = math.nan
    if not 10 <= seconds <= 7 * 86400:
        raise BenchmarkError(f"--budget {text!r}: give a time from 10s on, as 90s, 15m or 1h")
    return seconds
