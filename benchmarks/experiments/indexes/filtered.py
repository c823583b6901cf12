"""A filtered gallery: each query is answered among a share of the rows, beside exact search among the same."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from benchmarks.experiments.indexes.figures import row_of
from benchmarks.experiments.indexes.filters import SHARES, fewest_allowed, serve_filtered
from benchmarks.experiments.indexes.offered import filtered_builds, filtered_families, require_offered
from benchmarks.experiments.indexes.rounds import Entrant, Entry, Worker, take_turns
from benchmarks.experiments.indexes.session import Session
from benchmarks.experiments.indexes.sweep import Build
from benchmarks.experiments.rounds import strayed
from benchmarks.rows.comparisons import IndexRecord, Vectors


class FilteredGallery(Session[IndexRecord]):
    """Every build and setting under filters of every share; "share" is a setting of its rows."""

    name: ClassVar = "indexes-filtered"
    libraries: ClassVar = ("faiss", "usearch", "pymilvus", "milvus_lite")

    @property
    def record(self) -> type[IndexRecord]:
        """A row for each setting under filters of each share."""
        return IndexRecord

    @property
    def entry(self) -> Entry:
        """Its process gives every query a filter."""
        return serve_filtered

    @staticmethod
    def require_offered(families: Sequence[str]) -> None:
        """Raises BenchmarkError for an index that there is not, or that cannot filter."""
        require_offered(families, filtered_families(), "search among some of its rows")

    def builds(self, vectors: Vectors) -> list[Build]:
        """All that search among some of their rows."""
        return filtered_builds(vectors["metric"], vectors["gallery"], vectors["dimension"], self.asked.families)

    def result(self, vectors: Vectors, workers: Sequence[Worker]) -> Mapping[str, object]:
        """A row for each setting and share; all samples are stored beside the record."""
        gallery = vectors["gallery"]
        entrants = [
            Entrant(worker, {**settings, "share": share})
            for share in SHARES
            for worker in workers
            for settings in worker.build.settings
        ]
        exact = {
            share: self.exact_answer(workers[0], {"share": share}, vectors["queries"], fewest_allowed(gallery, share))
            for share in SHARES
        }
        self.take_answers(entrants)
        calibration = take_turns(entrants, self.asked.budget, self.patience, self.frame.say)
        scans = {
            entrant.settings["share"]: [entrant]
            for entrant in entrants
            if entrant.worker is workers[0] and entrant.worker.status == "ok"
        }
        samples = {str(place): np.array(entrant.single) for place, entrant in enumerate(entrants)}
        self.store.save_samples(self.path, samples)
        rows = []
        for entrant in entrants:
            share = entrant.settings["share"]
            rows.append(row_of(entrant, exact[share], scans.get(share, ()), gallery))
        scan = workers[0].build.family if scans else ""
        return {"rows": rows, "scan": scan, "strayed": strayed(np.array(calibration.seconds))}
