"""The course of each training whose curves are kept: accuracy and loss by epoch, on images seen and held out."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.core.store import Store
from benchmarks.reporting.html.commands import report_command, run_command
from benchmarks.reporting.html.figure import Figure, Panel, figures_html
from benchmarks.reporting.html.section import Section, anchor
from benchmarks.reporting.html.theme import data, zoom
from benchmarks.reporting.tables.model import Column, Table, count, fraction
from benchmarks.reporting.tables.pages import Page
from benchmarks.system.files import if_intact, read_json
from methods.training.curves import Epoch, read_curves
from methods.training.kept import SETTINGS

_COLUMNS = (
    Column("epoch", "epoch", count),
    Column("learning rate", "learning_rate", lambda value: f"{value:.2g}"),
    Column("loss", "loss", fraction),
    Column("held-out loss", "held_out_loss", fraction),
    Column("accuracy", "accuracy", fraction),
    Column("held-out accuracy", "held_out_accuracy", fraction),
    Column("seconds", "seconds", lambda value: f"{value:.1f}"),
)
_KINDS = ("learned from", "held out")
_COLOURS = ("var(--family-5)", "var(--family-2)")
_MOST_TICKS = 12


def trainings(store: Store, pages: Sequence[Page]) -> list[Section]:
    """One section with a tab a training, the longest first; none where no curves are kept."""
    found = []
    for folder in sorted((store.cache / "models").glob("*")):
        epochs, settings = read_curves(folder), if_intact(read_json, folder / SETTINGS)
        if epochs and isinstance(settings, dict):
            label = f"{_label(settings, pages)}, {folder.name.rpartition('-')[2][:6]}"
            command = f"{_command(store, settings, pages)}  # cache/models/{folder.name}/curves.csv"
            figures = [_figure(folder.name, label, epochs, what, command) for what in ("accuracy", "loss")]
            found.append((-len(epochs), label, figures))
    panels = [Panel(label, figures) for _, label, figures in sorted(found, key=lambda each: each[:2])]
    return [Section("trainings", "Training", figures_html(panels, "trainings"))] if panels else []


def _label(settings: dict[str, object], pages: Sequence[Page]) -> str:
    """The network, how much it was shown and in which view; the data set where the gallery's size tells."""
    images, labels = settings.get("images"), settings.get("labels")
    sizes = {page.group.where: len(page.group.truth.gallery_ids) for page in pages}
    fitting = [title for title, size in sizes.items() if size == images]
    where = f"{fitting[0]}, " if len(fitting) == 1 else ""
    view = str(settings.get("view", "")).rpartition(":")[2].replace("_", " ")
    seen = f", {view}" if view not in ("", "whole") else ""
    return f"{settings.get('network')}: {where}{images} images, {labels} labels{seen}"


def _command(store: Store, settings: dict[str, object], pages: Sequence[Page]) -> str:
    """Run the methods that learn on the images of that number; where no page tells, write the report again."""
    for page in pages:
        if page.retrieval and len(page.group.truth.gallery_ids) == settings.get("images"):
            learners = [cell.method for cell, _, spec in page.group.entries if spec.supervised]
            if learners:
                return run_command(page.group, learners)
    return report_command(store.root)


def _figure(folder: str, label: str, epochs: Sequence[Epoch], what: str, command: str) -> Figure:
    held_out = any(getattr(epoch, f"held_out_{what}") is not None for epoch in epochs)
    last = epochs[-1]
    says = (
        f"{what} by epoch of {label}: {getattr(last, what):.3f} on the images learned from after {last.epoch} epochs"
        + (f", {getattr(last, f'held_out_{what}'):.3f} on those held out." if held_out else "; nothing was held out.")
    )
    rows = [{"method": "", **asdict(epoch)} for epoch in epochs]
    table = Table(f"Training of {label}", _COLUMNS, rows)
    title = what.capitalize() + (" (nats)" if what == "loss" else "")
    return Figure(anchor(f"plot-{what}", folder), title, says, _chart(epochs, what), table, command)


def _chart(epochs: Sequence[Epoch], what: str) -> Any:
    import altair as alt

    points = [
        {"epoch": epoch.epoch, "images": kind, "value": value}
        for epoch in epochs
        for kind, value in zip(_KINDS, (getattr(epoch, what), getattr(epoch, f"held_out_{what}")), strict=True)
        if value is not None
    ]
    chart = alt.Chart(data(points)).mark_line(clip=True, strokeWidth=2.5)
    return (
        chart.encode(
            x=alt.X("epoch:Q").axis(values=_ticks(len(epochs)), format="d"),
            y=alt.Y("value:Q", title=what),
            color=alt.Color("images:N", title=None).scale(domain=list(_KINDS), range=list(_COLOURS)),
            strokeDash=alt.StrokeDash("images:N", title=None).scale(domain=list(_KINDS), range=[[1, 0], [6, 4]]),
            tooltip=[alt.Tooltip("images:N"), alt.Tooltip("epoch:Q"), alt.Tooltip("value:Q", format=".3f", title=what)],
        )
        .add_params(zoom("zoom"))
        .properties(width="container", height=260)
    )


def _ticks(epochs: int) -> list[int]:
    """The first epoch and every round number of epochs, few enough to be read."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, epochs) if epochs / step <= _MOST_TICKS)
    return [1, *range(step, epochs + 1, step)] if step > 1 else list(range(1, epochs + 1))
