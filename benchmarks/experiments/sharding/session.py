"""A sharded cell from plan to ranking: shards extracted, then searched, by whatever backend; answers merged."""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.plan import PlannedCell, Request
from benchmarks.core.store import Store
from benchmarks.execution.backends.contract import Backend, Finished, Task
from benchmarks.execution.backends.local import LocalBackend
from benchmarks.execution.backends.planned import Limits, make_task, template_of
from benchmarks.execution.launch import Outcome
from benchmarks.execution.worker import NOTES, Job
from benchmarks.experiments.sharding.blocks import blocks_of, shards_of
from benchmarks.experiments.sharding.pieces import (
    FOUND,
    OWN,
    Extract,
    Search,
    read_found,
    run_extract,
    run_search,
    run_whole,
)
from benchmarks.experiments.sharding.rows import FORM
from benchmarks.experiments.sharding.search import merged, spread
from datasets.errors import BenchmarkError
from datasets.notes import say_again
from methods import fingerprint
from methods.building import resolve
from methods.distances import Metric
from methods.indexes.sharded import Found
from methods.ranking import Ranking

EXACT = ("methods.indexes.exact:ExactIndex", "methods.indexes.hamming:HammingIndex")
"""Indexes whose answer over a gallery is the merged answer of its parts."""

Answer = TypeVar("Answer")


class ShardFailedError(BenchmarkError):
    """A process of a sharded cell did not end well; `outcome` says how."""

    def __init__(self, said: str, outcome: Outcome) -> None:
        super().__init__(said)
        self.outcome = outcome


@dataclass(frozen=True)
class Sharded:
    """The ranking, and seconds from the first task sent to the last answer."""

    ranking: Ranking
    extract_seconds: float
    search_seconds: float
    encoded_blocks: int
    """Blocks encoded now; the others' rows were kept from an earlier run."""


@dataclass(frozen=True)
class Whole:
    """What one process finds: block by block, and with one index over the whole gallery."""

    ranking: Ranking
    own: Ranking
    seconds: float


class Session:
    """One planned retrieval cell, cut into blocks. Raises BenchmarkError for a method that cannot be sharded."""

    def __init__(self, planned: PlannedCell, request: Request, store: Store, limits: Limits, block: int) -> None:
        self._metric = metric_of(planned)
        self.planned, self.request, self.store, self.limits = planned, request, store, limits
        truth = read_ground_truth(planned.manifest)
        self.gallery = blocks_of(len(truth.gallery_ids), block)
        self.queries = blocks_of(len(truth.query_ids), block)
        self._template = template_of([planned.spec], request, store)
        self._cache = store.cache / "shards"
        key = [planned.encoder_key, planned.inputs["manifest"], planned.inputs["threads"], block, FORM]
        self._folder = self._cache / fingerprint.digest(key)[:32]
        self._folder.mkdir(parents=True, exist_ok=True)
        self.processes = 0
        """Run so far."""

    def forget(self) -> None:
        """Extract every block anew."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()

    def sharded(self, backend: Backend, shards: int, k: int, at_once: int) -> Sharded:
        """The ranking (q, k) by `shards` shards on `backend`, `at_once` of them at a time."""
        gallery = shards_of(self.gallery, shards)
        queries = [*shards_of(self.queries, min(shards, len(self.queries))), *[()] * shards]
        extracts = [Extract(self._folder, *parts) for parts in zip(gallery, queries, strict=False)]
        searches = [Search(self._folder, blocks, self.gallery, self.queries, k, self._metric) for blocks in gallery]
        backend.open(self._template)
        try:
            start = time.perf_counter()
            encoded = self._run(backend, [partial(run_extract, piece=piece) for piece in extracts], at_once, _encoded)
            middle = time.perf_counter()
            found = self._run(backend, [partial(run_search, piece=piece) for piece in searches], at_once, _found)
            ranking = merged(found, searches[0].asked())
        finally:
            backend.close()
        return Sharded(ranking, middle - start, time.perf_counter() - middle, sum(encoded))

    def whole(self, k: int) -> Whole:
        """The ranking (q, k) by one process of this machine, which encodes every image anew."""
        backend = LocalBackend()
        backend.open(self._template)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="whole-") as name:
            folder = Path(name)
            piece = Search(folder, self.gallery, self.gallery, self.queries, k, self._metric)
            start = time.perf_counter()

            def answers(finished: Finished) -> Whole:
                seconds = time.perf_counter() - start
                asked = piece.asked()
                own = spread(read_found(finished.workdir / OWN), asked.queries)
                return Whole(merged([_found(finished)], asked), own, seconds)

            (whole,) = self._run(backend, [partial(run_whole, piece=piece)], 1, answers)
            return whole

    def _run(
        self,
        backend: Backend,
        entries: Sequence[Callable[[Job], None]],
        at_once: int,
        take: Callable[[Finished], Answer],
    ) -> list[Answer]:
        """What `take` makes of each piece once it ended, in order; ShardFailedError for one that did not end well."""
        self.processes += len(entries)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="run-") as scratch:

            def run_one(number: int, entry: Callable[[Job], None]) -> Answer:
                workdir = Path(scratch, str(number))
                workdir.mkdir()
                finished = backend.run(self._task(workdir, entry), lambda pid: None)
                say_again(finished.workdir / NOTES)  # where a host elsewhere left some
                outcome = finished.outcome
                if outcome.status != "ok":
                    which = f"shard {number + 1} of {len(entries)} on {finished.host}"
                    raise ShardFailedError(f"{which}: {outcome.reason or outcome.status}", outcome)
                return take(finished)

            with ThreadPoolExecutor(at_once) as pool:
                futures = [pool.submit(run_one, number, entry) for number, entry in enumerate(entries)]
                try:
                    return [future.result() for future in futures]
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    backend.stop()
                    raise

    def _task(self, workdir: Path, entry: Callable[[Job], None]) -> Task:
        task = make_task(self.planned, self.request, self.store, workdir, self.limits, self._template)
        return replace(task, entry=entry, engine=None, timed=False)


def metric_of(planned: PlannedCell) -> Metric:
    """What a method's exact search measures.

    Raises BenchmarkError for a method whose answer is not the merged answer of its parts, or that cannot run here.
    """
    spec = planned.spec
    index = fingerprint.describe(spec.index)
    if spec.encoder is None or spec.index is None or index is None:
        reason = "it is a whole method, not an encoder with an index"
    elif index["target"] not in EXACT:
        reason = f"its index ({index['target']}) is not exact search"
    elif spec.transforms:
        reason = "it learns a transform from the whole gallery"
    elif not planned.trained:
        reason = "its weights are not here"
    elif planned.missing:
        reason = f"it {planned.obstacle}"
    else:
        metric: Metric = resolve(spec.index)(**spec.index.params).metric
        return metric
    raise BenchmarkError(f"{spec.id} cannot be sharded: {reason}; take one like pixels, phash or mobilenetv2")


def _encoded(finished: Finished) -> int:
    return int(str(finished.outcome.result["encoded_blocks"]))


def _found(finished: Finished) -> Found:
    return read_found(finished.workdir / FOUND)
