"""The rank of each method over several data sets: with its interval, and what it cannot be told apart from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.metrics.ranks import Answers, Ranked, rank_methods
from benchmarks.protocol import SEED
from benchmarks.reporting.tables.model import Column, MethodRow, Table, count, fraction
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import METHOD, RetrievalTables
from benchmarks.reporting.tables.summary import Summarised, summary_table
from benchmarks.reporting.tables.winners import is_candidate
from datasets.words import listed

METRIC = "hit@1"
FEWEST = 2
"""Data sets, and methods, without which there is nothing to rank: of one data set its own table says all."""
_COLUMNS = (
    Column("rank", "rank", count),
    METHOD,
    Column("family", "family", is_text=True),
    Column(f"mean {METRIC}", METRIC, fraction),
    Column("groups", "groups", is_text=True),
)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The methods that ran on all of some data sets of one subset, best first."""

    titles: tuple[str, ...]
    subset: str
    methods: Sequence[Ranked]
    rows: Mapping[str, MethodRow]
    """By method its row on the first of the data sets."""

    @property
    def over(self) -> str:
        """For people: lfw and imdb-wiki."""
        return listed(self.titles)


def rankings(tables: Sequence[RetrievalTables]) -> list[Ranking]:
    """Of the retrieval tables of one subset: over all data sets, then over those that other methods ran on.

    Canaries, untrained networks and other indexes over a method's own vectors take no part, as in README's table.
    """
    shown = [{row["method"]: row for row in each.rows if is_candidate(row)} for each in tables]
    ran: dict[str, tuple[int, ...]] = {}
    for number, rows in enumerate(shown):
        for method in rows:
            ran[method] = (*ran.get(method, ()), number)
    sets = sorted(set(ran.values()), key=lambda numbers: (-len(numbers), numbers))
    found = []
    for numbers in sets:
        methods = [method for method in ran if set(numbers) <= set(ran[method])]
        if min(len(numbers), len(methods)) < FEWEST:
            continue
        answers = [
            Answers({method: scores[method].values[METRIC] for method in methods}, scores[methods[0]].clusters)
            for scores in (tables[number].scores for number in numbers)
        ]
        titles = tuple(tables[number].group.truth.heading for number in numbers)
        ranked = rank_methods(answers, seed=SEED)
        found.append(Ranking(titles, tables[numbers[0]].group.truth.subset, ranked, shown[numbers[0]]))
    return [each for each in found if each.methods]


def rank_table(ranking: Ranking) -> Table:
    """Best first: rank, mean of the metric, both with their intervals, and groups that cannot be told apart."""
    rows = [
        {
            "method": ranking.rows[each.method]["method"],
            "shown_method": ranking.rows[each.method]["shown_method"],
            "family": ranking.rows[each.method]["family"],
            "rank": each.rank,
            "rank_interval": (each.low, each.high),
            METRIC: each.mean,
            f"{METRIC}_interval": tuple(each.interval),
            "groups": _span(each.groups),
        }
        for each in ranking.methods
    ]
    notes = [
        f"{METRIC} is the mean over {ranking.over}, each counting the same; methods that ran on all of them. Intervals "
        "are 95% ones: queries, and classes, resampled within each data set. A rank's interval goes from one more than "
        "the methods that are surely better to all less those that are surely worse, surely meaning for all pairs of "
        "methods at once. Methods that share a group cannot be told apart from one another."
    ]
    return Table(f"Rank over {ranking.over}, {ranking.subset} subsets", _COLUMNS, rows, notes)


def summary_tables(pages: Sequence[Page]) -> list[Table]:
    """The summary of each subset that something is stored for, and the ranks of its methods over the data sets."""
    return summaries(pages, {subset: rankings(tables) for subset, tables in retrieval_by_subset(pages).items()})


def summaries(pages: Sequence[Page], ranked: Mapping[str, Sequence[Ranking]]) -> list[Table]:
    """The same, with the `rankings` of each subset."""
    return [
        table
        for subset, tables in retrieval_by_subset(pages).items()
        for table in (summary_table([Summarised.of(each) for each in tables]), *map(rank_table, ranked[subset]))
    ]


def retrieval_by_subset(pages: Sequence[Page]) -> dict[str, list[RetrievalTables]]:
    """By subset the retrieval tables of its data sets."""
    found: dict[str, list[RetrievalTables]] = {}
    for page in pages:
        if page.retrieval:
            found.setdefault(page.group.truth.subset, []).append(page.retrieval)
    return found


def rank_columns(found: Sequence[Ranking]) -> dict[str, dict[str, object]]:
    """By method what the overview's CSV says of its rank: that in the ranking of most methods, so that all compare."""
    if not found:
        return {}
    widest = max(found, key=lambda each: len(each.methods))
    return {
        each.method: {
            "rank": each.rank,
            "rank_low": each.low,
            "rank_high": each.high,
            "ranked": len(widest.methods),
            "rank_over": widest.over,
        }
        for each in widest.methods
    }


def _span(numbers: Sequence[int]) -> str:
    """Numbers that follow one another: 2 to 4, or 3."""
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
