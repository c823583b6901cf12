"""Runs an experiment: each unit once, in a process of its own, and a row of it whatever happens.

An experiment names its units, in order; each says what its row depends on, where it is kept, and which processes make
it. Everything else is the same for all: what still holds is not measured again, limits hold, one that fails costs the
others nothing.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, cast

from benchmarks.core.staleness import changes
from benchmarks.core.store import Store
from benchmarks.execution.launch import Outcome, prepare, run_isolated
from benchmarks.execution.worker import Job
from benchmarks.experiments.candidates import Candidate, Settings, resolve
from benchmarks.experiments.rows import Row, Rows, has_figures, status_of
from benchmarks.protocol import Timing
from benchmarks.rows.experiments import AnyRow, ExperimentRow
from benchmarks.system.devices import device_environment
from benchmarks.system.provenance import now, provenance
from datasets.safe_text import REASON, one_line
from methods.registry import Registry

PLANNED = "planned"
"""The status of a row that a dry run has left unmade."""


@dataclass(frozen=True)
class Unit(Generic[Row]):
    """One row of an experiment."""

    kind: type[Row]
    """What its row is."""
    title: str
    """For people: "phash on lfw, 1,000 images"."""
    path: Path
    """Where its row is kept."""
    inputs: Mapping[str, object]
    """What it depends on: it is measured again where these differ."""
    facts: Mapping[str, object]
    """What its row says however it ends."""
    measure: Callable[[], Outcome]
    """Makes its figures; called where they have to be made."""
    is_whole: Callable[[Row], bool] = field(default=lambda row: True)
    """Whether a stored row with these inputs is all that is wanted."""


class Frame:
    """One call of an experiment; `say` is told what happens, a line at a time, `show` what is going on."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        store: Store,
        rows: Rows,
        say: Callable[[str], None],
        show: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.settings, self.registry, self.store = settings, registry, store
        self.rows, self.say, self.show = rows, say, show
        self.measured = 0
        """Processes run so far."""
        self._packages: set[str] = set()
        self._known: dict[Path, AnyRow] = {}

    def candidates(
        self, experiment: str, methods: Iterable[str], datasets: Iterable[tuple[str, str]], untrained: bool = False
    ) -> list[Candidate]:
        """Every method on every data set, as `resolve` has them."""
        found = resolve(
            experiment, methods, datasets, self.settings, self.registry, self.store, self.say, untrained=untrained
        )
        self._packages |= {name for each in found if not each.obstacle for name in each.packages}
        return found

    def row(self, unit: Unit[Row]) -> Row:
        """The unit's row: the stored one where it holds, else made and stored now; in a dry run, PLANNED."""
        if unit.path not in self._known:
            self._known[unit.path] = self._row(unit)
        return cast(Row, self._known[unit.path])

    def isolated(
        self,
        candidate: Candidate,
        entry: Callable[[Any], None],
        timing: Timing,
        embeddings: Path | None = None,
        memory: int | None = None,
        job: type[Job] = Job,
        workdir: Path | None = None,
        **details: Any,
    ) -> Outcome:
        """Run `entry` with a job in a process of its own, to its end or its limits; never raises for what it does.

        `embeddings` is the folder of the encoder's rows unless given; `details` are further fields of the job.
        """
        if candidate.obstacle:
            return Outcome("unavailable", candidate.obstacle, 0.0, {}, "")
        self.prepare()
        self.measured += 1
        settings = self.settings
        with tempfile.TemporaryDirectory(prefix=".running-", dir=self.store.cache) as scratch:
            made = job(
                cell=candidate.cell,
                workdir=workdir or Path(scratch),
                out=self.store.root,
                data_dir=settings.data_dir,
                manifest=candidate.manifest_path,
                weights=candidate.weights.path if candidate.weights else None,
                embeddings=embeddings or self.store.cache / "embeddings" / candidate.encoder_key,
                plugins=settings.plugins,
                threads=settings.threads,
                timing=timing,
                **details,
            )
            return run_isolated(made, settings.timeout, memory or settings.memory_limit, entry=entry)

    def prepare(self, packages: Iterable[str] = ()) -> None:
        """Have the template process ready that processes are forked from."""
        self.store.cache.mkdir(parents=True, exist_ok=True)
        environment = device_environment(self.settings.device, self.settings.keras_backend)
        log = self.store.cache / "imports.log"
        prepare({*self._packages, *packages}, self.settings.threads, log, environment)

    def _row(self, unit: Unit[Row]) -> Row:
        stored = self.rows.row(unit.path, unit.kind)
        why = _why_again(stored, unit, self.settings.force)
        if stored is not None and not why:
            self.say(f"{unit.title}: as stored")
            return stored
        if self.settings.dry_run:
            self.say(f"{unit.title}: to be measured ({why})")
            return cast(Row, {**unit.facts, "status": PLANNED, "reason": why})
        self.show(unit.title)
        begun = now()
        outcome = unit.measure()
        found = {
            "status": outcome.status,
            "reason": outcome.reason,
            "log_tail": outcome.log_tail,
            **unit.facts,
            "inputs": dict(unit.inputs),
            "started": begun,
            "wall_s": outcome.seconds,
            "provenance": provenance(),
            **outcome.result,
        }
        row = cast(Row, found)
        self.rows.save(unit.path, row)
        self.say(f"{unit.title}: {ended(outcome)}")
        return row


def ended(outcome: Outcome) -> str:
    """How it went, for people: "1.2 s" or "timeout: ran longer than 5 s"."""
    if outcome.status == "ok":
        return f"{outcome.seconds:.1f} s"
    return one_line(f"{outcome.status}: {outcome.reason}", REASON)


def _why_again(stored: AnyRow | None, unit: Unit[Row], force: bool) -> str:
    """Why the stored row does not hold, or ""."""
    if stored is None:
        return "never measured"
    inputs = cast(ExperimentRow, stored).get("inputs")
    if changed := changes(inputs or {}, unit.inputs):
        return f"changed: {', '.join(changed)}"
    if not has_figures(stored):
        return f"failed before: {status_of(stored)}"
    return "asked for" if force else "" if unit.is_whole(cast(Row, stored)) else "not all of it is stored"
