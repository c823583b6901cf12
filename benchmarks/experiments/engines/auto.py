"""What `--engine auto` stands for on this machine, settled while a run is planned."""

from pathlib import Path

import psutil

from benchmarks.core.plan import PlannedCell, Request
from benchmarks.core.store import Store
from benchmarks.execution.backends.execute import MEMORY_SHARE
from benchmarks.execution.backends.planned import Limits, make_task, template_of
from benchmarks.execution.equivalence.choice import CHECKS, Checker, fastest_equivalent


def fastest(planned: PlannedCell, request: Request, store: Store) -> str:
    """The engine for a cell planned on plain Keras; checked once for an encoder, then read from the store's cache.

    Raises EngineError where the process that checks it fails.
    """
    limits = Limits()
    task = make_task(planned, request, store, Path(), limits, template_of([planned.spec], request, store))
    memory = int(psutil.virtual_memory().total * MEMORY_SHARE)
    checker = Checker(store.cache / CHECKS, limits.seconds(planned.cell.subset), memory)
    return fastest_equivalent(task.job, planned.trained, checker)
