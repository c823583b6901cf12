"""What a task is: one object that says whom it asks, what, how it is judged and how its table reads.

A task of one's own is a subclass of `Task` (or of `RankingTask`, where it ranks a gallery) in a plug-in file that lists
it in `TASKS`. Everything below has a default but `run` and `values`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.columns import Column
from benchmarks.core.store import Store
from benchmarks.core.tasking.context import CellContext
from benchmarks.metrics.intervals import Interval
from benchmarks.metrics.means import micro
from benchmarks.metrics.statistics import bootstrap_intervals
from benchmarks.protocol import SEED, timing_of
from benchmarks.rows.cell import CellRow
from datasets.dataset import Dataset
from datasets.errors import DataError
from datasets.manifest import Manifest, PairManifest, build_manifest
from methods.spec import MethodSpec

Row = CellRow
"""A stored row: what `run` returned, with how the cell ended and what it depends on."""
ONE_LABEL = "one label: nothing to tell apart"


class Task(ABC):
    """What is asked of methods. One object for all cells: it holds no state."""

    name: ClassVar[str]
    """In cells, file names and `--task`: small letters, digits and hyphens."""
    summary: ClassVar[str]
    """What is asked, in one line."""
    metric: ClassVar[str]
    """The figure that its methods are ordered by; larger is better."""
    columns: ClassVar[Sequence[Column]] = ()
    """Of its table, after the method; the keys of `figures`. Unless given: a column for each of `values`."""
    is_default: ClassVar[bool] = True
    """Whether a run that names no task has it."""
    is_timed: ClassVar[bool] = False
    """Latency and memory are measured: a cell has its machine to itself, and networks without weights take part."""
    is_pooled: ClassVar[bool] = True
    """Whether the gate judges its queries together with those of other tasks; not where another asked them already."""
    may_lack: ClassVar[bool] = False
    """Data sets without what it needs (pairs, say) are left out with the reason; otherwise they end the plan."""
    manifest_type: ClassVar[type[Manifest] | type[PairManifest]] = Manifest
    measured_by: ClassVar[Sequence[str]] = ()
    """Modules whose code decides what is measured, with all they import: a change makes stored rows stale."""

    @property
    def has_gallery(self) -> bool:
        """Whether its manifest has gallery and queries, which say where the images come from."""
        return issubclass(self.manifest_type, Manifest)

    @property
    def code(self) -> tuple[str, ...]:
        """The modules that measure: its own file, and what `measured_by` adds."""
        return (type(self).__module__, *self.measured_by)

    def asks(self, spec: MethodSpec) -> bool:
        """Whether a method takes part: it names the task among its own."""
        return self.name in spec.tasks

    def manifest(self, dataset: Dataset, subset: str, cache: Path, again: bool) -> Manifest | PairManifest | None:
        """The images, from `cache` unless they changed or `again`; None where the data set defines none.

        Raises DataError where there is nothing to search in or for.
        """
        manifest = build_manifest(dataset, subset, cache, again)
        if not len(manifest.gallery) or not len(manifest.queries):
            raise DataError(
                f"{dataset.title}:{subset} has {len(manifest.gallery)} gallery images and {len(manifest.queries)} "
                "queries; retrieval needs at least one of each: add images, two or more to a label"
            )
        return manifest

    def obstacle(self, manifest: Any) -> str:
        """Why the task says nothing about any method on these images; empty where it does.

        What it asks must be answerable rightly and wrongly: among images of one label every answer is right.
        """
        gallery, queries = manifest.gallery, manifest.queries
        if len(np.unique(gallery.labels)) < 2:
            return ONE_LABEL
        if not np.isin(queries.labels, gallery.labels).any():
            return "no query shares its label with a gallery image: nothing to find"
        return ""

    def unlearnable(self, manifest: Any) -> str:
        """Why a method that learns from labels cannot learn from what it is let see; empty where it can."""
        return "" if len(np.unique(manifest.gallery.labels)) > 1 else "one label: nothing to learn"

    def budget(self, subset: str, trained: bool) -> dict[str, object]:
        """How much is asked and timed on a subset: a row depends on it. JSON-able."""
        return dict(vars(timing_of(subset, trained)))

    @abstractmethod
    def run(self, context: CellContext, manifest: Any, store: Store) -> Mapping[str, object]:
        """Measure one method in a process of its own: the row's own figures (`counts`, ...), JSON-able.

        Arrays are kept with `context.save_arrays`, a ranking with `store.save_ranking(context.workdir, ranking)`.
        """

    @abstractmethod
    def values(self, store: Store, cell: Cell, row: Row) -> Mapping[str, np.ndarray] | None:
        """By metric, the headline first: (q,) in [0, 1], larger is better, NaN where a query does not count.

        Read from what the cell stored; None where it has no result. The gate compares these query by query.
        """

    def queries(self, store: Store, cell: Cell, row: Row) -> Sequence[str]:
        """A name for each of the q queries of `values`."""
        values = self.values(store, cell, row) or {}
        return [str(number) for number in range(len(next(iter(values.values()), ())))]

    def figures(self, store: Store, cell: Cell, row: Row) -> dict[str, float]:
        """What tables and CSV files show: for each metric its mean, and under KEY_low and KEY_high the 95% interval."""
        values = self.values(store, cell, row)
        intervals = bootstrap_intervals(values, seed=SEED) if values else {}
        found: dict[str, float] = {}
        for name, column in (values or {}).items():
            found |= {name: micro(column)} | ends(name, intervals[name])
        return found

    def findings(self, store: Store, cell: Cell, row: Row) -> list[str]:
        """What is wrong with the protocol if a canary is not where theory puts it; empty when all is well."""
        return []


def ends(key: str, interval: Interval) -> dict[str, float]:
    """The ends of an interval under the names that tables, CSV files and the report read them by."""
    return {f"{key}_low": interval.low, f"{key}_high": interval.high}
