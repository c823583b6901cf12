"""What there is to write of a store: for each group of cells its tables, scored once for every form they take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import Tasks, tasks_of
from benchmarks.core.tasking.task import Task
from benchmarks.reporting.tables.groups import Group, make_groups
from benchmarks.reporting.tables.model import Table
from benchmarks.reporting.tables.one_task import task_table
from benchmarks.reporting.tables.retrieval import RetrievalTables
from datasets.notes import note
from methods.registry import PluginError, Registry


@dataclass
class Page:
    """What one group contributes: a file of tables (the first one also as CSV), its line in the overview."""

    name: str
    group: Group
    tables: list[Table]
    retrieval: RetrievalTables | None = None
    overview: Table | None = None
    findings: list[str] = field(default_factory=list)
    """Canaries that are not where theory puts them."""
    pictures: Sequence[Callable[[Path], list[Path]]] = ()
    """Each draws into a folder, and says which files it wrote."""
    metric: str = ""
    """The figure that the first table's methods are ordered by; empty for a page about something else."""

    @property
    def headed_findings(self) -> list[str]:
        """The findings, and where they were made."""
        return [f"{self.group.heading}: {text}" for text in self.findings]


@runtime_checkable
class HasPages(Protocol):
    """A task that lays out its own tables."""

    def pages(self, store: Store, group: Group, beside: Mapping[str, Group]) -> list[Page]:
        """The pages of one group of its cells; `beside` are all groups of that data set and subset, by task."""
        ...


def make_pages(store: Store, registry: Registry, device: str = "") -> list[Page]:
    """The pages of everything stored, data sets in their usual order; `device` as in `make_groups`."""
    groups, tasks = make_groups(store, registry, device), tasks_of(registry)
    beside: dict[tuple[str, str], dict[str, Group]] = {}
    for group in groups:
        beside.setdefault(_subset(group), {})[group.task] = group
    return [page for group in groups for page in _pages(store, group, beside[_subset(group)], tasks)]


def _subset(group: Group) -> tuple[str, str]:
    return group.truth.title, group.truth.subset


def _pages(store: Store, group: Group, beside: Mapping[str, Group], tasks: Tasks) -> list[Page]:
    """The pages of one group of cells; a plug-in's task that fails there costs its own table."""
    task = tasks.get(group.task)
    try:
        with tasks.blamed(task):
            pages = task.pages(store, group, beside) if isinstance(task, HasPages) else [_page(store, group, task)]
    except PluginError as error:
        note(f"no table of {group.heading}: {error}")
        return []
    for page in pages:
        page.metric = task.metric if page.name == group.name else ""
    return pages


def _page(store: Store, group: Group, task: Task) -> Page:
    table = task_table(store, group, task)
    findings = [text for cell, row, _ in group.entries for text in task.findings(store, cell, row)]
    return Page(group.name, group, [table], overview=table, findings=findings)
