"""The recommendation for people: a table in the terminal, the same as CSV, accuracy drawn against time and memory."""

from pathlib import Path
from typing import Any, TypedDict

import pandas as pd
from rich.table import Table

from benchmarks.recommend.advice import Advice
from benchmarks.recommend.figures import Figures
from benchmarks.recommend.rounds import Limits, Outcomes, pareto
from benchmarks.reporting.tables.model import PlottedRow
from benchmarks.reporting.tables.plot import pareto_front, place_names
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import write_atomically
from benchmarks.system.terminal import Console

_SHOWN = 12
"""Rows in the terminal, and earlier methods in the picture; the CSV file has all."""


def print_outcomes(console: Console, outcomes: Outcomes, limits: Limits, advice: Advice) -> None:
    """A row a method, the most accurate of the largest gallery first; then who gave nothing, and the advice."""
    rows = ordered(outcomes)
    front = {each.method for each in pareto(outcomes.finalists)}
    labelled = any(each.labels is not None for each in rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("method", overflow="fold")
    for name in ("pictures", "hit@1", "95%", "copies", *(["labels"] if labelled else []), "ms", "MiB", ""):
        table.add_column(name, justify="right")
    for each in rows[:_SHOWN]:
        low, high = each.interval
        table.add_row(
            each.method,
            f"{each.size:,}",
            f"{each.accuracy:.3f}",
            f"{low:.2f}-{high:.2f}",
            f"{each.copies:.3f}",
            *([_number(each.labels, ".3f")] if labelled else []),
            f"{each.p50_ms:.3g}",
            _number(each.peak_mib, ",.0f"),
            mark(each, front, limits, advice),
        )
    console.print(table)
    if len(rows) > _SHOWN:
        console.print(f"and {len(rows) - _SHOWN} more in the CSV file")
    console.print("front: none is more accurate without taking longer; over: beyond your limits", soft_wrap=True)
    if len({each.size for each in rows}) > 1:
        console.print("compare methods with the same number of pictures: among fewer, hit@1 is higher", soft_wrap=True)
    alike: dict[str, list[str]] = {}
    for method, reason in outcomes.failed.items():
        alike.setdefault(reason, []).append(method)
    for reason, methods in alike.items():
        console.print(f"{', '.join(methods)}: {reason}", markup=False, soft_wrap=True)


def ordered(outcomes: Outcomes) -> list[Figures]:
    """Those in the largest gallery first, the most accurate first."""
    return sorted(outcomes.figures.values(), key=lambda each: (-each.size, -each.accuracy, each.p50_ms))


def mark(each: Figures, front: set[str], limits: Limits, advice: Advice) -> str:
    """What a row is marked with."""
    if advice.choice is each:
        return "take this"
    return "over" if not limits.held_by(each) else "front" if each.method in front else ""


def write_outcomes(outcomes: Outcomes, limits: Limits, advice: Advice, title: str, folder: Path) -> list[Path]:
    """recommend.csv, and recommend.png where two methods have figures; the paths written."""
    front = {each.method for each in pareto(outcomes.finalists)}
    rows: list[Finalist] = [
        {**_row(each), "mark": mark(each, front, limits, advice), "reason": outcomes.failed.get(each.method, "")}
        for each in ordered(outcomes)
    ]
    rows += [
        {"method": method, "reason": reason}
        for method, reason in outcomes.failed.items()
        if method not in outcomes.figures
    ]
    csv_path = folder / "recommend.csv"
    write_csv(csv_path, pd.DataFrame(rows))
    picture = _plot(ordered(outcomes), title, folder / "recommend.png")
    if picture is None:
        (folder / "recommend.png").unlink(missing_ok=True)  # an earlier one shows other figures
    return [csv_path, *([picture] if picture else [])]


_Beside = TypedDict("_Beside", {"copies_hit@1": float, "labels_hit@1": float | None}, total=False)


class Finalist(PlottedRow, _Beside, total=False):
    """One line of recommend.csv."""

    family: str
    pictures: int
    queries: int
    peak_mib: float | None
    index_mib: float
    threshold: float | None
    false_matches: float | None
    false_matches_low: float | None
    false_matches_high: float | None
    found_at_threshold: float | None
    mark: str
    reason: str


def _row(each: Figures) -> Finalist:
    cut = each.threshold
    return {
        "method": each.method,
        "family": each.family,
        "pictures": each.size,
        "queries": len(each.values),
        "hit@1": each.accuracy,
        "hit@1_low": each.interval.low,
        "hit@1_high": each.interval.high,
        "copies_hit@1": each.copies,
        "labels_hit@1": each.labels,
        "p50_ms": each.p50_ms,
        "peak_mib": each.peak_mib,
        "index_mib": each.index_mib,
        "threshold": cut.score if cut else None,
        "false_matches": cut.false_matches if cut else None,
        "false_matches_low": cut.interval.low if cut else None,
        "false_matches_high": cut.interval.high if cut else None,
        "found_at_threshold": cut.found if cut else None,
    }


def _plot(tried: list[Figures], title: str, path: Path) -> Path | None:
    """The finalists, which come first in `tried`, and in grey the best of those that came to fewer pictures."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    most = tried[0].size if tried else 0
    finalists = sum(each.size == most for each in tried)
    rows = [_row(each) for each in tried[: max(finalists, _SHOWN)]]
    if len(rows) < 2:
        return None
    figure, panels = plt.subplots(1, 2, figsize=(12, 5.2), dpi=110, sharey=True)
    named: list[tuple[Any, list[Finalist]]] = []
    for axes, key, words in zip(panels, ("p50_ms", "peak_mib"), ("median ms a search", "peak MiB"), strict=True):
        costs = [row["p50_ms"] if key == "p50_ms" else row["peak_mib"] for row in rows]
        # place_names takes its x from p50_ms
        points: list[Finalist] = [{**row, "p50_ms": cost} for row, cost in zip(rows, costs, strict=True) if cost]
        if not points:
            continue
        compared = [row for row in points if row["pictures"] == most]
        earlier = [row for row in points if row["pictures"] != most]
        _draw(
            axes, earlier, color="0.6", markerfacecolor="white", zorder=1, label="among fewer pictures, which is easier"
        )
        _draw(axes, compared, color="C0")
        front = pareto_front([(row["p50_ms"], row["hit@1"]) for row in compared])
        if len(front) > 1:  # one method alone is no line, and its legend would name what nobody sees
            axes.step(
                *zip(*front, strict=True), where="post", color="0.55", linestyle="--", zorder=0, label="Pareto front"
            )
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc="lower right", fontsize=8, frameon=False)
        x = [row["p50_ms"] for row in points]
        lowest = min(row["hit@1_low"] for row in rows)
        axes.set(xscale="log", xlabel=f"{words} (log scale)", ylim=(max(lowest - 0.15, -0.05), 1.05))
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(x) < 100 * min(x) else (1,)))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(min(x) / 3, max(x) * 3)
        axes.grid(alpha=0.25)
        named.append((axes, points))
    panels[0].set_ylabel("hit@1 (95% interval)")
    figure.suptitle(title.replace("$", r"\$"))
    figure.tight_layout()
    for axes, points in named:  # once nothing moves any more
        place_names(figure, axes, points)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
    plt.close(figure)
    return path


def _draw(axes: Any, rows: list[Finalist], **look: object) -> None:
    """Points with their intervals."""
    if rows:
        y = [row["hit@1"] for row in rows]
        below = [max(0.0, row["hit@1"] - row["hit@1_low"]) for row in rows]
        above = [max(0.0, row["hit@1_high"] - row["hit@1"]) for row in rows]
        x = [row["p50_ms"] for row in rows]
        axes.errorbar(x, y, yerr=[below, above], fmt="o", markersize=6, capsize=2, linewidth=1, **look)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
