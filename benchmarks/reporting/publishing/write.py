"""Writes every table there is something stored for: markdown, CSV and LaTeX from one model."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import pandas as pd

from benchmarks.core.store import Store
from benchmarks.reporting.claims.claims_table import write_claims
from benchmarks.reporting.tables.devices import write_device_tables
from benchmarks.reporting.tables.engines import write_stored_engines
from benchmarks.reporting.tables.formats import LEGEND, document, latex_document, to_markdown
from benchmarks.reporting.tables.indexes.changing import write_changing
from benchmarks.reporting.tables.indexes.filtered import write_filtered
from benchmarks.reporting.tables.indexes.report import write_indexes
from benchmarks.reporting.tables.latency import write_latency_tables
from benchmarks.reporting.tables.model import MethodRow, Table, mark
from benchmarks.reporting.tables.pages import Page, make_pages
from benchmarks.reporting.tables.peers import write_stored_peers
from benchmarks.reporting.tables.plot import accuracy_latency_plot
from benchmarks.reporting.tables.projection import write_stored_projection
from benchmarks.reporting.tables.ranks import rank_columns, rankings, retrieval_by_subset, summaries
from benchmarks.reporting.tables.scaling.report import write_scaling
from benchmarks.reporting.tables.sharding import write_sharding
from benchmarks.reporting.tables.streaming import write_streaming
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import write_text
from datasets.errors import BenchmarkError
from methods.registry import Registry

_DISPLAY_ONLY = ("shown_method", "word", "word_in")


class CanaryError(BenchmarkError):
    """A canary is not where theory puts it: the protocol or its data is broken, and no figure can be trusted."""


def write_tables(store: Store, registry: Registry, out: Path) -> list[Path]:
    """Score what is stored and write its tables; see `write_pages` and `require_sound`."""
    pages = make_pages(store, registry)
    written = write_pages(store, registry, pages, out)
    require_sound(pages)
    return written


def write_pages(store: Store, registry: Registry, pages: Sequence[Page], out: Path, head: str = "") -> list[Path]:
    """Write `<data set>-<subset>-<task>.md`, `.csv` and `.tex` for each page, `overview.md`, `.csv` and `.tex`.

    And every other page that something is stored for: claims, growth, projections, indexes, engines, ... The overview
    opens with `head`.
    """
    written = [path for page in pages for path in _write_page(page, out)]
    written += _write_overview(pages, out, head)
    return written + [path for write in _PAGES for path in write(store, registry, out)]


_PAGES: tuple[Callable[[Store, Registry, Path], list[Path]], ...] = (
    lambda store, _, out: write_claims(store, out),
    write_scaling,
    write_stored_projection,
    lambda store, _, out: write_indexes(store, out),
    lambda store, _, out: write_filtered(store, out),
    lambda store, _, out: write_changing(store, out),
    lambda store, _, out: write_streaming(store, out),
    lambda store, _, out: write_sharding(store, out),
    lambda store, _, out: write_stored_engines(store, out),
    write_device_tables,
    write_latency_tables,
    lambda store, _, out: write_stored_peers(store, out),
)
"""Writes the page of each kind of measurement beside cells, where something is stored; all of them, whoever asks."""


def require_sound(pages: Sequence[Page]) -> None:
    """Raise CanaryError when a canary is off its level; ask this after all is written, so that there is what to see."""
    findings = [text for page in pages for text in page.headed_findings]
    if findings:
        raise CanaryError(
            "a canary is off its theoretical level, so no figure can be trusted until this is fixed: " + findings[0]
        )


def _write_page(page: Page, out: Path) -> list[Path]:
    markdown, csv, latex = (out / f"{page.name}{suffix}" for suffix in (".md", ".csv", ".tex"))
    text = "\n".join(to_markdown(table, 1 if table is page.tables[0] else 2) for table in page.tables)
    write_text(markdown, f"{text}\n{LEGEND}\n")
    _write_csv(csv, _frame(page.tables[0]).assign(origin=page.group.truth.origin.title))
    write_text(latex, latex_document(page.tables, page.name))
    written = [markdown, csv, latex]
    if page.retrieval:
        plot = accuracy_latency_plot(page.retrieval.rows, page.group.heading, out / f"{page.group.name}.png")
        written += [plot] if plot else []
    return written + [path for draw in page.pictures for path in draw(out)]


def _write_overview(pages: Sequence[Page], out: Path, head: str) -> list[Path]:
    """A summary and the ranks of each subset, then the first table of every page that has a line in the overview.

    As LaTeX summaries and ranks alone; those tables where nothing was retrieved, so that there is nothing to sum up.
    """
    shown = [(page, page.overview) for page in pages if page.overview]
    if not shown:
        return []
    ranked = {subset: rankings(tables) for subset, tables in retrieval_by_subset(pages).items()}
    summed_up = summaries(pages, ranked)
    markdown, csv, latex = (out / f"overview{suffix}" for suffix in (".md", ".csv", ".tex"))
    write_text(
        markdown, document("Overview", f"{head}\n\n{LEGEND}".lstrip(), [*summed_up, *(table for _, table in shown)])
    )
    columns = {subset: rank_columns(each) for subset, each in ranked.items()}
    frames = [
        _frame(table, columns.get(page.group.truth.subset) if page.retrieval else None).assign(
            dataset=page.group.truth.title,
            origin=page.group.truth.origin.title,
            subset=page.group.truth.subset,
            task=page.group.task,
        )
        for page, table in shown
    ]
    _write_csv(csv, pd.concat(frames, ignore_index=True))
    write_text(latex, latex_document(summed_up or [table for _, table in shown], "overview"))
    return [markdown, csv, latex]


def _frame(table: Table, more: Mapping[str, Mapping[str, object]] | None = None) -> pd.DataFrame:
    """Raw values, and for each column that names a best method whether the row is it, or tied with it.

    `more` has further values by method.
    """
    rows = cast(Sequence[MethodRow], table.rows)
    return pd.DataFrame(
        [
            {key: value for key, value in row.items() if key not in _DISPLAY_ONLY and not key.endswith("_interval")}
            | {f"{key}_mark": mark(table, key, row["method"]) for key in table.best}
            | dict((more or {}).get(row["method"], {}))
            for row in rows
        ]
    )


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    front = [name for name in ("dataset", "origin", "subset", "task", "method") if name in frame]
    ordered = frame[[*front, *(name for name in frame if name not in front)]]
    write_csv(path, ordered)
