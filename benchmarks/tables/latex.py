r"""Tables as LaTeX, for papers: \usepackage{booktabs} and \input the file."""

import re
from collections.abc import Sequence
from itertools import count

from benchmarks.tables.model import Shown, Table, shown
from datasets.safe_text import printable

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


def to_latex(table: Table, label: str) -> str:
    """A `table` environment with caption, `label` (after tab:), intervals in small print and the notes below."""
    layout = "".join("l" if column.is_text else "r" for column in table.columns)
    header = _line([escape(column.title) for column in table.columns])
    rows = [_line([_cell(shown(table, column, row)) for column in table.columns]) for row in table.rows]
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


def _cell(cell: Shown) -> str:
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
