"""Cells as jobs of SLURM, one a cell, through submitit."""

import contextlib
import math
import signal
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.execution.backends.agents import end_agents, run_with_agent
from benchmarks.execution.backends.attempts import ATTEMPTS, StartWatch, attempts_begun
from benchmarks.execution.backends.contract import BackendError, Finished, Stopped, Task, Template
from benchmarks.execution.backends.host import gave_up

if TYPE_CHECKING:
    from submitit import Job

_POLL = 0.5
_MARGIN_MINUTES = 10
"""A job may take longer than its cell by this: for imports, and for other jobs of the node to let it alone."""


class SlurmBackend:
    """A job for each cell: a timed one asks for its node alone, one on a GPU for a GPU."""

    name = "slurm"
    keeps_apart = True

    def __init__(self, folder: Path, options: Mapping[str, str]) -> None:
        self.folder = folder
        """Where submitit keeps its jobs; seen from all nodes."""
        self.options = dict(options)
        """Of sbatch (partition, account, qos, ...); cluster=local has submitit run jobs on this machine instead."""
        self._cluster = self.options.pop("cluster", "slurm")
        self._jobs: set[Job[Finished]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def open(self, template: Template) -> None:
        """See whether jobs can be submitted at all."""
        _let_children_be_interrupted()
        try:
            import submitit
        except ImportError as error:
            raise BackendError(
                "--backend slurm needs the package submitit: pip install 'reverse-image-search-benchmark[slurm]'"
            ) from error
        try:
            self._executor = submitit.AutoExecutor(folder=self.folder, cluster=self._cluster)
            self._executor.update_parameters(**{f"slurm_{name}": value for name, value in self.options.items()})
        except (RuntimeError, ValueError, NameError, AssertionError) as error:
            text = " ".join(str(error).split())
            raise BackendError(f"jobs cannot be submitted to {self._cluster} from this machine: {text}") from error

    def run(self, task: Task, on_start: Callable[[int], None]) -> Finished:
        """Submit the task, and once more if its job ends without a word."""
        from submitit.core.utils import UncompletedJobError

        watch = StartWatch(task.job.workdir, on_start)
        for _ in range(ATTEMPTS):
            job = self._submit(task)
            while not job.done():
                time.sleep(_POLL)
                watch.look()
            watch.look()
            if self._stopped:
                raise Stopped
            with contextlib.suppress(UncompletedJobError):
                return job.result()
        if attempts_begun(task.job.workdir):
            return gave_up(task)
        raise BackendError(f"jobs end before they begin; see their logs in {self.folder}")

    def stop(self) -> None:
        """Cancel the jobs."""
        self._stopped = True
        with self._lock:
            for job in self._jobs:
                if not job.done():
                    job.cancel(check=False)

    def close(self) -> None:
        """Nothing to let go: jobs end by themselves."""

    def _submit(self, task: Task) -> "Job[Finished]":
        with self._lock:
            if self._stopped:
                raise Stopped
            self._executor.update_parameters(**job_parameters(task))
            job = self._executor.submit(run_alone, task)
            self._jobs.add(job)
            return job


def _let_children_be_interrupted() -> None:
    """Jobs of this machine are cancelled by SIGINT, which a run in the background of a script ignores, as would they.

    A handler that does nothing is the same here, but children do not inherit it.
    """
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, frame: None)


def job_parameters(task: Task) -> dict[str, object]:
    """What the job of a task asks for, in submitit's words."""
    return {
        "name": f"{task.job.cell.method}-{task.job.cell.task}",
        "timeout_min": math.ceil(task.timeout / 60) + _MARGIN_MINUTES,
        "cpus_per_task": task.template.threads,
        "mem_gb": None if task.memory_bytes is None else math.ceil(task.memory_bytes / 2**30) + 1,
        "gpus_per_node": 1 if task.job.cell.device == "gpu" else 0,
        "slurm_exclusive": task.timed,
    }


def run_alone(task: Task) -> Finished:
    """What a job does: the task, in an agent that ends with the job."""
    run = uuid.uuid4().hex
    try:
        return run_with_agent(task, run)
    finally:
        end_agents(run)
