"""The agents of this process, a worker of some engine: started for a task, kept for the next, ended together."""

import contextlib
import os
import subprocess
import sys
import threading
from multiprocessing import Pipe
from pathlib import Path

from benchmarks.execution.backends.attempts import ATTEMPTS
from benchmarks.execution.backends.contract import Finished, Stopped, Task, Template
from benchmarks.execution.backends.host import gave_up

_PATIENCE = 10.0
"""Seconds an agent may take to end."""

_NOT_FOR_CELLS = ("MALLOC_TRIM_THRESHOLD_",)
"""Set by Dask's nanny for its own workers: memory goes back to the system at once, and comes again page by page.

A cell takes a quarter more processor time with it, so its times would not be those of a local run.
"""

_ROOT = Path(__file__).parents[3]
_lock = threading.Lock()
_agents: dict[str, set["Agent"]] = {}
"""Those alive, by the run they work for."""
_ended: set[str] = set()
"""Runs whose agents were ended: a task that was on its way here meanwhile gets none."""


class Agent:
    """A child process that runs one task at a time."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.busy = True
        self._pipe, theirs = Pipe()
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_CELLS}
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.execution.backends.agent", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=inherited | {"PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt from the terminal reaches the run, which then ends its agents
        )
        theirs.close()

    def ask(self, task: Task) -> Finished:
        """How the task finished; raises EOFError where the agent died."""
        try:
            self._pipe.send(task)
            return self._pipe.recv()
        except OSError as error:
            raise EOFError from error

    def end(self) -> None:
        """Have it end its cell, and itself."""
        with contextlib.suppress(OSError):
            self._pipe.send(None)
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_with_agent(task: Task, run: str) -> Finished:
    """Run a task of the run called `run`, in an agent of this process; a cell that kills its agent gets a second one.

    Raises Stopped where `end_agents` ended it.
    """
    for _ in range(ATTEMPTS + 1):
        agent = _taken(task.template, run)
        try:
            return agent.ask(task)
        except EOFError:
            with _lock:
                if run in _ended:
                    raise Stopped from None
                _agents[run].discard(agent)
        finally:
            agent.busy = False
    return gave_up(task)


def end_agents(run: str) -> None:
    """End this process' agents of a run, and the cells they run; it gets no others."""
    with _lock:
        _ended.add(run)
        agents = _agents.pop(run, set())
    for agent in agents:
        agent.end()


def _taken(template: Template, run: str) -> Agent:
    with _lock:
        if run in _ended:
            raise Stopped
        agents = _agents.setdefault(run, set())
        for agent in agents:
            if not agent.busy and agent.template == template:
                agent.busy = True
                return agent
        agent = Agent(template)
        agents.add(agent)
        return agent
