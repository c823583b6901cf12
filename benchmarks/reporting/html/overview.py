"""The answer at a glance: for each data set the best method, what it costs, and the cheapest that is tied with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.reporting.html.section import Section, render
from benchmarks.reporting.tables.formats import LEGEND
from benchmarks.reporting.tables.model import MethodRow, milliseconds
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.ranks import summary_tables
from datasets.words import count_of


@dataclass(frozen=True)
class Card:
    """One data set."""

    where: str
    size: str
    best: MethodRow
    ties: int
    cheapest: MethodRow
    """The lowest median latency among the best and those tied with it."""
    untrained: int


def overview(pages: Sequence[Page]) -> list[Section]:
    """One section; none where no method has accuracy. What the canaries found wrong comes first."""
    cards = [card for page in pages if (card := _card(page))]
    findings = [text for page in pages for text in page.headed_findings]
    if not cards and not findings:
        return []
    html = render(
        "overview.html",
        cards=cards,
        findings=findings,
        summaries=summary_tables(pages),
        legend=LEGEND,
        milliseconds=milliseconds,
    )
    return [Section("overview", "At a glance", html)]


def _card(page: Page) -> Card | None:
    if page.retrieval is None or "hit@1" not in page.retrieval.best:
        return None
    truth, rows = page.group.truth, {row["method"]: row for row in page.retrieval.rows}
    best = rows[page.retrieval.best["hit@1"]]
    tied = [rows[method] for method in page.retrieval.tied["hit@1"]]
    timed = [row for row in [best, *tied] if row["p50_ms"]]
    identical = len(truth.identical())
    left = f"; {count_of(identical, 'identical image')} left out of rankings" if identical else ""
    return Card(
        where=page.group.where,
        size=f"{count_of(len(truth.gallery_ids), 'image')}, {count_of(len(truth.query_ids), 'query', 'queries')}{left}",
        best=best,
        ties=len(tied),
        cheapest=min(timed, key=lambda row: row["p50_ms"]) if timed else best,
        untrained=sum(row["word"] == "untrained" for row in rows.values()),
    )
