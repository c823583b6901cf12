"""A task on the host that it has reached: its engine checked, then its cell in a process of its own."""

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import replace

import psutil

from benchmarks.core.store import Store
from benchmarks.execution.backends.contract import Task
from benchmarks.execution.equivalence.choice import CHECKS, Checker, embeddings_folder, require_equivalent
from benchmarks.execution.launch import Outcome, run_isolated
from methods.engines.contract import EngineError
from methods.engines.registry import PLAIN

MEMORY_SHARE = 0.8
"""Of the host's memory, what a cell may use unless said otherwise."""


def execute(
    task: Task,
    running: set[int],
    on_start: Callable[[int], None] = lambda pid: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Outcome:
    """The task's outcome; the engine that its networks ran on, and how that was checked, is part of the result.

    `running` holds the process groups of this host that are alive; `on_start` hears the cell's alone. A process that
    was asked for before the run `is_stopped` and is known only since then is ended as it starts.
    """
    pids: list[int] = []

    def track(pid: int) -> None:
        pids.append(pid)
        running.add(pid)
        if is_stopped():
            end({pid})

    def begin(pid: int) -> None:
        track(pid)
        on_start(pid)

    memory = task.memory_bytes or int(psutil.virtual_memory().total * MEMORY_SHARE)
    try:
        if task.engine is None:
            return run_isolated(task.job, task.timeout, memory, begin, task.entry)
        checks = Store(task.job.out).cache / CHECKS
        try:
            why = ""
            if task.engine != PLAIN:
                checker = Checker(checks, task.timeout, memory, track)
                why = require_equivalent(task.job, task.engine, task.trained, checker)
        except EngineError as error:
            return Outcome("error", str(error), 0.0, {}, "")
        folder = embeddings_folder(task.job.embeddings, task.engine)
        job = replace(task.job, engine=task.engine, embeddings=folder)
        ran = {"name": task.engine, "why": why}
        outcome = run_isolated(job, task.timeout, memory, begin, task.entry)
        return replace(outcome, result={**outcome.result, "engine": ran} if outcome.result else {})
    except BaseException:
        end(set(pids))
        raise
    finally:
        running.difference_update(pids)


def end(running: set[int]) -> None:
    """Kill the process groups that are running; and their leaders, which may not have made them yet."""
    for pid in tuple(running):
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
