"""Writes every table there is something stored for."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from benchmarks.claims.claims_table import write_claims
from benchmarks.files import write_atomically, write_text
from benchmarks.scaling.report import write_scaling
from benchmarks.store import Store
from benchmarks.tables.devices import write_device_tables
from benchmarks.tables.groups import Group, make_groups
from benchmarks.tables.latency import write_latency_tables
from benchmarks.tables.markdown import LEGEND, document, to_markdown
from benchmarks.tables.memory import memory_table
from benchmarks.tables.model import Table
from benchmarks.tables.open_set import OpenSetTable
from benchmarks.tables.plot import accuracy_latency_plot
from benchmarks.tables.retrieval import RetrievalTables
from benchmarks.tables.robustness import RobustnessTable
from benchmarks.tables.summary import summary_table
from benchmarks.tables.verification import verification_table
from datasets.errors import BenchmarkError
from methods.registry import Registry

_DISPLAY_ONLY = ("shown_method", "word", "word_in")


class CanaryError(BenchmarkError):
    """A canary is not where theory puts it: the protocol or its data is broken, and no figure can be trusted."""


@dataclass
class Page:
    """What one group contributes: a file of tables (the first one also as CSV), its line in the overview."""

    name: str
    tables: list[Table]
    retrieval: RetrievalTables | None = None
    overview: Table | None = None
    findings: list[str] = field(default_factory=list)


def pages(store: Store, group: Group, retrieval: Group | None) -> list[Page]:
    """The pages of one group of cells; `retrieval` is the retrieval group of the same data set and subset."""
    if group.task == "verification":
        table = verification_table(store, group)
        return [Page(group.name, [table], overview=table)]
    if group.task == "robustness":
        robustness = RobustnessTable(store, group)
        return [Page(group.name, [robustness.table], overview=robustness.table, findings=robustness.findings)]
    if group.task == "open-set":
        open_set = OpenSetTable(store, group, retrieval)
        return [Page(group.name, [open_set.table], findings=open_set.findings)]
    tables = RetrievalTables(store, group)
    prefix = group.name.removesuffix("retrieval")
    return [
        Page(group.name, [tables.accuracy(), tables.cost(), tables.stages()], tables, tables.cost(), tables.findings),
        Page(f"{prefix}classification", [tables.classification()]),
        Page(f"{prefix}memory", [memory_table(group)]),
    ]


def write_tables(store: Store, registry: Registry, out: Path) -> list[Path]:
    """Write `<data set>-<subset>-<task>.md` and `.csv` for each group, and `overview.md` and `.csv`.

    Raises CanaryError, after all is written, when a canary is off its level.
    """
    written: list[Path] = []
    overview: list[Table] = []
    frames: list[pd.DataFrame] = []
    findings: list[str] = []
    groups = make_groups(store, registry)
    scored: dict[str, list[tuple[Group, RetrievalTables]]] = {}
    retrieval = {(group.truth.title, group.truth.subset): group for group in groups if group.task == "retrieval"}
    for group in groups:
        for page in pages(store, group, retrieval.get((group.truth.title, group.truth.subset))):
            text = "\n".join(to_markdown(table, 1 if table is page.tables[0] else 2) for table in page.tables)
            write_text(out / f"{page.name}.md", f"{text}\n{LEGEND}\n")
            frame = _frame(page.tables[0])
            _write_csv(out / f"{page.name}.csv", frame)
            written += [out / f"{page.name}.md", out / f"{page.name}.csv"]
            findings += [f"{group.heading}: {text}" for text in page.findings]
            if page.retrieval:
                scored.setdefault(group.truth.subset, []).append((group, page.retrieval))
                plot = out / f"{group.name}.png"
                written += filter(None, [accuracy_latency_plot(page.retrieval.rows, group.heading, plot)])
            if page.overview:
                overview.append(page.overview)
                frames.append(frame.assign(dataset=group.truth.title, subset=group.truth.subset, task=group.task))
    if overview:
        summaries = [summary_table(members) for members in scored.values()]
        write_text(out / "overview.md", document("Overview", LEGEND, [*summaries, *overview]))
        _write_csv(out / "overview.csv", pd.concat(frames, ignore_index=True))
        written += [out / "overview.md", out / "overview.csv"]
    written += [*write_claims(store, out), *write_scaling(store, registry, out)]
    written += write_device_tables(store, registry, out)
    written += write_latency_tables(store, registry, out)
    if findings:
        raise CanaryError("a canary is off its theoretical level, trust no figure until this is mended: " + findings[0])
    return written


def readme_table(store: Store, registry: Registry, subset: str) -> Table:
    """The summary of one subset over the real data sets; raises BenchmarkError where nothing is stored for it."""
    groups = [g for g in make_groups(store, registry) if g.task == "retrieval" and g.truth.subset == subset]
    if not groups:
        raise BenchmarkError(f"nothing is stored for {subset} in {store.root}: run --all --subset {subset} first")
    return summary_table([(group, RetrievalTables(store, group)) for group in groups])


def _frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame(
        [{k: v for k, v in row.items() if k not in _DISPLAY_ONLY and not k.endswith("_interval")} for row in table.rows]
    )


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    front = [name for name in ("dataset", "subset", "task", "method") if name in frame]
    ordered = frame[[*front, *(name for name in frame if name not in front)]]
    with write_atomically(path) as file:
        ordered.to_csv(file, index=False)
