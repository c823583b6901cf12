"""Rows of the experiments that measure several candidates side by side: indexes, engines, latency.

Names end in their unit: _s seconds; sizes are bytes. Keys that are not Required may be absent: of a row without
figures, whose `status` is not "ok", and of an older version.
"""

from typing import Required, TypedDict

from benchmarks.rows.cell import CellName, Inputs, Provenance
from benchmarks.rows.experiments import AnyRow, Ended
from methods.distances import Metric
from methods.fingerprint import PartSettings


class MadeVectors(TypedDict, total=False):
    """What a process says of the vectors it made."""

    real: int
    """Those of images; the others are jittered copies."""
    gallery: Required[int]
    queries: int
    dimension: int
    metric: Metric
    bytes: int
    """Of the gallery."""


class Vectors(MadeVectors, total=False):
    """What indexes are built over."""

    method: str
    dataset: str
    subset: str
    manifest: str
    completeness: str


class Budget(TypedDict, total=False):
    """How long the indexes were asked."""

    rounds: int
    seconds: float
    patience: float


class BuildFacts(TypedDict, total=False):
    """What an index's process says once it is built."""

    build_s: float
    index_bytes: int
    disk_bytes: int
    """Of rows that the index reads from a file and does not hold: not in `index_bytes`."""
    build_peak_bytes: int | None
    """Beyond the vectors; so is the next, once they are let go."""
    resident_bytes: int | None
    """Once a batch of queries was answered, one by one; older rows: before any was."""


Recalls = TypedDict(
    "Recalls",
    {"recall@1": float, "recall@10": float, "recall@20": float, "recall@20_interval": list[float]},
    total=False,
)
"""Of the exact answer."""


class QueryTimes(TypedDict, total=False):
    """Single queries: value and both ends of the 95% interval."""

    p50_s: list[float]
    p95_s: list[float]
    p99_s: list[float]


class IndexFigures(BuildFacts, Recalls, QueryTimes, total=False):
    """What one index was measured to be, with one setting."""

    family: Required[str]
    build: Required[PartSettings]
    settings: Required[dict[str, int]]
    status: Required[str]
    reason: Required[str]
    bytes_per_vector: float
    disk_bytes_per_vector: float
    samples: int
    of_scan: list[float] | None
    """Median query over that of the fastest scan, with its interval; None where no scan was measured."""
    batch_s: float
    """A query of a batch, median."""


class IndexResult(TypedDict, total=False):
    """What a session measures of all indexes over one set of vectors."""

    vectors: Required[Vectors]
    rows: list[IndexFigures]
    scan: str
    """The family of the fastest index that looks at every vector; "" where there is none."""
    strayed: float
    provenance: Required[Provenance]


class IndexRecord(AnyRow, IndexResult, total=False):
    """`indexes`: one set of vectors, and all indexes over it."""

    status: str
    reason: str
    started: Required[str]
    inputs: Inputs
    threads: int
    batch: int
    budget: Budget


class ChangeFacts(TypedDict, total=False):
    """What an index's process says of a change of its gallery; before any, only what the index takes."""

    remove_s: float
    insert_s: float
    index_bytes: int
    resident_bytes: int | None


class StepFigures(ChangeFacts, Recalls, QueryTimes, total=False):
    """One setting of an index after a number of changes."""

    step: Required[int]
    samples: int


class ChangingFigures(TypedDict, total=False):
    """One setting of an index while its gallery changes."""

    family: Required[str]
    build: Required[PartSettings]
    settings: Required[dict[str, int]]
    status: Required[str]
    reason: Required[str]
    build_s: float
    """Over the rows that are there at first."""
    steps: Required[list[StepFigures]]
    """Those made before it failed, where it did."""


class ChangingResult(TypedDict, total=False):
    """What a session measures of all indexes while their galleries change."""

    vectors: Required[Vectors]
    rows: list[ChangingFigures]
    strayed: float
    provenance: Required[Provenance]


class ChangingRecord(AnyRow, ChangingResult, total=False):
    """`indexes --gallery changing`: one set of vectors, and all indexes over it."""

    status: str
    reason: str
    started: Required[str]
    inputs: Inputs
    threads: int
    batch: int
    budget: Budget


class CheckFigures(TypedDict, total=False):
    """An engine beside plain Keras (see benchmarks.execution.equivalence.check)."""

    engine: Required[str]
    reason: str
    cosine_min: float | None
    cosine_mean: float | None
    hit: float | None
    hit_change: float | None
    hit_interval: list[float] | None
    faces: str
    seconds: float | None
    plain_seconds: float | None


class EngineFigures(TypedDict, total=False):
    """What a process measures of one component on all engines."""

    settled: bool
    size: str
    images: int
    checks: dict[str, CheckFigures]
    """By engine."""
    seconds: dict[str, list[float]]
    """An image, by engine and round."""
    strayed: float


class EngineRow(AnyRow, EngineFigures, total=False):
    """`engines`: one component."""

    status: str
    """ok where an older version left it out."""
    reason: str
    started: str
    inputs: Inputs
    name: Required[str]
    method: str
    part: str
    cell: CellName
    dataset: Required[str]
    trained: bool
    batch: Required[int]
    threads: Required[int]
    measured: Required[str]
    """When, in UTC, ISO 8601."""


class ParticipantFacts(TypedDict, total=False):
    """What a method's process says of itself when it is ready, and after its batches."""

    import_s: float
    load_s: float
    first_call_s: float
    warm_up_calls: int
    pace_s: float
    gallery: int
    index_bytes: int
    pid: int
    seconds_by_batch: list[list[float]]
    """(queries, seconds a query) pairs."""


class LatencyFacts(ParticipantFacts, total=False):
    """What a session knows of one method."""

    schema: int
    status: str
    error: str
    threads: Required[int]
    trained: bool
    manifest: str
    calibration_s: list[float]
    strayed: float
    inputs: Inputs
    started: Required[str]
    provenance: Required[Provenance]
    failed_rerun: Ended


class LatencyRow(LatencyFacts, total=False):
    """`latency`: one method, as it is stored."""

    cell: Required[CellName]
    checksums: dict[str, int]
    """Of the samples beside it; a row of an older version has none."""
