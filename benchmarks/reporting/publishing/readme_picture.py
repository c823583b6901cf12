"""README's picture: accuracy against query latency on two data sets, drawn from the published overview."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.reporting.tables.model import MethodRow
from benchmarks.reporting.tables.summary import Summarised
from benchmarks.reporting.tables.winners import JUDGED, is_candidate, short, winners
from benchmarks.system.files import write_atomically
from datasets.errors import BenchmarkError

SOURCE = "Source"
"""The PNG's text chunk that names the table it was drawn from, and its sha256."""
_STYLES = {
    "face embedding": ("#0072b2", "P"),
    "embedding": ("#009e73", "o"),
    "classifier": ("#cc79a7", "v"),
    "local features": ("#d55e00", "^"),
    "pixels": ("#555555", "s"),
    "hash": ("#e69f00", "D"),
}


def source_of(overview: Path) -> str:
    """What a picture drawn from `overview` says of its source: the file's name and sha256."""
    return f"{overview.name} sha256:{hashlib.sha256(overview.read_bytes()).hexdigest()}"


def is_fresh(picture: Path, overview: Path) -> bool:
    """Whether `picture` was drawn from the very bytes of `overview`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(picture) as image:
            return image.info.get(SOURCE) == source_of(overview)
    except (OSError, UnidentifiedImageError):
        return False


def draw_picture(members: Sequence[Summarised], overview: Path, path: Path) -> None:
    """Write a PNG of hit@1 against median query latency, a panel for each of the first data sets.

    The best of each family is named in its panel. Raises BenchmarkError without the package adjustText.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = members[:JUDGED]
    figure, panels = plt.subplots(1, len(shown), figsize=(5.4 * len(shown), 4.2), dpi=110, squeeze=False)
    for axes, member in zip(panels[0], shown, strict=True):
        _draw_panel(axes, member)
    panels[0][0].set_ylabel("hit@1: the first result is right")
    handles = {handle.get_label(): handle for axes in panels[0] for handle in axes.collections}
    figure.legend(handles.values(), handles, loc="lower center", ncols=len(handles), frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    for axes, member in zip(panels[0], shown, strict=True):
        _name_winners(axes, member)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None, SOURCE: source_of(overview)})
    plt.close(figure)


def _draw_panel(axes: Any, member: Summarised) -> None:
    named = set(winners([member]))
    for family, (colour, marker) in _STYLES.items():
        points = [row for row in _timed(member) if row["family"] == family]
        if points:
            x, y = [row["p50_ms"] for row in points], [row["hit@1"] for row in points]
            sizes = [70 if row["method"] in named else 26 for row in points]
            axes.scatter(x, y, s=sizes, c=colour, marker=marker, label=family, edgecolors="white", linewidths=0.6)
    axes.set(
        xscale="log",
        title=f"{member.size.replace(member.title, short(member.title))} images",
        xlabel="one query, median (ms, log scale)",
    )
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylim(0, 1.08)
    axes.margins(x=0.12)
    axes.grid(alpha=0.25)


def _name_winners(axes: Any, member: Summarised) -> None:
    try:
        from adjustText import adjust_text
    except ImportError as error:
        raise BenchmarkError("drawing README's picture needs the package adjustText: pip install adjustText") from error
    points, named = _timed(member), set(winners([member]))
    names = [
        axes.text(row["p50_ms"], row["hit@1"], f" {row['method']} ", fontsize=9)
        for row in points
        if row["method"] in named
    ]
    adjust_text(
        names,
        x=[row["p50_ms"] for row in points],
        y=[row["hit@1"] for row in points],
        ax=axes,
        expand=(1.3, 1.9),
        arrowprops={"arrowstyle": "-", "color": "0.5", "linewidth": 0.6},
    )


def _timed(member: Summarised) -> list[MethodRow]:
    return [row for row in member.rows if is_candidate(row) and row.get("p50_ms")]
