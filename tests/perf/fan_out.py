"""How near Dask workers of this machine come to the ideal split of a set of cells that compute with one thread.

    python tests/perf/fan_out.py --out FOLDER [--workers 3] [--rounds 2]

In each round the same cells run one at a time, then side by side as plain processes (`--jobs`, one a core), then on the
workers, from empty folders. The ideal is the seconds that the cells took one at a time, over the cores: more workers
than cores cannot go below that. Nor can anything where two cores are threads of one, or share their clock and their
memory: what plain processes side by side take says how far this machine can be split at all. The processor seconds of
all processes of a run are told too, and for how much of its time fewer cells ran than there are cores. Real data where
RIS_DATA says it lies, else the stand-ins.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.core.plan import PlannedCell, Request, make_plan
from benchmarks.core.store import Store
from benchmarks.execution.backends.contract import Backend
from benchmarks.execution.backends.dask import DaskBackend
from benchmarks.execution.backends.local import LocalBackend
from benchmarks.execution.runner import Limits, run_cells
from benchmarks.system.provenance import machine, usable_cores
from methods.registry import load_registry

METHODS = (
    "sift-ransac",
    "sift-bovw-ransac",
    "sift",
    "sift-vlad-ransac",
    "sift-mean-distance",
    "sift-bovw",
    "sift-vlad",
    "sift-indexed",
)
DATASETS = (("imdb-wiki", "standard"), ("lfw", "standard"))
_EVERY = 0.2


@dataclass
class Clock:
    """An observer that remembers when cells began and ended."""

    changes: list[tuple[float, int]] = field(default_factory=list)

    def started(self, planned: PlannedCell, pid: int) -> None:
        """One more cell runs."""
        self.changes.append((time.perf_counter(), 1))

    def finished(self, planned: PlannedCell, row: dict) -> None:
        """One less."""
        self.changes.append((time.perf_counter(), -1))

    def busy(self, cores: int) -> float:
        """Share of the cores that had a cell to run, between the first start and the last end."""
        total, running = 0.0, 0
        for (when, change), (following, _) in zip(self.changes, self.changes[1:], strict=False):
            running += change
            total += min(running, cores) * (following - when)
        return total / cores / (self.changes[-1][0] - self.changes[0][0])


class Meter:
    """Processor seconds of all descendants of this process, looked at now and then while the block runs."""

    def __init__(self) -> None:
        self._used: dict[tuple[int, float], float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """Seconds in user and system mode."""
        return sum(self._used.values())

    def _watch(self) -> None:
        before = {self._key(child): self._cpu(child) for child in psutil.Process().children(recursive=True)}
        while not self._done.wait(_EVERY):
            for child in psutil.Process().children(recursive=True):
                try:
                    key = self._key(child)
                    self._used[key] = self._cpu(child) - before.get(key, 0.0)
                except psutil.Error:
                    continue

    def _key(self, process: psutil.Process) -> tuple[int, float]:
        return process.pid, process.create_time()

    def _cpu(self, process: psutil.Process) -> float:
        times = process.cpu_times()
        return times.user + times.system


@dataclass(frozen=True)
class Run:
    """What a run took."""

    wall: float
    cells: float
    """Seconds of its cells, each by itself."""
    processor: float
    busy: float


def run_once(folder: Path, backend: Backend, jobs: int) -> Run:
    """All cells from nothing, so many handed over at a time; SystemExit where one has no result."""
    store = Store(folder)
    store.require_writable()
    data = Path(os.environ["RIS_DATA"]) if "RIS_DATA" in os.environ else None
    request = Request(METHODS, DATASETS, ("robustness",), data_dir=data, threads=1)
    cells = make_plan(request, load_registry(), store).cells
    clock = Clock()
    with Meter() as meter:
        start = time.perf_counter()
        rows = run_cells(cells, request, store, Limits(jobs=jobs), clock, backend)
        wall = time.perf_counter() - start
    if any(row["status"] != "ok" for row in rows):
        raise SystemExit("a cell has no result")
    return Run(wall, sum(row["wall_s"] for row in rows), meter.seconds, clock.busy(usable_cores()))


def main() -> None:
    """Run the rounds and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    facts, cores = machine(), usable_cores()
    print(f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB; {options.workers} workers\n")
    print("| load before | one at a time s | ideal s | side by side s | | workers s | | beside side by side | ", end="")
    print("processor s one at a time | side by side | on workers | cores with a cell |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.out) as folder:
            load = os.getloadavg()[0]
            alone = run_once(Path(folder, "local"), LocalBackend(), 1)
            beside = run_once(Path(folder, "beside"), LocalBackend(), cores)
            split = run_once(Path(folder, "dask"), DaskBackend(workers=options.workers), len(METHODS) * len(DATASETS))
        ideal = alone.cells / cores
        figures = [f"{load:.1f}", f"{alone.cells:.1f}", f"{ideal:.1f}"]
        figures += [f"{beside.wall:.1f}", f"{beside.wall / ideal - 1:+.1%}"]
        figures += [f"{split.wall:.1f}", f"{split.wall / ideal - 1:+.1%}", f"{split.wall / beside.wall - 1:+.1%}"]
        figures += [f"{run.processor:.1f}" for run in (alone, beside, split)] + [f"{split.busy:.1%}"]
        print("|", " | ".join(figures), "|", flush=True)


if __name__ == "__main__":
    main()
