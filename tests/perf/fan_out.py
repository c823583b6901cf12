"""How near Dask workers of this machine come to the ideal split of a set of cells that compute with one thread.

    python tests/perf/fan_out.py --out FOLDER [--workers 3] [--rounds 2]

In each round the same cells run one at a time, then on the workers, from empty folders. The ideal is the seconds that
the cells took one at a time, over the cores: more workers than cores cannot go below that. Real data where RIS_DATA
says it lies, else the stand-ins.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.backends.contract import Backend
from benchmarks.backends.dask import DaskBackend
from benchmarks.backends.local import LocalBackend
from benchmarks.plan import PlannedCell, Request, make_plan
from benchmarks.provenance import machine, usable_cores
from benchmarks.runner import Limits, run_cells
from benchmarks.store import Store
from methods.registry import load_registry

METHODS = ("sift", "sift-mean-distance", "sift-indexed", "sift-bovw", "sift-vlad", "sift-bovw-ransac")
DATASETS = (("cifar10", "standard"), ("imdb-wiki", "standard"))


class Clock:
    """An observer that remembers when the first cell began."""

    def __init__(self) -> None:
        self.first = 0.0

    def started(self, planned: PlannedCell, pid: int) -> None:
        """Keep the time of the first."""
        self.first = self.first or time.perf_counter()

    def finished(self, planned: PlannedCell, row: dict) -> None:
        """Nothing to keep."""


def run_once(folder: Path, backend: Backend, side_by_side: bool) -> tuple[float, float, float]:
    """Seconds in all, seconds from the first cell's start, and seconds that the cells took by themselves."""
    store = Store(folder)
    store.require_writable()
    data = Path(os.environ["RIS_DATA"]) if "RIS_DATA" in os.environ else None
    request = Request(METHODS, DATASETS, ("robustness",), data_dir=data, threads=1)
    cells = make_plan(request, load_registry(), store).cells
    clock = Clock()
    start = time.perf_counter()
    rows = run_cells(cells, request, store, Limits(jobs=len(cells) if side_by_side else 1), clock, backend)
    end = time.perf_counter()
    if any(row["status"] != "ok" for row in rows):
        raise SystemExit("a cell has no result")
    return end - start, end - clock.first, sum(row["wall_s"] for row in rows)


def main() -> None:
    """Run the rounds and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    facts = machine()
    print(f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB; {options.workers} workers\n")
    print(
        "| round | one at a time s | ideal s | workers s | over the ideal | without start-up s | over | load before |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for number in range(1, options.rounds + 1):
        with tempfile.TemporaryDirectory(dir=options.out) as folder:
            load = os.getloadavg()[0]
            *_, alone = run_once(Path(folder, "local"), LocalBackend(), side_by_side=False)
            whole, working, _ = run_once(Path(folder, "dask"), DaskBackend(workers=options.workers), side_by_side=True)
        ideal = alone / usable_cores()
        figures = (f"{alone:.1f}", f"{ideal:.1f}", f"{whole:.1f}", f"{whole / ideal - 1:+.1%}")
        print(
            "|",
            " | ".join([str(number), *figures, f"{working:.1f}", f"{working / ideal - 1:+.1%}", f"{load:.1f}"]),
            "|",
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
