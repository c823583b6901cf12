"""Runs a growth measurement: extraction once an encoder, then every size of every method in a process of its own."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.launch import Outcome, prepare, run_isolated
from benchmarks.provenance import now, provenance
from benchmarks.scaling.contestants import Contestant, Request, contestants
from benchmarks.scaling.extraction import run_extraction
from benchmarks.scaling.point import PointJob, run_point
from benchmarks.scaling.results import ScalingStore, is_done
from benchmarks.scaling.search_cost import TIMING
from benchmarks.store import Store
from datasets.errors import BenchmarkError
from datasets.words import count_of
from methods.registry import Registry

_EXTRACTION_FIGURES = ("extraction_s", "embedding_bytes_per_image", "memory", "load_s")


class Session:
    """One call of `scaling`; `say` is told what happens, a line at a time."""

    def __init__(self, request: Request, registry: Registry, store: Store, say: Callable[[str], None]) -> None:
        self.request = request
        self.registry = registry
        self.store = store
        self.results = ScalingStore(store.root)
        self.say = say
        self.measured = 0
        """Processes run so far."""
        self._packages: set[str] = set()
        self._extracted_now: dict[Path, dict[str, Any]] = {}

    def run(self) -> list[dict[str, Any]]:
        """The row of every method at every size, each stored as soon as it is known; those that still hold stay.

        Raises BenchmarkError for anything the user must mend first.
        """
        taking_part = list(contestants(self.request, self.registry, self.store, self.say))
        if not taking_part:
            raise BenchmarkError("nothing to measure: these methods look for faces, and the images show none")
        self._packages = {name for each in taking_part if not each.obstacle for name in each.spec.requires}
        return [row for each in taking_part for row in self._grow(each)]

    def _grow(self, each: Contestant) -> Iterator[dict[str, Any]]:
        """The rows of one method, size by size."""
        extraction = self._extraction(each) if each.spec.encoder and not each.obstacle else None
        for size in self.request.sizes:
            path = self.results.point(each.cell, size)
            stored = self.results.row(path)
            if stored and not self.request.force and is_done(stored, each.inputs):
                yield stored
                continue
            begun = now()
            outcome = self._point(each, size, extraction)
            row = {
                **_row(each, outcome, begun),
                "size": size,
                "extraction": {name: extraction.get(name) for name in _EXTRACTION_FIGURES} if extraction else {},
            }
            self.results.save(path, row)
            self._report(f"{each.cell.method} on {each.cell.dataset}, {count_of(size, 'image')}", outcome)
            yield row

    def _point(self, each: Contestant, size: int, extraction: dict[str, Any] | None) -> Outcome:
        if reason := each.obstacle or each.obstacle_at(size):
            return Outcome("unavailable", reason, 0.0, {}, "")
        if extraction and extraction["status"] != "ok":
            return Outcome(extraction["status"], f"while looking at images: {extraction['reason']}", 0.0, {}, "")
        return self._isolated(each, size, run_point)

    def _extraction(self, each: Contestant) -> dict[str, Any]:
        """The row of the method's encoder: as stored if it holds and covers all images wanted, else made now."""
        images = min(self.request.sizes[-1], len(each.pool.gallery))
        path = self.results.extraction(each.cell, each.encoder_key)
        if path in self._extracted_now:
            return self._extracted_now[path]
        inputs = {name: each.inputs[name] for name in ("manifest", "threads", "scaling")}
        row = self.results.row(path)
        kept = row and is_done(row, inputs) and row["images"] >= images and self._embeddings(each).is_dir()
        if row is None or not kept or self.request.force:
            begun = now()
            outcome = self._isolated(each, images, run_extraction)
            row = {**_row(each, outcome, begun), "inputs": inputs}
            self.results.save(path, row)
            self._report(f"{each.cell.method} on {each.cell.dataset}, looking at {count_of(images, 'image')}", outcome)
        self._extracted_now[path] = row
        return row

    def _isolated(self, each: Contestant, size: int, entry: Callable[[PointJob], None]) -> Outcome:
        """Run one process to its end."""
        if not self.measured:
            prepare(self._packages, self.request.threads, self.store.cache / "imports.log")
        self.measured += 1
        self.results.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".running-", dir=self.results.root) as workdir:
            job = PointJob(
                cell=each.cell,
                workdir=Path(workdir),
                out=self.store.root,
                data_dir=self.request.data_dir,
                manifest=each.manifest_path,
                weights=each.weights.path if each.weights else None,
                embeddings=self._embeddings(each),
                plugins=self.request.plugins,
                threads=self.request.threads,
                timing=TIMING,
                size=size,
            )
            return run_isolated(job, self.request.timeout, self.request.memory_limit, entry=entry)

    def _embeddings(self, each: Contestant) -> Path:
        return self.store.cache / "embeddings" / each.encoder_key

    def _report(self, what: str, outcome: Outcome) -> None:
        well = f"{outcome.seconds:.1f} s" if outcome.status == "ok" else f"{outcome.status}: {outcome.reason}"
        self.say(f"{what}: {well}")


def _row(each: Contestant, outcome: Outcome, begun: str) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "log_tail": outcome.log_tail,
        "cell": each.cell.to_json(),
        "title": each.manifest.heading,
        "completeness": each.manifest.completeness,
        "images": len(each.pool.gallery),
        "queries": len(each.pool.queries),
        "inputs": each.inputs,
        "started": begun,
        "wall_s": outcome.seconds,
        "provenance": provenance(),
        **outcome.result,
    }
