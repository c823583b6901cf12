"""Tables as GitHub markdown."""

from collections.abc import Sequence
from typing import Any

from benchmarks.tables.model import Column, Table, is_missing

LEGEND = (
    "**Bold**: best of its column; ≈: tied with the best (the 95 % interval of the paired difference over queries "
    "holds 0). † learns from gallery labels. Canaries and untrained networks are never ranked. [..]: 95 % bootstrap "
    "interval over queries."
)


def to_markdown(table: Table, level: int = 1) -> str:
    """The table with its title and notes."""
    header = "| " + " | ".join(column.title for column in table.columns) + " |"
    rule = "|" + "|".join(":--" if column.is_text else "--:" for column in table.columns) + "|"
    rows = ["| " + " | ".join(_cell(table, column, row) for column in table.columns) + " |" for row in table.rows]
    notes = "".join(f"\n{note}\n" for note in table.notes)
    return f"{'#' * level} {table.title}\n\n" + "\n".join([header, rule, *rows]) + "\n" + notes


def document(title: str, introduction: str, tables: Sequence[Table]) -> str:
    """Several tables under one heading."""
    return f"# {title}\n\n{introduction}\n\n" + "\n".join(to_markdown(table, 2) for table in tables)


def _cell(table: Table, column: Column, row: dict[str, Any]) -> str:
    value = row.get(column.key)
    if is_missing(value):
        return row["word"] if column.key in row.get("word_in", ()) else ""
    text = _escaped(column.show(value))
    interval = row.get(f"{column.key}_interval")
    shown = f"{text} [{column.show(interval[0])}, {column.show(interval[1])}]" if interval else text
    if table.best.get(column.key) == row["method"]:
        return f"**{shown}**"
    return f"≈ {shown}" if row["method"] in table.tied.get(column.key, ()) else shown


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
