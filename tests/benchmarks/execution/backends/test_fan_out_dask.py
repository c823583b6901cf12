"""Cells on the workers of a real scheduler: nothing is lost when one is killed, and nothing is left when a run ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from bench_support import PLUGIN, Bench
from dask_workers import ROOT, cluster
from tests_support import wait_for

from benchmarks.core.store import Store
from benchmarks.execution.backends.contract import BackendError
from benchmarks.execution.backends.dask import DaskBackend
from benchmarks.execution.runner import Limits
from datasets import notes
from methods.registry import load_registry

SLOW = Path(__file__).parents[3] / "plugins" / "slow.py"
CHEAP = ("pixels", "mean-colour", "random")


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("dask"), 3) as started:
        yield started


@pytest.fixture
def bench(tmp_path, photo_folder) -> Bench:
    store = Store(tmp_path / "out")
    store.require_writable()
    return Bench(store, load_registry([PLUGIN, SLOW]), photo_folder)


def run(bench, workers, *methods, observer=None):
    limits = Limits(timeout=60, jobs=len(methods))
    backend = DaskBackend(workers.address)
    return bench.run(*methods, limits=limits, observer=observer, backend=backend, plugins=(PLUGIN, SLOW))


class Watching:
    """Remembers what starts and ends; calls `deed` with the process id of the first cell of a method's."""

    def __init__(self, method="", deed=lambda pid: None):
        self.method, self.deed = method, deed
        self.started_pids = []
        self.finished_methods = []

    def started(self, planned, pid):
        self.started_pids.append(pid)
        if planned.cell.method == self.method:
            self.deed(pid)

    def finished(self, planned, row):
        self.finished_methods.append(planned.cell.method)


def test_a_worker_killed_mid_cell_costs_nothing(bench, workers):
    killed = []

    def kill_worker(pid):
        worker = workers.worker_of(pid)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        killed.append(pid)

    methods = (*(f"slow-{number}" for number in range(4)), *CHEAP)
    observer = Watching("slow-1", kill_worker)
    rows = run(bench, workers, *methods, observer=observer)

    assert len(killed) == 1
    assert {name: row["status"] for name, row in rows.items()} == dict.fromkeys(methods, "ok")
    assert {name: row["ran"]["attempt"] for name, row in rows.items()} == {**dict.fromkeys(methods, 1), "slow-1": 2}
    assert sorted(observer.finished_methods) == sorted(methods)
    assert sorted(cell.method for cell, _ in bench.store.rows()) == sorted(methods)
    assert [planned.state for planned in bench.plan(*methods, plugins=(PLUGIN, SLOW)).cells] == ["done"] * len(methods)
    assert not list(bench.store.cells.glob("*/*/*/.*"))
    wait_for(lambda: not psutil.pid_exists(killed[0]))


def test_a_cell_that_takes_two_workers_down_is_recorded_and_started_no_more(bench, workers):
    workers.add_workers(3)
    rows = run(bench, workers, "kills-its-worker", *CHEAP)
    assert {name: row["status"] for name, row in rows.items()} == {
        "kills-its-worker": "killed",
        **dict.fromkeys(CHEAP, "ok"),
    }
    assert "2 times out of 2" in rows["kills-its-worker"]["reason"]
    assert rows["kills-its-worker"]["ran"]["attempt"] == 2


def test_a_bad_cell_leaves_its_row_as_it_does_here(bench, workers):
    workers.add_workers(1)
    rows = run(bench, workers, "bad-kill", "bad-raise", "bad-requires", "mean-colour")
    assert {name: (row["status"], row["ran"]["attempt"]) for name, row in rows.items()} == {
        "bad-kill": ("killed", 1),
        "bad-raise": ("error", 1),
        "bad-requires": ("unavailable", 1),
        "mean-colour": ("ok", 1),
    }
    assert "about to raise" in rows["bad-raise"]["log_tail"]


def test_rankings_are_those_of_a_local_run(bench, workers):
    methods = ("pixels", "phash")
    run(bench, workers, *methods)
    cells = [planned.cell for planned in bench.plan(*methods).cells]
    there = [bench.store.ranking(cell) for cell in cells]
    bench.run(*methods, force=True)
    for ranking, cell in zip(there, cells, strict=True):
        here = bench.store.ranking(cell)
        assert (ranking.ids == here.ids).all()
        assert (ranking.scores == here.scores).all()


def test_what_a_worker_finds_damaged_is_told_where_the_run_was_started(bench, workers, monkeypatch, caplog):
    monkeypatch.setattr(notes, "_noted", set())
    run(bench, workers, "pixels")
    shard = sorted(bench.store.cache.glob("embeddings/*/shard-*.npz"))[0]
    shard.write_bytes(shard.read_bytes()[:-40])
    backend = DaskBackend(workers.address)
    rows = bench.run("pixels", limits=Limits(timeout=60), backend=backend, plugins=(PLUGIN, SLOW), force=True)
    assert rows["pixels"]["status"] == "ok"
    assert "stored file damaged" in caplog.text and shard.name in caplog.text
    assert not list(bench.store.cells.rglob("notes.txt"))


def test_an_interrupted_run_leaves_no_cell_behind(bench, workers):
    class Interrupt(Watching):
        def finished(self, planned, row):
            super().finished(planned, row)
            wait_for(lambda: self.started_pids and len(self.started_pids) >= 2)
            raise KeyboardInterrupt

    observer = Interrupt()
    with pytest.raises(KeyboardInterrupt):
        run(bench, workers, "endless", "mean-colour", observer=observer)
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in observer.started_pids))
    assert [cell.method for cell, _ in bench.store.rows()] == ["mean-colour"]
    assert not list(bench.store.cells.glob("*/*/*/.*"))


def test_a_worker_that_does_not_see_the_store_says_so(bench, workers, monkeypatch, tmp_path):
    workdir = Store.workdir

    def elsewhere(store, cell):
        made = workdir(store, cell)
        made.rmdir()
        return made

    monkeypatch.setattr(Store, "workdir", elsewhere)
    monkeypatch.setattr(Store, "commit", lambda store, cell, row, workdir: None)
    monkeypatch.setattr("benchmarks.execution.runner._keep_only_log", lambda workdir: None)
    row = run(bench, workers, "mean-colour")["mean-colour"]
    assert row["status"] == "error"
    assert "must lie on a file system that the workers share" in row["reason"]


def test_no_scheduler_is_one_clear_error(bench, monkeypatch):
    monkeypatch.setattr("benchmarks.execution.backends.dask._CONNECT", 1.0)
    with pytest.raises(BackendError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        bench.run("mean-colour", backend=DaskBackend("tcp://127.0.0.1:9"))


def test_a_scheduler_without_workers_is_given_up(bench, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.execution.backends.dask._WORKERLESS", 2.0)
    with cluster(tmp_path, 0) as empty, pytest.raises(BackendError, match="has had no worker"):
        run(bench, empty, "mean-colour")


def test_a_cell_for_a_gpu_waits_for_no_worker_that_has_none(bench, workers, monkeypatch):
    monkeypatch.setattr("benchmarks.execution.backends.dask._WORKERLESS", 2.0)
    monkeypatch.setattr("benchmarks.execution.backends.dask.needs_gpu", lambda task: True)
    workers.add_workers(1)
    with pytest.raises(BackendError, match="has had no worker with a GPU .* --resources gpu=1"):
        run(bench, workers, "mean-colour")


def test_a_scheduler_that_dies_ends_the_run_and_keeps_what_is_finished(bench, tmp_path):
    with cluster(tmp_path, 1) as short_lived:
        observer = Watching("endless", lambda pid: short_lived.scheduler.kill())
        with pytest.raises(BackendError, match="is gone; what was finished is kept"):
            run(bench, short_lived, "endless", observer=observer)
    assert len(observer.started_pids) == 1
    wait_for(lambda: not psutil.pid_exists(observer.started_pids[0]))
    assert not list(bench.store.rows())


@pytest.mark.parametrize(
    ("send", "number"),
    [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGINT), (os.killpg, signal.SIGHUP)],
    ids=["terminated", "Ctrl-C in a terminal", "a closed terminal"],
)
def test_the_command_line_starts_a_cluster_and_ends_it_at_a_signal(photo_folder, tmp_path, send, number):
    command = [sys.executable, "-m", "benchmarks", "run", "-m", "endless", "-m", "mean-colour", "--task", "retrieval"]
    command += ["-d", f"folder:{photo_folder}:smoke", "--plugin", str(PLUGIN), "--plugin", str(SLOW)]
    command += ["--backend", "dask", "--workers", "2", "--threads", "1", "--out", "out"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGHUP)],
    )
    started = Path(tmp_path, "out", "cells")
    wait_for(lambda: list(started.glob("*/*/*/.endless*/started.json")), 60)
    wait_for(lambda: len(list(started.glob("*/*/*/*/cell.json"))) == 4, 60)
    children = psutil.Process(process.pid).children(recursive=True)
    begun = time.monotonic()
    send(process.pid, number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert "interrupted; what was finished is kept" in output
    assert time.monotonic() - begun < 30
    wait_for(lambda: not any(child.is_running() for child in children))
    assert sorted(path.parent.name for path in started.glob("*/*/*/*/cell.json")) == [
        "constant@cpu",
        "mean-colour@cpu",
        "oracle@cpu",
        "random@cpu",
    ]
