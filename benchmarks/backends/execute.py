"""A task on the host that it has reached: engines chosen, then its cell in a process of its own."""

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import asdict, replace

import psutil

from benchmarks.backends.contract import Task
from benchmarks.engines.choice import Prover, choose, embeddings_folder
from benchmarks.launch import Outcome, run_isolated
from benchmarks.store import Store
from methods.engines.contract import EngineError

MEMORY_SHARE = 0.8
"""Of the host's memory, what a cell may use unless said otherwise."""


def execute(task: Task, running: set[int], on_start: Callable[[int], None] = lambda pid: None) -> Outcome:
    """The task's outcome on the engines chosen for it; what they are, and why, is part of the result.

    `running` holds the process groups of this host that are alive; `on_start` hears the cell's alone.
    """
    pids: list[int] = []

    def track(pid: int) -> None:
        pids.append(pid)
        running.add(pid)

    def begin(pid: int) -> None:
        track(pid)
        on_start(pid)

    memory = task.memory_bytes or int(psutil.virtual_memory().total * MEMORY_SHARE)
    try:
        if task.engine is None:
            return run_isolated(task.job, task.timeout, memory, begin, task.entry)
        proofs = Store(task.job.out).cache / "engines"
        try:
            chosen = choose(task.job, task.engine, task.trained, Prover(proofs, task.timeout, memory, track))
        except EngineError as error:
            return Outcome("error", str(error), 0.0, {}, "")
        folder = embeddings_folder(task.job.embeddings, chosen.embeddings)
        job = replace(task.job, engine=chosen.timed, embedding_engine=chosen.embeddings, embeddings=folder)
        outcome = run_isolated(job, task.timeout, memory, begin, task.entry)
        return replace(outcome, result={**outcome.result, "engine": asdict(chosen)} if outcome.result else {})
    except BaseException:
        end(set(pids))
        raise
    finally:
        running.difference_update(pids)


def end(running: set[int]) -> None:
    """Kill the process groups that are running."""
    for pid in tuple(running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
