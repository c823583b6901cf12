"""How few of ResNet50's 2048 numbers will do: accuracy, and what a vector costs, against its length."""

from collections.abc import Sequence
from typing import Any

from benchmarks.reporting.html.commands import run_command
from benchmarks.reporting.html.figure import Figure, Panel, figures_html
from benchmarks.reporting.html.section import Section, anchor
from benchmarks.reporting.html.theme import HEIGHT, data, zoom
from benchmarks.reporting.tables.model import Column, MethodRow, Table, count, fraction, is_missing, milliseconds
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import METHOD
from datasets.words import count_of
from methods.spec import MethodSpec

NETWORK, WHOLE = "resnet50", 2048
_COLOUR = "var(--family-5)"

_COLUMNS = (
    METHOD,
    Column("dimensions asked for", "dimensions", count),
    Column("hit@1", "hit@1", fraction),
    Column("mAP", "mAP", fraction),
    Column("index B/image", "index_bytes_per_image", count),
    Column("search ms", "stage_search_ms", milliseconds),
)


class Reduced(MethodRow):
    """A row with how many numbers its method searches by."""

    dimensions: int


def dimension_curve(pages: Sequence[Page]) -> list[Section]:
    """One section; none where fewer than two lengths have been run."""
    panels = []
    for page in pages:
        if page.retrieval is None:
            continue
        rows = _rows(page, page.retrieval.rows)
        if len(rows) > 1:
            panels.append(Panel(page.group.where, _figures(page, rows)))
    return [Section("dimensions", "ResNet50 by dimension", figures_html(panels, "dimensions"))] if panels else []


def _rows(page: Page, rows: Sequence[MethodRow]) -> list[Reduced]:
    """Rows of ResNet50 whole and reduced by PCA, the longest first."""
    lengths = {spec.id: _dimensions(spec) for _, _, spec in page.group.entries}
    found: list[Reduced] = [
        {**row, "dimensions": length} for row in rows if (length := lengths[row["method"]]) and row["status"] == "ok"
    ]
    return sorted(found, key=lambda row: -row["dimensions"])


def _dimensions(spec: MethodSpec) -> int | None:
    """How many numbers the method searches by; None where it is not the pooled ResNet50 before a PCA."""
    if spec.id == NETWORK:
        return WHOLE
    if not spec.id.startswith(f"{NETWORK}-") or len(spec.transforms) != 1 or spec.reference:
        return None
    target, params = spec.transforms[0].target, spec.transforms[0].params
    return params.get("components") if str(target).endswith(":Pca") else None


def _figures(page: Page, rows: list[Reduced]) -> list[Figure]:
    where = page.group.where
    gallery = int(max(row["gallery"] or 0 for row in rows))
    command = run_command(page.group, [row["method"] for row in rows])
    table = Table(f"ResNet50 by dimension, {where}", _COLUMNS, rows)
    trained = [row for row in rows if not is_missing(row.get("hit@1"))]
    limit = (
        f" A PCA finds at most {count_of(gallery - 1, 'direction')} in {count_of(gallery, 'image')}."
        if gallery <= WHOLE
        else ""
    )
    figures = []
    if trained:
        says = f"hit@1 of ResNet50's features on {where}, whole (2048) and after a PCA. Bars: 95% intervals.{limit}"
        id = anchor("plot-dimensions", page.name)
        figures.append(Figure(id, "Accuracy", says, _accuracy(trained), table, command))
    missing = "" if trained else " ResNet50's weights are not here, so the rows are timed and have no accuracy."
    says = f"Index bytes per image of ResNet50's features on {where}, whole (2048) and after a PCA.{limit}{missing}"
    id = anchor("plot-dimension-cost", page.name)
    return [*figures, Figure(id, "What a vector costs", says, _cost(rows), table, command)]


def _accuracy(rows: list[Reduced]) -> Any:
    import altair as alt

    points = [
        {
            "method": row["method"],
            "dimensions": row["dimensions"],
            "hit": row["hit@1"],
            "low": row["hit@1_low"],
            "high": row["hit@1_high"],
        }
        for row in rows
    ]
    base = alt.Chart(data(points)).encode(x=_length())
    y = alt.Y("hit:Q", title="hit@1").axis(format=".2~f").scale(zero=False)
    tooltip = [alt.Tooltip("method:N"), alt.Tooltip("hit:Q", format=".3f", title="hit@1")]
    line = base.mark_line(color=_COLOUR, point=alt.OverlayMarkDef(size=90, filled=True, color=_COLOUR)).encode(
        y=y, tooltip=tooltip
    )
    bars = base.mark_rule(strokeWidth=1.5, color=_COLOUR).encode(y="low:Q", y2="high:Q")
    return alt.layer(bars, line.add_params(zoom("zoom"))).properties(width="container", height=HEIGHT)


def _cost(rows: list[Reduced]) -> Any:
    import altair as alt

    points = [
        {"method": row["method"], "dimensions": row["dimensions"], "bytes": row["index_bytes_per_image"]}
        for row in rows
    ]
    y = (
        alt.Y("bytes:Q", title="index bytes per image (log scale)")
        .scale(type="log", nice=False, padding=20)
        .axis(tickCount=5)
    )
    tooltip = [alt.Tooltip("method:N"), alt.Tooltip("bytes:Q", format=",.0f", title="bytes per image")]
    line = alt.Chart(data(points)).mark_line(
        color=_COLOUR, point=alt.OverlayMarkDef(size=90, filled=True, color=_COLOUR)
    )
    return (
        line.encode(x=_length(), y=y, tooltip=tooltip)
        .add_params(zoom("zoom"))
        .properties(width="container", height=HEIGHT)
    )


def _length() -> Any:
    import altair as alt

    lengths = [128, 256, 512, 1000, 1500, WHOLE]
    x = alt.X("dimensions:Q", title="dimensions (log scale)").scale(type="log", nice=False, padding=24)
    return x.axis(values=lengths, format="d")
