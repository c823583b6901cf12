"""A figure: a plot to look at and to zoom, the same as a table to read, and the command that makes it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from benchmarks.reporting.html.section import render
from benchmarks.reporting.tables.model import Table


@dataclass(frozen=True)
class Figure:
    """One plot. `chart` is an Altair chart as wide as the page allows; `id` is unique in the page."""

    id: str
    title: str
    says: str
    """What the plot shows and how to read it: its caption, and what a screen reader hears first."""
    chart: Any
    table: Table
    command: str
    has_legend: bool = False
    """Whether a click on the legend picks what it names."""


@dataclass(frozen=True)
class Panel:
    """Figures under one tab."""

    label: str
    figures: Sequence[Figure]


def figures_html(panels: Sequence[Panel], name: str) -> Markup:
    """Panels as tabs called `name` (one panel: no tabs)."""
    specs = {figure.id: figure.chart.to_dict() for panel in panels for figure in panel.figures}
    return render("figures.html", panels=panels, name=name, specs=specs)
