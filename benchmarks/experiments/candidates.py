"""What every measuring command can be told, and the one place where experiments resolve methods.

With data, weights and device, and all that a row depends on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.core.cells import Cell
from benchmarks.core.plan import cell_inputs
from benchmarks.core.staleness import encoder_key
from benchmarks.core.store import Store
from benchmarks.rows.cell import Inputs
from benchmarks.system.devices import KERAS_BACKENDS, device_of, lacking, packages_of
from datasets.errors import BenchmarkError
from datasets.manifest import Manifest, build_manifest
from datasets.registry import open_dataset
from methods.installed import absent
from methods.onnx_check import require_sound
from methods.registry import Registry
from methods.spec import MethodSpec
from methods.weights import Found, file_obstacle, find_weights

MEMORY_SHARE = 0.8
"""Of the machine's memory, what a process may use unless said otherwise."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where things lie, what processes run on, what they may take, and what is done with stored rows."""

    data_dir: Path | None = None
    weights_dir: Path | None = None
    plugins: tuple[Path, ...] = ()
    threads: int = 1
    device: str = "cpu"
    """cpu or gpu."""
    keras_backend: str = KERAS_BACKENDS[0]
    timeout: float = 1800.0
    """Seconds that one process may run, or take for an answer."""
    memory_bytes: int | None = None
    force: bool = False
    """Measure again what is stored."""
    dry_run: bool = False
    """Say what would be measured, and measure nothing."""

    @property
    def memory_limit(self) -> int:
        """Bytes a process may use."""
        return self.memory_bytes or int(psutil.virtual_memory().total * MEMORY_SHARE)


@dataclass(frozen=True)
class Candidate:
    """One method on one data set."""

    cell: Cell
    spec: MethodSpec
    weights: Found | None
    manifest: Manifest
    manifest_path: Path
    inputs: Inputs
    """What a row depends on; one whose inputs differ is stale."""
    packages: tuple[str, ...]
    """What its process imports."""
    obstacle: str
    """Why nothing can be measured here, or ""."""

    @property
    def trained(self) -> bool:
        """False for a network whose weights are not here."""
        return self.weights is not None or not self.spec.weights

    @property
    def encoder_key(self) -> str:
        """Names the encoder's stored rows."""
        return encoder_key(self.spec, self.inputs)


def resolve(
    experiment: str,
    methods: Iterable[str],
    datasets: Iterable[tuple[str, str]],
    settings: Settings,
    registry: Registry,
    store: Store,
    say: Callable[[str], None],
    untrained: bool = False,
) -> list[Candidate]:
    """Every method on every data set (name, subset); `say` is told which are left out.

    `untrained` lets networks without weights take part. Raises BenchmarkError for unknown names, broken data, wrong
    weights, and where nothing is left that can be measured here.
    """
    specs = [registry.get(method) for method in methods]
    for spec in specs:
        require_sound(spec)
    found: list[Candidate] = []
    left_out: list[str] = []
    for name, subset in datasets:
        for each in _on(experiment, name, subset, specs, settings, store, untrained):
            if isinstance(each, str):
                say(f"left out: {each}")
                left_out.append(each)
            else:
                found.append(each)
    reasons = [*left_out, *(f"{each.spec.id}: {each.obstacle}" for each in found if each.obstacle)]
    if all(each.obstacle for each in found):
        raise BenchmarkError(f"nothing to measure: {'; '.join(reasons[:3])}")
    return found


def _on(
    experiment: str,
    name: str,
    subset: str,
    specs: Iterable[MethodSpec],
    settings: Settings,
    store: Store,
    untrained: bool,
) -> Iterator[Candidate | str]:
    """Those on one data set, or why one is left out."""
    dataset = open_dataset(name, settings.data_dir, store.drawings)
    manifest = build_manifest(dataset, subset, store.cache / "manifests", settings.force)
    path = store.keep_manifest(manifest.hash, manifest.to_json())
    for spec in specs:
        if spec.content == "faces" and dataset.content == "objects":
            yield f"{spec.id} looks for faces, and the images of {name} show none; name another data set"
            continue
        weights = next(filter(None, (find_weights(each, settings.weights_dir) for each in spec.weights)), None)
        cell = Cell(name, subset, experiment, spec.id, device_of(spec, settings.device))
        packages = packages_of(spec, settings.keras_backend)
        unlearned = "" if untrained or not spec.weights or weights else f"no weights: fetch {spec.weights[0]}"
        yield Candidate(
            cell=cell,
            spec=spec,
            weights=weights,
            manifest=manifest,
            manifest_path=path,
            inputs=cell_inputs(
                cell, spec, manifest.hash, weights, settings.threads, settings.keras_backend, source=dataset
            ),
            packages=packages,
            obstacle=lacking(spec, absent(packages)) or unlearned or file_obstacle(spec, weights),
        )
