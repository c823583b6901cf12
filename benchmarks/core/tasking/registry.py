"""Finding tasks by name: the project's own, then those of plug-ins. Each is imported when it is first asked for."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module

from benchmarks.core.tasking.task import Task
from datasets.errors import BenchmarkError, UnknownNameError, suggest
from datasets.safe_text import REASON, one_line
from methods.registry import PluginError, Registry
from methods.spec import OLD_TASKS

OWN_MODULES = (
    "benchmarks.tasks.retrieval",
    "benchmarks.tasks.unseen_classes",
    "benchmarks.tasks.robustness",
    "benchmarks.tasks.verification",
    "benchmarks.tasks.copies",
    "benchmarks.tasks.identification",
)
"""Modules with a TASK, in the order in which tasks are listed."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40


class Tasks:
    """All tasks known to a command, the project's own first."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {task.name: task for task in tasks}
        self.places: dict[str, str] = {}
        """By a plug-in's task: where it comes from."""

    def add(self, task: Task, where: str) -> None:
        """Add a plug-in's task; raises PluginError, naming both, for what is none or has a name that is taken."""
        if problem := _problem(task, self._tasks):
            shown = str(getattr(task, "name", task))[:80]
            raise PluginError(f"plug-in {where}: task {shown!r}: {problem}")
        self._tasks[task.name] = task
        self.places[task.name] = where

    @property
    def names(self) -> tuple[str, ...]:
        """In order."""
        return tuple(self._tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def __contains__(self, name: str) -> bool:
        return name in self._tasks

    def get(self, name: str) -> Task:
        """The task of that name, of today or of before; raises UnknownNameError with the nearest names."""
        name = OLD_TASKS.get(name, name)
        if name not in self._tasks:
            raise UnknownNameError(suggest("task", name, self._tasks))
        return self._tasks[name]

    @contextmanager
    def blamed(self, task: Task) -> Iterator[None]:
        """Within, whatever a plug-in's task raises is one line that names it; the project's own faults stay faults."""
        try:
            yield
        except (BenchmarkError, MemoryError):
            raise
        except Exception as error:
            if task.name not in self.places:
                raise
            said = one_line(f"{type(error).__name__}: {error}", REASON)
            raise PluginError(f"plug-in {self.places[task.name]}: task {task.name!r} failed: {said}") from error


@cache
def own_tasks() -> Tasks:
    """The project's own."""
    return Tasks([import_module(name).TASK for name in OWN_MODULES])


def tasks_of(registry: Registry) -> Tasks:
    """The project's own tasks and those in TASKS of the plug-ins that `registry` has loaded."""
    if not registry.modules:
        return own_tasks()
    tasks = Tasks(list(own_tasks()))
    for where, module in registry.modules.items():
        offered = getattr(module, "TASKS", ())
        if not isinstance(offered, list | tuple):
            raise PluginError(f"plug-in {where}: TASKS is a {type(offered).__name__}, expected a list of tasks")
        for task in offered:
            tasks.add(task, where)
    return tasks


def _problem(task: object, taken: dict[str, Task]) -> str:
    """What is wrong with a plug-in's task, in words that follow its name; "" for nothing."""
    if isinstance(task, type):
        return "TASKS lists a class, expected an object of it"
    if not isinstance(task, Task):
        return f"it is a {type(task).__name__}, expected a benchmarks.core.tasking.task.Task"
    missing = [name for name in ("name", "summary", "metric") if not isinstance(getattr(task, name, None), str)]
    if missing:
        return f"it has no {' and no '.join(missing)} (a text)"
    if not _NAME.fullmatch(task.name) or len(task.name) > _LONGEST:
        return f"a name has small letters, digits and single hyphens, {_LONGEST} at most"
    if task.name in taken or task.name in OLD_TASKS:
        return "the name is taken; give yours another"
    return ""
