"""How time and memory grow with the gallery, from the table of points that `scaling` leaves."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

from benchmarks.reporting.html.commands import scaling_command
from benchmarks.reporting.html.figure import Figure, Panel, figures_html
from benchmarks.reporting.html.section import Section, anchor
from benchmarks.reporting.html.theme import HEIGHT, SHAPES, data, zoom
from benchmarks.reporting.tables.model import Column, Table, count, figure_of, mebibytes, milliseconds
from datasets.array_files import UNREADABLE
from datasets.notes import note_damage

_QUANTITIES = (
    ("search_ms", 1, "Search", "search of one query, p50 (ms, log scale)", milliseconds),
    ("build_ms", 1, "Building", "building the index (ms, log scale)", milliseconds),
    ("peak_bytes", 2**-20, "Peak memory", "peak memory (MiB, log scale)", mebibytes),
)
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


class ScalingLine(TypedDict):
    """One line of scaling.csv, as far as it is read by name; the figures of each quantity are there too."""

    dataset: str
    subset: str
    method: str
    size: float
    real: float


class Point(TypedDict):
    """One mark; values in the unit of the axis."""

    method: str
    size: float
    value: float
    low: float
    high: float
    real: bool
    """No embedding is a jittered copy."""


def growth(out: Path) -> list[Section]:
    """One section from `scaling.csv` in `out`; none where it is not there."""
    path = out / "scaling.csv"
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [_numbers(row) for row in csv.DictReader(file) if row["status"] == "ok"]
    except (*UNREADABLE, csv.Error) as error:
        note_damage(path, error, "growth is not drawn; `scaling` writes it again")
        return []
    groups: dict[tuple[str, str], list[ScalingLine]] = {}
    for row in rows:
        groups.setdefault((row["dataset"], row["subset"]), []).append(row)
    panels = [
        Panel(f"{title}:{subset}", _figures(title, subset, rows, out)) for (title, subset), rows in groups.items()
    ]
    return [Section("growth", "Growth with the gallery", figures_html(panels, "growth"))] if panels else []


def _numbers(row: dict[str, str]) -> ScalingLine:
    texts = ("dataset", "subset", "method", "status", "reason")
    values = {key: value if key in texts else float(value) if value else None for key, value in row.items()}
    return cast(ScalingLine, values)


def _figures(title: str, subset: str, rows: Sequence[ScalingLine], out: Path) -> list[Figure]:
    methods = list(dict.fromkeys(row["method"] for row in rows))
    dataset = f"{title.partition(' (')[0]}:{subset}"
    command = scaling_command(methods, dataset, sorted({int(row["size"]) for row in rows}), out)
    figures = []
    for key, scale, name, axis, show in _QUANTITIES:
        kept = [{**row, "shown_method": row["method"]} for row in rows if figure_of(row, key)]
        if not kept:
            continue
        columns = (
            Column("method", "shown_method", is_text=True),
            Column("gallery", "size", count),
            Column(axis.partition(" (")[0], key, show),
        )
        says = (
            f"{name} against the size of the gallery on {title}:{subset}; on logarithmic axes a power law is a "
            "straight line. Hollow points hold embeddings partly made by jitter. Bars: the interval of a median, or "
            "the range of builds."
        )
        table = Table(f"{name} by gallery size, {title}:{subset}", columns, kept)
        chart = _chart([_point(row, key, scale) for row in rows if figure_of(row, key)], axis, methods)
        figures.append(Figure(anchor(f"plot-{key}", f"{title}-{subset}"), name, says, chart, table, command, True))
    return figures


def _point(row: ScalingLine, key: str, scale: float) -> Point:
    value = figure_of(row, key) or 0.0
    return {
        "method": row["method"],
        "size": row["size"],
        "value": value * scale,
        "low": (figure_of(row, f"{key}_low") or value) * scale,
        "high": (figure_of(row, f"{key}_high") or value) * scale,
        "real": row["real"] >= row["size"],
    }


def _chart(points: Sequence[Point], axis: str, methods: list[str]) -> Any:
    import altair as alt

    def in_turn(values: Sequence[Any]) -> list[Any]:
        return [values[place % len(values)] for place in range(len(methods))]

    colours = in_turn([f"var(--family-{number})" for number in range(1, 1 + len(SHAPES))])
    legend = alt.selection_point(name="methods", fields=["method"], bind="legend")
    sizes = sorted({point["size"] for point in points})
    x = alt.X("size:Q", title="images in the gallery (log scale)").scale(type="log", nice=False, padding=20)
    base = alt.Chart().encode(
        x=x.axis(values=sizes, format=",d", labelOverlap=True),
        y=alt.Y("value:Q", title=axis).scale(type="log", nice=False, padding=20).axis(tickCount=5),
        color=alt.Color("method:N").scale(domain=methods, range=colours),
        opacity=alt.when(legend).then(alt.value(1.0)).otherwise(alt.value(0.1)),
    )
    shape = alt.Shape("method:N").scale(domain=methods, range=in_turn(list(SHAPES.values())))
    dash = alt.StrokeDash("method:N", legend=None).scale(domain=methods, range=in_turn(_DASHES))
    tooltip = [
        alt.Tooltip("method:N"),
        alt.Tooltip("size:Q", format=",.0f"),
        alt.Tooltip("value:Q", format=".3~g", title=axis),
    ]
    lines = base.mark_line(clip=True).encode(strokeDash=dash)
    bars = base.mark_rule(clip=True).encode(y="low:Q", y2="high:Q")
    dots = [
        base.transform_filter(alt.datum.real == kind)
        .mark_point(size=80, filled=kind, clip=True)
        .encode(shape=shape, tooltip=tooltip)
        for kind in {point["real"] for point in points}
    ]
    layers = (lines.add_params(legend, zoom("zoom")), bars, *dots)
    return alt.layer(*layers, data=data(points)).properties(width="container", height=HEIGHT)
