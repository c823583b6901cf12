"""Publishes what a store holds: every table, plot and redistributable picture of one run, in one go."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.pictures.write import write_contact_sheets
from benchmarks.store import Store
from benchmarks.tables.one_run import PublishError, one_part
from benchmarks.tables.pages import make_pages
from benchmarks.tables.provenance_file import FILE, Part, published_note, read_parts, write_parts
from benchmarks.tables.write import require_sound, write_pages
from methods.registry import Registry


def publish(store: Store, registry: Registry, reference: Path) -> list[Path]:
    """Write everything stored into `reference`, in the place of what was published there; returns the files.

    What the new publication does not have is removed; files that were not published (the baseline) stay. Pictures are
    published of synthetic images only. Nothing is changed where PublishError is raised, because results are not all of
    one commit without changes, one machine and one finished run, or the folder cannot be written; or CanaryError,
    because no figure can be trusted.
    """
    part = one_part(store, registry)
    pages = make_pages(store, registry)
    require_sound(pages)
    before = _published_before(reference)
    staging = None
    try:
        reference.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".publishing-", dir=reference))
        write_pages(store, registry, pages, staging, published_note([part]))
        write_contact_sheets(store, registry, None, staging, redistributable=True)
        names = sorted(path.name for path in staging.iterdir())
        write_parts([replace(part, files=names)], staging)
        for name in (*names, FILE):
            (staging / name).replace(reference / name)
        for name in {name for old in before for name in old.files}.difference(names):
            (reference / name).unlink(missing_ok=True)
    except OSError as error:
        raise PublishError(
            f"cannot write to {reference} ({error.strerror or error}); name another folder with --reference"
        ) from error
    finally:
        if staging:
            shutil.rmtree(staging, ignore_errors=True)
    return [reference / name for name in (*names, FILE)]


def _published_before(reference: Path) -> list[Part]:
    """What is published there; raises PublishError for a folder of other things, whose files must not be removed."""
    try:
        entries = [path.name for path in reference.iterdir() if path.is_file()] if reference.exists() else []
    except OSError as error:
        raise PublishError(f"{reference} is no folder ({error.strerror}); name another one with --reference") from error
    if entries and FILE not in entries:
        raise PublishError(f"{reference} holds files but no {FILE}, so it is no published folder; name an empty one")
    return read_parts(reference) if entries else []
