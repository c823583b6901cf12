"""All contestants of one `engines` command, each in a process of its own."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from benchmarks.devices import KERAS_BACKENDS, device_environment
from benchmarks.engines.measure import Order, measure
from benchmarks.launch import thread_environment
from benchmarks.processes import BLANK, MARK, Family, begin, end_marked
from benchmarks.temporary import temporary_folder, use
from datasets.errors import BenchmarkError


def measured(orders: Sequence[Order], on_progress: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """The facts of each order, in order, as soon as they are known; networks of one never crowd another's memory.

    Raises BenchmarkError where a process ends without an answer.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ[MARK] = BLANK
    os.environ.update(device_environment("cpu", KERAS_BACKENDS[0]))
    for order in orders:
        name = order.contestant.name
        on_progress(f"{name}: equivalence checks, then {order.rounds} rounds")
        os.environ.update(thread_environment(order.threads))
        context = multiprocessing.get_context("spawn")
        family = Family(Path())
        try:
            with temporary_folder() as scratch, ProcessPoolExecutor(1, context, _begin, (scratch, family.mark)) as pool:
                found = pool.submit(measure, order).result()
        except BrokenProcessPool as error:
            raise BenchmarkError(f"{name}: its process died (out of memory?); name fewer networks with -m") from error
        finally:
            end_marked(family.mark)
        yield found


def _begin(scratch: Path, mark: str) -> None:
    begin(mark)
    use(scratch)
