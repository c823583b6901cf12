"""One call of `indexes`: for each set of vectors the builds, the exact answer, rounds, and a row a setting."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.execution.launch import Outcome
from benchmarks.experiments.candidates import Candidate
from benchmarks.experiments.frame import Frame, Unit
from benchmarks.experiments.indexes.figures import CUTOFFS, exact_ranking, fastest, row_of
from benchmarks.experiments.indexes.participant import IndexJob
from benchmarks.experiments.indexes.rounds import Budget, Entrant, Worker, take_turns
from benchmarks.experiments.indexes.sweep import make_sweep, require_known
from benchmarks.experiments.indexes.vectors import QUERIES, Source, VectorJob, run_vectors
from benchmarks.experiments.rounds import strayed
from benchmarks.experiments.rows import IndexStore
from benchmarks.experiments.scaling.galleries import make_pool
from benchmarks.experiments.scaling.search_cost import TIMING
from benchmarks.rows.comparisons import IndexRecord, IndexResult, MadeVectors, Vectors
from benchmarks.system.provenance import provenance
from datasets.errors import BenchmarkError
from methods.fingerprint import package_versions
from methods.ranking import Ranking

NAME = "indexes"
LIBRARIES = ("faiss", "sklearn", "usearch")


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


def measure(asked: Asked, frame: Frame, store: IndexStore) -> list[IndexRecord]:
    """The record of each set of vectors, stored as soon as it is measured.

    Raises BenchmarkError for anything the user has to fix first.
    """
    require_known(asked.families)
    for source in asked.sources:
        if frame.registry.get(source.method).index is None:
            raise BenchmarkError(f"{source.method} is no composition of an encoder and an index: it has no vectors")
    units = []
    for source in asked.sources:
        (each,) = frame.candidates(NAME, [source.method], [(source.dataset, source.subset)])
        units.append(_unit(source, each, asked, frame, store))
    return [frame.row(unit) for unit in units]


def _unit(source: Source, each: Candidate, asked: Asked, frame: Frame, store: IndexStore) -> Unit[IndexRecord]:
    gallery = source.size or len(make_pool(each.manifest, QUERIES).gallery)
    named = (source.method, each.manifest.heading, source.subset, str(gallery))
    versions = {name: str(version) for name, version in package_versions(LIBRARIES).items()}
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
    session = Session(source, each, asked, frame, store, path, vectors)
    return Unit(IndexRecord, title, path, inputs, facts, session.outcome, _is_whole)


@dataclass(frozen=True)
class Session:
    """One set of vectors, and all indexes over it side by side."""

    source: Source
    candidate: Candidate
    asked: Asked
    frame: Frame
    store: IndexStore
    path: Path
    vectors: Vectors

    def outcome(self) -> Outcome:
        """What the record says; an error where there are no vectors, or nothing to compare with."""
        self.frame.prepare(LIBRARIES)
        start = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix=".running-", dir=self.frame.store.cache) as name:
            folder = Path(name)
            made = self._gather(folder)
            if made.status != "ok":
                return made
            vectors: Vectors = {**self.vectors, **cast(MadeVectors, made.result)}
            workers = self._workers(vectors, folder)
            entrants = [Entrant(worker, settings) for worker in workers for settings in worker.build.settings]
            try:
                for worker in workers:
                    self._start(worker)
                exact = self._answers(workers[0], entrants, vectors)
                calibration = take_turns(entrants, self.asked.budget, self._patience, self.frame.say)
            except ExactFailedError as error:
                return Outcome(workers[0].status, str(error), time.perf_counter() - start, {}, "")
            finally:
                for worker in workers:
                    worker.stop()
        result = self._result(vectors, entrants, exact, strayed(np.array(calibration.seconds)))
        return Outcome("ok", "", time.perf_counter() - start, result, "")

    @property
    def _patience(self) -> float:
        return self.frame.settings.timeout

    def _gather(self, folder: Path) -> Outcome:
        """Vectors in `folder`: stored embeddings where there are any, made in a process of its own."""
        isolated = partial(self.frame.isolated, self.candidate, run_vectors, TIMING, job=VectorJob, workdir=folder)
        return isolated(size=self.source.size)

    def _workers(self, vectors: Vectors, folder: Path) -> list[Worker]:
        asked, settings = self.asked, self.frame.settings
        workers = []
        sweep = make_sweep(vectors["metric"], vectors["gallery"], vectors["dimension"], asked.families)
        for place, build in enumerate(sweep):
            title = " ".join([build.family, *(f"{name}={value}" for name, value in build.part.params.items())])
            log = folder / f"{place:02d}-{build.family}.log"
            job = IndexJob(title, build.part, folder, log, asked.batch, settings.threads)
            workers.append(Worker(build, job, settings.memory_limit))
        return workers

    def _start(self, worker: Worker) -> None:
        worker.start(self._patience)
        well = (
            f"built in {worker.facts['build_s']:.1f} s"
            if worker.status == "ok"
            else f"{worker.status}: {worker.reason}"
        )
        self.frame.say(f"{worker.job.title}: {well}")

    def _answers(self, exact: Worker, entrants: Sequence[Entrant], vectors: Vectors) -> Ranking:
        """The exact ranking; the answers of every entrant are left in it."""
        patience = self._patience

        def search(k: int, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            answer = exact.ask("answers", patience, settings={}, k=k, places=places)
            if answer is None:
                raise ExactFailedError(f"the exact index failed, nothing can be scored: {exact.reason}")
            return answer

        truth = exact_ranking(search, vectors["queries"], vectors["gallery"])
        for entrant in entrants:
            answer = entrant.worker.ask("answers", patience, settings=entrant.settings, k=CUTOFFS[-1])
            if answer is not None:
                entrant.ids, entrant.scores = answer
        return truth

    def _result(self, vectors: Vectors, entrants: Sequence[Entrant], exact: Ranking, pace: float) -> IndexResult:
        """What is stored of the set; all samples are stored beside it."""
        scans = [entrant for entrant in entrants if entrant.worker.build.scan and entrant.worker.status == "ok"]
        samples = {str(place): np.array(entrant.single) for place, entrant in enumerate(entrants)}
        self.store.save_samples(self.path, samples)
        return {
            "vectors": vectors,
            "rows": [row_of(entrant, exact, scans, vectors["gallery"]) for entrant in entrants],
            "scan": fastest(scans).worker.build.family if scans else "",
            "strayed": pace,
            "provenance": {**provenance(), "indexes": package_versions(LIBRARIES)},
        }


def _is_whole(record: IndexRecord) -> bool:
    return all(row["status"] in ("ok", "unavailable") for row in record["rows"])
