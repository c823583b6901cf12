"""A report in its three forms: for a person at a terminal, for a pull request, for machines.

Ids and reasons come from files and runs: they are shown as text, whatever they hold.
"""

import re
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.gate.finding import Verdict
from benchmarks.gate.report import Report
from benchmarks.gate.sections import Section, headline, origins, sections
from benchmarks.gate.snapshot import Snapshot
from benchmarks.system.named_files import Form
from datasets.safe_text import printable

_COLOURS = {Verdict.WORSE: "red", Verdict.INCOMPARABLE: "yellow"}
_LIMIT = 60_000
"""Characters: a comment on GitHub may have 65,536."""
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "&<>\\`*_~[]|"}
_NOTHING = "\u200b"
"""A space of no width: keeps names from being mentions and addresses from being links."""
_ACTIVE = re.compile(r"(?<!\w)@|:(?=//)|\bwww(?=\.)")
"""Where a mention or a link would begin."""
_SIGNS = {Verdict.SAME: "✅", Verdict.BETTER: "✅", Verdict.WORSE: "❌", Verdict.INCOMPARABLE: "⚠️"}
SCHEMA = 1
_TITLE = "### Regression gate:"
MARKDOWN = Form(signs=(_TITLE.encode(),))
JSON = Form(signs=(b'"base": {', b'"cells": '))


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


def to_markdown(report: Report) -> str:
    """The verdict, the tables, flipped queries folded away below each; cut where a comment would be too long."""
    parts = [
        f"{_TITLE} {_SIGNS[report.verdict]} {_text(headline(report))}",
        *map(_section, sections(report)),
        "<details><summary>What was compared</summary>\n\n"
        + "\n".join(f"- {_text(line)}" for line in [*origins(report), str(report.rules)])
        + "\n\n</details>",
    ]
    kept = [parts[0]]
    for part in parts[1:]:
        if sum(map(len, kept)) + len(part) > _LIMIT:
            kept.append("The rest is too long for a comment: see the JSON report.")
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"


def _section(section: Section) -> str:
    rows = ["| " + " | ".join(map(_text, row)) + " |" for row in section.rows]
    table = ["| " + " | ".join(section.columns) + " |", "|" + " :-- |" * len(section.columns), *rows] if rows else []
    text = "\n".join([f"**{section.title}**", "", *table])
    if section.lines:
        lines = "\n".join(f"- {_text(line)}" for line in section.lines)
        text += f"\n\n<details><summary>which queries</summary>\n\n{lines}\n\n</details>"
    return text


def _text(text: str) -> str:
    """Plain text in markdown: no markup, no link, no mention, no end of a table's cell."""
    return _ACTIVE.sub(rf"\g<0>{_NOTHING}", printable(" ".join(text.split()))).translate(_ENTITIES)


def to_json(report: Report) -> dict[str, object]:
    """The whole report, JSON-able: verdict, exit code, rules, both sides, findings with all flipped ids, its power."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "rules": asdict(report.rules),
        "base": _side(report.base),
        "new": _side(report.new),
        "findings": [asdict(finding) for finding in report.findings],
        "detectable": [asdict(entry) for entry in report.detectable],
    }


def _side(side: Snapshot) -> dict[str, object]:
    return {
        "source": side.source,
        "cells": len(side.cells),
        "provenance": dict(side.provenance),
        "updates": [asdict(update) for update in side.updates],
    }
