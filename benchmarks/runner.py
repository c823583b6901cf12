"""Runs a plan: each cell in its own process, each row stored as soon as it is known."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import psutil

from benchmarks.cells import Cell
from benchmarks.devices import device_environment
from benchmarks.engines.applies import has_engines
from benchmarks.engines.choice import Prover, choose, embeddings_folder
from benchmarks.files import write_json
from benchmarks.launch import Outcome, prepare, run_isolated
from benchmarks.plan import Plan, PlannedCell, Request
from benchmarks.protocol import TIMEOUT, size_class, timing_of
from benchmarks.provenance import now, provenance
from benchmarks.store import Store
from benchmarks.worker import LOG, Job
from methods.engines.contract import EngineError


@dataclass(frozen=True)
class Limits:
    """Bounds on a cell; `timeout` None takes the protocol's for the subset's size."""

    timeout: float | None = None
    memory_bytes: int | None = None
    jobs: int = 1

    def seconds(self, subset: str) -> float:
        """The timeout of a cell on `subset`."""
        return self.timeout if self.timeout is not None else TIMEOUT[size_class(subset)]

    def bytes(self) -> int:
        """The memory limit of a cell: 80 % of the machine's, unless said otherwise."""
        return self.memory_bytes or int(psutil.virtual_memory().total * 0.8)


class Observer(Protocol):
    """Sees a run as it happens."""

    def started(self, planned: PlannedCell, pid: int) -> None:
        """A cell's process has begun."""
        ...

    def finished(self, planned: PlannedCell, row: dict[str, Any]) -> None:
        """A cell's row is stored."""
        ...


def to_run(plan: Plan, force: bool = False, only_failed: bool = False) -> list[PlannedCell]:
    """The cells of the plan that need running: all but those done, unless forced."""
    if only_failed:
        return [cell for cell in plan.cells if cell.state == "failed"]
    return [cell for cell in plan.cells if force or cell.state != "done"]


def run_cells(
    cells: Sequence[PlannedCell], request: Request, store: Store, limits: Limits, observer: Observer
) -> list[dict[str, Any]]:
    """Run cells (in order, `limits.jobs` at a time) and return their rows; a bad cell never costs another.

    On an interrupt the running cells are killed and everything finished stays stored.
    """
    store.remove_leftovers()
    prepare(
        {package for cell in cells for package in cell.inputs["packages"] if not cell.missing},
        request.threads,
        store.cache / "imports.log",
        device_environment(request.device, request.keras_backend),
    )
    started = now()
    rows: list[dict[str, Any]] = []
    running: set[int] = set()
    lock = threading.Lock()

    def run_one(planned: PlannedCell) -> dict[str, Any]:
        row = _run_one(planned, request, store, limits, observer, running)
        with lock:
            rows.append(row)
            observer.finished(planned, row)
        return row

    try:
        if limits.jobs == 1:
            for planned in cells:
                run_one(planned)
        else:
            with ThreadPoolExecutor(limits.jobs) as pool:
                _drain(pool, [pool.submit(run_one, planned) for planned in cells], running)
    finally:
        _record_run(store, started, [planned.cell for planned in cells], rows)
    return rows


def _drain(pool: ThreadPoolExecutor, futures: list, running: set[int]) -> None:  # type: ignore[type-arg]
    try:
        for future in as_completed(futures):
            future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for pid in tuple(running):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        raise


def _run_one(
    planned: PlannedCell, request: Request, store: Store, limits: Limits, observer: Observer, running: set[int]
) -> dict[str, Any]:
    cell = planned.cell
    workdir = store.workdir(cell)
    pids: list[int] = []

    def track(pid: int) -> None:
        pids.append(pid)
        running.add(pid)

    def on_start(pid: int) -> None:
        track(pid)
        observer.started(planned, pid)

    try:
        begun = now()
        if planned.missing:
            reason = f"needs {', '.join(planned.missing)}, which is not installed"
            outcome = Outcome("unavailable", reason, 0.0, {}, "")
        else:
            job = _job(planned, request, store, workdir)
            prover = Prover(store.cache / "engines", limits.seconds(cell.subset), limits.bytes(), track)
            outcome = _measured(planned, request, job, limits, on_start, prover)
        row = _row(planned, outcome, begun, limits.jobs)
        if outcome.status != "ok":
            _keep_only_log(workdir)
        store.commit(cell, row, workdir)
    finally:
        running.difference_update(pids)
        shutil.rmtree(workdir, ignore_errors=True)
    return row


def _measured(
    planned: PlannedCell, request: Request, job: Job, limits: Limits, on_start: Callable[[int], None], prover: Prover
) -> Outcome:
    """The cell's outcome on the engines chosen for it; what they are, and why, is part of the result."""
    cell = planned.cell
    bounds = limits.seconds(cell.subset), limits.bytes()
    if not has_engines(planned.spec, cell.device, request.keras_backend):
        return run_isolated(job, *bounds, on_start)
    try:
        chosen = choose(job, request.engine, planned.trained, prover)
    except EngineError as error:
        return Outcome("error", str(error), 0.0, {}, "")
    folder = embeddings_folder(job.embeddings, chosen.embeddings)
    job = replace(job, engine=chosen.timed, embedding_engine=chosen.embeddings, embeddings=folder)
    outcome = run_isolated(job, *bounds, on_start)
    return replace(outcome, result={**outcome.result, "engine": asdict(chosen)} if outcome.result else {})


def _job(planned: PlannedCell, request: Request, store: Store, workdir: Path) -> Job:
    return Job(
        cell=planned.cell,
        workdir=workdir,
        out=store.root,
        data_dir=request.data_dir,
        manifest=planned.manifest,
        weights=planned.weights.path if planned.weights else None,
        embeddings=store.cache / "embeddings" / planned.encoder_key,
        plugins=request.plugins,
        threads=request.threads,
        timing=timing_of(planned.cell.subset, planned.trained),
    )


def _row(planned: PlannedCell, outcome: Outcome, begun: str, jobs: int) -> dict[str, Any]:
    weights = planned.weights
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "log_tail": outcome.log_tail,
        "trained": planned.trained,
        "weights": None if weights is None else {"sha256": weights.sha256, "origin": weights.origin},
        "inputs": planned.inputs,
        "started": begun,
        "wall_s": outcome.seconds,
        "jobs": jobs,
        "provenance": provenance(),
        **outcome.result,
    }


def _keep_only_log(workdir: Path) -> None:
    for path in workdir.iterdir():
        if path.name != LOG:
            path.unlink()


def _record_run(store: Store, started: str, cells: Sequence[Cell], rows: Sequence[dict[str, Any]]) -> None:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    record = {
        "started": started,
        "ended": now(),
        "planned": len(cells),
        "finished": len(rows),
        "statuses": counts,
        "cells": [str(cell.path) for cell in cells],
        "provenance": provenance(),
    }
    write_json(store.runs / f"{started.replace(':', '')}-{time.monotonic_ns() % 10**6:06d}.json", record)
