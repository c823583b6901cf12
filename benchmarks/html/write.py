"""Writes the report: every section there is something stored for, one page."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.html.compare import compare
from benchmarks.html.dimensions import dimension_curve
from benchmarks.html.growth import growth
from benchmarks.html.heat_map import heat_map
from benchmarks.html.leaderboard import leaderboard
from benchmarks.html.method_pages import method_pages
from benchmarks.html.origins import origins, tables_section
from benchmarks.html.overview import overview
from benchmarks.html.page import write_page
from benchmarks.html.recall_curves import recall_curves
from benchmarks.html.section import Section
from benchmarks.html.trade_offs import trade_offs
from benchmarks.html.trainings import trainings
from benchmarks.store import Store
from benchmarks.tables.pages import Page, make_pages
from datasets.words import count_of
from methods.registry import Registry

FOLDER, FILE = "report", "index.html"


def write_report(
    store: Store, registry: Registry, pages: Sequence[Page], out: Path, galleries: Sequence[Section] = ()
) -> Path:
    """Write `report/index.html` in `out` from scored `pages`; `galleries` come before the methods."""
    pages = _largest_first(pages)
    on_gpu = make_pages(store, registry, "gpu") if any(cell.device == "gpu" for cell, _ in store.rows()) else []
    sections = [
        *overview(pages),
        *leaderboard(pages, on_gpu),
        *compare(pages),
        *trade_offs(pages),
        *recall_curves(pages),
        *dimension_curve(pages),
        *heat_map(pages),
        *growth(out),
        *trainings(store, pages),
        *galleries,
        *method_pages(pages),
        *tables_section(pages),
        *origins(pages),
    ]
    return write_page(sections, out / FOLDER / FILE, "Reverse image search, measured", _subtitle(pages))


def _largest_first(pages: Sequence[Page]) -> list[Page]:
    """The subset on which most methods ran before others, each in the usual order of data sets."""
    methods: dict[str, int] = {}
    for page in pages:
        subset = page.group.truth.subset
        methods[subset] = max(methods.get(subset, 0), len(page.group.entries))
    return sorted(pages, key=lambda page: -methods[page.group.truth.subset])


def _subtitle(pages: Sequence[Page]) -> str:
    """How many methods on which data sets; nothing where only growth or an index was measured."""
    if not pages:
        return ""
    methods = {cell.method for page in pages for cell, _, _ in page.group.entries}
    titles = dict.fromkeys(page.group.where for page in pages)
    return f"{count_of(len(methods), 'method')} on {', '.join(titles)} under one protocol"
