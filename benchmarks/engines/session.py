"""All contestants of one `engines` command, each in a process of its own."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from benchmarks.devices import KERAS_BACKENDS, device_environment
from benchmarks.engines.measure import Order, measure
from benchmarks.launch import thread_environment
from benchmarks.temporary import temporary_folder, use
from datasets.errors import BenchmarkError


def measured(orders: Sequence[Order], on_progress: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """The facts of each order, in order, as soon as they are known; networks of one never crowd another's memory.

    Raises BenchmarkError where a process ends without an answer.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.update(device_environment("cpu", KERAS_BACKENDS[0]))
    for order in orders:
        name = order.contestant.name
        on_progress(f"{name}: equivalence checks, then {order.rounds} rounds")
        os.environ.update(thread_environment(order.threads))
        context = multiprocessing.get_context("spawn")
        with temporary_folder() as scratch, ProcessPoolExecutor(1, context, use, (scratch,)) as pool:
            try:
                yield pool.submit(measure, order).result()
            except BrokenProcessPool as error:
                raise BenchmarkError(
                    f"{name}: its process died (out of memory?); name fewer networks with -m"
                ) from error
