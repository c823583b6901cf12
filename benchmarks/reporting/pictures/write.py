"""Writes a contact sheet for every data set and subset there are rankings of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.core.store import Store
from benchmarks.reporting.pictures.contact_sheet import contact_sheet
from benchmarks.reporting.tables.groups import Group, make_groups
from datasets.errors import BenchmarkError
from datasets.registry import open_dataset
from methods.registry import Registry

PRIVATE_FOLDER = "pictures"
"""Sheets of real photographs lie in this folder, which version control ignores: they may not be redistributed."""


@dataclass
class Sheets:
    """Files there are now, and the groups without one, each with the reason."""

    written: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def write_contact_sheets(
    store: Store,
    registry: Registry,
    data_dir: Path | None,
    out: Path,
    methods: Sequence[str] | None = None,
    only_outdated: bool = False,
    redistributable: bool = False,
) -> Sheets:
    """Write `<data set>-<subset>-contact-sheet.png`: stand-ins into `out`, real photographs into `out`/pictures.

    A group whose images are not there is left out. With `only_outdated`, a sheet newer than all its cells stays;
    with `redistributable`, none is drawn of real photographs.
    """
    sheets = Sheets()
    for group in make_groups(store, registry):
        if group.task != "retrieval":
            continue
        text = store.manifest_path(group.manifest).read_text(encoding="utf-8")
        synthetic = json.loads(text)["synthetic"]
        if redistributable and not synthetic:
            continue
        path = sheet_path(group, out, synthetic)
        if only_outdated and _is_newer(path, store, group):
            continue
        try:
            dataset = open_dataset(group.entries[0][0].dataset, None if synthetic else data_dir, store.drawings)
            contact_sheet(store, group, dataset, path, methods)
        except BenchmarkError as error:
            sheets.left_out.append(f"{group.where}: {error}")
        else:
            sheets.written.append(path)
    return sheets


def sheet_path(group: Group, out: Path, synthetic: bool) -> Path:
    """Where a group's sheet goes."""
    return (out if synthetic else out / PRIVATE_FOLDER) / f"{group.name.removesuffix('retrieval')}contact-sheet.png"


def _is_newer(path: Path, store: Store, group: Group) -> bool:
    cells = [store.folder(cell) / "cell.json" for cell, _, _ in group.entries]
    return path.exists() and all(path.stat().st_mtime >= cell.stat().st_mtime for cell in cells)
