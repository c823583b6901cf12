"""Which cells will need more memory than they may use: from what the same methods took, before an hour of encoding."""

from collections.abc import Iterable
from typing import Any

from benchmarks.ground_truth import read_ground_truth
from benchmarks.judged.answering import BLOCK, is_kept_whole
from benchmarks.plan import PlannedCell
from benchmarks.store import Store
from methods.vector_method import COPIES

PAIR = 24
"""Bytes a pair of query and gallery image takes while whole rankings are made and stored."""
_GIB = 2**30


def too_large(cells: Iterable[PlannedCell], store: Store, limit: int, keep_rankings: bool) -> list[str]:
    """A line for each cell that should need more than `limit` bytes; none for a method that never ran here."""
    rows: dict[str, dict[str, Any]] = {}
    for cell, row in store.rows():
        if row["status"] == "ok" and "embedding_bytes_per_image" in row.get("memory", {}):
            rows.setdefault(cell.method, row)
    lines = []
    for planned in cells:
        if planned.cell.task == "verification":
            continue
        truth = read_ground_truth(planned.manifest)
        known = rows.get(planned.cell.method, {}).get("memory", {})
        needed = expected_bytes(known, len(truth.query_ids), len(truth.gallery_ids), keep_rankings)
        if needed > limit:
            lines.append(
                f"{planned.cell.title} needs about {needed / _GIB:.1f} GiB, limit {limit / _GIB:.1f}: expect `oom`; "
                "raise --memory-limit or choose a smaller subset"
            )
    return lines


def expected_bytes(known: dict[str, Any], queries: int, gallery: int, keep_rankings: bool = False) -> int:
    """Bytes of a cell's process: `known` is the "memory" of a row of the same method on other images, or empty."""
    stages = known.get("stages", {})
    model = max((stages.get(name) or 0 for name in ("load", "encode")), default=0)
    rows = COPIES * gallery * (known.get("embedding_bytes_per_image") or 0)
    pairs = queries * gallery if is_kept_whole(queries, gallery, keep_rankings) else BLOCK
    return (known.get("baseline") or 0) + model + rows + PAIR * pairs
