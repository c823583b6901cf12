"""`list`: what there is, and whether it can run here."""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.cli import options
from datasets.words import count_of


class Kind(StrEnum):
    """What can be listed."""

    METHODS = "methods"
    DATASETS = "datasets"
    METRICS = "metrics"
    COLUMNS = "columns"
    TASKS = "tasks"
    RUNS = "runs"


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

    from benchmarks import inventory
    from benchmarks.terminal import Console

    rows: list[dict[str, Any]]
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
    table = Table(title=count_of(len(rows), str(kind).removesuffix("s")), title_justify="left")
    fitting = ("id", "family", "source", "runs_here", "reason") if kind is Kind.METHODS else None
    shown = [name for name in fitting or (rows[0] if rows else ()) if not isinstance(rows[0][name], dict | list)]
    for name in shown:
        table.add_column(name.replace("_", " "), no_wrap=name == "id")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in shown))
    console.print(table if rows else f"no {kind} yet")


def _columns(plugins: Sequence[Path]) -> list[dict[str, Any]]:
    """The columns of the retrieval tables, those of plug-ins last: the key in their CSV, the title."""
    from benchmarks.additions import load_plugins
    from benchmarks.columns import DERIVED
    from benchmarks.tables.retrieval import ACCURACY, COST

    load_plugins(plugins)
    known = {column.key: column.title for column in (*ACCURACY, *COST, *DERIVED.values())}
    return [{"id": key, "title": title, "plugin": key in DERIVED} for key, title in known.items()]


def _cell(value: object) -> str:
    from rich.markup import escape

    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else escape(str(value))
