"""Where the figures come from: machine, versions and protocol of each table, and how to make each again."""

from collections.abc import Sequence

from benchmarks.html.commands import report_command, run_command
from benchmarks.html.section import Section
from benchmarks.html.templates import render
from benchmarks.tables.notes import provenance_notes
from benchmarks.tables.pages import Page


def tables_section(pages: Sequence[Page]) -> list[Section]:
    """Every table that is also written as markdown, CSV and LaTeX, in one section."""
    if not pages:
        return []
    return [Section("tables", "Tables", render("tables.html", pages=pages))]


def origins(pages: Sequence[Page]) -> list[Section]:
    """One section."""
    groups = list({id(page.group): page.group for page in pages}.values())
    rows = [(group.heading, provenance_notes(group), run_command(group)) for group in groups]
    if not rows:
        return []
    report = report_command(groups[0].out, groups[0].plugins)
    return [Section("origins", "Provenance", render("origins.html", rows=rows, report=report))]
