"""Writes every table there is something stored for."""

from pathlib import Path

import pandas as pd

from benchmarks.files import write_atomically, write_text
from benchmarks.store import Store
from benchmarks.tables.groups import make_groups
from benchmarks.tables.markdown import LEGEND, document, to_markdown
from benchmarks.tables.model import Table
from benchmarks.tables.retrieval import RetrievalTables
from benchmarks.tables.verification import verification_table
from datasets.errors import BenchmarkError
from methods.registry import Registry

_DISPLAY_ONLY = ("shown_method", "word", "word_in", "hit@1_interval", "mAP_interval")


class CanaryError(BenchmarkError):
    """A canary is not where theory puts it: the protocol or its data is broken, and no figure can be trusted."""


def write_tables(store: Store, registry: Registry, out: Path) -> list[Path]:
    """Write `<data set>-<subset>-<task>.md` and `.csv` for each group, and `overview.md` and `.csv`.

    Raises CanaryError, after all is written, when a canary is off its level.
    """
    written: list[Path] = []
    overview: list[Table] = []
    frames: list[pd.DataFrame] = []
    findings: list[str] = []
    for group in make_groups(store, registry):
        if group.task == "verification":
            table = verification_table(store, group)
            overview.append(table)
            pages = [table]
        else:
            tables = RetrievalTables(store, group)
            findings += [f"{group.heading}: {text}" for text in tables.findings]
            overview.append(tables.cost())
            pages = [tables.accuracy(), tables.stages()]
            table = pages[0]
        text = to_markdown(pages[0]) + f"\n{LEGEND}\n" + "".join("\n" + to_markdown(page, 2) for page in pages[1:])
        write_text(out / f"{group.name}.md", text)
        frame = _frame(table)
        _write_csv(out / f"{group.name}.csv", frame)
        frames.append(frame.assign(dataset=group.truth.title, subset=group.truth.subset, task=group.task))
        written += [out / f"{group.name}.md", out / f"{group.name}.csv"]
    if overview:
        write_text(out / "overview.md", document("Overview", LEGEND, overview))
        _write_csv(out / "overview.csv", pd.concat(frames, ignore_index=True))
        written += [out / "overview.md", out / "overview.csv"]
    if findings:
        raise CanaryError("a canary is off its theoretical level, trust no figure until this is mended: " + findings[0])
    return written


def _frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame([{k: v for k, v in row.items() if k not in _DISPLAY_ONLY} for row in table.rows])


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    front = [name for name in ("dataset", "subset", "task", "method") if name in frame]
    ordered = frame[[*front, *(name for name in frame if name not in front)]]
    with write_atomically(path) as file:
        ordered.to_csv(file, index=False)
