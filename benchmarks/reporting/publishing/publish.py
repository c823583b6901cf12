"""Publishes what a store holds: every table, plot and redistributable picture of one run, in one go."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.core.store import Store
from benchmarks.reporting.pictures.write import write_contact_sheets
from benchmarks.reporting.publishing.one_run import PublishError, publication_parts
from benchmarks.reporting.publishing.provenance_file import FILE, Part, published_note, read_parts, write_parts
from benchmarks.reporting.publishing.write import require_sound, write_pages
from benchmarks.reporting.tables.pages import Page, make_pages
from methods.registry import Registry

_OF_ALL_CELLS = ("overview", "claims")


def publish(store: Store, registry: Registry, reference: Path) -> list[Path]:
    """Write everything stored into `reference`, in the place of what was published there; returns the files.

    A part that was published before and has a page here is replaced whole, so no page of its run is left beside ours;
    other parts (engines, say, where nothing is stored of them) stay, each with its own commit, and so do files that
    were not published (the baseline). Pictures are published of synthetic images only. Nothing is changed where
    PublishError is raised, because results are not all of one commit without changes, one machine and finished runs, or
    the folder cannot be written; or CanaryError, because no figure can be trusted.
    """
    parts = publication_parts(store, registry)
    pages = make_pages(store, registry)
    require_sound(pages)
    before = _published_before(reference)
    staging = None
    try:
        reference.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".publishing-", dir=reference))
        write_pages(store, registry, pages, staging, published_note(parts))
        write_contact_sheets(store, registry, None, staging, redistributable=True)
        names = sorted(path.name for path in staging.iterdir())
        parts = _with_files(parts, pages, names)
        kept = [old for old in before if set(old.files).isdisjoint(names)]
        write_parts([*parts, *kept], staging)
        for name in (*names, FILE):
            (staging / name).replace(reference / name)
        for name in {name for old in before if old not in kept for name in old.files}.difference(names):
            (reference / name).unlink(missing_ok=True)
    except OSError as error:
        raise PublishError(
            f"cannot write to {reference} ({error.strerror or error}); name another folder with --reference"
        ) from error
    finally:
        if staging:
            shutil.rmtree(staging, ignore_errors=True)
    return [reference / name for name in (*names, FILE)]


def _with_files(parts: Sequence[Part], pages: Sequence[Page], names: Sequence[str]) -> list[Part]:
    """Each part with its files: a run's tables; overview, claims and pictures with the main run; all else beside."""
    run_of: dict[str, int] = {}
    for page in pages:
        cell, *_ = page.group.entries[0]
        subset = f"{cell.dataset}:{cell.subset}"
        made = (number for number, part in enumerate(parts) if subset in part.subsets and cell.task in part.tasks)
        run_of |= dict.fromkeys((page.name, page.group.name), next(made))
    files = [list[str]() for _ in parts]
    for name in names:
        stem = Path(name).stem
        rest = 0 if stem in _OF_ALL_CELLS or stem.endswith("contact-sheet") else len(parts) - 1
        # A page's pictures are named after it.
        own = max((page for page in run_of if stem == page or stem.startswith(f"{page}-")), key=len, default="")
        files[run_of.get(own, rest)].append(name)
    return [replace(part, files=own) for part, own in zip(parts, files, strict=True)]


def _published_before(reference: Path) -> list[Part]:
    """What is published there; raises PublishError for a folder of other things, whose files must not be removed."""
    try:
        entries = [path.name for path in reference.iterdir() if path.is_file()] if reference.exists() else []
    except OSError as error:
        raise PublishError(f"{reference} is no folder ({error.strerror}); name another one with --reference") from error
    if entries and FILE not in entries:
        raise PublishError(f"{reference} holds files but no {FILE}, so it is no published folder; name an empty one")
    return read_parts(reference) if entries else []
