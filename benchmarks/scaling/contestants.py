"""Who takes part in a growth measurement: every method asked for on every data set, with all a row depends on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.cells import Cell
from benchmarks.plan import cell_inputs
from benchmarks.scaling.galleries import Pool, make_pool
from benchmarks.scaling.jitter import SHARE
from benchmarks.scaling.point import BUILD_SECONDS, BUILDS
from benchmarks.scaling.search_cost import TIMING
from benchmarks.staleness import encoder_key
from benchmarks.store import Store
from datasets.manifest import Manifest, build_manifest
from datasets.registry import open_dataset
from methods.installed import needs
from methods.registry import Registry
from methods.spec import MethodSpec
from methods.weights import Found, find_weights

TASK = "scaling"

MEASURING = 1
"""Raised when what a point measures changes: rows stored before are then stale."""


@dataclass(frozen=True)
class Request:
    """What was asked for: (name, subset) pairs, rising sizes, seconds and bytes that one process may take."""

    methods: tuple[str, ...]
    datasets: tuple[tuple[str, str], ...]
    sizes: tuple[int, ...]
    data_dir: Path | None = None
    weights_dir: Path | None = None
    plugins: tuple[Path, ...] = ()
    threads: int = 1
    timeout: float = 1800.0
    memory_bytes: int | None = None
    force: bool = False

    @property
    def memory_limit(self) -> int:
        """Bytes a process may use: 80 % of the machine's, unless said otherwise."""
        return self.memory_bytes or int(psutil.virtual_memory().total * 0.8)


@dataclass(frozen=True)
class Contestant:
    """One method on one data set."""

    cell: Cell
    spec: MethodSpec
    weights: Found | None
    manifest: Manifest
    manifest_path: Path
    pool: Pool
    inputs: dict[str, Any]
    """What a row of any size depends on; a row whose inputs differ is stale."""

    @property
    def encoder_key(self) -> str:
        """Names the encoder's stored rows."""
        return encoder_key(self.spec, self.inputs)

    @property
    def obstacle(self) -> str:
        """Why nothing can be measured here, or ""."""
        if reason := needs(self.spec.requires):
            return reason
        return f"no weights: fetch {self.spec.weights[0]}" if self.spec.weights and not self.weights else ""

    def obstacle_at(self, size: int) -> str:
        """Why a gallery of that size cannot be had, or ""."""
        real = len(self.pool.gallery)
        if self.spec.encoder or size <= real:
            return ""
        return f"there are {real:,} distinct images, and only embeddings can be jittered"


def contestants(request: Request, registry: Registry, store: Store, say: Callable[[str], None]) -> Iterator[Contestant]:
    """All that take part, data set by data set; `say` is told who cannot.

    Raises BenchmarkError for unknown names, broken data, too few images, wrong weights.
    """
    specs = [registry.get(method) for method in request.methods]
    for name, subset in request.datasets:
        dataset = open_dataset(name, request.data_dir)
        say(f"reading the images of {name}:{subset}")
        manifest = build_manifest(dataset, subset, store.cache / "manifests", request.force)
        path = store.keep_manifest(manifest.hash, manifest.to_json())
        pool = make_pool(manifest)
        for spec in specs:
            if spec.content == "faces" and dataset.content == "objects":
                say(f"left out: {spec.id} on {name} (it looks for faces)")
                continue
            found = (find_weights(weights, request.weights_dir) for weights in spec.weights)
            weights = next(filter(None, found), None)
            cell = Cell(name, subset, TASK, spec.id)
            inputs = cell_inputs(cell, spec, manifest.hash, weights, request.threads, source=dataset)
            inputs["timing"] = {**vars(TIMING), "builds": BUILDS, "build_seconds": BUILD_SECONDS}
            inputs["scaling"] = {"measuring": MEASURING, "jitter": SHARE}
            yield Contestant(cell, spec, weights, manifest, path, pool, inputs)
