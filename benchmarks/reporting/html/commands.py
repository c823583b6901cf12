"""Where the figures come from: machine, versions and protocol of each table, and the command that makes each again.

A command names what was asked, with the folder and the plug-ins of this very report.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from benchmarks.reporting.html.section import Section, render
from benchmarks.reporting.tables.groups import Group
from benchmarks.reporting.tables.notes import provenance_notes
from benchmarks.reporting.tables.pages import Page
from methods.engines.registry import PLAIN

_PROGRAM = ("python", "-m", "benchmarks")
_DEFAULT = Path("results")


def report_command(out: Path = _DEFAULT, plugins: Sequence[Path] = ()) -> str:
    """Write the report again from what is stored in `out`."""
    return shlex.join([*_PROGRAM, "report", *_places(out, plugins)])


def run_command(group: Group, methods: Sequence[str] = ()) -> str:
    """Run the group's cells (of the systems `methods`; all unless given) and write the report again.

    Systems on other engines than plain Keras take a run for each engine.
    """
    cells = [cell for cell, _, _ in group.entries if not methods or cell.method in methods]
    engines: dict[str, list[str]] = {}
    for cell in cells:
        engines.setdefault(cell.engine or PLAIN, []).append(cell.method_id)
    runs = []
    for engine, ids in engines.items():
        everything = not methods and engine == PLAIN and group.is_everything
        who = ["--all"] if everything else [word for id in ids for word in ("-m", id)]
        where = ["-d", f"{cells[0].dataset}:{cells[0].subset}", "--task", cells[0].task]
        on = ["--engine", engine] if engine != PLAIN else []
        on += ["--device", "gpu"] if all(cell.device == "gpu" for cell in cells) else []
        runs.append(shlex.join([*_PROGRAM, "run", *who, *where, *on, *_places(group.out, group.plugins)]))
    return " && ".join([*runs, report_command(group.out, group.plugins)])


def scaling_command(methods: Sequence[str], dataset: str, sizes: Sequence[int], out: Path) -> str:
    """Measure growth with the gallery again, at the same sizes."""
    who = [word for method in methods for word in ("-m", method)]
    asked = ["-d", dataset, "--sizes", ",".join(map(str, sizes)), *_places(out, ())]
    return " && ".join([shlex.join([*_PROGRAM, "scaling", *who, *asked]), report_command(out)])


def _places(out: Path, plugins: Sequence[Path]) -> list[str]:
    named = [word for path in plugins for word in ("--plugin", str(path))]
    return named + ([] if out == _DEFAULT else ["--out", str(out)])


def tables_section(pages: Sequence[Page]) -> list[Section]:
    """Every table that is also written as markdown, CSV and LaTeX, in one section."""
    if not pages:
        return []
    return [Section("tables", "Tables", render("tables.html", pages=pages))]


def origins(pages: Sequence[Page]) -> list[Section]:
    """One section."""
    groups = list({id(page.group): page.group for page in pages}.values())
    rows = [(group.heading, provenance_notes(group), run_command(group)) for group in groups]
    if not rows:
        return []
    report = report_command(groups[0].out, groups[0].plugins)
    return [Section("origins", "Provenance", render("origins.html", rows=rows, report=report))]
