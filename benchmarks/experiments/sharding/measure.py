"""One call of `shard`: a cell over several workers, then its answer compared with that of one process."""

import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import cast

import numpy as np

from benchmarks.core.plan import PlannedCell, Request
from benchmarks.execution.backends.contract import Backend
from benchmarks.execution.backends.planned import Limits
from benchmarks.execution.launch import Outcome
from benchmarks.experiments.frame import Frame, Unit
from benchmarks.experiments.rows import ShardingStore
from benchmarks.experiments.sharding.blocks import shards_of
from benchmarks.experiments.sharding.session import Session, ShardFailedError
from benchmarks.rows.experiments import AgreementFigures, ShardFigures, ShardRow
from methods.ranking import Ranking

NAME = "sharding"

MEASURING = 1
"""Raised when what is measured changes: rows stored before are then stale."""


@dataclass(frozen=True)
class Asked:
    """How the gallery is cut, how many results a query has, how many shards run at a time."""

    shards: int
    block: int
    depth: int | None
    """None: the whole gallery."""
    at_once: int
    check: bool
    """Whether the answer is compared with that of one process."""


def measure(
    planned: PlannedCell, request: Request, asked: Asked, backend: Backend, frame: Frame, store: ShardingStore
) -> ShardRow:
    """The row of a planned retrieval cell, stored as soon as it is known.

    Raises BenchmarkError for a method that cannot be sharded, more shards than blocks, or a backend that is gone.
    """
    limits = Limits(frame.settings.timeout, frame.settings.memory_limit)
    session = Session(planned, request, frame.store, limits, asked.block)
    shards_of(session.gallery, asked.shards)  # raises where there are too few blocks
    images = session.gallery[-1].stop
    asked = replace(asked, depth=min(asked.depth or images, images))
    cell = replace(planned.cell, task=NAME)
    inputs = {name: value for name, value in planned.inputs.items() if name != "timing"}
    facts = {
        "cell": cell.to_json(),
        "backend": backend.name,
        **{name: value for name, value in asdict(asked).items() if name not in ("check", "at_once")},
        "images": images,
        "queries": session.queries[-1].stop,
        "blocks": len(session.gallery),
    }
    cut = {"measuring": MEASURING, **{name: facts[name] for name in ("backend", "shards", "block", "depth")}}
    path = store.cell(cell, backend.name, asked.shards, asked.block)
    run = partial(_measured, session, backend, asked, frame)
    row = frame.row(
        Unit(
            ShardRow, planned.cell.title, path, inputs | {"sharding": cut}, facts, run, partial(_is_whole, asked.check)
        )
    )
    frame.measured += session.processes
    return row


def _measured(session: Session, backend: Backend, asked: Asked, frame: Frame) -> Outcome:
    if frame.settings.force:
        session.forget()
    start = time.perf_counter()
    try:
        result = _compared(session, backend, asked)
    except ShardFailedError as error:
        return replace(error.outcome, reason=str(error), seconds=time.perf_counter() - start)
    return Outcome("ok", "", time.perf_counter() - start, result, "")


def _compared(session: Session, backend: Backend, asked: Asked) -> ShardFigures:
    """What is stored of a cell whose processes all ended well."""
    depth = asked.depth or 1
    done = session.sharded(backend, asked.shards, depth, asked.at_once)
    result: ShardFigures = {
        "extract_s": done.extract_seconds,
        "search_s": done.search_seconds,
        "encoded_blocks": done.encoded_blocks,
        "check": None,
    }
    if asked.check:
        whole = session.whole(depth)
        same, own = agreement(whole.ranking, done.ranking), agreement(whole.own, done.ranking)
        result["check"] = {
            "seconds": whole.seconds,
            "equal": same.equal,
            "shards": same.to_json(),
            "own_index": own.to_json(),
        }
    return result


def _is_whole(check: bool, row: ShardRow) -> bool:
    return not check or row["check"] is not None


@dataclass(frozen=True)
class Agreement:
    """Of ranking `new` with ranking `base`."""

    ids_equal: bool
    scores_equal: bool
    """Bit for bit."""
    ties_equal: bool
    """The same neighbours in each row have the same score."""
    same_ids: float
    """Share of places that hold the same image."""
    largest_difference: float
    """Between scores of the same place."""
    ties: int
    """Neighbours with the same score in `base`."""

    @property
    def equal(self) -> bool:
        """True where nothing at all differs."""
        return self.ids_equal and self.scores_equal and self.ties_equal

    def to_json(self) -> AgreementFigures:
        """As a row keeps it."""
        return cast(AgreementFigures, asdict(self))


def agreement(base: Ranking, new: Ranking) -> Agreement:
    """How far `new` agrees with `base`; raises ValueError for rankings of different shapes."""
    if base.ids.shape != new.ids.shape:
        raise ValueError(f"rankings of {base.ids.shape} and {new.ids.shape} cannot be compared")
    base_ties, new_ties = _ties(base), _ties(new)
    found = np.isfinite(base.scores) & np.isfinite(new.scores)
    differences = np.abs(base.scores[found].astype(np.float64) - new.scores[found])
    return Agreement(
        ids_equal=bool(np.array_equal(base.ids, new.ids) and np.array_equal(base.undetected, new.undetected)),
        scores_equal=base.scores.tobytes() == new.scores.tobytes(),
        ties_equal=bool(np.array_equal(base_ties, new_ties)),
        same_ids=float((base.ids == new.ids).mean()) if base.ids.size else 1.0,
        largest_difference=float(differences.max(initial=0.0)),
        ties=int(base_ties.sum()),
    )


def _ties(ranking: Ranking) -> np.ndarray:
    """(q, k - 1) bool: does a place have the score of the one before it?"""
    return (ranking.scores[:, 1:] == ranking.scores[:, :-1]) & (ranking.ids[:, 1:] >= 0)
