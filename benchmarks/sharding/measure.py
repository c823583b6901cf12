"""One call of `shard`: a cell over several workers, then its answer compared with that of one process."""

import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from benchmarks.backends.contract import Backend
from benchmarks.backends.planned import Limits
from benchmarks.experiments.frame import Frame, Unit
from benchmarks.launch import Outcome
from benchmarks.plan import PlannedCell, Request
from benchmarks.sharding.agreement import agreement
from benchmarks.sharding.blocks import shards_of
from benchmarks.sharding.results import ShardingStore
from benchmarks.sharding.session import Session, ShardFailedError

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
) -> dict[str, Any]:
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
        Unit(planned.cell.title, path, inputs | {"sharding": cut}, facts, run, partial(_is_whole, asked.check))
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


def _compared(session: Session, backend: Backend, asked: Asked) -> dict[str, Any]:
    """What is stored of a cell whose processes all ended well."""
    depth = asked.depth or 1
    done = session.sharded(backend, asked.shards, depth, asked.at_once)
    result: dict[str, Any] = {
        "extract_s": done.extract_seconds,
        "search_s": done.search_seconds,
        "encoded_blocks": done.encoded_blocks,
        "check": None,
    }
    if asked.check:
        whole = session.whole(depth)
        same, own = agreement(whole.ranking, done.ranking), agreement(whole.own, done.ranking)
        check = {"seconds": whole.seconds, "equal": same.equal, "shards": asdict(same), "own_index": asdict(own)}
        result["check"] = check
    return result


def _is_whole(check: bool, row: dict[str, Any]) -> bool:
    return not check or row["check"] is not None
