"""Plots beside tables: accuracy against query latency with the Pareto front, and detection error trade-offs."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reporting.tables.model import MethodRow, PlottedRow
from benchmarks.system.files import write_atomically

_MARKERS = {
    "pixels": "s",
    "hash": "D",
    "local features": "^",
    "classifier": "v",
    "embedding": "o",
    "face embedding": "P",
}

_MARK = 6
"""Half a mark's width, pixels."""
_NEAR = 9
_OFFSETS = sorted(
    ((side * dx, dy) for dx in (_NEAR, 24, 40, 60, 90) for dy in range(-54, 55, 9) for side in (1, -1)),
    key=lambda offset: math.hypot(*offset),
)
"""Where a name may stand, points from its mark; names that do not stand right beside it get a line."""

_GAP = 3
"""Between a name and whatever stands beside it, pixels."""
_MOST = 10
"""Curves in one picture: those that miss least."""
_FLOOR = 1e-3
"""Rates below cannot be drawn on a logarithmic axis."""


def accuracy_latency_plot(rows: Sequence[MethodRow], title: str, path: Path) -> Path | None:
    """Write a PNG of hit@1 (with its interval) over median query latency; None where fewer than two rows have both."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    points = [row for row in rows if row.get("hit@1") is not None and row.get("p50_ms") and may_win(row)]
    if len(points) < 2:
        return None
    figure, axes = plt.subplots(figsize=(9.5, 5.6), dpi=110)
    for family, marker in _MARKERS.items():
        members = [row for row in points if row["family"] == family]
        if members:
            x, y = [row["p50_ms"] for row in members], [row["hit@1"] for row in members]
            below = [row["hit@1"] - row["hit@1_low"] for row in members]
            above = [row["hit@1_high"] - row["hit@1"] for row in members]
            axes.errorbar(x, y, yerr=[below, above], fmt=marker, markersize=7, capsize=2, linewidth=1, label=family)
    front = pareto_front([(row["p50_ms"], row["hit@1"]) for row in points])
    x, y = [cost for cost, _ in front], [accuracy for _, accuracy in front]
    axes.step(x, y, where="post", color="0.55", linestyle="--", zorder=0, label="Pareto front")
    axes.set(xscale="log", title=title)
    axes.set(xlabel="median query latency, batch 1 (ms, log scale)", ylabel="hit@1 (95% interval)")
    axes.set_ylim(-0.05, 1.08)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.tight_layout()
    place_names(figure, axes, points)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
    plt.close(figure)
    return path


def may_win(row: MethodRow) -> bool:
    """Neither a canary nor another index over a row's vectors, which would stand on the same spot."""
    return row["family"] != "canary" and not row["reference"]


def place_names(figure: Any, axes: Any, points: Sequence[PlottedRow]) -> dict[str, object]:
    """Name every point where its name covers no other name, point or interval; a line leads to one that stands away.

    Places are tried from the nearest on; a name that finds none is left out (the table has it).
    Returns the box of each name, in pixels, by method.
    """
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]  # over the front's line, which names need not avoid
    figure.canvas.draw()  # places are known only once the scales are
    pixels = figure.dpi / 72  # in a point
    taken, placed = [extent(axes, row) for row in points], {}
    for row in sorted(points, key=lambda row: (-row["hit@1"], row["p50_ms"])):
        point = (row["p50_ms"], row["hit@1"])
        look = {"fontsize": 8, "va": "center", "path_effects": halo}
        name = axes.annotate(row["method"], point, (0, 0), textcoords="offset points", **look)
        here = name.get_window_extent()
        for dx, dy in _OFFSETS:
            left = dx * pixels - (here.width if dx < 0 else 0)
            box = here.translated(left, dy * pixels).padded(_GAP)
            inside = axes.bbox.x0 < box.x0 and box.x1 < axes.bbox.x1 and axes.bbox.y0 < box.y0 and box.y1 < axes.bbox.y1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                placed[row["method"]] = box
                name.set(position=(dx, dy), ha="left" if dx > 0 else "right")
                if abs(dx) > _NEAR or abs(dy) > _NEAR:
                    line = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.6}
                    axes.annotate("", point, (dx, dy), textcoords="offset points", arrowprops=line)
                break
        else:
            name.remove()
    return placed


def extent(axes: Any, row: PlottedRow) -> Any:
    """The box of a point's mark and interval, in pixels."""
    from matplotlib.transforms import Bbox

    x, y = axes.transData.transform((row["p50_ms"], row["hit@1"]))
    low, high = (axes.transData.transform((row["p50_ms"], end))[1] for end in (row["hit@1_low"], row["hit@1_high"]))
    return Bbox([[x - _MARK, min(low, y - _MARK)], [x + _MARK, max(high, y + _MARK)]])


def pareto_front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The (cost, accuracy) points no other point beats in both, by rising cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front


def det_plot(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str, path: Path) -> bool:
    """Draw FPIR and FNIR (t,) of each method, both axes logarithmic; False where no curve has two points."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = {name: curve for name, curve in curves.items() if len(curve[0]) > 1}
    if not drawn:
        return False
    best_first = sorted(drawn, key=lambda name: float(np.mean(drawn[name][1])))
    figure = Figure(figsize=(7, 5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, name in enumerate(best_first[:_MOST]):
        fpir, fnir = (np.maximum(rates, _FLOOR) for rates in drawn[name])
        axes.plot(fpir, fnir, drawstyle="steps-post", linewidth=1.2, linestyle=("-", "--")[place % 2], label=name)
    axes.set(xscale="log", yscale="log", xlim=(_FLOOR, 1), ylim=(_FLOOR, 1.05), title=f"{title}: DET curves")
    axes.set_xlabel("false positive identification rate (strangers named)")
    axes.set_ylabel("false negative identification rate (enrolled people missed)")
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize="small")
    with write_atomically(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
    return True
