"""Tables as GitHub markdown."""

from collections.abc import Sequence

from benchmarks.tables.model import Column, Shown, Table, shown
from datasets.safe_text import markdown, markdown_note

LEGEND = (
    "**Bold**: best of its column; ≈: tied with the best (the 95% interval of the paired difference over queries "
    "holds 0). † learns from gallery labels. Canaries and untrained networks are never ranked. [..]: 95% interval "
    "over queries (Wilson's for hit@k and votes, a BCa bootstrap for other means); by class [..], by original [..]: "
    "where classes, or the originals of edited copies, are the sample; shown where its width differs by more than a "
    "quarter. ≈ stands where either interval of the difference holds 0."
)


def to_markdown(table: Table, level: int = 1) -> str:
    """The table with its title and notes."""
    header = "| " + " | ".join(markdown(column.title) for column in table.columns) + " |"
    rule = "|" + "|".join(":--" if column.is_text else "--:" for column in table.columns) + "|"
    rows = [
        "| " + " | ".join(_cell(shown(table, column, row), column) for column in table.columns) + " |"
        for row in table.rows
    ]
    notes = "".join(f"\n{markdown_note(note)}\n" for note in table.notes)
    return f"{'#' * level} {markdown(table.title)}\n\n" + "\n".join([header, rule, *rows]) + "\n" + notes


def document(title: str, introduction: str, tables: Sequence[Table]) -> str:
    """Several tables under one heading."""
    return f"# {title}\n\n{introduction}\n\n" + "\n".join(to_markdown(table, 2) for table in tables)


def _cell(cell: Shown, column: Column) -> str:
    text = cell.text if column.is_markdown else markdown(cell.text)
    if cell.interval:
        text = f"{text} [{cell.interval[0]}, {cell.interval[1]}]"
    if cell.clustered:
        text = f"{text}, by {cell.clustered_by} [{cell.clustered[0]}, {cell.clustered[1]}]"
    return {"best": f"**{text}**", "tied": f"≈ {text}", "": text}[cell.mark]
