"""What ranking again gains: each such row beside the row it starts from, query by query."""

from collections.abc import Mapping

from benchmarks.core.scoring import RetrievalScore
from benchmarks.metrics.statistics import paired_difference
from benchmarks.protocol import SEED
from benchmarks.reporting.tables.model import Column, MethodRow, Table, fraction, is_missing, milliseconds
from benchmarks.reporting.tables.retrieval import METHOD, RetrievalTables
from methods.catalogue_reranked import BASES

_METRICS = ("hit@1", "mAP")


def _signed(value: float) -> str:
    return f"{value:+.3f}"


_COLUMNS = (
    METHOD,
    Column("starts from", "base", is_text=True),
    *(
        column
        for name in _METRICS
        for column in (Column(name, name, fraction), Column(f"{name} gain", f"{name}_gain", _signed))
    ),
    Column("query p50 ms", "p50_ms", milliseconds),
    Column("of the row it starts from", "base_p50_ms", milliseconds),
)


def gain_table(tables: RetrievalTables) -> Table | None:
    """Gains in mean hit@1 and mAP with their paired intervals; None where no such row ran beside its base."""
    rows = {row["method"]: row for row in tables.rows}
    pairs = [
        (method, BASES[method])
        for method in tables.scores
        if BASES.get(method) in tables.scores and rows[method]["trained"] and rows[BASES[method]]["trained"]
    ]
    if not pairs:
        return None
    lines = [_line(rows, tables.scores, *pair) for pair in pairs]
    notes = [
        "Gain: the mean paired difference over queries to the row it starts from, with its 95% bootstrap interval; an "
        "interval without 0 is a difference that the queries bear out. Stages have a table of their own."
    ]
    return Table(f"{tables.group.heading}: gains of ranking again", _COLUMNS, lines, notes)


def _line(
    rows: Mapping[str, MethodRow], scores: Mapping[str, RetrievalScore], method: str, base: str
) -> dict[str, object]:
    line = {key: rows[method].get(key) for key in ("method", "shown_method", "family", "p50_ms", *_METRICS)}
    line |= {"base": base, "base_p50_ms": rows[base].get("p50_ms")}
    for name in _METRICS:
        if is_missing(line[name]):
            continue
        gain = paired_difference(scores[method].values[name], scores[base].values[name], seed=SEED)
        line |= {f"{name}_gain": gain.mean, f"{name}_gain_interval": tuple(gain.interval)}
    return line
