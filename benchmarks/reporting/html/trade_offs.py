"""Accuracy against what it costs: query latency and memory, with intervals and the Pareto front."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from benchmarks.reporting.html.commands import run_command
from benchmarks.reporting.html.figure import Figure, Panel, figures_html
from benchmarks.reporting.html.section import Section, anchor
from benchmarks.reporting.html.theme import HEIGHT, anchors, data, family_colour, family_shape, zoom
from benchmarks.reporting.tables.model import (
    Column,
    MethodRow,
    Table,
    figure_of,
    fraction,
    is_missing,
    mebibytes,
    milliseconds,
)
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.plot import may_win, pareto_front
from benchmarks.reporting.tables.retrieval import METHOD


@dataclass(frozen=True)
class Cost:
    """A column of the retrieval table as the plot's x axis: `scale` times its value is in the unit of `axis`."""

    key: str
    scale: float
    axis: str
    name: str
    column: Column


COSTS = (
    Cost(
        "p50_ms",
        1,
        "median query latency, batch 1 (ms, log scale)",
        "latency",
        Column("p50 ms", "p50_ms", milliseconds),
    ),
    Cost(
        "query_peak_bytes",
        2**-20,
        "peak memory of querying (MiB, log scale)",
        "memory",
        Column("query peak MiB", "query_peak_bytes", mebibytes),
    ),
)


def trade_offs(pages: Sequence[Page]) -> list[Section]:
    """One section; none where no data set has two methods with accuracy and cost."""
    panels = []
    for page in pages:
        if page.retrieval is None:
            continue
        figures = [figure for cost in COSTS if (figure := _figure(page, page.retrieval.rows, cost))]
        if figures:
            panels.append(Panel(page.group.where, figures))
    return [Section("trade-offs", "Accuracy and cost", figures_html(panels, "trade-offs"))] if panels else []


def on_fronts(rows: Sequence[MethodRow]) -> dict[str, str]:
    """By method: the costs (latency, memory) on whose Pareto front with hit@1 it stands, joined by commas."""
    fronts: dict[str, list[str]] = {}
    for cost in COSTS:
        points = _candidates(rows, cost)
        front = pareto_front([(_at(row, cost), row["hit@1"]) for row in points])
        for row in points:
            if (_at(row, cost), row["hit@1"]) in front:
                fronts.setdefault(row["method"], []).append(cost.name)
    return {method: ", ".join(names) for method, names in fronts.items()}


def _candidates(rows: Sequence[MethodRow], cost: Cost) -> list[MethodRow]:
    """Rows with accuracy and that cost, the cheapest first, canaries and other indexes over the same vectors apart."""
    return sorted(
        (row for row in rows if not is_missing(row.get("hit@1")) and row.get(cost.key) and may_win(row)),
        key=lambda row: _at(row, cost),
    )


def _figure(page: Page, rows: Sequence[MethodRow], cost: Cost) -> Figure | None:
    points = _candidates(rows, cost)
    if len(points) < 2:
        return None
    drawn = [_point(row, cost) for row in points]
    front = pareto_front([(point["cost"], point["hit"]) for point in drawn])
    where = page.group.where
    on_front = [point["method"] for point in drawn if (point["cost"], point["hit"]) in front]
    says = (
        f"hit@1 against {cost.axis.partition(' (')[0]} on {where}: higher and further left is better. The dashed line "
        f"is the Pareto front, which no method beats in both: {', '.join(on_front)}. Bars are 95% intervals over "
        "queries."
    )
    columns = (METHOD, Column("family", "family", is_text=True), cost.column, Column("hit@1", "hit@1", fraction))
    table = Table(f"hit@1 and {cost.name}, {where}", (*columns, Column("on the front", "front", is_text=True)), [])
    table.rows = [{**row, "front": "yes" if row["method"] in on_front else "no"} for row in points]
    id = anchor(f"plot-{cost.name}", page.name)
    chart = _chart(drawn, cost, front)
    return Figure(id, f"Accuracy and {cost.name}", says, chart, table, run_command(page.group), has_legend=True)


def _at(row: MethodRow, cost: Cost) -> float:
    """What a row that has this cost costs."""
    return figure_of(row, cost.key) or 0.0


class Point(TypedDict):
    """One mark of the plot."""

    method: str
    family: str
    cost: float
    """In the unit of the axis."""
    hit: float
    low: float
    high: float
    shown_hit: str
    shown_cost: str


def _point(row: MethodRow, cost: Cost) -> Point:
    return {
        "method": row["method"],
        "family": row["family"],
        "cost": round(_at(row, cost) * cost.scale, 5),
        "hit": round(row["hit@1"], 5),
        "low": round(row["hit@1_low"], 5),
        "high": round(row["hit@1_high"], 5),
        "shown_hit": f"{row['hit@1']:.3f} [{row['hit@1_low']:.3f}, {row['hit@1_high']:.3f}]",
        "shown_cost": cost.column.show(_at(row, cost)),
    }


def _chart(points: list[Point], cost: Cost, front: list[tuple[float, float]]) -> Any:
    import altair as alt

    x = alt.X("cost:Q", title=cost.axis).scale(type="log", nice=False, padding=24).axis(grid=False, tickCount=6)
    y = (
        alt.Y("hit:Q", title="hit@1")
        .scale(domain=[0, 1.04], nice=False)
        .axis(format=".1f", values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    )
    legend = alt.selection_point(name="families", fields=["family"], bind="legend")
    faded = alt.when(legend).then(alt.value(1.0)).otherwise(alt.value(0.12))
    families = {point["family"] for point in points}
    colour = family_colour(families)
    steps = data([{"cost": place, "hit": hit} for place, hit in front])
    line = alt.Chart(steps).mark_line(interpolate="step-after", color="var(--quiet)", strokeDash=[6, 4], clip=True)
    base = alt.Chart().encode(x=x, color=colour, opacity=faded)
    tooltip = [
        alt.Tooltip("method:N"),
        alt.Tooltip("family:N"),
        alt.Tooltip("shown_hit:N", title="hit@1 [95%]"),
        alt.Tooltip("shown_cost:N", title=cost.column.title),
    ]
    bars = base.mark_rule(strokeWidth=1.5, clip=True).encode(y="low:Q", y2="high:Q")
    dots = base.mark_point(filled=True, size=110, clip=True).encode(y=y, shape=family_shape(families), tooltip=tooltip)
    on_front = [point for point in points if (point["cost"], point["hit"]) in front]
    layers = (
        line.encode(x=x, y=y).properties(name="front"),
        bars.properties(name="bars"),
        dots.add_params(zoom("zoom"), legend).properties(name="dots"),
        anchors(on_front).encode(x=x, y=y),
    )
    return alt.layer(*layers, data=data(points)).properties(width="container", height=HEIGHT)
