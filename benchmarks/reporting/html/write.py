"""Writes the report: every section there is something stored for, one HTML file that holds all it needs.

No request leaves the page, and only the scripts it was written with run."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from markupsafe import Markup

from benchmarks.core.store import Store
from benchmarks.reporting.html.commands import origins, tables_section
from benchmarks.reporting.html.compare import compare
from benchmarks.reporting.html.dimensions import dimension_curve
from benchmarks.reporting.html.growth import growth
from benchmarks.reporting.html.heat_map import heat_map
from benchmarks.reporting.html.leaderboard import leaderboard
from benchmarks.reporting.html.method_pages import method_pages
from benchmarks.reporting.html.overview import overview
from benchmarks.reporting.html.plotting import plotting_script
from benchmarks.reporting.html.recall_curves import recall_curves
from benchmarks.reporting.html.section import Section, render, source
from benchmarks.reporting.html.trade_offs import trade_offs
from benchmarks.reporting.html.trainings import trainings
from benchmarks.reporting.tables.pages import Page, make_pages
from benchmarks.system.files import write_text
from datasets.words import count_of
from methods.registry import Registry

FOLDER, FILE = "report", "index.html"
SCRIPTS = ("theme.js", "address.js", "tables.js", "tabs.js", "leaderboard.js", "compare.js", "links.js", "plots.js")


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


def write_page(sections: Sequence[Section], path: Path, title: str, subtitle: str) -> Path:
    """Write the page of `sections` to `path`; what they link to lies beside it."""
    style = page_style(section.style for section in sections)
    with_plots = any("data-spec" in section.html for section in sections)
    scripts = page_scripts(with_plots, (section.script for section in sections))
    policy = _policy([style], scripts)
    text = render(
        "page.html",
        title=title,
        subtitle=subtitle,
        sections=sections,
        policy=policy,
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
    )
    write_text(path, str(text))
    return path


def page_style(of_sections: Iterable[str] = ()) -> str:
    """The page's style sheet, and what its sections add, each once."""
    return "\n".join([source("report.css"), *dict.fromkeys(style for style in of_sections if style)])


def page_scripts(with_plots: bool, of_sections: Iterable[str] = ()) -> list[str]:
    """The page's scripts in the order in which they run: Vega first where there are plots, the sections' own last."""
    own = [_scoped(source(name)) for name in SCRIPTS]
    own += [_scoped(script) for script in dict.fromkeys(of_sections) if script]
    return [plotting_script(), *own] if with_plots else own


def _scoped(script: str) -> str:
    """The script in strict mode and in a scope of its own."""
    return f'(() => {{\n"use strict";\n{script}\n}})();'


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """A content security policy that allows these styles and scripts, by their hash, pictures beside the page, no more.

    Plots are drawn by Vega's interpreter of expressions, so that not even they need `eval`.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {' '.join(map(_hash, styles))}",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
