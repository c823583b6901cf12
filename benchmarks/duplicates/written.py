"""A finding as data, as a CSV file and on a terminal."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.duplicates.evaluation import Quality
from benchmarks.duplicates.finding import COPIES, Finding
from benchmarks.duplicates.picture import Picture
from benchmarks.system.files import write_text
from benchmarks.system.named_files import Form
from datasets.safe_text import csv_field, visible
from datasets.words import count_of, listed, score_text

SHOWN = 40
"""Groups on a terminal; all are in the files."""
COLUMNS = ("group", "path", "suggested", "same_file", "score", "width", "height", "bytes", "sharpness")
GROUPS = Form((".csv",), (",".join(COLUMNS).encode(),))


def to_json(finding: Finding) -> dict[str, object]:
    """Everything that was found, as plain data."""
    return {
        "folder": finding.folder,
        "method": finding.method,
        "pictures": finding.pictures,
        "threshold": finding.compared.threshold.score,
        "basis": finding.compared.threshold.basis,
        "groups": [[_row(number, picture, group) for picture in group] for number, group in _numbered(finding)],
        "across_groups": [{"one": one, "other": other, "score": score} for one, other, score in finding.across],
        "notes": list(finding.notes),
    }


def write_groups(path: Path, finding: Finding) -> None:
    """A line a picture, its group's best copy first; no name is taken for a formula."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for number, group in _numbered(finding):
        for picture in group:
            writer.writerow({name: csv_field(value) for name, value in _row(number, picture, group).items()})
    write_text(path, text.getvalue())


def _numbered(finding: Finding) -> list[tuple[int, tuple[Picture, ...]]]:
    return list(enumerate(finding.groups, 1))


def _row(number: int, picture: Picture, group: tuple[Picture, ...]) -> dict[str, object]:
    best = group[0]
    return {
        "group": number,
        "path": picture.path,
        "suggested": "keep" if picture is best else "copy",
        "same_file": picture is not best and picture.content == best.content,
        "score": round(picture.score, 4),
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "sharpness": round(picture.sharpness, 2),
    }


def told(finding: Finding, all_pairs: str = "; all with --json") -> list[str]:
    """What a reader should know, a sentence each: how many, by which threshold, what was left out.

    `all_pairs` says where the pairs outside groups are to be had, beyond the first of them.
    """
    lines = [
        f"{count_of(len(finding.groups), 'group')} of copies among {count_of(finding.pictures, 'picture')}: "
        f"{count_of(finding.spare, 'picture')} beyond the one to keep of each group; nothing was changed or deleted",
        finding.compared.threshold.basis,
    ]
    if finding.across:
        one, other, _ = finding.across[0]
        kind, why = "verified pair", ", as a collage and what else it shows"
        if finding.method != COPIES:
            kind, why = "alike pair", ": in a group each picture is alike to every other one"
        apart = count_of(len(finding.across), kind)
        lines.append(f"{apart} in no group together{why} (first: {one}, {other}{all_pairs})")
    return [*lines, *finding.notes]


def print_finding(console: Console, finding: Finding, files: Sequence[Path] = ()) -> None:
    """The first groups as a table, and what a reader should know below it; `files` hold all groups."""
    if finding.groups:
        console.print(_table(finding))
    more = count_of(len(finding.groups) - SHOWN, "more group") if len(finding.groups) > SHOWN else ""
    if files:
        where = f"written to {listed([visible(str(file)) for file in files])}"
        line = f"{more}; all are {where}" if more else where
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    elif more:
        console.print(f"  {more}: write all with --csv FILE, or look at them with --html FILE", highlight=False)
    for line in told(finding):
        console.print(f"  {line}", style="dim", markup=False, highlight=False, soft_wrap=True)


def _table(finding: Finding) -> Table:
    table = Table(title=f"{escape(finding.method)} in {escape(finding.folder)}", title_justify="left", title_style="")
    for name, justify in (("group", "right"), ("", "left"), ("picture", "left"), ("pixels", "right"), ("kB", "right")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column("score", justify="right")
    for number, group in _numbered(finding)[:SHOWN]:
        for place, picture in enumerate(group):
            size = f"{picture.width}x{picture.height}" if picture.width else "gone"
            score = "same file" if place and picture.content == group[0].content else score_text(picture.score, 3)
            cells = ("keep", "") if not place else ("copy", score)
            table.add_row(
                str(number) if not place else "",
                cells[0],
                escape(picture.path),
                size,
                f"{picture.bytes / 1000:,.0f}",
                cells[1],
                end_section=place == len(group) - 1,
            )
    return table


def print_quality(console: Console, qualities: list[Quality], groups: Quality) -> None:
    """Precision, recall and F1 over thresholds, and of the groups as they were made."""
    table = Table(title="pairs found, by threshold", title_justify="left", title_style="")
    judged = groups.others is not None
    for name in ("threshold", "found", "precision", "recall", "F1", *(["false merges"] if judged else [])):
        table.add_column(name, justify="right")
    for quality in qualities:
        used = " (used)" if quality.threshold == groups.threshold else ""
        table.add_row(f"{score_text(quality.threshold, 3)}{used}", *_figures(quality, judged))
    table.add_row("in groups", *_figures(groups, judged))
    console.print(table)
    others = f"{count_of(groups.others, 'pair')} that are none" if groups.others is not None else "all others are none"
    console.print(f"  {count_of(groups.copies, 'pair')} of copies; {others}", style="dim", highlight=False)


def _figures(quality: Quality, judged: bool) -> list[str]:
    figures = [f"{quality.found:,}", f"{quality.precision:.3f}", f"{quality.recall:.3f}", f"{quality.f1:.3f}"]
    return [*figures, f"{quality.false_merges:.2%}"] if judged else figures


def quality_to_json(qualities: list[Quality], groups: Quality) -> dict[str, object]:
    """The same as plain data; None for what is not defined."""
    return {"thresholds": [_plain(quality) for quality in qualities], "groups": _plain(groups)}


def _plain(quality: Quality) -> dict[str, float | int | None]:
    row = {
        name: getattr(quality, name)
        for name in ("threshold", "found", "right", "wrong", "copies", "precision", "recall", "f1", "false_merges")
    }
    return {name: None if value != value else value for name, value in row.items()}
