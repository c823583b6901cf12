"""One bad cell never costs another: every way to go wrong leaves a row with the reason."""

import multiprocessing
import os
import threading
import time

import psutil
import pytest
from tests_support import wait_for

from benchmarks.execution.runner import Limits, without_result


@pytest.mark.parametrize(
    ("method", "status", "reason"),
    [
        ("bad-kill", "killed", "SIGKILL"),
        ("bad-raise", "error", "ValueError: the gallery is not to my taste"),
        ("bad-user-error", "error", "photo.jpg is no image: replace it"),
        ("bad-import", "unavailable", "a_package_that_is_not_there"),
        ("bad-requires", "unavailable", "needs a_package_that_is_not_there, which is not installed"),
    ],
)
def test_a_bad_cell_leaves_a_row_and_the_next_cell_runs(bench, method, status, reason):
    rows = bench.run(method, "mean-colour")
    assert rows[method]["status"] == status
    assert reason in rows[method]["reason"]
    assert rows["mean-colour"]["status"] == "ok"


@pytest.mark.parametrize(("all_methods", "failures"), [(False, {"bad-requires", "bad-raise"}), (True, {"bad-raise"})])
def test_a_method_that_cannot_run_here_fails_a_run_only_where_it_was_named(bench, all_methods, failures):
    bench.run("bad-requires", "bad-raise", "mean-colour")
    cells = bench.plan("bad-requires", "bad-raise", "mean-colour").cells
    bad, absent, spared = without_result(cells, bench.store, all_methods)
    assert {cell.method for cell, _ in bad} == failures
    assert {cell.method for cell, _ in absent} == {"bad-requires", "bad-raise"} - failures
    assert spared == 0


def test_the_log_of_a_bad_cell_is_kept(bench):
    row = bench.run("bad-raise")["bad-raise"]
    assert "about to raise" in row["log_tail"]
    assert "ValueError" in row["log_tail"]
    cell = bench.plan("bad-raise").cells[0].cell
    assert "about to raise" in (bench.store.folder(cell) / "log.txt").read_text()


def test_a_cell_that_sleeps_is_ended_at_its_timeout(bench):
    start = time.monotonic()
    row = bench.run("bad-sleep", limits=Limits(timeout=2))["bad-sleep"]
    assert row["status"] == "timeout"
    assert "--timeout" in row["reason"]
    assert time.monotonic() - start < 60


def test_the_time_until_a_process_can_be_started_is_no_cells(bench, monkeypatch):
    """The first process of a run waits until the template has imported every library: minutes, on a busy machine."""
    begun = multiprocessing.get_context("forkserver").Process.start
    clock, waited = time.perf_counter, []

    def begin(process):
        begun(process)
        waited.append(1000.0)

    monkeypatch.setattr(multiprocessing.get_context("forkserver").Process, "start", begin)
    monkeypatch.setattr(time, "perf_counter", lambda: clock() + sum(waited))
    row = bench.run("mean-colour", limits=Limits(timeout=500))["mean-colour"]
    assert waited
    assert (row["status"], row["wall_s"] < 500) == ("ok", True)


def test_a_cell_that_takes_too_much_memory_is_ended(bench):
    row = bench.run("bad-allocate", limits=Limits(timeout=120, memory_bytes=1 << 30))["bad-allocate"]
    assert row["status"] == "oom"
    assert "over the limit of 1.0 GiB" in row["reason"]


def test_what_a_cell_started_is_ended_with_it(bench):
    assert bench.run("bad-leave-child")["bad-leave-child"]["status"] == "ok"
    wait_for(lambda: not _left_behind())


def _left_behind():
    every = psutil.process_iter(["cmdline", "environ"])
    started_here = [p for p in every if _is_of_these_tests(p.info["environ"] or {})]
    return [p for p in started_here if "left-behind-by-a-cell" in (p.info["cmdline"] or [])]


def _is_of_these_tests(environment):
    return environment.get("RIS_TESTS") == os.environ["RIS_TESTS"]


def test_killing_a_running_cell_from_outside_costs_only_that_cell(bench):
    class KillFirst:
        def __init__(self):
            self.killed = None

        def started(self, planned, pid):
            if self.killed is None:
                self.killed = pid
                threading.Timer(1.0, os.kill, (pid, 9)).start()

        def finished(self, planned, row):
            pass

    rows = bench.run("bad-sleep", "mean-colour", observer=KillFirst())
    assert rows["bad-sleep"]["status"] == "killed"
    assert rows["mean-colour"]["status"] == "ok"


def test_cells_side_by_side_all_get_their_row(bench):
    rows = bench.run("mean-colour", "bad-raise", "bad-kill", "random", limits=Limits(timeout=120, jobs=3))
    assert {name: row["status"] for name, row in rows.items()} == {
        "mean-colour": "ok",
        "bad-raise": "error",
        "bad-kill": "killed",
        "random": "ok",
    }
    assert all(row["jobs"] == 3 for row in rows.values())


def test_an_interrupt_keeps_what_is_finished_and_ends_the_running_cell(bench):
    class Interrupt:
        pids: list[int] = []  # noqa: RUF012

        def started(self, planned, pid):
            self.pids.append(pid)
            if planned.cell.method == "bad-sleep":
                raise KeyboardInterrupt

        def finished(self, planned, row):
            pass

    with pytest.raises(KeyboardInterrupt):
        bench.run("mean-colour", "bad-sleep", "random", observer=Interrupt())
    states = {planned.cell.method: planned.state for planned in bench.plan("mean-colour", "bad-sleep", "random").cells}
    assert states == {"mean-colour": "done", "bad-sleep": "new", "random": "new"}
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in Interrupt.pids))
