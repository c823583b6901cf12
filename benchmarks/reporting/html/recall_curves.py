"""How many results one must look at: hit@k and recall@k against k, every method a line, the best of a family bold."""

from collections.abc import Sequence
from typing import Any, TypedDict

from benchmarks.metrics.judgement import CUTOFFS
from benchmarks.reporting.html.commands import run_command
from benchmarks.reporting.html.figure import Figure, Panel, figures_html
from benchmarks.reporting.html.section import Section, anchor
from benchmarks.reporting.html.theme import HEIGHT, anchors, data, family_colour, family_shape, zoom
from benchmarks.reporting.tables.model import Column, MethodRow, Table, figure_of, fraction, is_missing
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import METHOD

_METRICS = {
    "recall": "the fraction of a query's right images that are among the first k",
    "hit": "the share of queries with a right image among the first k",
}


def recall_curves(pages: Sequence[Page]) -> list[Section]:
    """One section; none where no method has accuracy."""
    panels = []
    for page in pages:
        if page.retrieval is None:
            continue
        rows = [row for row in page.retrieval.rows if not is_missing(row.get("recall@1")) and not row["reference"]]
        if rows:
            figures = [_figure(page, rows, metric) for metric in _METRICS]
            panels.append(Panel(page.group.where, figures))
    return [Section("recall", "Recall at k", figures_html(panels, "recall"))] if panels else []


class Point(TypedDict):
    """One mark."""

    method: str
    family: str
    k: int
    value: float
    leads: bool
    """Its method is the best of its family."""
    shown: str


def _figure(page: Page, rows: Sequence[MethodRow], metric: str) -> Figure:
    where = page.group.where
    last = f"{metric}@{CUTOFFS[-1]}"
    ordered = sorted(rows, key=lambda row: -(figure_of(row, last) or 0.0))
    leaders = {row["family"]: row["method"] for row in reversed(ordered) if row["family"] != "canary"}
    says = (
        f"{metric}@k on {where}: {_METRICS[metric]}. One line a method; the best of each family is drawn in full and "
        "named, point at another line to bring it out."
    )
    columns = (METHOD, *(Column(f"{metric}@{k}", f"{metric}@{k}", fraction) for k in CUTOFFS))
    points: list[Point] = [
        {
            "method": row["method"],
            "family": row["family"],
            "k": k,
            "value": round(value, 5),
            "leads": leaders.get(row["family"]) == row["method"],
            "shown": f"{value:.3f}",
        }
        for row in ordered
        for k in CUTOFFS
        if (value := figure_of(row, f"{metric}@{k}")) is not None
    ]
    table = Table(f"{metric}@k, {where}", columns, ordered)
    id = anchor(f"plot-{metric}", page.name)
    return Figure(id, f"{metric}@k", says, _chart(points, metric), table, run_command(page.group), has_legend=True)


def _chart(points: Sequence[Point], metric: str) -> Any:
    import altair as alt

    near = alt.selection_point(name="near", on="pointerover", clear="pointerout", fields=["method"], empty=False)
    legend = alt.selection_point(name="families", fields=["family"], bind="legend")
    brought_out = alt.when(near).then(alt.value(1.0)).when(~legend).then(alt.value(0.05))
    opacity = brought_out.when(alt.datum.leads).then(alt.value(1.0)).otherwise(alt.value(0.22))
    width = alt.when(near).then(alt.value(4)).when(alt.datum.leads).then(alt.value(2.5)).otherwise(alt.value(1.5))
    top = 1.04 * max(point["value"] for point in points)
    families = {point["family"] for point in points}
    x = alt.X("k:Q", title="k, results looked at").scale(domain=[0, 36], nice=False).axis(values=list(CUTOFFS))
    y = alt.Y("value:Q", title=f"{metric}@k").scale(domain=[0, top], nice=False).axis(format=".2~f")
    colour = family_colour(families)
    base = alt.Chart().encode(x=x, y=y, color=colour, opacity=opacity, detail="method:N")
    tooltip = [alt.Tooltip("method:N"), alt.Tooltip("k:Q"), alt.Tooltip("shown:N", title=f"{metric}@k")]
    lines = base.mark_line(clip=True).encode(strokeWidth=width)
    dots = base.mark_point(filled=True, size=70, clip=True).encode(shape=family_shape(families), tooltip=tooltip)
    ends = [point for point in points if point["leads"] and point["k"] == CUTOFFS[-1]]
    layers = (
        lines,
        dots.add_params(near, legend, zoom("zoom")).properties(name="dots"),
        anchors(ends).encode(x=x, y=y),
    )
    return alt.layer(*layers, data=data(points)).properties(width="container", height=HEIGHT)
