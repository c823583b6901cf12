"""Cells as jobs, through submitit's own executor for one machine: the same code path as on a cluster but for sbatch."""

import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from bench_support import PLUGIN, Bench, Events
from tests_support import wait_for

from benchmarks.core.store import Store
from benchmarks.execution.backends.contract import BackendError
from benchmarks.execution.backends.planned import Limits, make_task, template_of
from benchmarks.execution.backends.slurm import SlurmBackend, job_parameters
from methods.registry import load_registry

SLOW = Path(__file__).parents[3] / "plugins" / "slow.py"


@pytest.fixture
def bench(tmp_path, photo_folder) -> Bench:
    store = Store(tmp_path / "out")
    store.require_writable()
    return Bench(store, load_registry([PLUGIN, SLOW]), photo_folder)


def run(bench, *methods, observer=None):
    backend = SlurmBackend(bench.store.cache / "jobs", {"cluster": "local"})
    limits = Limits(timeout=600, jobs=len(methods))  # far longer than any wait here: a cell that ends was ended
    return bench.run(*methods, limits=limits, observer=observer, backend=backend, plugins=(PLUGIN, SLOW))


def test_jobs_leave_their_rows_and_one_that_is_killed_is_submitted_again(bench):
    class KillJob(Events):
        def started(self, planned, pid):
            super().started(planned, pid)
            if planned.cell.method == "slow-0":
                _template, _agent, job = psutil.Process(pid).parents()[:3]
                job.send_signal(signal.SIGKILL)

    observer = KillJob()
    rows = run(bench, "slow-0", "bad-raise", "mean-colour", observer=observer)
    assert {name: (row["status"], row["ran"]["backend"], row["ran"]["attempt"]) for name, row in rows.items()} == {
        "slow-0": ("ok", "slurm", 2),
        "bad-raise": ("error", "slurm", 1),
        "mean-colour": ("ok", "slurm", 1),
    }
    assert len(observer.finished_titles) == len(set(observer.finished_titles)) == 3
    assert sorted(cell.method for cell, _ in bench.store.rows()) == ["bad-raise", "mean-colour", "slow-0"]
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in observer.started_pids))


@pytest.fixture(params=["in front", "in the background"])
def launched(request):
    """A shell that is not interactive has what it runs in the background ignore SIGINT."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN if request.param == "in the background" else signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_run_cancels_its_jobs(bench, launched):
    class Interrupt(Events):
        def started(self, planned, pid):
            super().started(planned, pid)
            raise KeyboardInterrupt

    observer = Interrupt()
    with pytest.raises(KeyboardInterrupt):
        run(bench, "endless", observer=observer)
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in observer.started_pids), 60)
    assert not list(bench.store.rows())


def test_a_machine_without_slurm_is_one_clear_error(bench):
    with pytest.raises(BackendError, match="cannot be submitted to slurm from this machine"):
        bench.run("mean-colour", backend=SlurmBackend(bench.store.cache / "jobs", {}))


def test_what_a_job_asks_for(bench, tmp_path):
    request = bench.request("pixels", threads=4)
    (planned,) = bench.plan("pixels", threads=4).cells
    limits = Limits(timeout=90, memory_bytes=3 << 30)
    task = make_task(planned, request, bench.store, tmp_path, limits, template_of([planned.spec], request, bench.store))
    asked = job_parameters(task)
    assert (asked["timeout_min"], asked["cpus_per_task"], asked["mem_gb"]) == (12, 4, 4)
    assert (asked["gpus_per_node"], asked["slurm_exclusive"]) == (0, False)
    on_gpu = replace(task, timed=True, job=replace(task.job, cell=replace(task.job.cell, device="gpu")))
    asked = job_parameters(on_gpu)
    assert (asked["gpus_per_node"], asked["slurm_exclusive"]) == (1, True)
