"""May a cell run on the engine that was asked for, and which one "auto" stands for: checks of equivalence, kept."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import cast

from benchmarks.core.additions import load_plugins
from benchmarks.core.tasking.registry import tasks_of
from benchmarks.execution.equivalence.check import EquivalenceCheck, check_engines, up_to_gain
from benchmarks.execution.equivalence.sample import sample_of_cell
from benchmarks.execution.launch import run_isolated
from benchmarks.execution.worker import Job, contained, open_cell
from benchmarks.rows.comparisons import CheckFigures
from benchmarks.system.files import if_intact, read_record, write_record
from benchmarks.system.provenance import machine
from methods import fingerprint
from methods.engines.contract import EngineError
from methods.engines.registry import AUTO, ENGINES, PLAIN, get_engine

CHECKS = "equivalence"
"""Folder in a store's cache in which checks are kept."""


@dataclass(frozen=True)
class Checker:
    """Checks engines in a process of their own, once for an encoder; what is found is kept in `folder`."""

    folder: Path
    timeout: float
    memory_limit: int
    on_start: Callable[[int], None] = lambda pid: None

    def checks(self, job: Job, names: Sequence[str], trained: bool) -> list[EquivalenceCheck]:
        """Of the engines in this order up to the first that gains something; those kept, and the others made now.

        Raises EngineError where the process that makes them fails; that is not kept.
        """
        paths = {name: self.folder / f"{embeddings_folder(job.embeddings, name).name}.json" for name in names}
        stored = {name: if_intact(_kept, path) for name, path in paths.items()}
        known = up_to_gain(filter(None, takewhile(bool, stored.values())))
        if len(known) < len(names) and not any(check.gains for check in known):
            made = self._made(job, tuple(names[len(known) :]), trained)
            for name, facts in made.items():
                write_record(paths[name], facts)
            known += [EquivalenceCheck.from_json(facts) for facts in made.values()]
        return known

    def _made(self, job: Job, names: tuple[str, ...], trained: bool) -> Mapping[str, CheckFigures]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as workdir:
            entry = partial(run_checks, names=names, labelled=trained)
            checking = replace(job, workdir=Path(workdir))
            outcome = run_isolated(checking, self.timeout, self.memory_limit, self.on_start, entry)
        if outcome.status != "ok":
            raise EngineError(
                f"engines could not be compared with plain Keras: {outcome.reason}; run with --engine {PLAIN}"
            )
        return cast(Mapping[str, CheckFigures], outcome.result)


def _kept(path: Path) -> EquivalenceCheck | None:
    facts = read_record(path, CheckFigures)
    return EquivalenceCheck.from_json(facts) if facts else None


def require_equivalent(job: Job, engine: str, trained: bool, checker: Checker) -> str:
    """In words, that `engine` gives what plain Keras gives; raises EngineError where it does not.

    `job.embeddings` is the folder of plain Keras.
    """
    (check,) = checker.checks(job, [engine], trained)
    if not check.passed:
        raise EngineError(
            f"engine {engine} is not equivalent to plain Keras: {check.reason}; --engine {AUTO} takes one that is"
        )
    return _words(check)


def fastest_equivalent(job: Job, trained: bool, checker: Checker) -> str:
    """What "auto" stands for: the usually fastest engine that is equivalent to plain Keras and was faster than it.

    Judged on gallery images alone, so no figure of a row has a say. Plain Keras where there is none.
    """
    checks = checker.checks(job, [name for name in ENGINES if name != PLAIN], trained)
    return next((check.engine for check in checks if check.gains), PLAIN)


def embeddings_folder(plain: Path, engine: str) -> Path:
    """Where an encoder's rows on `engine` are kept, beside those of plain Keras; by its code, its library, the CPU."""
    if engine == PLAIN:
        return plain
    entry = get_engine(engine)
    code = fingerprint.code_digest(("methods.engines.swap", *entry.modules))
    packages = fingerprint.package_versions((entry.package,) if entry.package else ())
    return plain.with_name(fingerprint.digest([plain.name, engine, code, packages, machine()["cpu"]])[:32])


def run_checks(job: Job, names: tuple[str, ...], labelled: bool) -> None:
    """Entry point of the child process in which engines are checked."""
    contained(job, partial(_measure, names=names, labelled=labelled))


def _measure(job: Job, names: tuple[str, ...], labelled: bool) -> Mapping[str, CheckFigures]:
    from methods.building import build_encoder

    context, dataset = open_cell(job)
    text = job.manifest.read_text(encoding="utf-8")
    kind = tasks_of(load_plugins(job.plugins)).get(job.cell.task).manifest_type
    encoder = build_encoder(context.spec, context.surroundings)
    checks = check_engines(encoder, map(get_engine, names), sample_of_cell(kind.from_json(text, dataset)), labelled)
    return {check.engine: check.to_json() for check in up_to_gain(checks)}


def _words(check: EquivalenceCheck) -> str:
    if not check.passed:
        return f"{check.engine} not used: {check.reason}"
    hit = "" if check.hit_change is None else f", hit@1 {check.hit_change:+.3f}"
    return f"{check.engine} equivalent: cosine {check.cosine_min:.5f} at least{hit}"
