"""The row of a cell (cell.json), and the record of a run that made some (runs/*.json).

Names end in their unit: _s seconds, _ms milliseconds; sizes are bytes. Keys that are not Required may be absent: of a
cell without a result, of another task, of an older version.
"""

from typing import Literal, NotRequired, Required, TypedDict

from methods.fingerprint import MethodSettings

ROW_SCHEMA = 1
"""The version of rows of cells. It rises where a key changes its meaning; rows of a lower one are made again."""


class Git(TypedDict):
    """The code that was run."""

    commit: str | None
    """None outside a checkout."""
    dirty: bool | None
    """Whether tracked files differed from the commit."""


class Machine(TypedDict):
    """Where it was run."""

    cpu: str
    cores: int
    """Usable ones."""
    memory_gib: float
    gpu: str | None
    system: str


class Provenance(TypedDict):
    """Where a row comes from (see benchmarks.system.provenance)."""

    git: Git
    machine: Machine
    packages: dict[str, str]
    """Version by distribution, or "absent"."""
    python: str
    indexes: NotRequired[dict[str, str]]
    """Versions of the index libraries, where `indexes` measured them."""


class CellName(TypedDict):
    """Coordinates, as `Cell.to_json` gives them."""

    dataset: str
    subset: str
    task: str
    method: str
    device: NotRequired[str]


class MethodInputs(TypedDict, total=False):
    """What a method's answers depend on beyond the images. Code: a digest by module."""

    method: MethodSettings
    code: dict[str, str]
    decoding: dict[str, str]
    files: dict[str, str]
    packages: dict[str, str]
    weights: str | None
    """The sha256 of their file."""


class Inputs(MethodInputs, total=False):
    """What a row depends on: it is stale where these differ (see benchmarks.core.staleness).

    Rows of versions that kept no inputs but the images are still read: only those are required.
    """

    manifest: Required[str]
    """Its hash."""
    protocol: int
    seed: int
    threads: int
    task_code: dict[str, str]
    engine_code: dict[str, str]
    judging: dict[str, str]
    timing: dict[str, object]
    """How much was asked and timed."""
    engine: str
    scaling: dict[str, object]
    streaming: dict[str, object]
    sharding: dict[str, object]
    indexes: dict[str, object]
    engines: dict[str, object]
    latency: dict[str, object]
    """What these experiments add of their own."""


class WeightsFile(TypedDict):
    """A network's weights."""

    sha256: str
    origin: str


class Ran(TypedDict):
    """What started the cell."""

    backend: str
    host: str
    attempt: int


class EngineUsed(TypedDict, total=False):
    """What networks ran on: `name` and `why`; in rows of older versions, which may mix two, the other two keys."""

    name: str
    why: str
    timed: str
    embeddings: str


class DeviceFacts(TypedDict, total=False):
    """Where Keras computed; beyond `keras_backend` for a GPU only."""

    keras_backend: Required[str]
    name: str
    driver: str
    peak_bytes: int | None
    copy_s: float


class Counts(TypedDict, total=False):
    """How many of what; undetected: in which nothing was found to search for, None for an untrained network."""

    gallery: int
    queries: int
    undetected_gallery: int | None
    undetected_queries: int | None
    originals: int
    distractors: int
    background: int
    fitted_on: int
    unseen_labels: int
    mated: int
    people: int
    strangers: int
    images: int
    pairs: int
    missing_pairs: int
    undetected_pairs: int


class Latency(TypedDict, total=False):
    """Of single queries."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float
    samples: int


class Noise(TypedDict, total=False):
    """What a timed pass met (see benchmarks.experiments.disturbance)."""

    strayed: float
    others: float | None
    load: float
    disturbed: bool
    attempts: int


class Throughput(TypedDict, total=False):
    """Of batches, and of encoding and indexing the gallery."""

    batch: int
    queries_per_s: float
    gallery_images_per_s: float


class Memory(TypedDict, total=False):
    """Bytes; all but `baseline` over that. None where the kernel does not say."""

    baseline: int | None
    peak: int | None
    index_peak: int | None
    query_peak: int | None
    stages: dict[str, int | None]
    embedding_bytes_per_image: int | None


class CellFigures(TypedDict, total=False):
    """What a task measures. A plug-in's task may add keys of its own."""

    counts: Counts
    latency: Latency
    stages_ms: dict[str, float]
    cold_start_ms: float
    """Loading and the first call."""
    warm_up_calls: int
    noise: Noise
    throughput: Throughput
    fit_s: float
    index_s: float
    similarity_s: float
    """Of all pairs of a verification cell."""
    memory: Memory
    index_bytes: float
    engine: EngineUsed
    device: DeviceFacts


class CellResult(CellFigures, total=False):
    """A row as a run makes it, before it is stored."""

    status: Required[str]
    """ok | timeout | oom | killed | unavailable | error"""
    reason: Required[str]
    log_tail: str
    trained: Required[bool]
    """False for a network whose weights were not there: timed only."""
    weights: WeightsFile | None
    inputs: Required[Inputs]
    started: Required[str]
    """In UTC, ISO 8601."""
    wall_s: Required[float]
    jobs: Required[int]
    """Cells that ran at a time."""
    ran: Ran
    provenance: Required[Provenance]


class CellRow(CellResult, total=False):
    """A row as it is stored."""

    schema: int
    cell: Required[CellName]
    files: list[str]
    """Names of the arrays beside it."""
    checksums: dict[str, dict[str, int]]
    """CRC-32 of each array, by file."""
    failed_rerun: "CellRow"
    """That of a later run without a result, which did not replace this one."""


FAILED_RERUN: Literal["failed_rerun"] = "failed_rerun"


class RunRecord(TypedDict):
    """What is recorded of a run."""

    started: str
    ended: str
    planned: int
    finished: int
    cells: list[str]
    """Their folders."""
    statuses: NotRequired[dict[str, int]]
    command: NotRequired[str]
    provenance: NotRequired[Provenance]
