"""From a planned cell to a task that any host can run."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.core.plan import PlannedCell, Request
from benchmarks.core.store import Store
from benchmarks.execution.backends.contract import Task, Template
from benchmarks.execution.worker import Job
from benchmarks.protocol import TIMEOUT, size_class, timing_of
from benchmarks.system.devices import device_environment, has_engines, packages_of
from methods.fingerprint import digest
from methods.installed import absent
from methods.spec import MethodSpec


@dataclass(frozen=True)
class Limits:
    """Bounds on a cell; `timeout` None takes the protocol's for the subset's size."""

    timeout: float | None = None
    memory_bytes: int | None = None
    jobs: int = 1

    def seconds(self, subset: str) -> float:
        """The timeout of a cell on `subset`."""
        return self.timeout if self.timeout is not None else TIMEOUT[size_class(subset)]


def template_of(specs: Iterable[MethodSpec], request: Request, store: Store) -> Template:
    """What a host imports before it forks any cell of these methods; nothing for those that cannot run here."""
    asked = [packages_of(spec, request.keras_backend) for spec in specs]
    packages = {"numpy"}.union(*(named for named in asked if not absent(named)))
    environment = device_environment(request.device, request.keras_backend)
    return Template(
        tuple(sorted(packages)), request.threads, tuple(environment.items()), store.cache / "imports.log", Path.cwd()
    )


def make_task(
    planned: PlannedCell,
    request: Request,
    store: Store,
    workdir: Path,
    limits: Limits,
    template: Template,
    of_run: Path | None = None,
) -> Task:
    """What a host is given to run a planned cell, writing into `workdir`; `of_run` is as in CellContext."""
    cell = planned.cell
    timing = timing_of(cell.subset, planned.trained)
    if limits.jobs > 1 and not planned.is_timed:  # cells side by side disturb each other: waiting would be in vain
        timing = replace(timing, patience=0.0)
    job = Job(
        cell=cell,
        workdir=workdir,
        out=store.root,
        data_dir=request.data_dir,
        manifest=planned.manifest,
        weights=planned.weights.path if planned.weights else None,
        embeddings=store.cache / "embeddings" / planned.encoder_key,
        plugins=request.plugins,
        threads=request.threads,
        timing=timing,
        keep_rankings=request.keep_rankings,
        memory_limit=limits.memory_bytes,
        of_run=of_run,
    )
    return Task(
        job=job,
        template=template,
        timeout=limits.seconds(cell.subset),
        memory_bytes=limits.memory_bytes,
        trained=planned.trained,
        engine=cell.engine if has_engines(planned.spec, cell.device, request.keras_backend) else None,
        timed=planned.is_timed,
        code=digest(planned.inputs["code"]),
        packages=planned.inputs["packages"],
    )
