"""What is streamed: methods that can be, the images their gallery is made of, and where its rows lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.plan import cell_inputs
from benchmarks.scaling.galleries import make_pool
from benchmarks.staleness import encoder_key
from benchmarks.store import Store
from benchmarks.streaming.gallery import repeated
from datasets.dataset import Content
from datasets.distortions import version
from datasets.errors import BenchmarkError
from datasets.manifest import Manifest, build_manifest
from datasets.registry import open_dataset
from methods.building import resolve
from methods.contracts import Index
from methods.fingerprint import digest
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.installed import needs
from methods.registry import Registry
from methods.spec import MethodSpec
from methods.weights import Found, find_weights

TASK = "streaming"

MEASURING = 1
"""Raised when what is measured changes: rows stored before are then stale."""


@dataclass(frozen=True)
class Request:
    """What was asked for; `rows` is how many a shard holds, `memory_bytes` what the measured process may use."""

    methods: tuple[str, ...]
    dataset: str
    subset: str
    size: int
    rows: int
    memory_bytes: int
    data_dir: Path | None = None
    weights_dir: Path | None = None
    plugins: tuple[Path, ...] = ()
    threads: int = 1
    timeout: float = 14400.0
    force: bool = False


@dataclass(frozen=True)
class Streamed:
    """One method over the gallery."""

    cell: Cell
    spec: MethodSpec
    weights: Found | None
    manifest: Manifest
    manifest_path: Path
    inputs: dict[str, Any]
    """What a row depends on; a row whose inputs differ is stale."""
    shards: Path
    """The folder of its rows: shared by galleries of every size, as a smaller one is the beginning of a larger."""


def build_index(spec: MethodSpec) -> Index:
    """The index of a spec, empty; raises BenchmarkError where it is no exact one, or there are transforms before it."""
    if spec.encoder is None or spec.index is None:
        raise BenchmarkError(f"{spec.id} has no encoder: stream takes methods made of an encoder and an index")
    if spec.transforms:
        raise BenchmarkError(f"{spec.id} transforms its vectors: stream takes an encoder's rows as they are")
    index = resolve(spec.index)(**spec.index.params)
    if not isinstance(index, ExactIndex | HammingIndex):
        instead = f"; take {spec.reference}" if spec.reference else ""
        raise BenchmarkError(f"{spec.id} does not search by brute force, as stream does{instead}")
    return index


def streamed(request: Request, registry: Registry, store: Store) -> Iterator[Streamed]:
    """Every method asked for. Raises BenchmarkError for what the user must mend before anything is computed."""
    specs = [registry.get(method) for method in request.methods]
    dataset = open_dataset(request.dataset, request.data_dir)
    for spec in specs:
        build_index(spec)
        _require(spec, dataset.content)
    weights = {spec.id: _weights(spec, request.weights_dir) for spec in specs}
    manifest = build_manifest(dataset, request.subset, store.cache / "manifests", request.force)
    repeated(make_pool(manifest).gallery, request.size)  # raises where there are too few images
    path = store.keep_manifest(manifest.hash, manifest.to_json())
    for spec in specs:
        cell = Cell(request.dataset, request.subset, TASK, spec.id)
        inputs = cell_inputs(cell, spec, manifest.hash, weights[spec.id], request.threads, source=dataset)
        del inputs["timing"]
        inputs["streaming"] = {"measuring": MEASURING, "distortions": version(), "rows": request.rows}
        key = digest([encoder_key(spec, inputs), manifest.hash, inputs["streaming"]])[:32]
        yield Streamed(cell, spec, weights[spec.id], manifest, path, inputs, store.cache / "shards" / key)


def _require(spec: MethodSpec, content: Content) -> None:
    if reason := needs(spec.requires):
        raise BenchmarkError(f"{spec.id} {reason}")
    if spec.content == "faces" and content == "objects":
        raise BenchmarkError(f"{spec.id} looks for faces, and the images show none; name another data set with -d")


def _weights(spec: MethodSpec, folder: Path | None) -> Found | None:
    found = next(filter(None, (find_weights(name, folder) for name in spec.weights)), None)
    if spec.weights and found is None:
        raise BenchmarkError(f"{spec.id} has no weights here; run: fetch {spec.weights[0]}")
    return found
