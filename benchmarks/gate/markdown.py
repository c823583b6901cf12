"""A report for a pull request. Ids and reasons come from files and runs: they are shown as text, whatever they hold."""

import re

from benchmarks.gate.finding import Verdict
from benchmarks.gate.report import Report
from benchmarks.gate.sections import Section, headline, origins, sections
from datasets.safe_text import printable

_LIMIT = 60_000
"""Characters: a comment on GitHub may have 65,536."""
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "&<>\\`*_~[]|"}
_NOTHING = "\u200b"
"""A space of no width: keeps names from being mentions and addresses from being links."""
_ACTIVE = re.compile(r"(?<!\w)@|:(?=//)|\bwww(?=\.)")
"""Where a mention or a link would begin."""
_SIGNS = {Verdict.SAME: "✅", Verdict.BETTER: "✅", Verdict.WORSE: "❌", Verdict.INCOMPARABLE: "⚠️"}


def to_markdown(report: Report) -> str:
    """The verdict, the tables, flipped queries folded away below each; cut where a comment would be too long."""
    parts = [
        f"### Regression gate: {_SIGNS[report.verdict]} {_text(headline(report))}",
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
