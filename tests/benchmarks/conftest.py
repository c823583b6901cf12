"""A small folder of photographs' stand-ins, a registry with misbehaving methods, and a way to run cells in-process."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from benchmarks.plan import Plan, Request, make_plan
from benchmarks.runner import Limits, run_cells, to_run
from benchmarks.store import Store
from methods.registry import Registry, load_registry

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
        return make_plan(self.request(*methods, **changes), self.registry, self.store)

    def run(self, *methods, limits=None, force=False, observer=None, **changes):
        request = self.request(*methods, **changes)
        plan = make_plan(request, self.registry, self.store)
        rows = run_cells(to_run(plan, force), request, self.store, limits or Limits(timeout=120), observer or Events())
        return {row["inputs"]["method"]["id"]: row for row in rows}


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory) -> Path:
    """Five labels of four images, a colour each, and one label with a single image."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(7)
    for number in range(6):
        (root / f"label{number}").mkdir()
        colour = rng.integers(30, 220, size=3)
        for image in range(4 if number < 5 else 1):
            pixels = np.clip(colour + rng.normal(0, 25, size=(40, 48, 3)), 0, 255).astype(np.uint8)
            PilImage.fromarray(pixels).save(root / f"label{number}" / f"{image}.png")
    return root


@pytest.fixture
def bench(tmp_path, photo_folder) -> Bench:
    store = Store(tmp_path / "out")
    store.require_writable()
    return Bench(store, load_registry([PLUGIN]), photo_folder)
