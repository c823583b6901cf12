"""A Dask scheduler and its workers, each a process of its own on loopback, as a cluster's would be."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
from distributed import Client
from tests_support import wait_for

ROOT = Path(__file__).parents[2]


class Cluster:
    """Their address and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scheduler_file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard")
        wait_for(self.scheduler_file.exists, 120)
        self.workers: list[subprocess.Popen] = []

    @property
    def address(self) -> str:
        return json.loads(self.scheduler_file.read_text())["address"]

    def add_workers(self, count: int) -> None:
        """Start workers, and return once the scheduler knows them: on a loaded machine that takes a while."""
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "120", "--memory-limit", "0")
        names = [f"worker-{len(self.workers) + number}" for number in range(count)]
        self.workers += [self._start("worker", "--name", name, "--host", "127.0.0.1", *options) for name in names]
        if names:
            with Client(self.address, set_as_default=False, timeout=120) as client:
                wait_for(lambda: set(names) <= self._known(client), 120)

    @staticmethod
    def _known(client: Client) -> set[str]:
        return {worker["name"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()}

    def worker_of(self, pid: int) -> subprocess.Popen:
        """The worker that process `pid` was started by."""
        ancestors = {process.pid for process in psutil.Process(pid).parents()}
        return next(worker for worker in self.workers if worker.pid in ancestors)

    def _start(self, what: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, "--scheduler-file", str(self.scheduler_file)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
        environment |= {"TMPDIR": str(self.folder)}  # a worker that is killed leaves dask-scratch-space there
        log = (self.folder / f"{what}.log").open("a")
        return subprocess.Popen(
            [*command, *options], cwd=self.folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@contextmanager
def cluster(folder: Path, workers: int):
    """A scheduler with `workers` workers of one thread; all are killed in the end."""
    made = Cluster(folder)
    try:
        made.add_workers(workers)
        yield made
    finally:
        made.end()
