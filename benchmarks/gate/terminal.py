"""A report for a person at a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.gate.finding import Verdict
from benchmarks.gate.report import Report
from benchmarks.gate.sections import headline, origins, sections

_COLOURS = {Verdict.WORSE: "red", Verdict.INCOMPARABLE: "yellow"}


def print_report(console: Console, report: Report) -> None:
    """What was compared, every section, the verdict last."""
    for line in [*origins(report), str(report.rules)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for section in sections(report):
        table = Table(*section.columns, title=section.title, title_justify="left")
        for row in section.rows:
            table.add_row(*map(escape, row))
        if section.rows:
            console.print(table)
        for line in section.lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    colour = _COLOURS.get(report.verdict, "green")
    console.print(f"[bold {colour}]{escape(headline(report))}[/]", highlight=False, soft_wrap=True)
