"""Running cells of the harness inside a test."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.core.plan import Plan, Request, make_plan
from benchmarks.core.store import Store
from benchmarks.execution.runner import Limits, run_cells, to_run
from benchmarks.experiments.engines.auto import fastest
from methods.registry import Registry

PLUGIN = Path(__file__).parents[1] / "plugins" / "misbehaving.py"


@dataclass
class Events:
    """An observer that remembers."""

    started_pids: list[int] = field(default_factory=list)
    finished_titles: list[str] = field(default_factory=list)

    def started(self, planned, pid):
        self.started_pids.append(pid)

    def finished(self, planned, row):
        self.finished_titles.append(planned.cell.title)


@dataclass
class Bench:
    """One output folder over one folder of images."""

    store: Store
    registry: Registry
    folder: Path

    def request(self, *methods, **changes) -> Request:
        settings = {
            "datasets": ((f"folder:{self.folder}", "smoke"),),
            "tasks": ("retrieval",),
            "plugins": (PLUGIN,),
            "threads": 1,
        }
        return Request(methods=methods, **{**settings, **changes})

    def plan(self, *methods, **changes) -> Plan:
        return make_plan(self.request(*methods, **changes), self.registry, self.store, settle=fastest)

    def run(self, *methods, limits=None, force=False, observer=None, backend=None, **changes):
        request = self.request(*methods, **changes)
        plan = make_plan(request, self.registry, self.store, settle=fastest)
        cells = to_run(plan, force)
        rows = run_cells(cells, request, self.store, limits or Limits(timeout=120), observer or Events(), backend)
        return {row["inputs"]["method"]["id"]: row for row in rows}
