"""Time and memory against the gallery's size, on logarithmic axes: a power law is a straight line there."""

from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from benchmarks.experiments.scaling.growth import Curves, Growth
from benchmarks.system.files import write_atomically

_PANELS = (
    ("search", 1e3, "search of one query, p50 (ms)"),
    ("build", 1e3, "building the index (ms)"),
    ("peak", 2**-20, "peak memory (MiB)"),
)
_MOST_TICKS = 7
_MARKERS = "osD^vP*Xphd<>"
_LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (7, 2, 1, 2, 1, 2)))


class Style(TypedDict):
    """How one method is drawn, in matplotlib's words."""

    marker: str
    linestyle: Any
    color: str


def growth_plot(found: list[Curves], path: Path) -> Path | None:
    """Write a PNG, a row of panels a data set; None where no method has two sizes measured.

    Methods differ in marker and line style as well as in colour. Hollow points hold jittered embeddings. Bars: the
    interval of a median search, the range of the builds; lines: the fitted laws.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = [each for each in found if any(len(growth.measured) > 1 for growth in each.members)]
    if not shown:
        return None
    figure, axes = plt.subplots(
        len(shown), len(_PANELS), figsize=(13.5, 4.4 * len(shown) + 0.9), dpi=110, squeeze=False, layout="constrained"
    )
    styles = _styles(shown)
    for panels, each in zip(axes, shown, strict=True):
        for panel, (quantity, scale, label) in zip(panels, _PANELS, strict=True):
            for growth in each.members:
                if len(growth.measured):
                    _draw(panel, growth, quantity, scale, styles[growth.method])
            panel.set(xscale="log", yscale="log", xlabel="images in the gallery", ylabel=label)
            _plain_ticks(panel, sorted({int(size) for growth in each.members for size in growth.sizes}))
            panel.set_title(f"{each.title}:{each.subset}" if quantity == _PANELS[0][0] else "", loc="left", fontsize=10)
            panel.grid(alpha=0.25, which="major")
    handles = [plt.Line2D([], [], label=name, markersize=6, **style) for name, style in styles.items()]
    handles.append(plt.Line2D([], [], label="hollow: partly jittered", marker="o", mfc="white", mec="0.3", ls=""))
    figure.legend(handles=handles, loc="outside lower center", ncols=5, fontsize=9, frameon=False, handlelength=4)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
    plt.close(figure)
    return path


def _plain_ticks(panel: Any, sizes: list[int]) -> None:
    """Whole numbers on both axes instead of powers of ten; the sizes measured, where their names find room."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    plain = FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:.6f}".rstrip("0"))
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(plain)
        axis.set_minor_formatter(NullFormatter())
    if len(sizes) <= _MOST_TICKS:
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8)


def _styles(shown: list[Curves]) -> dict[str, Style]:
    """Marker, line and colour of each method; the same in every panel."""
    names = dict.fromkeys(growth.method for each in shown for growth in each.members if growth.measured)
    return {
        name: {
            "marker": _MARKERS[place % len(_MARKERS)],
            "linestyle": _LINES[place % len(_LINES)],
            "color": f"C{place % 10}",
        }
        for place, name in enumerate(names)
    }


def _draw(panel: Any, growth: Growth, quantity: str, scale: float, style: Style) -> None:
    """One method's points with their bars, and its law where there is one."""
    levels = np.array(growth.levels(quantity)) * scale
    kept = levels[:, 0] > 0
    sizes, (values, low, high) = growth.sizes[kept], levels[kept].T
    panel.errorbar(sizes, values, yerr=[values - low, high - values], fmt="none", ecolor=style["color"], capsize=2.5)
    jittered = np.array([row["real"] < row["size"] for row in growth.measured])[kept]
    for chosen, fill in ((~jittered, style["color"]), (jittered, "white")):
        panel.plot(
            sizes[chosen],
            values[chosen],
            linestyle="",
            marker=style["marker"],
            color=style["color"],
            markerfacecolor=fill,
            markersize=6,
        )
    if fit := growth.fits[quantity]:
        along = np.geomspace(sizes[0], sizes[-1], 60)
        panel.plot(along, fit.at(along) * scale, linestyle=style["linestyle"], color=style["color"], linewidth=1.2)
