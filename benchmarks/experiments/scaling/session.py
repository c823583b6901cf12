"""One call of `scaling`: extraction once an encoder, then every size of every method."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.execution.launch import Outcome
from benchmarks.experiments.candidates import Candidate
from benchmarks.experiments.frame import PLANNED, Frame, Unit
from benchmarks.experiments.rows import ScalingStore
from benchmarks.experiments.scaling.galleries import SHARE, Pool, make_pool
from benchmarks.experiments.scaling.point import BUILD_SECONDS, BUILDS, PointJob, run_extraction, run_point
from benchmarks.experiments.scaling.search_cost import TIMING
from benchmarks.rows.cell import Inputs
from benchmarks.rows.experiments import ExtractionFigures, ExtractionRow, PointRow
from datasets.words import count_of

NAME = "scaling"

MEASURING = 1
"""Raised when what a point measures changes: rows stored before are then stale."""


@dataclass(frozen=True)
class Asked:
    """Methods, (name, subset) pairs, and rising sizes of galleries."""

    methods: Sequence[str]
    datasets: Sequence[tuple[str, str]]
    sizes: Sequence[int]


def measure(asked: Asked, frame: Frame, store: ScalingStore) -> list[PointRow]:
    """The row of every method at every size, each stored as soon as it is known.

    Raises BenchmarkError for anything the user has to fix first.
    """
    found = frame.candidates(NAME, asked.methods, asked.datasets)
    pools = {each.manifest.hash: make_pool(each.manifest) for each in found}
    return [row for each in found for row in _grow(each, pools[each.manifest.hash], asked.sizes, frame, store)]


def _grow(each: Candidate, pool: Pool, sizes: Sequence[int], frame: Frame, store: ScalingStore) -> Iterator[PointRow]:
    """The rows of one method, size by size."""
    inputs: Inputs = {
        **each.inputs,
        "timing": {**vars(TIMING), "builds": BUILDS, "build_seconds": BUILD_SECONDS},
        "scaling": {"measuring": MEASURING, "jitter": SHARE},
    }
    facts = {
        "cell": each.cell.to_json(),
        "title": each.manifest.heading,
        "completeness": each.manifest.completeness,
        "images": len(pool.gallery),
        "queries": len(pool.queries),
    }
    extraction = None
    if each.spec.encoder and not each.obstacle:
        images = min(sizes[-1], len(pool.gallery))
        extraction = frame.row(_extraction(each, images, inputs, facts, frame, store))
    figures = {name: figure for name, figure in (extraction or {}).items() if name in ExtractionFigures.__annotations__}
    for size in sizes:
        yield frame.row(
            Unit(
                PointRow,
                f"{each.cell.method} on {each.cell.dataset}, {count_of(size, 'image')}",
                store.point(each.cell, size),
                inputs,
                {**facts, "size": size, "extraction": figures},
                partial(_point, each, size, pool, extraction, frame),
            )
        )


def _extraction(
    each: Candidate, images: int, inputs: Inputs, facts: Mapping[str, object], frame: Frame, store: ScalingStore
) -> Unit[ExtractionRow]:
    """The method's encoder: as stored if that covers all images wanted."""
    embeddings = frame.store.cache / "embeddings" / each.encoder_key
    return Unit(
        ExtractionRow,
        f"{each.cell.method} on {each.cell.dataset}, looking at {count_of(images, 'image')}",
        store.extraction(each.cell, each.encoder_key),
        {"manifest": inputs["manifest"], "threads": inputs["threads"], "scaling": inputs["scaling"]},
        facts,
        partial(frame.isolated, each, run_extraction, TIMING, job=PointJob, size=images),
        lambda row: row["images"] >= images and embeddings.is_dir(),
    )


def _point(each: Candidate, size: int, pool: Pool, extraction: ExtractionRow | None, frame: Frame) -> Outcome:
    if extraction and extraction["status"] not in ("ok", PLANNED):
        return Outcome(extraction["status"], f"while looking at images: {extraction['reason']}", 0.0, {}, "")
    if not each.obstacle and not each.spec.encoder and size > (real := len(pool.gallery)):
        reason = f"there are {real:,} distinct images, and only embeddings can be jittered"
        return Outcome("unavailable", reason, 0.0, {}, "")
    return frame.isolated(each, run_point, TIMING, job=PointJob, size=size)
