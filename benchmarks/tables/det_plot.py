"""Detection error trade-off: what is missed against what is named wrongly, over all thresholds (Martin et al. 1997)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.files import write_atomically

_MOST = 10
"""Curves in one picture: those that miss least."""
_FLOOR = 1e-3
"""Rates below cannot be drawn on a logarithmic axis."""


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
