"""Stored rows sorted into what one table may compare: same data set, subset, task and content; and their images."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.core.cells import ON, Cell, system
from benchmarks.core.ground_truth import GroundTruth, read_ground_truth
from benchmarks.core.scoring import as_scored
from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import tasks_of
from benchmarks.rows.cell import FAILED_RERUN, CellRow
from benchmarks.system.names import file_stem
from datasets.errors import DataError
from datasets.manifest import Manifest
from datasets.notes import note
from datasets.registry import DATASETS, open_dataset
from methods.onnx_methods import is_onnx
from methods.registry import Registry
from methods.spec import MethodSpec


@dataclass
class Group:
    """Cells that may stand in one table, in catalogue order; `truth` is named as the cells were asked for."""

    truth: GroundTruth
    task: str
    manifest: str
    entries: list[tuple[Cell, CellRow, MethodSpec]] = field(default_factory=list)
    out: Path = Path("results")
    """The folder of the store that they are read from."""
    plugins: tuple[Path, ...] = ()
    """Files that have to be named to have all of these methods."""
    is_everything: bool = False
    """Whether a run of all methods makes these cells: every method is there that needs neither weights nor faces."""
    left_out: int = 0
    """Stored rows about other content (an older copy of the data): not comparable, so not shown."""

    @property
    def name(self) -> str:
        """A file name."""
        return self.truth.page(self.task)

    @property
    def where(self) -> str:
        """For people: lfw (synthetic):smoke, imdb-wiki (stand-in: 12 celebrities):standard."""
        return self.truth.where

    @property
    def heading(self) -> str:
        """For people: lfw (synthetic):smoke, retrieval."""
        return f"{self.where}, {self.task}"


def make_groups(store: Store, registry: Registry, device: str = "") -> list[Group]:
    """All stored cells of known methods; of several contents of one subset the one run last is shown.

    With `device` (cpu, gpu) only what ran there; otherwise one row a method, the CPU's where there are two.
    """
    registry.recall(cell.method_id for cell, _ in store.rows() if is_onnx(cell.method_id))
    order, tasks = {spec.id: position for position, spec in enumerate(registry)}, tasks_of(registry)
    stored: dict[tuple[str, str, str], list[tuple[Cell, CellRow]]] = {}
    for cell, row in store.rows():
        if cell.task not in tasks:
            note(f"no table of {cell.dataset}:{cell.subset}, {cell.task}: the task is a plug-in's; name it (--plugin)")
        elif cell.method_id in order and device in ("", cell.device):
            stored.setdefault((cell.dataset, cell.subset, cell.task), []).append((cell, row))
    damaged = store.damaged_folders()
    groups = []
    for (_, subset, task), rows in sorted(stored.items(), key=lambda entry: _place(entry[0])):
        newest = max(rows, key=lambda entry: entry[1]["started"])
        manifest = newest[1]["inputs"]["manifest"]
        try:
            truth = read_ground_truth(store.manifest_path(manifest)).asked_as(subset)
        except DataError as error:
            note(f"no table of {newest[0].dataset}:{subset}, {task}: {error}")
            continue
        group = Group(truth, task, manifest)
        rows += _unreadable(damaged, store, newest, registry, device)
        for cell, row in sorted(_one_device(rows), key=lambda entry: (order[entry[0].method_id], entry[0].method)):
            later = row.get(FAILED_RERUN)
            if row["inputs"]["manifest"] == manifest:
                group.entries.append((cell, as_scored(store, cell, row), registry.get(cell.method_id)))
            elif later and later["inputs"]["manifest"] == manifest:
                group.entries.append((cell, later, registry.get(cell.method_id)))
            else:
                group.left_out += 1
        groups.append(group)
    _tell_apart(groups)
    for group in groups:
        there = {spec.id for _, _, spec in group.entries}
        asked = {spec.id for spec in registry if tasks.get(group.task).asks(spec) and not spec.weights}
        asked -= {spec.id for spec in registry if spec.content == "faces"}
        group.out, group.plugins, group.is_everything = store.root, registry.plugins, asked <= there
    return groups


def _unreadable(
    folders: Iterable[Path], store: Store, sibling: tuple[Cell, CellRow], registry: Registry, device: str
) -> list[tuple[Cell, CellRow]]:
    """A row without a result for each damaged one that lies beside `sibling`: what they share is taken from that."""
    found = []
    names = {file_stem(spec.id): spec.id for spec in registry}
    for folder in folders:
        method, _, where = folder.name.rpartition(ON)
        stem, _, engine = method.partition(ON)
        if folder.parent == store.folder(sibling[0]).parent and stem in names and device in ("", where):
            cell = replace(sibling[0], method=system(names[stem], engine), device=where)
            row: CellRow = {
                "inputs": sibling[1]["inputs"],
                "jobs": sibling[1]["jobs"],
                "provenance": sibling[1]["provenance"],
                "started": sibling[1]["started"],
                "status": "error",
                "reason": "stored file damaged: run it again",
                "trained": True,
                "wall_s": 0.0,
                "cell": cell.to_json(),
            }
            found.append((cell, row))
    return found


def subset_place(subset: str) -> int:
    """Where a subset stands among others: standard opens, smoke closes."""
    return {"standard": 0, "full": 1, "smoke": 3}.get(subset, 2)


def _place(key: tuple[str, str, str]) -> tuple[int, str, int, str, str]:
    """Sorts (data set, subset, task): subsets, each with its data sets in their usual order, then tasks by name."""
    dataset, subset, task = key
    known = [*DATASETS, dataset].index(dataset)
    return subset_place(subset), subset, known, dataset, task


def _tell_apart(groups: Sequence[Group]) -> None:
    """Name folders of one name by their paths: no two groups share a heading or a file."""
    for naming in ("{}", "{} {:.8}"):
        named = Counter(group.name for group in groups)
        for group in groups:
            if named[group.name] > 1:
                dataset = group.entries[0][0].dataset
                title = naming.format(dataset, hashlib.sha256(dataset.encode()).hexdigest())
                group.truth = replace(group.truth, title=title)


def _one_device(rows: Sequence[tuple[Cell, CellRow]]) -> list[tuple[Cell, CellRow]]:
    """A method's row on the CPU, or on the GPU where that is all there is: the two meet in a table of their own."""
    on_cpu = {cell.method for cell, _ in rows if cell.device == "cpu"}
    return [(cell, row) for cell, row in rows if cell.device == "cpu" or cell.method not in on_cpu]


def rankable(entries: Iterable[tuple[Cell, CellRow, MethodSpec]]) -> list[str]:
    """Methods that may be best: no canaries, nothing untrained, nothing without a result."""
    return [
        cell.method
        for cell, row, spec in entries
        if spec.family != "canary" and row["trained"] and row["status"] == "ok"
    ]


def images_of(store: Store, group: Group, data_dir: Path | None) -> Manifest:
    """Gallery and queries that a retrieval group was run on; a stand-in's are generated, whatever lies in `data_dir`.

    Raises BenchmarkError where they are not here.
    """
    text = store.manifest_path(group.manifest).read_text(encoding="utf-8")
    synthetic = json.loads(text)["synthetic"]
    dataset = open_dataset(group.entries[0][0].dataset, None if synthetic else data_dir, store.drawings)
    return Manifest.from_json(text, dataset)
