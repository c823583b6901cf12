"""Runs a plan: each cell in its own process, each row stored as soon as it is known."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from benchmarks.core.cells import Cell
from benchmarks.core.plan import Plan, PlannedCell, Request
from benchmarks.core.store import Store
from benchmarks.execution.backends.contract import Backend, Finished, Stopped, Task
from benchmarks.execution.backends.local import LocalBackend
from benchmarks.execution.backends.planned import Limits, make_task, template_of
from benchmarks.execution.launch import Outcome
from benchmarks.execution.memory_forecast import cannot_fit
from benchmarks.execution.waiting_line import WaitingLine
from benchmarks.execution.worker import LOG, NOTES
from benchmarks.rows.cell import FAILED_RERUN, CellFigures, CellResult, CellRow, RunRecord
from benchmarks.rows.schema import misfit
from benchmarks.system.files import write_record
from benchmarks.system.provenance import command_line, now, provenance
from benchmarks.system.temporary import temporary_folder
from datasets.notes import say_again
from methods.registry import Registry


class Observer(Protocol):
    """Sees a run as it happens."""

    def started(self, planned: PlannedCell, pid: int) -> None:
        """A cell's process has begun."""
        ...

    def finished(self, planned: PlannedCell, row: CellResult) -> None:
        """A cell's row is stored."""
        ...


def to_run(plan: Plan, force: bool = False, only_failed: bool = False) -> list[PlannedCell]:
    """The cells of the plan that need running: all but those done, unless forced.

    Those that failed are also those whose last rerun did, though an earlier row was kept.
    """
    if only_failed:
        return [cell for cell in plan.cells if cell.state == "failed" or cell.failed_rerun]
    return [cell for cell in plan.cells if force or cell.state != "done"]


def import_ahead(request: Request, registry: Registry, store: Store, backend: Backend) -> None:
    """Begin to import what cells need, seconds of work, while they are still planned.

    Only where nothing is stored yet: elsewhere all may be done. The folder must be writable.
    """
    if isinstance(backend, LocalBackend) and not any(store.cells.iterdir()):
        backend.open(template_of(map(registry.get, request.methods), request, store))


def run_cells(
    cells: Sequence[PlannedCell],
    request: Request,
    store: Store,
    limits: Limits,
    observer: Observer,
    backend: Backend | None = None,
) -> list[CellResult]:
    """Run cells (`limits.jobs` at a time) and return their rows; a bad cell never costs another.

    On an interrupt the running cells are killed and everything finished stays stored. Raises BackendError where the
    engine that cells are started by (this machine, unless given) cannot be had or is gone.
    """
    backend = backend or LocalBackend()
    store.remove_leftovers()
    template = template_of({cell.spec.id: cell.spec for cell in cells}.values(), request, store)
    limit = limits.memory_bytes
    too_small = cannot_fit(cells, store, limit, request.keep_rankings) if limit else {}
    started = now()
    rows: list[CellResult] = []
    lock = threading.Lock()

    with temporary_folder() as of_run:
        as_task = partial(make_task, request=request, store=store, limits=limits, template=template, of_run=of_run)

        def run_one(planned: PlannedCell) -> None:
            try:
                row = _run_one(planned, as_task, store, limits.jobs, observer, backend, too_small.get(planned, ""))
            except Stopped:
                return
            with lock:
                rows.append(row)
                observer.finished(planned, row)

        try:
            backend.open(template)
            _run_all(cells, run_one, limits.jobs, backend)
        finally:
            backend.close()
            _record_run(store, started, [planned.cell for planned in cells], rows)
    return rows


def _run_all(cells: Sequence[PlannedCell], run_one: Callable[[PlannedCell], None], jobs: int, backend: Backend) -> None:
    if jobs == 1:
        try:
            for planned in cells:
                run_one(planned)
        except BaseException:
            backend.stop()
            raise
        return
    line = WaitingLine(cells)

    def run_in_turn() -> None:
        while planned := line.take():
            try:
                run_one(planned)
            finally:
                line.done(planned)

    workers = min(jobs, len(cells))
    with ThreadPoolExecutor(max(1, workers)) as pool:
        try:
            for future in as_completed([pool.submit(run_in_turn) for _ in range(workers)]):
                future.result()
        except BaseException:
            line.close()
            backend.stop()
            raise


Ended = tuple[Cell, CellRow]


def without_result(
    cells: Sequence[PlannedCell], store: Store, all_methods: bool
) -> tuple[list[Ended], list[Ended], int]:
    """Which of these cells ended badly, which this machine cannot run, and of how many of both an earlier row stays.

    Of every method there is, those whose package or file is not here were not asked for by name: that is no failure.
    """
    stored = {each.cell: row for each in cells if (row := store.row(each.cell))}
    ended: list[Ended] = [
        (cell, last) for cell, row in stored.items() if (last := row.get(FAILED_RERUN, row))["status"] != "ok"
    ]
    absent = [(cell, last) for cell, last in ended if all_methods and last["status"] == "unavailable"]
    bad = [each for each in ended if each not in absent]
    return bad, absent, sum(stored[cell]["status"] == "ok" for cell, _ in ended)


def _run_one(
    planned: PlannedCell,
    as_task: Callable[..., Task],
    store: Store,
    side_by_side: int,
    observer: Observer,
    backend: Backend,
    too_small: str,
) -> CellResult:
    workdir = store.workdir(planned.cell)
    try:
        if obstacle := planned.obstacle or too_small:
            outcome = Outcome("unavailable" if planned.obstacle else "oom", obstacle, 0.0, {}, "")
            finished = Finished(outcome, workdir, now(), provenance(), socket.gethostname())
            jobs = side_by_side
        else:
            task = as_task(planned, workdir=workdir)
            finished = backend.run(task, lambda pid: observer.started(planned, pid))
            say_again(finished.workdir / NOTES)  # where a host elsewhere left some
            jobs = 1 if task.timed and backend.keeps_apart else side_by_side
        finished = _fitting(finished)
        row = _row(planned, finished, jobs, backend.name)
        if finished.outcome.status != "ok":
            _keep_only_log(finished.workdir)
        store.commit(planned.cell, row, finished.workdir)
    finally:
        shutil.rmtree(workdir, ignore_errors=True)
    return row


def _fitting(finished: Finished) -> Finished:
    """As it is; an error where figures are not what they are by name, which a plug-in's task may leave so."""
    if odd := misfit(finished.outcome.result, CellFigures):
        outcome = replace(finished.outcome, status="error", reason=f"the task's figures do not fit: {odd}", result={})
        return replace(finished, outcome=outcome)
    return finished


def _row(planned: PlannedCell, finished: Finished, jobs: int, backend: str) -> CellResult:
    weights, outcome = planned.weights, finished.outcome
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "log_tail": outcome.log_tail,
        "trained": planned.trained,
        "weights": None if weights is None else {"sha256": weights.sha256, "origin": weights.origin},
        "inputs": planned.inputs,
        "started": finished.started,
        "wall_s": outcome.seconds,
        "jobs": jobs,
        "ran": {"backend": backend, "host": finished.host, "attempt": finished.attempt},
        "provenance": finished.provenance,
        **cast(CellFigures, outcome.result),
    }


def _keep_only_log(workdir: Path) -> None:
    for path in workdir.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOG:
            path.unlink()


def _record_run(store: Store, started: str, cells: Sequence[Cell], rows: Sequence[CellResult]) -> None:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    record: RunRecord = {
        "started": started,
        "ended": now(),
        "planned": len(cells),
        "finished": len(rows),
        "statuses": counts,
        "cells": [str(cell.path) for cell in cells],
        "command": command_line(),
        "provenance": provenance(),
    }
    write_record(store.runs / f"{started.replace(':', '')}-{time.monotonic_ns() % 10**6:06d}.json", record)
