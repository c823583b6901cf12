"""One call of `indexes`: vectors, builds, the exact answer, rounds, rows."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.indexes.contestant import IndexJob
from benchmarks.indexes.figures import fastest, row_of
from benchmarks.indexes.gathering import gather
from benchmarks.indexes.request import Request
from benchmarks.indexes.results import IndexStore
from benchmarks.indexes.seat import Entrant, Seat
from benchmarks.indexes.sweep import make_sweep
from benchmarks.indexes.truth import CUTOFFS, exact_ranking
from benchmarks.indexes.turns import take_turns
from benchmarks.indexes.vectors import Source
from benchmarks.latency.calibration import Calibration, strayed
from benchmarks.launch import prepare
from benchmarks.provenance import now, provenance
from benchmarks.store import Store
from datasets.errors import BenchmarkError
from methods.fingerprint import package_versions
from methods.ranking import Ranking
from methods.registry import Registry

LIBRARIES = ("faiss", "sklearn", "usearch")


class Session:
    """Measures one set of vectors after the other; `say` is told what happens, a line at a time."""

    def __init__(self, request: Request, registry: Registry, store: Store, say: Callable[[str], None]) -> None:
        self.request = request
        self.registry = registry
        self.store = store
        self.results = IndexStore(store.root)
        self.say = say

    def run(self) -> list[dict[str, Any]]:
        """The rows of all sets, each set stored as soon as it is measured.

        Raises BenchmarkError for anything the user must mend first, and where the exact index itself fails.
        """
        prepare(LIBRARIES, self.request.threads, self.store.cache / "imports.log")
        return [row for source in self.request.sources for row in self._measure(source)]

    def _measure(self, source: Source) -> list[dict[str, Any]]:
        begun = now()
        self.results.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".running-", dir=self.results.root) as name:
            folder = Path(name)
            vectors = gather(source, self.request, self.registry, self.store, folder, self.say)
            seats = self._seats(vectors, folder)
            entrants = [Entrant(seat, settings) for seat in seats for settings in seat.build.settings]
            try:
                for seat in seats:
                    self._start(seat)
                exact = self._answers(seats[0], entrants, vectors)
                calibration = take_turns(entrants, self.request.budget, self.say)
            finally:
                for seat in seats:
                    seat.stop()
        return self._keep(vectors, entrants, exact, calibration, begun)

    def _seats(self, vectors: dict[str, Any], folder: Path) -> list[Seat]:
        request = self.request
        seats = []
        sweep = make_sweep(vectors["metric"], vectors["gallery"], vectors["dimension"], request.families)
        for place, build in enumerate(sweep):
            title = " ".join([build.family, *(f"{name}={value}" for name, value in build.part.params.items())])
            log = folder / f"{place:02d}-{build.family}.log"
            job = IndexJob(title, build.part, folder, log, request.batch, request.threads)
            seats.append(Seat(build, job, request.memory_limit))
        return seats

    def _start(self, seat: Seat) -> None:
        seat.start(self.request.budget.patience)
        well = f"built in {seat.facts['build_s']:.1f} s" if seat.status == "ok" else f"{seat.status}: {seat.reason}"
        self.say(f"{seat.job.title}: {well}")

    def _answers(self, exact: Seat, entrants: Sequence[Entrant], vectors: dict[str, Any]) -> Ranking:
        """The exact ranking; the answers of every entrant are left in it."""
        patience = self.request.budget.patience

        def search(k: int, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            answer = exact.ask("answers", patience, settings={}, k=k, places=places)
            if answer is None:
                raise BenchmarkError(f"the exact index failed, nothing can be scored: {exact.status} ({exact.reason})")
            return answer

        truth = exact_ranking(search, vectors["queries"], vectors["gallery"])
        for entrant in entrants:
            answer = entrant.seat.ask("answers", patience, settings=entrant.settings, k=CUTOFFS[-1])
            if answer is not None:
                entrant.ids, entrant.scores = answer
        return truth

    def _keep(
        self,
        vectors: dict[str, Any],
        entrants: Sequence[Entrant],
        exact: Ranking,
        calibration: Calibration,
        begun: str,
    ) -> list[dict[str, Any]]:
        """Store the set; its rows."""
        scans = [entrant for entrant in entrants if entrant.seat.build.scan and entrant.seat.status == "ok"]
        rows = [row_of(entrant, exact, scans, vectors["gallery"]) for entrant in entrants]
        record = {
            "vectors": vectors,
            "rows": rows,
            "scan": fastest(scans).seat.build.family if scans else "",
            "threads": self.request.threads,
            "batch": self.request.batch,
            "budget": vars(self.request.budget),
            "strayed": strayed(np.array(calibration.seconds)),
            "started": begun,
            "provenance": provenance() | {"indexes": package_versions(LIBRARIES)},
        }
        samples = {str(place): np.array(entrant.single) for place, entrant in enumerate(entrants)}
        named = (vectors["method"], vectors["dataset"], vectors["subset"], str(vectors["gallery"]))
        self.results.save("-".join(named), record, samples)
        return rows
