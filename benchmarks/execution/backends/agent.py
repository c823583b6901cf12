"""The process that runs cells for a worker: it lives as long as its worker wants it, and no longer.

A Dask worker's own process may not have children, computes with threads that it set up otherwise, and can vanish at any
moment. So it starts this one, `python -m benchmarks.execution.backends.agent FD`, and sends it tasks through a pipe.
The pipe breaks when the worker dies, even by SIGKILL; then the cell is killed as well, instead of disturbing its second
attempt.
"""

import contextlib
import os
import shutil
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

import psutil

from benchmarks.execution.backends.attempts import keep_finished
from benchmarks.execution.backends.contract import Task
from benchmarks.execution.backends.execute import end
from benchmarks.execution.backends.host import run_task
from benchmarks.execution.launch import prepare
from benchmarks.system.processes import end_owned
from benchmarks.system.temporary import temporary_folder, use


def serve(pipe: Connection, scratch: Path) -> None:
    """Run the tasks that come through the pipe, all of one template, and send back how each finished.

    `scratch` is this process's temporary folder, which it removes when it ends.
    """
    use(scratch)
    tasks: SimpleQueue[Task] = SimpleQueue()
    running: set[int] = set()
    ending = threading.Lock()
    threading.Thread(target=_receive, args=(pipe, tasks, running, ending, scratch), daemon=True).start()
    prepared = False
    while True:
        task = tasks.get()
        if not prepared:
            template = task.template
            with contextlib.suppress(OSError):  # where this host does not have it, the task says so better
                os.chdir(template.directory)
            prepare(template.packages, template.threads, Path(os.devnull), dict(template.environment))
            prepared = True
        finished = run_task(task, running)
        with ending:  # a cell that was killed because the worker is gone has not finished
            keep_finished(task.job.workdir, finished)
            pipe.send(finished)


def _receive(
    pipe: Connection, tasks: "SimpleQueue[Task]", running: set[int], ending: threading.Lock, scratch: Path
) -> None:
    """Put what comes in line; at the worker's end, or at its word (None), end the cell and this process."""
    with contextlib.suppress(EOFError, OSError):
        while (task := pipe.recv()) is not None:
            tasks.put(task)
    ending.acquire()
    end(running)
    for child in psutil.Process().children(recursive=True):  # a cell that was forked this very moment
        with contextlib.suppress(psutil.Error):
            child.kill()
    end_owned()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    with temporary_folder() as own:
        serve(Connection(int(sys.argv[1])), own)
