"""The plot of a changing gallery: recall and query time of every setting, step by step."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.reporting.tables.indexes.report import MARKERS
from benchmarks.reporting.tables.indexes.table import DEEPEST
from benchmarks.system.files import write_atomically

if TYPE_CHECKING:
    from benchmarks.reporting.tables.indexes.changing import StepLine


def step_plot(sets: "Sequence[tuple[str, Sequence[StepLine]]]", path: Path) -> Path:
    """Write a PNG with a line a setting; a row of panels for each titled set."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    height = 3.8 * len(sets) + 1.2
    figure, axes = plt.subplots(len(sets), 2, figsize=(12, height), dpi=110, squeeze=False, layout="constrained")
    methods = list(dict.fromkeys(line["method"] for _, lines in sets for line in lines))
    for (recall, time), (title, lines) in zip(axes, sets, strict=True):
        for place, method in enumerate(methods):
            own = [line for line in lines if line["method"] == method]
            steps = [line["step"] for line in own]
            style = {"marker": MARKERS[place % len(MARKERS)], "color": f"C{place % 10}", "markersize": 5}
            recall.plot(steps, [line["recall"] for line in own], **style)
            time.plot(steps, [line["p50_ms"] for line in own], **style)
        recall.set(xlabel="step", ylabel=DEEPEST)
        recall.set_title(title, loc="left", fontsize=10)
        time.set(xlabel="step", ylabel="median query, batch 1 (ms)", yscale="log")
        for panel in (recall, time):
            panel.grid(alpha=0.25)
    figure.legend(axes[0, 0].get_lines(), methods, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
    plt.close(figure)
    return path
