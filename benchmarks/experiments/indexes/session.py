"""One call of `indexes`: for each set of vectors the builds side by side, and a record of all of them.

What is done with the builds is up to the kind of gallery: `whole`, `filtered`, `changing`.
"""

import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, Generic, cast

import numpy as np

from benchmarks.execution.launch import Outcome
from benchmarks.experiments.candidates import Candidate
from benchmarks.experiments.frame import Frame, Unit
from benchmarks.experiments.indexes.figures import exact_ranking
from benchmarks.experiments.indexes.participant import IndexJob, serve
from benchmarks.experiments.indexes.rounds import Budget, Entrant, Entry, Worker
from benchmarks.experiments.indexes.sweep import Build
from benchmarks.experiments.indexes.vectors import QUERIES, Source, VectorJob, run_vectors
from benchmarks.experiments.rows import IndexStore, Row
from benchmarks.experiments.scaling.galleries import make_pool
from benchmarks.experiments.scaling.search_cost import TIMING
from benchmarks.protocol import SEARCH_DEPTH
from benchmarks.rows.comparisons import IndexRecord, MadeVectors, Vectors
from benchmarks.rows.experiments import AnyRow
from benchmarks.system.provenance import provenance
from datasets.errors import BenchmarkError
from methods.fingerprint import package_versions
from methods.ranking import Ranking


@dataclass(frozen=True)
class Asked:
    """Whose vectors, which indexes over them beside the exact one (all unless named), and for how long."""

    sources: Sequence[Source]
    families: Sequence[str] = ()
    budget: Budget = field(default_factory=Budget)
    batch: int = 64
    """Queries asked at once, where they are not asked one by one."""


class ExactFailedError(Exception):
    """The index that all are compared with failed: nothing can be scored."""


def measure(asked: Asked, frame: Frame, store: IndexStore, kind: "type[Session[Row]]") -> list[Row]:
    """The record of each set of vectors, stored as soon as it is measured.

    Raises BenchmarkError for anything the user has to fix first.
    """
    kind.require_offered(asked.families)
    for source in asked.sources:
        if frame.registry.get(source.method).index is None:
            raise BenchmarkError(f"{source.method} is no composition of an encoder and an index: it has no vectors")
    units = []
    for source in asked.sources:
        (each,) = frame.candidates(kind.name, [source.method], [(source.dataset, source.subset)])
        units.append(_unit(source, each, asked, frame, store, kind))
    return [frame.row(unit) for unit in units]


def _unit(
    source: Source, each: Candidate, asked: Asked, frame: Frame, store: IndexStore, kind: "type[Session[Row]]"
) -> Unit[Row]:
    gallery = source.size or len(make_pool(each.manifest, QUERIES).gallery)
    named = (source.method, each.manifest.heading, source.subset, str(gallery))
    versions = {name: str(version) for name, version in package_versions(kind.libraries).items()}
    settings = {"families": sorted(asked.families), "batch": asked.batch, "size": source.size, "packages": versions}
    inputs = {**each.inputs, "indexes": settings, "timing": {**vars(TIMING), **vars(asked.budget)}}
    vectors: Vectors = {
        "method": source.method,
        "dataset": each.manifest.heading,
        "subset": source.subset,
        "manifest": each.manifest.hash,
        "completeness": each.manifest.completeness,
        "gallery": gallery,
    }
    facts = {
        "vectors": vectors,
        "rows": [],
        "threads": frame.settings.threads,
        "batch": asked.batch,
        "budget": {**vars(asked.budget), "patience": frame.settings.timeout},
    }
    title = f"{source.method} on {source.dataset}:{source.subset}, {gallery:,} vectors"
    path = store.vectors("-".join(named))
    session = kind(source, each, asked, frame, store, path, vectors)
    return Unit(session.record, title, path, inputs, facts, session.outcome, _is_whole)


@dataclass(frozen=True)
class Session(ABC, Generic[Row]):
    """One set of vectors, and all indexes over it side by side."""

    name: ClassVar[str]
    """Under which what measures it is listed (see benchmarks.core.staleness)."""
    libraries: ClassVar[tuple[str, ...]] = ("faiss", "sklearn", "usearch")
    """Import packages whose versions count."""

    source: Source
    candidate: Candidate
    asked: Asked
    frame: Frame
    store: IndexStore
    path: Path
    vectors: Vectors

    @property
    @abstractmethod
    def record(self) -> type[Row]:
        """What its record is."""

    @property
    def entry(self) -> Entry:
        """What the process of each index does."""
        return serve

    @staticmethod
    @abstractmethod
    def require_offered(families: Sequence[str]) -> None:
        """Raises BenchmarkError for an index that there is not, or that cannot take part."""

    @abstractmethod
    def builds(self, vectors: Vectors) -> list[Build]:
        """Who takes part; the first is exact."""

    @abstractmethod
    def result(self, vectors: Vectors, workers: Sequence[Worker]) -> Mapping[str, object]:
        """What is recorded of built indexes: measures them. Raises ExactFailedError."""

    def outcome(self) -> Outcome:
        """What the record says; an error where there are no vectors, or nothing to compare with."""
        self.frame.prepare(("faiss", "sklearn", "usearch"))
        start = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix=".running-", dir=self.frame.store.cache) as name:
            folder = Path(name)
            made = self._gather(folder)
            if made.status != "ok":
                return made
            vectors: Vectors = {**self.vectors, **cast(MadeVectors, made.result)}
            workers = self._workers(vectors, folder)
            try:
                for worker in workers:
                    self._start(worker)
                found = self.result(vectors, workers)
            except ExactFailedError as error:
                return Outcome(workers[0].status, str(error), time.perf_counter() - start, {}, "")
            finally:
                for worker in workers:
                    worker.stop()
        origin = {**provenance(), "indexes": package_versions(self.libraries)}
        result = {"vectors": vectors, **found, "provenance": origin}
        return Outcome("ok", "", time.perf_counter() - start, result, "")

    @property
    def patience(self) -> float:
        """Seconds that any answer may take."""
        return self.frame.settings.timeout

    def exact_answer(self, exact: Worker, settings: dict[str, int], queries: int, gallery: int) -> Ranking:
        """The exact ranking of all queries among `gallery` rows, no tie cut. Raises ExactFailedError."""

        def search(k: int, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            answer = exact.ask("answers", self.patience, settings=settings, k=k, places=places)
            if answer is None:
                raise ExactFailedError(f"the exact index failed, nothing can be scored: {exact.reason}")
            return answer

        return exact_ranking(search, queries, gallery)

    def take_answers(self, entrants: Sequence[Entrant]) -> None:
        """Leave the answers of every entrant in it."""
        for entrant in entrants:
            answer = entrant.worker.ask("answers", self.patience, settings=entrant.settings, k=SEARCH_DEPTH)
            if answer is not None:
                entrant.ids, entrant.scores = answer

    def _gather(self, folder: Path) -> Outcome:
        """Vectors in `folder`: stored embeddings where there are any, made in a process of its own."""
        isolated = partial(self.frame.isolated, self.candidate, run_vectors, TIMING, job=VectorJob, workdir=folder)
        return isolated(size=self.source.size)

    def _workers(self, vectors: Vectors, folder: Path) -> list[Worker]:
        asked, settings = self.asked, self.frame.settings
        workers = []
        for place, build in enumerate(self.builds(vectors)):
            title = " ".join([build.family, *(f"{name}={value}" for name, value in build.part.params.items())])
            log = folder / f"{place:02d}-{build.family}.log"
            job = IndexJob(title, build.part, folder, log, asked.batch, settings.threads)
            workers.append(Worker(build, job, settings.memory_limit, self.entry))
        return workers

    def _start(self, worker: Worker) -> None:
        worker.start(self.patience)
        well = (
            f"built in {worker.facts['build_s']:.1f} s"
            if worker.status == "ok"
            else f"{worker.status}: {worker.reason}"
        )
        self.frame.say(f"{worker.job.title}: {well}")


def _is_whole(record: AnyRow) -> bool:
    return all(row["status"] in ("ok", "unavailable") for row in cast(IndexRecord, record)["rows"])
