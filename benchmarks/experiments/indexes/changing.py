"""A changing gallery: rows go and come step by step, and after each every index is held to exact search."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

import numpy as np

from benchmarks.experiments.indexes.changes import STEPS, plan_of, serve_changing
from benchmarks.experiments.indexes.figures import latency, recalls
from benchmarks.experiments.indexes.offered import changing_builds, changing_families, require_offered
from benchmarks.experiments.indexes.rounds import Entrant, Entry, Worker, take_turns
from benchmarks.experiments.indexes.session import Session
from benchmarks.experiments.indexes.sweep import Build
from benchmarks.experiments.rounds import strayed
from benchmarks.metrics.statistics import bootstrap_interval
from benchmarks.protocol import SEARCH_DEPTH
from benchmarks.rows.comparisons import ChangeFacts, ChangingFigures, ChangingRecord, Recalls, StepFigures, Vectors
from methods.fingerprint import settings_of
from methods.ranking import Ranking


class ChangingGallery(Session[ChangingRecord]):
    """Every build through the same changes, and its settings after each of them."""

    name: ClassVar = "indexes-changing"
    libraries: ClassVar = ("faiss", "usearch", "pymilvus", "milvus_lite")

    @property
    def record(self) -> type[ChangingRecord]:
        """A row for each setting, with figures of each step."""
        return ChangingRecord

    @property
    def entry(self) -> Entry:
        """Its process changes the gallery when told to."""
        return serve_changing

    @staticmethod
    def require_offered(families: Sequence[str]) -> None:
        """Raises BenchmarkError for an index that there is not, or whose rows cannot come and go."""
        require_offered(families, changing_families(), "take in and remove rows")

    def builds(self, vectors: Vectors) -> list[Build]:
        """All whose rows may come and go."""
        return changing_builds(vectors["metric"], vectors["gallery"], self.asked.families)

    def result(self, vectors: Vectors, workers: Sequence[Worker]) -> Mapping[str, object]:
        """A row a setting; all samples are stored beside the record."""
        places = [(worker, settings) for worker in workers for settings in worker.build.settings]
        steps: list[list[StepFigures]] = [[] for _ in places]
        samples: dict[str, np.ndarray] = {}
        pace: list[float] = []
        for step in range(STEPS + 1):
            self.frame.say(f"step {step} of {STEPS}")
            facts = {worker.job.title: self._changed(worker, step) for worker in workers}
            entrants = [Entrant(worker, settings) for worker, settings in places]
            exact = self.exact_answer(workers[0], {}, vectors["queries"], plan_of(vectors["gallery"]).start)
            self.take_answers(entrants)
            pace += take_turns(entrants, self.asked.budget, self.patience, lambda line: None).seconds
            for place, entrant in enumerate(entrants):
                if entrant.worker.status == "ok":
                    samples[f"{place}-{step}"] = np.array(entrant.single)
                    steps[place].append(_step(step, entrant, exact, facts[entrant.worker.job.title]))
        self.store.save_samples(self.path, samples)
        rows = [_row(*place, made) for place, made in zip(places, steps, strict=True)]
        return {"rows": rows, "strayed": strayed(np.array(pace))}

    def _changed(self, worker: Worker, step: int) -> ChangeFacts:
        """What a step's change took; nothing where there is none: at first, and of an index that failed."""
        order, arguments = ("change", {"step": step - 1}) if step else ("sizes", {})
        made: ChangeFacts | None = worker.ask(order, self.patience, **arguments)
        return made or {}


def _step(step: int, entrant: Entrant, exact: Ranking, facts: ChangeFacts) -> StepFigures:
    kept = recalls(entrant.ids, entrant.scores, exact)
    single = np.array(entrant.single)
    recall = {f"recall@{k}": float(np.mean(values)) for k, values in kept.items()}
    interval = {f"recall@{SEARCH_DEPTH}_interval": list(bootstrap_interval(kept[SEARCH_DEPTH]))}
    return {"step": step, **cast(Recalls, recall | interval), **latency(single), "samples": single.size, **facts}


def _row(worker: Worker, settings: Mapping[str, int], steps: list[StepFigures]) -> ChangingFigures:
    row: ChangingFigures = {
        "family": worker.build.family,
        "build": settings_of(worker.build.part),
        "settings": dict(settings),
        "status": worker.status,
        "reason": worker.reason,
        "steps": steps,
    }
    return {**row, "build_s": worker.facts["build_s"]} if worker.facts else row
