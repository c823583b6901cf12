"""README.md's table, kept between markers, made of the written overview: so it can be checked where no cell is."""

import csv
from pathlib import Path
from typing import Any

from benchmarks.files import write_text
from benchmarks.tables.markdown import to_markdown
from benchmarks.tables.model import Table
from benchmarks.tables.retrieval import shown_method
from benchmarks.tables.summary import Summarised, summary_table
from datasets.errors import BenchmarkError
from datasets.origin_note import SYNTHETIC

BEGIN, END = "<!-- summary:begin -->", "<!-- summary:end -->"
_NUMBERS = ("hit@1", "p50_ms", "gallery_images_per_s", "peak_bytes", "index_bytes_per_image", "gallery", "queries")


def readme_table(overview: Path, subset: str) -> Table:
    """The summary of one subset from `overview.csv`, in the order of its rows.

    Raises BenchmarkError where the file is not there, has no row of `subset`, or was written by an older version.
    """
    try:
        with overview.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if (row["subset"], row["task"]) == (subset, "retrieval")]
        if not rows:
            raise BenchmarkError(f"{overview} has no row for {subset}: run --all --subset {subset} first")
        titles = dict.fromkeys(_title(row) for row in rows)
        return summary_table([_summarised(title, subset, rows) for title in titles])
    except FileNotFoundError as error:
        raise BenchmarkError(f"{overview} is not there: run something, or `report`, first") from error
    except (KeyError, ValueError) as error:
        raise BenchmarkError(f"{overview} cannot be read ({error}): write it again with `report`") from error


def fresh_readme(readme: Path, table: Table) -> tuple[str, str]:
    """The file's text, and what it should be: `table` between its markers. Raises BenchmarkError without markers."""
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    if BEGIN not in text or END not in text:
        raise BenchmarkError(f"{readme} has no {BEGIN} … {END} markers; put them where the table belongs")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return text, f"{head}{BEGIN}\n{to_markdown(table, 3)}\n{END}{tail}"


def update_readme(readme: Path, table: Table) -> bool:
    """Put the table between the file's markers; True where that changed it. Raises BenchmarkError without markers."""
    text, fresh = fresh_readme(readme, table)
    if fresh != text:
        write_text(readme, fresh)
    return fresh != text


def _title(row: dict[str, str]) -> str:
    """The data set with the origin of its images; of synthetic ones the name says it."""
    origin = row.get("origin", "")
    return f"{row['dataset']} ({origin})" if origin not in ("", SYNTHETIC.title) else row["dataset"]


def _summarised(title: str, subset: str, rows: list[dict[str, str]]) -> Summarised:
    members = [row for row in rows if _title(row) == title]
    marked = {name: {row["method"] for row in members if row["hit@1_mark"] == name} for name in ("best", "tied")}
    return Summarised(title, subset, [_row(row) for row in members], "".join(marked["best"]), marked["tied"])


def _row(row: dict[str, str]) -> dict[str, Any]:
    supervised, trained = (row[key] == "True" for key in ("supervised", "trained"))
    return {
        **row,
        **{name: float(row[name]) if row[name] else None for name in _NUMBERS},
        **{name: int(float(row[name])) for name in ("jobs", "threads")},
        "shown_method": shown_method(row["method"], row["family"], supervised),
        "word": row["status"] if row["status"] != "ok" else "" if trained else "untrained",
    }
