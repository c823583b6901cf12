"""Every row of every task in one table that the reader sorts and filters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from benchmarks.core.columns import DERIVED
from benchmarks.core.tasking.registry import own_tasks
from benchmarks.reporting.html.section import Section, render
from benchmarks.reporting.html.theme import SHAPES
from benchmarks.reporting.html.trade_offs import on_fronts
from benchmarks.reporting.tables.model import (
    Column,
    MethodRow,
    count,
    disturbed_mark,
    figure_of,
    fraction,
    is_missing,
    mark,
    mebibytes,
    milliseconds,
    rate,
)
from benchmarks.reporting.tables.pages import Page
from datasets.words import listed

FIGURES = (
    Column("mAP", "mAP", fraction),
    Column("p50 ms", "p50_ms", milliseconds),
    Column("p95 ms", "p95_ms", milliseconds),
    Column("indexed images/s", "gallery_images_per_s", rate),
    Column("peak MiB", "peak_bytes", mebibytes),
    Column("index B/image", "index_bytes_per_image", count),
)
FALLING = ("mAP", "gallery_images_per_s")
"""Larger is better, so the first click puts the largest first."""


@dataclass(frozen=True)
class Line:
    """One method on one data set for one task on one device."""

    dataset: str
    task: str
    method: str
    shown_method: str
    family: str
    device: str
    weights: str
    """trained or untrained."""
    score: float | None
    interval: tuple[float, float] | None
    spread: str
    """The interval, or what stands for it, in words."""
    mark: str
    word: str
    front: str
    """The costs on whose Pareto front with hit@1 it stands: "latency, memory"."""
    figures: MethodRow

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What no other line shares."""
        return self.dataset, self.task, self.method, self.device

    @property
    def filters(self) -> dict[str, str]:
        """What the reader can filter by."""
        return {
            "dataset": self.dataset,
            "task": self.task,
            "family": self.family,
            "device": self.device,
            "weights": self.weights,
        }


def leaderboard(pages: Sequence[Page], on_gpu: Sequence[Page]) -> list[Section]:
    """One section; `on_gpu` are the pages of the GPU's rows, shown where `pages` hold those of the CPU."""
    lines = [line for page in pages for line in _lines(page)]
    known = {line.place for line in lines}
    lines += [line for page in on_gpu if page.retrieval for line in _lines(page) if line.place not in known]
    if not lines:
        return []
    lines.sort(key=lambda line: -1.0 if line.score is None else line.score, reverse=True)
    scores = {page.group.task: page.metric for page in pages if page.metric}
    choices = _choices(lines, list(dict.fromkeys(page.group.where for page in pages)))
    html = render(
        "leaderboard.html",
        lines=lines,
        choices=choices,
        chosen=_chosen(choices),
        columns=(*FIGURES, *DERIVED.values()),
        falling=(*FALLING, *DERIVED),
        is_missing=is_missing,
        disturbed_mark=disturbed_mark,
        scores=_scores_text(scores),
    )
    return [Section("leaderboard", "Leaderboard", html)]


def _choices(lines: Sequence[Line], datasets: list[str]) -> dict[str, list[str]]:
    """What there is to filter by, each in its usual order."""
    orders = {
        "dataset": datasets,
        "task": sorted({line.task for line in lines}, key=_task_place),
        "family": list(SHAPES),
    }
    found = {name: sorted({line.filters[name] for line in lines}) for name in lines[0].filters}
    return {name: [each for each in orders.get(name, there) if each in there] for name, there in found.items()}


def _task_place(name: str) -> tuple[int, str]:
    """The project's own tasks in their order, then those of plug-ins."""
    own = own_tasks().names
    return (own.index(name) if name in own else len(own)), name


def _scores_text(scores: Mapping[str, str]) -> str:
    """What a score is: "hit@1 of retrieval and robustness, accuracy of verification"."""
    by_metric: dict[str, list[str]] = {}
    for task in sorted(scores, key=_task_place):
        by_metric.setdefault(scores[task], []).append(task)
    return ", ".join(f"{metric} of {listed(names)}" for metric, names in by_metric.items())


def _chosen(choices: dict[str, list[str]]) -> dict[str, str]:
    """What the page opens with: one data set and task, what is trained; no column for a device that all share."""
    chosen = {name: choices[name][0] for name in ("dataset", "task")}
    chosen |= {"weights": "trained"} if "trained" in choices["weights"] else {}
    return chosen | ({"device": choices["device"][0]} if len(choices["device"]) == 1 else {})


def _lines(page: Page) -> Iterator[Line]:
    """The page's first table, row by row; pages about something else than a task's score have none."""
    task = page.group.task
    if not page.metric:
        return
    table, key = page.tables[0], page.metric
    fronts = on_fronts(page.retrieval.rows) if page.retrieval else {}
    for row in cast(Sequence[MethodRow], table.rows):
        yield Line(
            dataset=page.group.where,
            task=task,
            method=row["method"],
            shown_method=row["shown_method"],
            family=row["family"],
            device=row["device"],
            weights="trained" if row["trained"] else "untrained",
            score=figure_of(row, key),
            interval=_interval(row, key),
            spread=_spread(row, key),
            mark=mark(table, key, row["method"]),
            word=row["word"] if is_missing(row.get(key)) else "",
            front=fronts.get(row["method"], ""),
            figures=row,
        )


def _interval(row: MethodRow, key: str) -> tuple[float, float] | None:
    low, high = figure_of(row, f"{key}_low"), figure_of(row, f"{key}_high")
    return None if low is None or high is None else (low, high)


def _spread(row: MethodRow, key: str) -> str:
    """[low, high] of a mean over queries; ± the standard error of a mean over folds."""
    if interval := _interval(row, key):
        return f"[{interval[0]:.3f}, {interval[1]:.3f}]"
    return "" if is_missing(row.get("standard_error")) else f"± {row['standard_error']:.3f}"
