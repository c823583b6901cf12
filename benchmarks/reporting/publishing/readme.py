"""README.md's table and picture, made of the written overview: so they can be checked where no cell is stored."""

import csv
import re
from pathlib import Path
from typing import cast

from benchmarks.reporting.publishing.readme_picture import draw_picture, is_fresh
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import MethodRow, Table
from benchmarks.reporting.tables.retrieval import shown_method
from benchmarks.reporting.tables.summary import Summarised
from benchmarks.reporting.tables.winners import winners_table
from benchmarks.system.files import write_text
from datasets.errors import BenchmarkError
from datasets.origin_note import SYNTHETIC
from datasets.reading import require_regular

BEGIN, END = "<!-- summary:begin -->", "<!-- summary:end -->"
PICTURE = "at-a-glance.png"
"""A picture of this name in the file is drawn anew with the table."""
_TEXTS = ("method", "family", "status", "machine", "hit@1_mark")
_RANK = ("rank", "rank_low", "rank_high", "ranked")
"""Which overviews of older versions, and those of a single data set, do not have."""
_NUMBERS = ("hit@1", "p50_ms", "gallery_images_per_s", "peak_bytes", "index_bytes_per_image", "gallery", "queries")


def readme_table(overview: Path, subset: str) -> Table:
    """The winners of one subset, from `overview.csv`.

    Raises BenchmarkError where the file is not there, has no row of `subset`, or was written by an older version.
    """
    members, copies = read_overview(overview, subset)
    return winners_table(members, copies)


def read_overview(overview: Path, subset: str) -> tuple[list[Summarised], dict[str, float]]:
    """The retrieval rows of each data set of `subset`, and hit@1 on edited copies of the first one's images, by method.

    Raises BenchmarkError as `readme_table` does.
    """
    try:
        require_regular(overview)
        with overview.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["subset"] == subset]
        retrieval = [row for row in rows if row["task"] == "retrieval"]
        if not retrieval:
            raise BenchmarkError(f"{overview} has no row for {subset}: run --all --subset {subset} first")
        members = [_summarised(title, subset, retrieval) for title in dict.fromkeys(map(_title, retrieval))]
        copies = [row for row in rows if (row["task"], _title(row)) == ("robustness", members[0].title)]
        return members, {row["method"]: float(row["hit@1"]) for row in copies if row["hit@1"]}
    except FileNotFoundError as error:
        raise BenchmarkError(f"{overview} is not there: run something, or `report`, first") from error
    except (OSError, KeyError, ValueError) as error:
        raise BenchmarkError(f"{overview} cannot be read ({error}): write it again with `report`") from error


def fresh_readme(readme: Path, table: Table) -> tuple[str, str]:
    """The file's text, and what it should be: `table` between its markers. Raises BenchmarkError without markers."""
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    if BEGIN not in text or END not in text:
        raise BenchmarkError(f"{readme} has no {BEGIN} … {END} markers; put them where the table belongs")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return text, f"{head}{BEGIN}\n{to_markdown(table, 3)}\n{END}{tail}"


def update_readme(readme: Path, overview: Path, subset: str) -> bool:
    """Put the table between the file's markers and draw its picture; True where that changed anything.

    Raises BenchmarkError without markers, and as `readme_table` does.
    """
    text, fresh = fresh_readme(readme, readme_table(overview, subset))
    if fresh != text:
        write_text(readme, fresh)
    stale = [picture for picture in _pictures(readme, text) if not is_fresh(picture, overview)]
    for picture in stale:
        draw_picture(read_overview(overview, subset)[0], overview, picture)
    return fresh != text or bool(stale)


def stale_parts(readme: Path, overview: Path, subset: str) -> list[str]:
    """What of the file is not what `overview` makes: "table", "picture", both or neither."""
    text, fresh = fresh_readme(readme, readme_table(overview, subset))
    pictures = [is_fresh(picture, overview) for picture in _pictures(readme, text)]
    return [name for name, is_stale in (("table", text != fresh), ("picture", not all(pictures))) if is_stale]


def _pictures(readme: Path, text: str) -> list[Path]:
    return [readme.parent / link for link in re.findall(rf"!\[[^]]*\]\((\S*{re.escape(PICTURE)})\)", text)]


def _title(row: dict[str, str]) -> str:
    """The data set with the origin of its images; of synthetic ones the name says it."""
    origin = row.get("origin", "")
    return f"{row['dataset']} ({origin})" if origin not in ("", SYNTHETIC.title) else row["dataset"]


def _summarised(title: str, subset: str, rows: list[dict[str, str]]) -> Summarised:
    members = [row for row in rows if _title(row) == title]
    marked = {name: {row["method"] for row in members if row["hit@1_mark"] == name} for name in ("best", "tied")}
    return Summarised(title, subset, [_row(row) for row in members], "".join(marked["best"]), marked["tied"])


def _row(row: dict[str, str]) -> MethodRow:
    supervised, trained = (row[key] == "True" for key in ("supervised", "trained"))
    shown = {
        **row,
        **{name: row[name] for name in _TEXTS},
        **{name: float(row[name]) if row[name] else None for name in _NUMBERS},
        **{name: int(float(row[name])) if row.get(name) else None for name in _RANK},
        **{name: int(float(row[name])) for name in ("jobs", "threads")},
        "shown_method": shown_method(row["method"], row["family"], supervised),
        "word": row["status"] if row["status"] != "ok" else "" if trained else "untrained",
    }
    return cast(MethodRow, shown)
