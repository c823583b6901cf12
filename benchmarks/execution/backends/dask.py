"""Cells on the workers of a Dask scheduler: one that runs already, or a cluster of this machine's for one run."""

import contextlib
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from benchmarks.execution.backends.agents import end_agents, run_with_agent
from benchmarks.execution.backends.attempts import ATTEMPTS, StartWatch, attempts_begun, kept_finished
from benchmarks.execution.backends.contract import BackendError, Finished, Stopped, Task, Template
from benchmarks.execution.backends.host import gave_up
from benchmarks.execution.backends.semaphore import PrioritySemaphore
from benchmarks.system.devices import find_gpu
from benchmarks.system.processes import start_tracker
from benchmarks.system.provenance import usable_cores

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

GPU = "gpu"
"""The resource that workers which may use a GPU declare: `dask worker --resources gpu=1`."""

_QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.system-monitor.gil.enabled": False,
}
"""What workers watch themselves for takes 4 % of a core each unless told otherwise, and they do nothing but wait."""

_OF_TERMINALS = (signal.SIGINT, signal.SIGHUP)
_POLL = 0.2
_CONNECT = 10.0
_WORKERLESS = 60.0
"""Seconds that a scheduler may be without any worker (a nanny starts a new one within few)."""


class DaskBackend:
    """Sends each task to the scheduler, which gives it to a worker; the worker's agent runs its cell.

    No more tasks are sent than workers have threads: a scheduler would hand the others out as well, and let a cell wait
    for a long one on the same worker while another worker has nothing to do. Cells that are timed go last: until then
    none needs a host for itself, and all workers are busy.
    """

    name = "dask"
    keeps_apart = True

    def __init__(self, scheduler: str | None = None, workers: int | None = None) -> None:
        self.scheduler = scheduler
        """Its address; None starts a cluster of this machine's with `workers` processes (one a core unless given)."""
        self.workers = workers
        self._run = uuid.uuid4().hex
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._semaphores = {False: PrioritySemaphore(), True: PrioritySemaphore()}
        """Of cells for any worker, and of those for one with a GPU."""
        self._futures: set[Future] = set()
        self._stopped = False
        self._lock = threading.Lock()
        self._last_look = 0.0
        self._last_worker: dict[bool, float] = {}
        """When a worker was last seen, and one that may use a GPU."""

    def open(self, template: Template) -> None:
        """Connect, or start the cluster."""
        try:
            import dask.config
            from distributed import Client, LocalCluster
            from distributed.comm.addressing import get_address_host_port
        except ImportError as error:
            raise BackendError(
                "--backend dask needs the package distributed: pip install 'reverse-image-search-benchmark[dask]'"
            ) from error
        if self.scheduler is None:
            with dask.config.set(_QUIET), _unheard_by_children():
                self._cluster = LocalCluster(
                    n_workers=self.workers or usable_cores(),
                    threads_per_worker=1,
                    memory_limit=0,  # a cell has its own limit, and its memory is not the worker's
                    dashboard_address=":0",
                    resources={GPU: 1} if find_gpu() else None,
                )
        try:
            if self.scheduler is not None:  # a Client that is given a wrong address prints a traceback as well
                get_address_host_port(self.scheduler)
            self._client = Client(self._cluster or self.scheduler, timeout=_CONNECT, set_as_default=False)
        except Exception as error:  # an address that is none surfaces as any of OSError, ValueError, TypeError, ...
            raise BackendError(
                f"no Dask scheduler answers at {self.scheduler} ({error}): start one with `dask scheduler`, "
                "or leave --scheduler out for a cluster of this machine's own"
            ) from error
        self._last_worker = dict.fromkeys((False, True), time.monotonic())

    def run(self, task: Task, on_start: Callable[[int], None]) -> Finished:
        """Have a worker run the task; one that dies on the way is replaced once."""
        gpu = needs_gpu(task)
        with self._semaphores[gpu].turn(int(task.timed), lambda: self._look_for_workers(gpu)):
            return self._run_now(task, on_start)

    def _run_now(self, task: Task, on_start: Callable[[int], None]) -> Finished:
        from distributed import KilledWorker

        watch = StartWatch(task.job.workdir, on_start)
        while True:
            future = self._submit(task)
            self._futures.add(future)
            while not future.done():
                time.sleep(_POLL)
                watch.look()
                self._look_for_workers(needs_gpu(task))
            watch.look()
            self._futures.discard(future)
            try:
                return self._result(future)
            except KilledWorker:  # the scheduler's own patience is over; ours may not be
                if len(attempts_begun(task.job.workdir)) >= ATTEMPTS:
                    return gave_up(task)
            except TimeoutError:  # the result went with its worker, but for what is kept in the store
                if finished := kept_finished(task.job.workdir):
                    return finished

    def stop(self) -> None:
        """Cancel what waits, end what runs."""
        self._stopped = True
        for semaphore in self._semaphores.values():
            semaphore.room = 0  # wakes those that wait, to hear of it
        self._end_agents()

    def close(self) -> None:
        """End the agents that wait for more, and the cluster that `open` started."""
        self._end_agents()
        if self._client is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self._client.close(timeout=_CONNECT)
        if self._cluster is not None:
            self._cluster.close(timeout=_CONNECT)

    def _submit(self, task: Task) -> "Future":
        if self._client is None or self._client.status not in ("running", "connecting"):
            raise self._gone()
        return self._client.submit(
            run_with_agent,
            task,
            self._run,
            key=f"cell-{uuid.uuid4().hex}",
            resources={GPU: 1} if needs_gpu(task) else None,
            pure=False,
        )

    def _result(self, future: "Future") -> Finished:
        from concurrent.futures import CancelledError

        try:
            return future.result(timeout=_CONNECT)
        except CancelledError as error:
            if self._stopped:
                raise Stopped from error
            raise self._gone() from error

    def _look_for_workers(self, gpu: bool) -> None:
        """Raise BackendError where no worker (with a GPU, if that is needed) has been there for a while."""
        if self._stopped:
            raise Stopped
        with self._lock:
            now = time.monotonic()
            if self._client is not None and now - self._last_look > _WORKERLESS / 12:
                self._last_look = now
                workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
                self._semaphores[False].room = sum(worker["nthreads"] for worker in workers)
                self._semaphores[True].room = int(sum(worker["resources"].get(GPU, 0) for worker in workers))
                self._last_worker |= {kind: now for kind, semaphore in self._semaphores.items() if semaphore.room}
            if now - self._last_worker[gpu] < _WORKERLESS:
                return
        kind, option = ("worker with a GPU", f" --resources {GPU}=1") if gpu else ("worker", "")
        raise BackendError(
            f"the Dask scheduler has had no {kind} for {_WORKERLESS:.0f} s: start some with "
            f"`dask worker {self.scheduler or 'ADDRESS'} --nthreads 1{option}`; what was finished is kept, "
            "the same command goes on from there"
        )

    def _gone(self) -> BackendError:
        where = self.scheduler or "of this machine"
        return BackendError(
            f"the Dask scheduler {where} is gone; what was finished is kept, the same command goes on from there"
        )

    def _end_agents(self) -> None:
        client: Any = self._client
        if client is None or client.status != "running":
            return
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            client.cancel(list(self._futures.copy()), force=True)
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            client.run(end_agents, self._run, on_error="ignore")


@contextlib.contextmanager
def _unheard_by_children() -> Iterator[None]:
    """Threads and processes started in the block do not hear of a terminal's signals; this thread does, after it.

    A terminal sends them to all processes of a command. The run ends its workers itself, which have no word for that.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_TERMINALS)
    try:
        start_tracker()
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def needs_gpu(task: Task) -> bool:
    """May its cell go to workers with a GPU only?"""
    return task.job.cell.device == "gpu"
