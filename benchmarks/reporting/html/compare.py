"""Two methods side by side: their metrics with the paired difference, what they cost, what they withstand."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.metrics.registry import added_metrics
from benchmarks.metrics.statistics import paired_differences
from benchmarks.reporting.html.section import Section, render
from benchmarks.reporting.tables.model import (
    Column,
    MethodRow,
    count,
    figure_of,
    fraction,
    is_missing,
    mebibytes,
    milliseconds,
    rate,
    word_of,
)
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import RetrievalTables
from datasets.distortions import DISTORTIONS

_METRICS = ("hit@1", "hit@5", "P@5", "recall@20", "mAP", "MAP@R", "MRR", "nDCG@10")
_COSTS = (
    Column("query p50 ms", "p50_ms", milliseconds),
    Column("query p95 ms", "p95_ms", milliseconds),
    Column("batched queries/s", "queries_per_s", rate),
    Column("indexed images/s", "gallery_images_per_s", rate),
    Column("cold start ms", "cold_start_ms", milliseconds),
    Column("peak MiB", "peak_bytes", mebibytes),
    Column("index B/image", "index_bytes_per_image", count),
)
_DISTORTED = tuple(Column(f"robustness, {name}: hit@1", f"hit@1_{name}", fraction) for name in DISTORTIONS)


def compare(pages: Sequence[Page]) -> list[Section]:
    """One section over every retrieval group of two methods or more; none without one."""
    robust = {page.group.where: page.tables[0].rows for page in pages if page.group.task == "robustness"}
    groups = {
        page.group.where: _group(page, page.retrieval, robust.get(page.group.where, []))
        for page in pages
        if page.retrieval is not None and len(page.retrieval.rows) > 1
    }
    return [Section("compare", "Compare two methods", render("compare.html", groups=groups))] if groups else []


def _group(page: Page, tables: RetrievalTables, robust: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """All that the page's script needs of one group, as JSON; methods in the order of hit@1, canaries last."""
    rows = sorted(tables.rows, key=_order)
    methods = [row["method"] for row in rows]
    distorted = {row["method"]: row for row in robust}
    metrics = [Column(name, name, fraction) for name in (*_METRICS, *added_metrics())]
    lines = [_line(column, rows, True) for column in metrics] + [_line(column, rows, False) for column in _COSTS]
    lines += [_line(column, [distorted.get(method, {}) for method in methods], True) for column in _DISTORTED]
    scores = {name: tables.scores[name].values["hit@1"] for name in methods if name in tables.scores}
    clusters = next((score.clusters for score in tables.scores.values()), None)
    return {
        "methods": methods,
        "opens": methods[:2],
        "rows": lines,
        "differences": _triangle(methods, paired_differences(scores, clusters=clusters)),
        "gallery": page.group.truth.page("gallery"),
    }


def _order(row: MethodRow) -> tuple[bool, float]:
    return row["family"] == "canary", 1.0 if is_missing(row.get("hit@1")) else -row["hit@1"]


def _line(column: Column, rows: Sequence[Mapping[str, object]], is_share: bool) -> dict[str, object]:
    cells = [_cell(column, row) for row in rows]
    return {"title": column.title, "key": column.key, "is_share": is_share, "cells": cells}


def _cell(column: Column, row: Mapping[str, object]) -> list[object]:
    """The value as a number, and as text with its interval; the word that stands for it where there is none."""
    value = row.get(column.key)
    if is_missing(value):
        return [None, word_of(row, column.key)]
    low, high = row.get(f"{column.key}_low"), row.get(f"{column.key}_high")
    spread = "" if is_missing(low) or is_missing(high) else f" [{column.show(low)}, {column.show(high)}]"
    return [float(f"{figure_of(row, column.key):.6g}"), column.show(value) + spread]


def _triangle(methods: Sequence[str], found: Mapping[tuple[str, str], Any]) -> list[list[Any]]:
    """For each method its [mean, low, high] to every later one; None where one of them has no accuracy."""

    def entry(one: str, other: str) -> list[float] | None:
        if (one, other) not in found:
            return None
        mean, interval = found[one, other]
        return [round(mean, 4), round(interval.low, 4), round(interval.high, 4)]

    return [[entry(one, other) for other in methods[place + 1 :]] for place, one in enumerate(methods)]
