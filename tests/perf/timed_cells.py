"""A cell that also says how long it was inside its method: run in the place of an ordinary cell's process."""

import time
from functools import wraps

from benchmarks.core.tasking import encoding
from benchmarks.core.tasking.context import CellContext
from benchmarks.execution.worker import _measure, contained
from datasets.imageset import ImageSet
from methods.vector_method import VectorMethod

CALLS = ("fit", "index", "search", "similarity")


class Stopwatch:
    """Seconds spent inside the calls it watches; a call within a call is not counted twice."""

    def __init__(self):
        self.seconds = 0.0
        self._depth = 0

    def watch(self, call):
        @wraps(call)
        def watched(*arguments, **keywords):
            self._depth += 1
            start = time.perf_counter()
            try:
                return call(*arguments, **keywords)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - start

        return watched


def run_timed_job(job):
    """An ordinary cell whose row has `inside_s`: seconds of its method's construction, its calls and decoding.

    Decoding is the first stage of every method, as the tables have it; reading files and all else is the harness'.
    While processes of their own encode, the cell waits for that and does nothing else: it is the method's work too.
    """
    stopwatch = Stopwatch()

    def watched(build):
        def build_watched(*arguments, **keywords):
            method = stopwatch.watch(build)(*arguments, **keywords)
            parts = [(method, name) for name in CALLS if hasattr(method, name)]
            if isinstance(method, VectorMethod):
                parts.append((method.encoder, "encode"))
            for part, name in parts:
                setattr(part, name, stopwatch.watch(getattr(part, name)))
            return method

        return build_watched

    def measure(job):
        CellContext.build, CellContext.build_to_answer = map(watched, (CellContext.build, CellContext.build_to_answer))
        ImageSet.decode = stopwatch.watch(ImageSet.decode)
        encoding._encode = stopwatch.watch(encoding._encode)
        return {**_measure(job), "inside_s": stopwatch.seconds}

    contained(job, measure)
