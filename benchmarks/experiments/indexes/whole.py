"""The whole gallery: every index over its settings, in interleaved rounds."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from benchmarks.experiments.indexes.figures import fastest, row_of
from benchmarks.experiments.indexes.rounds import Entrant, Worker, take_turns
from benchmarks.experiments.indexes.session import Session
from benchmarks.experiments.indexes.sweep import Build, make_sweep, require_known
from benchmarks.experiments.rounds import strayed
from benchmarks.rows.comparisons import IndexRecord, Vectors


class WholeGallery(Session[IndexRecord]):
    """What each index keeps of the exact answer, and how fast it is, over a sweep."""

    name: ClassVar = "indexes"

    @property
    def record(self) -> type[IndexRecord]:
        """A row for each setting."""
        return IndexRecord

    @staticmethod
    def require_offered(families: Sequence[str]) -> None:
        """Raises UnknownNameError for a name that is no index's."""
        require_known(families)

    def builds(self, vectors: Vectors) -> list[Build]:
        """The sweep."""
        return make_sweep(vectors["metric"], vectors["gallery"], vectors["dimension"], self.asked.families)

    def result(self, vectors: Vectors, workers: Sequence[Worker]) -> Mapping[str, object]:
        """A row a setting; all samples are stored beside the record."""
        entrants = [Entrant(worker, settings) for worker in workers for settings in worker.build.settings]
        exact = self.exact_answer(workers[0], {}, vectors["queries"], vectors["gallery"])
        self.take_answers(entrants)
        calibration = take_turns(entrants, self.asked.budget, self.patience, self.frame.say)
        scans = [entrant for entrant in entrants if entrant.worker.build.scan and entrant.worker.status == "ok"]
        samples = {str(place): np.array(entrant.single) for place, entrant in enumerate(entrants)}
        self.store.save_samples(self.path, samples)
        return {
            "rows": [row_of(entrant, exact, scans, vectors["gallery"]) for entrant in entrants],
            "scan": fastest(scans).worker.build.family if scans else "",
            "strayed": strayed(np.array(calibration.seconds)),
        }
