"""Work in pieces on several threads: every row once, whoever does it, and failures reach the caller."""

import threading
import time

import numpy as np
import pytest

from methods.indexes import row_parts
from methods.indexes.row_parts import RowParts


@pytest.fixture
def three_threads(monkeypatch):
    monkeypatch.setattr(row_parts, "blas_threads", lambda: 3)
    monkeypatch.setattr(row_parts, "PIECE", 10)


@pytest.mark.parametrize("rows", [0, 1, 9, 100])
def test_every_row_is_worked_on_once(three_threads, rows):
    seen = np.zeros(rows, dtype=int)

    def work(start, stop):
        seen[start:stop] += 1

    RowParts(rows, 4 * rows).run(work)
    assert (seen == 1).all()


def test_threads_help_each_other(three_threads):
    names = set()

    def work(start, stop):
        time.sleep(0.02)
        names.add(threading.current_thread().name)

    RowParts(60, 120).run(work)
    assert len(names) == 3


def test_little_work_stays_on_the_calling_thread(monkeypatch):
    monkeypatch.setattr(row_parts, "blas_threads", lambda: 3)
    names = []
    RowParts(1000, row_parts.PIECE).run(lambda start, stop: names.append(threading.current_thread().name))
    assert names == [threading.current_thread().name]


@pytest.mark.parametrize("failing", ["caller", "helper"])
def test_a_failure_reaches_the_caller_and_the_threads_live_on(three_threads, failing):
    caller = threading.current_thread()
    parts = RowParts(60, 120)

    def work(start, stop):
        time.sleep(0.02)
        if (threading.current_thread() is caller) == (failing == "caller"):
            raise ArithmeticError("no")

    with pytest.raises(ArithmeticError):
        parts.run(work)
    done = []
    parts.run(lambda start, stop: done.append(stop - start))
    assert sum(done) == 60


def test_callers_at_the_same_time_share_the_helpers(three_threads):
    parts, sums = RowParts(60, 120), [np.zeros(60, dtype=int) for _ in range(4)]

    def call(seen):
        def work(start, stop):
            time.sleep(0.001)
            seen[start:stop] += 1

        parts.run(work)

    callers = [threading.Thread(target=call, args=(seen,)) for seen in sums]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all((seen == 1).all() for seen in sums)
