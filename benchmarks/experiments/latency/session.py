"""From a plan to latency records: which methods meet, in groups that fit into memory, in one checkout or in two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.core.plan import PlannedCell, Request
from benchmarks.core.staleness import task_code
from benchmarks.core.store import Store
from benchmarks.execution.worker import thread_environment
from benchmarks.experiments.candidates import Settings
from benchmarks.experiments.latency.contestant import ParticipantJob
from benchmarks.experiments.latency.records import LatencyRecord, LatencyStore
from benchmarks.experiments.latency.rounds import Budget, Worker, module_in, take_turns
from benchmarks.experiments.rounds import strayed
from benchmarks.protocol import SEARCH_DEPTH, size_class
from benchmarks.rows.cell import Inputs
from benchmarks.rows.comparisons import LatencyFacts
from benchmarks.system.devices import device_environment
from benchmarks.system.provenance import now, provenance
from datasets.errors import BenchmarkError
from datasets.registry import absolute

TABLE_SIZE = 6
"""Participants in memory at a time."""

_HERE = Path(__file__).parents[3]


@dataclass(frozen=True)
class Session:
    """What a session needs beyond the cells: where results go, how long it may take, what it is compared with."""

    request: Request
    store: Store
    budget: Budget
    against: Path | None = None
    """Another checkout, whose code takes turns with this one's."""
    settings: Settings = field(default_factory=lambda: Settings(force=True))
    """What a process may take, and whether what is stored is measured again."""


def measure(
    cells: Sequence[PlannedCell], session: Session, on_progress: Callable[[str], None] = lambda text: None
) -> list[LatencyRecord]:
    """Measure retrieval cells, a table of participants at a time, and store a record of each as soon as it is known.

    Those whose stored record holds are not measured again, unless they are to be compared with another checkout. In a
    dry run nothing is measured: the records are then those that hold.
    Raises BenchmarkError if `against` is no checkout of this project.
    """
    if session.against and not module_in(session.against):
        raise BenchmarkError(f"{session.against} is no checkout of this project that can time latency")
    records = LatencyStore(session.store.root)
    step = TABLE_SIZE // 2 if session.against else TABLE_SIZE
    held = {planned: record for planned in cells if (record := _held(planned, session, records))}
    done = list(held.values())
    for planned in held:
        on_progress(f"{planned.cell.title}: as stored")
    cells = [planned for planned in cells if planned not in held]
    if session.settings.dry_run:
        return done
    limit = session.settings.memory_limit
    for start in range(0, len(cells), step):
        members = cells[start : start + step]
        workers = {planned: Worker(planned.cell.method, _job(planned, session), _HERE, limit) for planned in members}
        rivals = (
            {p: Worker(f"{p.cell.method} (base)", _job(p, session), session.against, limit) for p in members}
            if session.against
            else {}
        )
        begun = now()
        calibration = take_turns([*workers.values(), *rivals.values()], session.budget, on_progress)
        for planned, worker in workers.items():
            record = _record(planned, worker, np.array(calibration.seconds), begun, _inputs(planned, session))
            records.save(record)
            done.append(record)
            rival = rivals.get(planned)
            if rival and rival.samples and worker.samples:
                records.save_pair(planned.cell, *_pair(rival, worker))
    return done


def _held(planned: PlannedCell, session: Session, records: LatencyStore) -> LatencyRecord | None:
    """The stored record, where it holds."""
    if session.settings.force or session.against:
        return None
    record = records.record(planned.cell, session.request.threads)
    holds = record and not record.facts.get("error") and record.facts.get("inputs") == _inputs(planned, session)
    return record if holds else None


def _inputs(planned: PlannedCell, session: Session) -> Inputs:
    """What a record depends on."""
    code = task_code(("benchmarks.experiments.latency.contestant", "benchmarks.execution.timing"))
    budget = {name: value for name, value in vars(session.budget).items() if name != "ready_seconds"}
    return {**planned.inputs, "latency": {"budget": budget, "code": code}}


def _pair(base: Worker, new: Worker) -> tuple[np.ndarray, np.ndarray]:
    """Seconds (rounds, queries) of both, cut to the rounds and queries that both have."""
    rounds = min(len(base.samples), len(new.samples))
    queries = min(base.queries, new.queries)
    old, fresh = (np.stack([sample["total"][:queries] for sample in worker.samples[:rounds]]) for worker in (base, new))
    return old, fresh


def _record(planned: PlannedCell, worker: Worker, calibration: np.ndarray, begun: str, inputs: Inputs) -> LatencyRecord:
    names = sorted({name for sample in worker.samples for name in sample})
    empty = np.zeros(worker.queries)
    samples = {name: np.stack([sample.get(name, empty) for sample in worker.samples]) for name in names}
    facts: LatencyFacts = {
        **worker.facts,
        "error": worker.error,
        "status": worker.status if worker.error else "ok",
        "threads": worker.job["threads"],
        "trained": planned.trained,
        "manifest": planned.inputs["manifest"],
        "calibration_s": calibration.tolist(),
        "strayed": strayed(calibration),
        "inputs": inputs,
        "started": begun,
        "provenance": provenance(),
    }
    return LatencyRecord(planned.cell, facts, samples)


def _job(planned: PlannedCell, session: Session) -> ParticipantJob:
    """What a participant is told: plain values, so that another version of the code can read it."""
    request, cache = session.request, session.store.cache
    return {
        "method": planned.cell.method,
        "dataset": absolute(planned.cell.dataset),
        "data_dir": str(request.data_dir.resolve()) if request.data_dir else None,
        "manifest": str(planned.manifest.resolve()),
        "weights": str(planned.weights.path.resolve()) if planned.weights else None,
        "trained": planned.trained,
        "embeddings": str((cache / "embeddings" / planned.encoder_key).resolve()),
        "models": str((cache / "models").resolve()),
        "plugins": [str(path.resolve()) for path in request.plugins],
        "profile": size_class(planned.cell.subset),
        "threads": request.threads,
        "queries": 100,
        "depth": SEARCH_DEPTH,
        "environment": {
            **thread_environment(request.threads),
            **device_environment(request.device, request.keras_backend),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
    }
