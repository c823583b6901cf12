"""Accuracy against query latency, with the Pareto front: who is worth its time."""

from pathlib import Path
from typing import Any

from benchmarks.files import write_atomically

_MARKERS = {
    "pixels": "s",
    "hash": "D",
    "local features": "^",
    "classifier": "v",
    "embedding": "o",
    "face embedding": "P",
}


def accuracy_latency_plot(rows: list[dict[str, Any]], title: str, path: Path) -> Path | None:
    """Write a PNG of hit@1 (with its interval) over median query latency; None where fewer than two rows have both."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    points = [row for row in rows if row.get("hit@1") is not None and row.get("p50_ms") and is_contestant(row)]
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
    axes.set(xlabel="median query latency, batch 1 (ms, log scale)", ylabel="hit@1 (95 % interval)")
    axes.set_ylim(-0.05, 1.08)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.tight_layout()
    _label(figure, axes, points)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
    plt.close(figure)
    return path


def is_contestant(row: dict[str, Any]) -> bool:
    """Neither a canary nor another index over a row's vectors, which would stand on the same spot."""
    return row["family"] != "canary" and not row["reference"]


def _label(figure: Any, axes: Any, points: list[dict[str, Any]]) -> None:
    """Name every point where its name covers no other name: right of it if that is free, else higher, lower, left."""
    figure.canvas.draw()  # places are known only once the scales are
    taken: list[Any] = []
    offsets = [(8, dy) for dy in (3, -11, 14, -22, 25, -33, 36, -44)] + [(-8, dy) for dy in (3, -11, 14, -22, 25)]
    for row in sorted(points, key=lambda row: (-row["hit@1"], row["p50_ms"])):
        for dx, dy in offsets:
            name = axes.annotate(
                row["method"],
                (row["p50_ms"], row["hit@1"]),
                (dx, dy),
                textcoords="offset points",
                fontsize=8,
                ha="left" if dx > 0 else "right",
            )
            box = name.get_window_extent()
            if box.x1 < axes.bbox.x1 and box.y1 < axes.bbox.y1 and not any(box.overlaps(other) for other in taken):
                break
            if (dx, dy) != offsets[-1]:
                name.remove()
        taken.append(box)


def pareto_front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The (cost, accuracy) points no other point beats in both, by rising cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front
