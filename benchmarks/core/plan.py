"""What a run will do: every cell asked for, what each depends on, and whether its stored row still holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.core.cells import Cell, system
from benchmarks.core.judged.answering import is_kept_whole
from benchmarks.core.staleness import (
    NO_TASKS,
    changes,
    encoder_key,
    engine_code,
    judging_code,
    method_inputs,
    task_code,
)
from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import own_tasks, tasks_of
from benchmarks.core.tasking.task import Task
from benchmarks.protocol import PROTOCOL_VERSION, SEED, size_class, timing_of
from benchmarks.rows.cell import FAILED_RERUN, CellRow, Inputs
from benchmarks.system.devices import KERAS_BACKENDS, device_of, has_engines, lacking, packages_of
from datasets.dataset import Dataset
from datasets.errors import BenchmarkError, DataError, UnknownNameError
from datasets.manifest import Manifest, PairManifest
from datasets.registry import open_dataset
from methods.engines.registry import AUTO, PLAIN
from methods.installed import absent
from methods.registry import Registry
from methods.spec import MethodSpec
from methods.weights import Found, file_obstacle, find_weights


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    methods: Sequence[str]
    datasets: Sequence[tuple[str, str]]
    """(name, subset) pairs."""
    tasks: Sequence[str] = ("retrieval", "unseen-classes", "robustness", "verification")
    data_dir: Path | None = None
    weights_dir: Path | None = None
    plugins: tuple[Path, ...] = ()
    threads: int = 1
    device: str = "cpu"
    """cpu or gpu."""
    keras_backend: str = KERAS_BACKENDS[0]
    engine: str = ""
    """What networks run on, in all that a row holds; empty: plain Keras (see benchmarks.execution.equivalence)."""
    keep_rankings: bool = False
    """Store whole rankings, however large (see benchmarks.core.judged)."""


@dataclass(frozen=True, eq=False)
class PlannedCell:
    """One cell with all it depends on. `state` is new, stale, failed or done; `why` says what changed."""

    cell: Cell
    spec: MethodSpec
    task: Task
    inputs: Inputs
    manifest: Path
    weights: Found | None
    encoder_key: str
    state: str
    why: str
    missing: tuple[str, ...]
    """Packages it needs that are not installed."""
    last_seconds: float | None
    images: int
    """Of its subset: those searched in and for, or those of its pairs."""
    failed_rerun: str = ""
    """How the last run ended, where that was without a result and an earlier row was kept."""

    @property
    def obstacle(self) -> str:
        """Why it cannot run here, and what to do; empty where it can."""
        return lacking(self.spec, self.missing) or file_obstacle(self.spec, self.weights)

    @property
    def trained(self) -> bool:
        """False for a network whose weights are not here."""
        return self.weights is not None or not self.spec.weights

    @property
    def is_timed(self) -> bool:
        """Whether its times are results, so that nothing else may run beside it; those of smoke subsets are none."""
        return self.task.is_timed and size_class(self.cell.subset) != "smoke"


@dataclass
class Plan:
    """Cells in running order, and what was left out with the reason."""

    cells: list[PlannedCell] = field(default_factory=list)
    left_out: list[tuple[str, str, str]] = field(default_factory=list)
    """(method, data set, reason)."""


Settle = Callable[[PlannedCell, Request, Store], str]
"""Names the engine of a cell that is planned on plain Keras."""


def make_plan(
    request: Request,
    registry: Registry,
    store: Store,
    on_progress: Callable[[str], None] = lambda text: None,
    force: bool = False,
    settle: Settle | None = None,
) -> Plan:
    """Resolve names, read manifests and weights, and compare with what is stored.

    With `force` every image is read again, whatever its file's size and times say. `settle` names the engine of each
    cell where the request leaves that open ("auto").
    Raises BenchmarkError for anything the user must fix first: unknown names, broken data, wrong weights.
    """
    tasks = tasks_of(registry)
    asked = [tasks.get(name) for name in dict.fromkeys(request.tasks)]
    specs = [registry.get(method) for method in request.methods]
    found = {spec.id: _find_weights(spec, request.weights_dir) for spec in specs}
    plan = Plan()
    timed: dict[str, str] = {}
    read: set[tuple[str, str, type]] = set()
    for name, subset in request.datasets:
        dataset = open_dataset(name, request.data_dir, store.drawings)
        for task in asked:
            on_progress(f"reading {name}:{subset} for {task.name}")
            try:
                images = (name, subset, task.manifest_type)
                with tasks.blamed(task):
                    again = force and images not in read
                    manifest = task.manifest(dataset, subset, store.cache / "manifests", again)
                read.add(images)
            except (DataError, UnknownNameError) as error:
                if not task.may_lack:
                    raise
                plan.left_out.append(("all methods", f"{name}:{subset}", str(error)))
                continue
            if manifest is None:
                plan.left_out.append(("all methods", f"{name}:{subset}", f"it defines no {task.name} pairs"))
                continue
            with tasks.blamed(task):
                reason, lesson = task.obstacle(manifest), task.unlearnable(manifest)
            if reason:
                plan.left_out.append(("all methods", f"{name}:{subset}", f"{task.name}: {reason}"))
                continue
            path = store.keep_manifest(manifest.hash, manifest.to_json())
            for spec in specs:
                reason = _not_applicable(spec, dataset, task, found[spec.id]) or (lesson if spec.supervised else "")
                if not reason and spec.weights and found[spec.id] is None and not spec.network_in_file:
                    # Its speed is all there is to measure, and that does not depend on what the images show.
                    if spec.id in timed:
                        reason = f"untrained: timed on {timed[spec.id]}, and there is nothing else to measure"
                    timed.setdefault(spec.id, f"{name}:{subset}")
                if reason:
                    plan.left_out.append((spec.id, f"{name}:{subset}", reason))
                    continue
                cell = Cell(name, subset, task.name, spec.id, device_of(spec, request.device))
                with tasks.blamed(task):
                    planned = _planned(cell, spec, task, manifest, path, found[spec.id], request, store)
                engine = _engine(planned, request, store, on_progress, settle)
                if engine != PLAIN:
                    cell = replace(cell, method=system(spec.id, engine))
                    planned = _planned(cell, spec, task, manifest, path, found[spec.id], request, store)
                plan.cells.append(planned)
    if not plan.cells:
        raise BenchmarkError("nothing to run: " + "; ".join(f"{m} on {d}: {why}" for m, d, why in plan.left_out[:5]))
    return plan


def cell_inputs(
    cell: Cell,
    spec: MethodSpec,
    manifest_hash: str,
    weights: Found | None,
    threads: int,
    keras_backend: str = KERAS_BACKENDS[0],
    source: object = None,
    task: Task | None = None,
) -> Inputs:
    """Everything a row depends on. A row whose inputs differ from these is stale.

    `source` is the data set, whose own way to decode counts (None: how image files are decoded alone). `task` is
    that of the cell where it is a plug-in's.
    """
    trained = weights is not None or not spec.weights
    task = task or (own_tasks().get(cell.task) if cell.task in own_tasks() else None)
    code = task.code if task else NO_TASKS[cell.task]
    return {
        "protocol": PROTOCOL_VERSION,
        "seed": SEED,
        **method_inputs(spec, None if weights is None else weights.sha256, keras_backend, source, code),
        "task_code": task_code(code),
        "manifest": manifest_hash,
        "threads": threads,
        "timing": dict(task.budget(cell.subset, trained) if task else vars(timing_of(cell.subset, trained))),
    }


def _planned(
    cell: Cell,
    spec: MethodSpec,
    task: Task,
    manifest: Manifest | PairManifest,
    path: Path,
    weights: Found | None,
    request: Request,
    store: Store,
) -> PlannedCell:
    inputs = cell_inputs(
        cell, spec, manifest.hash, weights, request.threads, request.keras_backend, manifest.source, task
    )
    if has_engines(spec, cell.device, request.keras_backend):
        inputs["engine"] = cell.engine
        if cell.engine != PLAIN:
            inputs["engine_code"] = engine_code(cell.engine)
    if isinstance(manifest, Manifest) and not is_kept_whole(len(manifest.queries), len(manifest.gallery)):
        inputs["judging"] = judging_code()
    row = store.row(cell)
    damage = store.damage(cell)
    state, why = ("failed", damage) if damage else _state(row, inputs)
    if state == "done" and request.keep_rankings and store.statistics(cell):
        state, why = "stale", "whole rankings are asked for, and only first results are stored"
    missing = absent(packages_of(spec, request.keras_backend))
    seconds = row.get("wall_s") if row else None
    later = row.get(FAILED_RERUN) if row else None
    rerun = f"last rerun failed: {later['status']}: {later['reason']}" if later else ""
    why = "; ".join(filter(None, (why, rerun)))
    key = encoder_key(spec, inputs)
    images = len(manifest.records)
    return PlannedCell(cell, spec, task, inputs, path, weights, key, state, why, missing, seconds, images, rerun)


def _engine(
    planned: PlannedCell, request: Request, store: Store, on_progress: Callable[[str], None], settle: Settle | None
) -> str:
    """What a cell's networks will run on; "auto" is settled here, since the engine is part of what a cell is."""
    if not has_engines(planned.spec, planned.cell.device, request.keras_backend) or planned.missing:
        return PLAIN
    if request.engine != AUTO:
        return request.engine or PLAIN
    if settle is None:
        raise ValueError(f"a plan with the engine {AUTO} needs to be told how that is settled")
    on_progress(f"checking which engine {planned.spec.id} may run on")
    return settle(planned, request, store)


def _state(row: CellRow | None, inputs: Inputs) -> tuple[str, str]:
    if row is None:
        return "new", "never ran"
    if changed := changes(row.get("inputs", {}), inputs):
        return "stale", "changed: " + ", ".join(changed)
    if row["status"] != "ok":
        return "failed", f"{row['status']}: {row['reason']}"
    return "done", ""


def _find_weights(spec: MethodSpec, weights_dir: Path | None) -> Found | None:
    for name in spec.weights:
        if found := find_weights(name, weights_dir):
            return found
    return None


def _not_applicable(spec: MethodSpec, dataset: Dataset, task: Task, weights: Found | None) -> str:
    if not task.asks(spec):
        return f"{task.name} does not apply"
    if spec.content == "faces" and dataset.content == "objects":
        return "made for images of faces"
    if not task.is_timed and spec.weights and weights is None and not spec.network_in_file:
        return f"untrained: {task.name} measures accuracy only"
    return ""
