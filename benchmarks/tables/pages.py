"""What there is to write of a store: for each group of cells its tables, scored once for every form they take."""

from dataclasses import dataclass, field

from benchmarks.scoring import verification_findings
from benchmarks.store import Store
from benchmarks.tables.groups import Group, make_groups
from benchmarks.tables.memory import memory_table
from benchmarks.tables.model import Table
from benchmarks.tables.open_set import OpenSetTable
from benchmarks.tables.retrieval import RetrievalTables
from benchmarks.tables.robustness import RobustnessTable
from benchmarks.tables.verification import verification_table
from methods.registry import Registry


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

    @property
    def headed_findings(self) -> list[str]:
        """The findings, and where they were made."""
        return [f"{self.group.heading}: {text}" for text in self.findings]


def make_pages(store: Store, registry: Registry, device: str = "") -> list[Page]:
    """The pages of everything stored, data sets in their usual order; `device` as in `make_groups`."""
    groups = make_groups(store, registry, device)
    retrieval = {_subset(group): group for group in groups if group.task == "retrieval"}
    return [page for group in groups for page in _pages(store, group, retrieval.get(_subset(group)))]


def _subset(group: Group) -> tuple[str, str]:
    return group.truth.title, group.truth.subset


def _pages(store: Store, group: Group, retrieval: Group | None) -> list[Page]:
    """The pages of one group of cells; `retrieval` is the retrieval group of the same data set and subset."""
    if group.task == "verification":
        table = verification_table(store, group)
        findings = [text for cell, _, _ in group.entries for text in verification_findings(store, cell)]
        return [Page(group.name, group, [table], overview=table, findings=findings)]
    if group.task == "robustness":
        robustness = RobustnessTable(store, group)
        return [Page(group.name, group, [robustness.table], overview=robustness.table, findings=robustness.findings)]
    if group.task == "open-set":
        open_set = OpenSetTable(store, group, retrieval)
        return [Page(group.name, group, [open_set.table], findings=open_set.findings)]
    tables = RetrievalTables(store, group)
    prefix = group.name.removesuffix("retrieval")
    shown = [tables.accuracy(), tables.cost(), tables.stages()]
    return [
        Page(group.name, group, shown, tables, tables.cost(), tables.findings),
        Page(f"{prefix}classification", group, [tables.classification()]),
        Page(f"{prefix}memory", group, [memory_table(group)]),
    ]
