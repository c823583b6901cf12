"""The best method of each family, a dozen rows at most: the table that README opens with."""

from collections.abc import Mapping, Sequence

from benchmarks.reporting.tables.model import (
    Column,
    MethodRow,
    Table,
    count,
    figure_of,
    fraction,
    is_missing,
    mebibytes,
    milliseconds,
)
from benchmarks.reporting.tables.retrieval import METHOD
from benchmarks.reporting.tables.summary import Summarised, merged_lines, run_line

CANARY = "canary"
JUDGED = 2
"""So many data sets, the first ones, decide who is a winner; the others only add a column."""
COPIES = "edited copies"
MARKS = (
    "**Bold**: best of its column; ≈: tied with the best (the 95% interval of the paired difference holds 0); "
    "†: learns from gallery labels."
)

_COST = (
    Column("query p50 ms", "p50_ms", milliseconds),
    Column("peak MiB", "peak_bytes", mebibytes),
    Column("index B/image", "index_bytes_per_image", count),
)


def winners(members: Sequence[Summarised]) -> list[str]:
    """Methods with the best hit@1 of their family on one of the first `JUDGED` data sets, best on the first one first.

    Canaries, untrained networks and other indexes over a row's own vectors take no part; of equals the first is taken.
    """
    found: dict[str, None] = {}
    for member in members[:JUDGED]:
        best: dict[str, MethodRow] = {}
        for row in filter(is_candidate, member.rows):
            if row["family"] not in best or row["hit@1"] > best[row["family"]]["hit@1"]:
                best[row["family"]] = row
        found |= dict.fromkeys(row["method"] for row in best.values())
    hits = [{row["method"]: row["hit@1"] for row in member.rows if not is_missing(row["hit@1"])} for member in members]
    return sorted(found, key=lambda method: [-scores.get(method, -1.0) for scores in hits])


def winners_table(members: Sequence[Summarised], copies: Mapping[str, float]) -> Table:
    """The winners' hit@1 on every data set and on edited copies (`copies`, by method), their cost on the first set.

    `members` are of one subset. The canaries' figures stand in a note below.
    """
    chosen, lines = winners(members), merged_lines(members)
    titles = [member.title for member in members]
    columns = [
        METHOD,
        Column("family", "family", is_text=True),
        Column(f"{_starred(titles[0])} hit@1", titles[0], fraction),
    ]
    if copies:
        columns.append(Column(f"{COPIES} hit@1", COPIES, fraction))
    columns += [Column(f"{_starred(title)} hit@1", title, fraction) for title in titles[1:]]
    ranks = _ranks(members)
    if ranks:
        columns.append(Column("rank", "rank", count))
    for method in chosen:
        lines[method] |= {COPIES: copies.get(method), **ranks.get(method, {})}
    return Table(
        f"The best of each family, {members[0].subset} subsets",
        [*columns, *_COST],
        [lines[method] for method in chosen],
        _notes(members, bool(copies)),
        {member.title: member.best for member in members},
        {member.title: member.tied for member in members},
    )


def is_candidate(row: MethodRow) -> bool:
    """Whether a row of retrieval may win: it has a hit@1 and is no canary, nor another index over a row's vectors."""
    return row["family"] != CANARY and not row.get("reference") and not is_missing(row.get("hit@1")) and not row["word"]


def short(title: str) -> str:
    """The title without where its images come from: lfw for "lfw (8,329 of 13,233 images)"; synthetic ones keep it."""
    name, _, origin = title.partition(" (")
    return name if origin and origin != "synthetic)" else title


def _starred(title: str) -> str:
    return title if short(title) == title else f"{short(title)}*"


def _notes(members: Sequence[Summarised], with_copies: bool) -> list[str]:
    titles = list(dict.fromkeys(member.title for member in members))
    names = [short(title) for title in titles]
    judged = " and on ".join(names[:JUDGED])
    copies = f" {COPIES.capitalize()}: ten edits each of gallery images of {names[0]}." if with_copies else ""
    canaries = [line for line in merged_lines(members).values() if line["family"] == CANARY]
    checks = "; ".join(f"{line['method']} {_on_each(line, titles)}" for line in canaries)
    origins = "; ".join(title for title in titles if short(title) != title)
    sizes = ", ".join(member.size.replace(member.title, short(member.title)) for member in members)
    return [
        *([f"\\* {origins}."] if origins else []),
        f"Canaries, hit@1 on {' / '.join(names)}: {checks}." if checks else "No canary ran.",
        f"Rows: the best of each family on {judged}. Empty: not run (it looks for faces, or ranks labels). {MARKS}",
        f"Gallery + queries: {sizes}.{copies} Costs are those on {names[0]}.",
        *_rank_note(members),
        run_line(members),
    ]


def _ranks(members: Sequence[Summarised]) -> dict[str, dict[str, object]]:
    """By method its rank over data sets, where the overview has it."""
    return {
        row["method"]: {"rank": row["rank"], "rank_interval": (row["rank_low"], row["rank_high"])}
        for member in members
        for row in member.rows
        if not is_missing(row.get("rank"))
    }


def _rank_note(members: Sequence[Summarised]) -> list[str]:
    """Of how many methods, on which data sets."""
    found = next((row for member in members for row in member.rows if not is_missing(row.get("rank"))), None)
    if found is None:
        return []
    over = found["rank_over"]
    return [f"Rank: among {found['ranked']} methods by the mean hit@1 over {over}, with its 95% interval."]


def _on_each(line: Mapping[str, object], titles: Sequence[str]) -> str:
    return " / ".join("–" if (share := figure_of(line, title)) is None else fraction(share) for title in titles)
