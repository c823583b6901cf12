"""One line a method over all data sets of one size: what a newcomer reads first, kept in README.md between markers."""

from pathlib import Path
from typing import Any

from benchmarks.files import write_text
from benchmarks.tables.groups import Group
from benchmarks.tables.markdown import to_markdown
from benchmarks.tables.model import Column, Table, count, fraction, mebibytes, milliseconds, rate
from benchmarks.tables.notes import provenance_notes
from benchmarks.tables.retrieval import METHOD, RetrievalTables
from datasets.errors import BenchmarkError

BEGIN, END = "<!-- summary:begin -->", "<!-- summary:end -->"


def summary_table(groups: list[tuple[Group, RetrievalTables]]) -> Table:
    """hit@1 on every data set, cost on the first, best first; `groups` are retrieval groups of one subset.

    Untrained networks are named below the table.
    """
    lines: dict[str, dict[str, Any]] = {}
    for number, (group, tables) in enumerate(groups):
        for row in tables.rows:
            line = lines.setdefault(row["method"], {"method": row["method"], "shown_method": row["shown_method"]})
            title = group.truth.title
            line[title] = row.get("hit@1")
            line["word"], line["word_in"] = row["word"], (*line.get("word_in", ()), *([title] if row["word"] else ()))
            for key in ("p50_ms", "gallery_images_per_s", "peak_bytes", "index_bytes_per_image"):
                if number == 0 or line.get(key) is None:
                    line[key] = row.get(key)
    first = groups[0][0].truth.title
    titles = [group.truth.title for group, _ in groups]
    columns = (
        METHOD,
        *(Column(f"{title} hit@1", title, fraction) for title in titles),
        Column("query p50 ms", "p50_ms", milliseconds),
        Column("indexed images/s", "gallery_images_per_s", rate),
        Column("peak MiB", "peak_bytes", mebibytes),
        Column("index B/image", "index_bytes_per_image", count),
    )
    best = {group.truth.title: tables.best["hit@1"] for group, tables in groups if "hit@1" in tables.best}
    tied = {group.truth.title: tables.tied["hit@1"] for group, tables in groups if "hit@1" in tables.tied}
    ordered = sorted(lines.values(), key=lambda line: -max((line.get(title) or -1.0) for title in titles))
    untrained = [line["shown_method"] for line in ordered if line["word"] == "untrained"]
    ordered = [line for line in ordered if line["word"] != "untrained"]
    galleries = ", ".join(
        f"{g.truth.title} {len(g.truth.gallery_ids):,} + {len(g.truth.query_ids):,}" for g, _ in groups
    )
    notes = [
        f"Gallery + queries: {galleries}. Cost columns are those of {first} where the method runs on it. "
        "Empty: the method looks for faces, or is not asked.",
        *(
            [f"Without weights here, so only timed (on the pages): {', '.join(sorted(untrained))}."]
            if untrained
            else []
        ),
        *provenance_notes(groups[0][0])[:1],
    ]
    return Table(f"Retrieval, {groups[0][0].truth.subset} subsets", columns, ordered, notes, best, tied)


def update_readme(readme: Path, table: Table) -> bool:
    """Put the table between the file's markers; True where that changed it. Raises BenchmarkError without markers."""
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise BenchmarkError(f"{readme} has no {BEGIN} … {END} markers; put them where the table belongs")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    fresh = f"{head}{BEGIN}\n{to_markdown(table, 3)}\n{END}{tail}"
    if fresh != text:
        write_text(readme, fresh)
    return fresh != text
