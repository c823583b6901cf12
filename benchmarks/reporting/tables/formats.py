"""Tables as GitHub markdown and, for papers, as LaTeX."""

import re
from collections.abc import Sequence
from itertools import count

from benchmarks.reporting.tables.model import Column, Shown, Table, shown
from datasets.safe_text import markdown, markdown_note, printable

LEGEND = (
    "**Bold**: best of its column; ≈: tied with the best (the 95% interval of the paired difference over queries "
    "holds 0). † learns from gallery labels. Canaries and untrained networks are never ranked. [..]: 95% interval "
    "over queries (Wilson's for hit@k and votes, a BCa bootstrap for other means); by class [..], by original [..]: "
    "where classes, or the originals of edited copies, are the sample; shown where its width differs by more than a "
    "quarter. ≈ stands where either interval of the difference holds 0."
)
_ESCAPES = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "≈": r"$\approx$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "…": r"\dots{}",
}
"""Every character that LaTeX reads as a command, and those the project prints that ASCII lacks."""

_PREAMBLE = (
    "% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}. Bold: best; $\\approx$: tied with the best.\n"
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


def to_latex(table: Table, label: str) -> str:
    """A `table` environment with caption, `label` (after tab:), intervals in small print and the notes below."""
    layout = "".join("l" if column.is_text else "r" for column in table.columns)
    header = _line([escape(column.title) for column in table.columns])
    rows = [_line([_latex_cell(shown(table, column, row)) for column in table.columns]) for row in table.rows]
    notes = "".join(f"\n\\par\\smallskip {_note(note)}" for note in table.notes)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\footnotesize",
            f"\\caption{{{escape(table.title)}}}\\label{{tab:{label}}}",
            f"\\begin{{tabular}}{{@{{}}{layout}@{{}}}}",
            r"\toprule",
            header,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}" + notes,
            r"\end{table}",
        ]
    )


def latex_document(tables: Sequence[Table], label: str) -> str:
    """Several tables for one \\input: the first is labelled `label`, the others `label-2`, `label-3`, …"""
    labels = (label if number == 1 else f"{label}-{number}" for number in count(1))
    parts = [to_latex(table, name) for table, name in zip(tables, labels, strict=False)]
    return _PREAMBLE + "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """`text` as LaTeX prints it, whatever characters are in it."""
    return "".join(_ESCAPES.get(character, character) for character in printable(text.replace("\n", " ")))


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex_cell(cell: Shown) -> str:
    text = escape(cell.text)
    if cell.interval:
        text = f"{text} {{\\scriptsize [{escape(cell.interval[0])}, {escape(cell.interval[1])}]}}"
    if cell.clustered:
        ends = ", ".join(map(escape, cell.clustered))
        text = f"{text} {{\\scriptsize by {escape(cell.clustered_by)} [{ends}]}}"
    return {"best": f"\\textbf{{{text}}}", "tied": f"$\\approx$ {text}", "": text}[cell.mark]


def _note(note: str) -> str:
    """A note, whose **words** are bold."""
    return re.sub(r"\*\*(.+?)\*\*", r"\\textbf{\1}", escape(note))
