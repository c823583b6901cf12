"""Galleries for the report: what methods find for the same queries, where each fails worst, where two disagree most."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.core.store import Store
from benchmarks.reporting.html.commands import report_command
from benchmarks.reporting.html.gallery_choice import FirstHits, disagreements, distinct, group_hits, worst_failures
from benchmarks.reporting.html.gallery_view import Block, Thumbnails, View
from benchmarks.reporting.html.section import Section, render, source
from benchmarks.reporting.pictures.findings import find_results
from benchmarks.reporting.tables.groups import Group, images_of, make_groups
from datasets.errors import BenchmarkError
from datasets.manifest import Manifest
from methods.registry import Registry

RESULTS = 5
QUERIES = 10
FAILURES = 3
"""A method."""
DISAGREEMENTS = 8


@dataclass(frozen=True)
class Failures:
    """A method's worst queries; `same` are the methods that answer exactly alike."""

    method: str
    same: tuple[str, ...]
    blocks: tuple[Block, ...]
    undetected: int


@dataclass(frozen=True)
class Gallery:
    """All that is shown of one data set and subset."""

    id: str
    heading: str
    why_no_pictures: str
    demo: tuple[Block, ...]
    failures: tuple[Failures, ...]
    disagreements: tuple[Block, ...]


def gallery_section(store: Store, registry: Registry, data_dir: Path | None, page: Path) -> Section | None:
    """The galleries of every stored retrieval group; thumbnails are written below the folder `page`.

    The subset that most methods ran on comes first. Where a data set's images are not in `data_dir`, ids stand in their
    place. None where nothing is stored to show.
    """
    groups = [group for group in make_groups(store, registry) if group.task == "retrieval"]
    galleries = [gallery for group in groups if (gallery := make_gallery(store, group, data_dir, page)) is not None]
    if not galleries:
        return None
    galleries.sort(key=lambda gallery: -len(gallery.failures))
    command = report_command(store.root, registry.plugins)
    html = render("galleries.html", galleries=galleries, results=RESULTS, failures=FAILURES, command=command)
    return Section("galleries", "What the methods find", html, source("galleries.css"))


def make_gallery(store: Store, group: Group, data_dir: Path | None, page: Path) -> Gallery | None:
    """The gallery of one retrieval group; None where no method has a ranking, or no query an answer."""
    truth = group.truth
    try:
        demo = find_results(store, group, None, QUERIES, RESULTS)
    except BenchmarkError:
        return None
    images, why = _images(store, group, data_dir)
    cell = group.entries[0][0]
    view = View(truth, f"{cell.dataset}:{cell.subset}", images, Thumbnails(page))
    answers = group_hits(store, group, RESULTS)
    by_name = {hits.method: hits for hits in answers}
    shown = [by_name[strip.method] for strip in demo.strips if strip.method in by_name]
    pairs = disagreements(shown, len(truth.gallery_ids), truth.query_ids, DISAGREEMENTS)
    return Gallery(
        id=truth.page("gallery"),
        heading=truth.where,
        why_no_pictures=why,
        demo=tuple(view.block(row, shown) for row in demo.queries.tolist()),
        failures=tuple(_failures(view, hits, same) for hits, same in distinct(answers)),
        disagreements=tuple(view.block(pair.row, [pair.better, pair.worse], with_why=True) for pair in pairs),
    )


def _failures(view: View, hits: FirstHits, same: Iterable[str]) -> Failures:
    rows = worst_failures(hits, view.truth.query_ids, FAILURES)
    blocks = tuple(view.block(row, [hits], with_why=True) for row in rows)
    return Failures(hits.method, tuple(same), blocks, int(hits.undetected.sum()))


def _images(store: Store, group: Group, data_dir: Path | None) -> tuple[Manifest | None, str]:
    """The images that the group ranked, or None and why they are not here."""
    try:
        return images_of(store, group, data_dir), ""
    except BenchmarkError:
        return None, "The images are not here, so their ids are shown; name their folder with --data to see them."
