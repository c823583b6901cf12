"""A task whose answer is a ranking of the gallery: every ranking metric, its interval and the canaries come with it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.scoring import Judged, RetrievalScore, canary_findings, judge_retrieval, score_judged
from benchmarks.core.store import Store
from benchmarks.core.tasking.task import Row, Task
from benchmarks.metrics.registry import added_metrics

GATED = ("hit@1", "mAP")
"""Metrics of rankings that the gate compares; the first says which queries flipped."""


class RankingTask(Task):
    """Asks for a ranking; what is right in it is for `judge` to say."""

    metric: ClassVar[str] = GATED[0]

    @abstractmethod
    def judge(self, store: Store, cell: Cell, row: Row) -> Judged | None:
        """The stored ranking held against what is right; None where the cell has none."""

    def score(self, store: Store, cell: Cell, row: Row) -> RetrievalScore | None:
        """Every ranking metric of a cell; None where it has no ranking."""
        judged = self.judge(store, cell, row)
        return None if judged is None else score_judged(judged)

    def values(self, store: Store, cell: Cell, row: Row) -> Mapping[str, np.ndarray] | None:
        """The gated metrics, and those of plug-ins."""
        judged = self.judge(store, cell, row)
        return None if judged is None else judged.evaluate((*GATED, *added_metrics()))

    def figures(self, store: Store, cell: Cell, row: Row) -> dict[str, float]:
        """Every metric with its interval and its mean over classes."""
        score = self.score(store, cell, row)
        found: dict[str, float] = {}
        for name, estimate in score.estimates.items() if score else ():
            found |= {name: estimate.mean, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
            found[f"{name}_macro"] = estimate.macro
        return found

    def findings(self, store: Store, cell: Cell, row: Row) -> list[str]:
        """Canaries of rankings."""
        score = self.score(store, cell, row)
        return canary_findings(cell.method, score) if score else []


class LabelledRankingTask(RankingTask):
    """Queries of the manifest, or those of them that the cell stored as `asked`; right is what shares their label."""

    def judge(self, store: Store, cell: Cell, row: Row) -> Judged | None:
        """Right is what bears the query's label; classes are the labels."""
        return judge_retrieval(store, cell, row)

    def queries(self, store: Store, cell: Cell, row: Row) -> Sequence[str]:
        """Ids of the queries that were asked."""
        truth = read_ground_truth(store.manifest_path(row["inputs"]["manifest"]))
        asked = store.arrays(cell, "asked")
        return tuple((truth.query_ids if asked is None else truth.query_ids[asked["positions"]]).tolist())
