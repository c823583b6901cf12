"""One call of `engines`: a row of each component, made in a process of its own."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

from benchmarks.core.staleness import engine_code
from benchmarks.execution.equivalence.check import COSINE, FACES_ALIKE, MOVED_PIXELS
from benchmarks.execution.equivalence.sample import QUERIES
from benchmarks.execution.launch import Outcome
from benchmarks.experiments.candidates import Candidate
from benchmarks.experiments.engines.kept import component_path
from benchmarks.experiments.engines.measure import LEAST_ROUNDS, UNTRAINED_QUERIES, EngineJob, run_engines
from benchmarks.experiments.engines.subject import Component, components
from benchmarks.experiments.frame import Frame, Unit
from benchmarks.protocol import timing_of
from benchmarks.rows.comparisons import EngineRow
from benchmarks.system.provenance import now
from methods.engines.registry import PLAIN, get_engine
from methods.fingerprint import package_versions

NAME = "engines"


@dataclass(frozen=True)
class Asked:
    """Which components are measured (all unless named), on which engines, how."""

    names: Sequence[str]
    engines: tuple[str, ...]
    dataset: tuple[str, str]
    """(name, subset)"""
    batch: int
    rounds: int
    seconds: float


def measure(asked: Asked, frame: Frame) -> list[EngineRow]:
    """The row of each component, in order, stored as soon as it is known.

    Raises BenchmarkError for anything the user has to fix first.
    """
    chosen = components(list(asked.names), frame.registry)
    methods = dict.fromkeys(component.method for component in chosen)
    found = {each.spec.id: each for each in frame.candidates(NAME, methods, [asked.dataset], untrained=True)}
    units = [_unit(one, found[one.method], asked, frame) for one in chosen if one.method in found]
    return [frame.row(unit) for unit in units]


def _unit(component: Component, each: Candidate, asked: Asked, frame: Frame) -> Unit[EngineRow]:
    settings = {"engines": sorted(asked.engines), "batch": asked.batch, "rounds": asked.rounds}
    limits = [LEAST_ROUNDS, UNTRAINED_QUERIES, QUERIES, COSINE, FACES_ALIKE, MOVED_PIXELS]
    others = [get_engine(name) for name in asked.engines if name != PLAIN]
    versions = package_versions(tuple(sorted({engine.package for engine in others if engine.package})))
    inputs = {
        **each.inputs,
        "engines": {**settings, "seconds": asked.seconds, "limits": limits, "packages": versions},
        "engine_code": {name: code for engine in others for name, code in engine_code(engine.name).items()},
    }
    facts = {
        **asdict(component),
        "cell": each.cell.to_json(),
        "dataset": f"{each.manifest.dataset}:{each.cell.subset}",
        "trained": each.trained,
        "batch": asked.batch,
        "threads": frame.settings.threads,
        "measured": now(),
    }
    path = component_path(frame.rows.root, component.name)
    return Unit(EngineRow, component.name, path, inputs, facts, partial(_measured, component, each, asked, frame))


def _measured(component: Component, each: Candidate, asked: Asked, frame: Frame) -> Outcome:
    return frame.isolated(
        each,
        run_engines,
        timing_of(each.cell.subset, each.trained),
        job=EngineJob,
        component=component,
        engines=asked.engines,
        batch=asked.batch,
        rounds=asked.rounds,
        seconds=asked.seconds,
    )
