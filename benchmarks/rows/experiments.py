"""Rows of the experiments that measure one method at a time: scaling, streaming, sharding.

Names end in their unit: _s seconds; sizes are bytes. Keys that are not Required may be absent: of a row without
figures, whose `status` is not "ok", and of an older version.
"""

from typing import Required, TypedDict

from benchmarks.rows.cell import CellName, Inputs, Memory, Provenance

SCHEMA = 1
"""The version of rows of experiments."""


class Ended(TypedDict, total=False):
    """How a measurement ended."""

    status: str
    """ok | timeout | oom | killed | unavailable | error; ok where an older version left it out"""
    reason: str
    log_tail: str
    started: str
    """In UTC, ISO 8601."""


class AnyRow(TypedDict, total=False):
    """What the rows of all experiments and versions have in common."""

    schema: int
    log_tail: str
    wall_s: float
    provenance: Required[Provenance]
    failed_rerun: Ended
    """Of a later measurement without figures, which did not replace this one."""


class ExperimentRow(AnyRow, total=False):
    """What a row says however it ended."""

    status: Required[str]
    reason: str
    started: Required[str]
    inputs: Required[Inputs]


class ExtractionFigures(TypedDict, total=False):
    """What looking at an encoder's images costs."""

    extraction_s: list[float]
    """An image, by sample."""
    embedding_bytes_per_image: int
    memory: Memory
    load_s: float


class Extracted(ExtractionFigures, total=False):
    """What a process measures of an encoder."""

    images: int
    computed: int
    """Embeddings that were not stored before."""


class ExtractionRow(ExperimentRow, Extracted, total=False):
    """An encoder, which several methods may share."""

    cell: CellName
    title: str
    completeness: str
    queries: int


class SearchFigures(TypedDict, total=False):
    """Searches in a gallery of one size."""

    search_s: list[float]
    """One query at a time."""
    batch: int
    batch_s: list[float]
    """A query of a batch."""
    index_bytes: int
    indexed: int | None


class PointFigures(SearchFigures, total=False):
    """What a process measures at one size."""

    real: int
    """Embeddings of images; the others are jittered copies."""
    memory: Memory
    fit_s: list[float]
    """By build; so is the next."""
    index_s: list[float]
    extraction_s: float | None
    """An image, where the method looks at them itself."""


class PointRow(ExperimentRow, PointFigures, total=False):
    """`scaling`: one method at one size of the gallery."""

    cell: CellName
    title: str
    completeness: str
    images: int
    queries: int
    size: int
    extraction: ExtractionFigures


class ExtractionCount(TypedDict):
    """How many rows of a streamed gallery were embedded, and how many found."""

    images: int
    found: int
    made: int
    seconds: float


class CheckedFigures(TypedDict, total=False):
    """A streamed search beside the same one in memory."""

    queries: int
    equal: int
    """Queries whose results are the same, id by id."""
    largest_score_difference: float


class StreamCheck(CheckedFigures, total=False):
    """The same, with how it ended."""

    status: Required[str]
    reason: str


class StreamFigures(TypedDict, total=False):
    """What a process measures of a streamed gallery."""

    originals: int
    shards: int
    row_bytes: int
    extraction: ExtractionCount
    index_s: float
    search_s: list[float]
    batch: int
    batch_s: list[float]
    index_bytes: int
    memory: Memory


class StreamRow(ExperimentRow, StreamFigures, total=False):
    """`stream`: one method over a gallery that is searched from disk."""

    cell: Required[CellName]
    title: str
    completeness: str
    size: Required[int]
    rows: int
    """Of a shard."""
    memory_limit: int
    check: StreamCheck


class AgreementFigures(TypedDict):
    """How far one ranking agrees with another (see benchmarks.experiments.sharding.measure)."""

    ids_equal: bool
    scores_equal: bool
    ties_equal: bool
    same_ids: float
    largest_difference: float
    ties: int


class ShardCheck(TypedDict):
    """A sharded search beside that of one process."""

    seconds: float
    equal: bool
    shards: AgreementFigures
    own_index: AgreementFigures


class ShardFigures(TypedDict, total=False):
    """What the processes of a sharded cell measure."""

    extract_s: float
    search_s: float
    encoded_blocks: int
    check: ShardCheck | None


class ShardRow(ExperimentRow, ShardFigures, total=False):
    """`shard`: one cell over several processes."""

    cell: Required[CellName]
    backend: str
    shards: Required[int]
    block: int
    depth: int | None
    images: int
    queries: int
    blocks: int
