"""What one must know of each method: its origin and settings, what it is fed, how it did, where its time goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from benchmarks.reporting.html.commands import run_command
from benchmarks.reporting.html.section import Section, render
from benchmarks.reporting.tables.model import Column, MethodRow, Table, count, fraction, mebibytes, milliseconds, rate
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import STAGES
from benchmarks.rows.cell import CellRow
from methods.spec import MethodSpec, Part
from methods.weights_catalogue import WEIGHTS, WeightsFile

_COLUMNS = (
    Column("data set", "dataset", is_text=True),
    Column("hit@1", "hit@1", fraction),
    Column("mAP", "mAP", fraction),
    Column("p50 ms", "p50_ms", milliseconds),
    Column("p95 ms", "p95_ms", milliseconds),
    Column("indexed images/s", "gallery_images_per_s", rate),
    Column("peak MiB", "peak_bytes", mebibytes),
    Column("index B/image", "index_bytes_per_image", count),
)


@dataclass(frozen=True)
class Stage:
    """A part of a query's mean time: `share` and `start` are per cent of the whole."""

    name: str
    number: int
    milliseconds: float
    share: float
    start: float


@dataclass
class MethodPage:
    """What is shown of one method."""

    spec: MethodSpec
    settings: list[tuple[str, str, bool]]
    """Name, value, and whether that is code."""
    weights: list[WeightsFile]
    results: Table
    commands: list[str] = field(default_factory=list)
    stages: list[tuple[str, list[Stage]]] = field(default_factory=list)
    """By data set."""
    found: dict[str, str] = field(default_factory=dict)
    """Origin and sha256 of the weights it ran with."""
    reasons: list[str] = field(default_factory=list)
    """Why a cell has no figure."""

    @classmethod
    def of(cls, spec: MethodSpec) -> "MethodPage":
        """A page on which no result stands yet."""
        weights = [WEIGHTS[name] for name in spec.weights if name in WEIGHTS]
        return cls(spec, _settings(spec), weights, Table(f"Results of {spec.id}", _COLUMNS, []))


def method_pages(pages: Sequence[Page]) -> list[Section]:
    """One section with a part for each method that is stored, in catalogue order within its family."""
    found: dict[str, MethodPage] = {}
    for page in pages:
        if page.retrieval is None:
            continue
        for (cell, stored, spec), row in zip(page.group.entries, page.retrieval.rows, strict=True):
            _add(found.setdefault(cell.method_id, MethodPage.of(spec)), page, stored, row)
    if not found:
        return []
    families: dict[str, list[MethodPage]] = {}
    for method in found.values():
        families.setdefault(method.spec.family, []).append(method)
    html = render("methods.html", families=families, milliseconds=milliseconds)
    return [Section("methods", "Methods", html)]


def _add(method: MethodPage, page: Page, stored: CellRow, row: MethodRow) -> None:
    where = page.group.where
    method.results.rows = [*method.results.rows, {**cast(Mapping[str, object], row), "dataset": where}]
    method.commands.append(run_command(page.group, [method.spec.id]))
    if stages := stored.get("stages_ms"):
        method.stages.append((where, _stages(stages)))
    if weights := stored.get("weights"):
        method.found |= {"sha256": weights["sha256"], "origin": weights["origin"]}
    if stored["status"] != "ok":
        method.reasons.append(f"{where}: {stored['status']} ({stored['reason']})")


def _stages(times: Mapping[str, float]) -> list[Stage]:
    """Stages in their usual order, as parts of a bar."""
    whole, start, stages = sum(times.values()) or 1.0, 0.0, []
    for number, name in enumerate(STAGES):
        if times.get(name):
            share = 100 * times[name] / whole
            stages.append(Stage(name, number, times[name], share, start))
            start += share
    return stages


def _settings(spec: MethodSpec) -> list[tuple[str, str, bool]]:
    """The parts it is made of with their parameters, and what it is fed."""
    parts = [("method", spec.method), ("encoder", spec.encoder)]
    parts += [("transform", part) for part in spec.transforms] + [("index", spec.index)]
    lines = [(name, _part(part), True) for name, part in parts if part]
    lines.append(("learns", _teacher(spec), False))
    if spec.input:
        size = "×".join(map(str, spec.input.size)) if spec.input.size else "any size"
        lines.append(("input contract", f"{size}, {spec.input.colour}, {spec.input.scaling}", False))
    if spec.reference:
        lines.append(("approximates", spec.reference, False))
    return [*lines, ("images of", "faces" if spec.content == "faces" else "anything", False)]


def _teacher(spec: MethodSpec) -> str:
    if spec.supervised:
        return "from the gallery's labels"
    return "from the gallery, without labels" if spec.learns else "nothing"


def _part(part: Part) -> str:
    name = part.target if isinstance(part.target, str) else getattr(part.target, "__qualname__", str(part.target))
    params = ", ".join(f"{key}={value}" for key, value in part.params.items())
    return f"{name.rpartition(':')[2]}({params})"
