"""`list`: what there is, and whether it can run here."""

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.cli import options
from datasets.words import count_of

_WHOLE = 12
"""Characters of a column's longest cell up to which none of them is broken: it is longer texts that give way."""
_WORD = 10
"""Characters of a column's longest word up to which its words are not broken either."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\S*")


class Kind(StrEnum):
    """What can be listed."""

    METHODS = "methods"
    DATASETS = "datasets"
    METRICS = "metrics"
    COLUMNS = "columns"
    TASKS = "tasks"
    RUNS = "runs"


_FITTING = {
    Kind.METHODS: ("id", "family", "source", "runs_here", "reason"),
    Kind.RUNS: ("started", "ended", "planned", "statuses", "commit", "cpu"),
}
"""What fits a terminal of a kind of which there is more to say; the JSON says all."""


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
) -> None:
    """List methods, datasets, metrics, columns of the retrieval tables, tasks or runs."""
    from rich.table import Table

    from benchmarks.core import inventory
    from benchmarks.system.terminal import Console

    rows: Sequence[Mapping[str, object]]
    if kind is Kind.METHODS:
        rows = inventory.methods(weights_dir, plugins or ())
    elif kind is Kind.DATASETS:
        rows = inventory.datasets(data_dir, plugins or ())
    elif kind is Kind.METRICS:
        rows = inventory.metrics(plugins or ())
    elif kind is Kind.COLUMNS:
        rows = _columns(plugins or ())
    elif kind is Kind.TASKS:
        rows = inventory.tasks(plugins or ())
    else:
        rows = inventory.runs(out)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    console = Console()
    if not rows:
        console.print(f"no {kind} yet")
        return
    names = _FITTING.get(kind) or dict.fromkeys(name for row in rows for name in row)
    columns = {name: [_cell(row.get(name)) for row in rows] for name in names}
    table = Table(title=count_of(len(rows), str(kind).removesuffix("s")), title_justify="left")
    shown = [name for name, cells in columns.items() if any(cells)]
    for name in shown:
        whole = name == "id" or max(map(len, columns[name])) <= _WHOLE
        word = max(len(word) for cell in columns[name] for word in cell.split())
        is_number = any(isinstance(row.get(name), int) and not isinstance(row.get(name), bool) for row in rows)
        justify: Literal["right", "left"] = "right" if is_number else "left"
        least = word if word <= _WORD else None
        table.add_column(name.replace("_", " "), no_wrap=whole, overflow="fold", justify=justify, min_width=least)
    for cells in zip(*(columns[name] for name in shown), strict=True):
        table.add_row(*cells)
    console.print(table)


def _columns(plugins: Sequence[Path]) -> list[dict[str, object]]:
    """The columns of the retrieval tables, those of plug-ins last: the key in their CSV, the title."""
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.columns import DERIVED
    from benchmarks.reporting.tables.retrieval import ACCURACY, COST

    load_plugins(plugins)
    known = {column.key: column.title for column in (*ACCURACY, *COST, *DERIVED.values())}
    return [{"id": key, "title": title, "plugin": key in DERIVED} for key, title in known.items()]


def _cell(value: object) -> str:
    """A value on a line of a table; nothing for what is only in the JSON."""
    from rich.markup import escape

    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int):
        return f"{value:,}"
    text = "" if value is None or isinstance(value, dict | list) else str(value)
    return escape(" ".join(moment.groups()) if (moment := _MOMENT.fullmatch(text)) else text)
