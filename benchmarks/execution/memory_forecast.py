"""Which cells will need more memory than they may use: from what the same methods took, before an hour of encoding."""

from collections.abc import Iterable, Iterator

from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.judged.answering import BLOCK, is_kept_whole
from benchmarks.core.plan import PlannedCell
from benchmarks.core.store import Store
from benchmarks.rows.cell import CellRow, Memory
from methods.vector_method import COPIES

RANKED = 8
"""Bytes a pair takes at least while whole rankings are held: an id and a score."""
PAIR = 24
"""Bytes a pair of query and gallery image takes while whole rankings are made and stored."""
_GIB = 2**30
_ADVICE = "raise --memory-limit or choose a smaller subset"


def too_large(cells: Iterable[PlannedCell], store: Store, limit: int, keep_rankings: bool) -> list[str]:
    """A line for each cell that should need more than `limit` bytes; none for a method that never ran here."""
    cells = list(cells)
    refused = cannot_fit(cells, store, limit, keep_rankings)
    lines = [f"{planned.cell.title} {reason}" for planned, reason in refused.items()]
    for planned, known, queries, gallery in _known(cells, store):
        needed = expected_bytes(known, queries, gallery, keep_rankings)
        if needed > limit and planned not in refused:
            lines.append(f"{planned.cell.title} {_words(needed, limit)}: expect `oom`; {_ADVICE}")
    return lines


def cannot_fit(cells: Iterable[PlannedCell], store: Store, limit: int, keep_rankings: bool) -> dict[PlannedCell, str]:
    """The cells that need more than `limit` bytes at the very least, and in words how much: they are not begun."""
    refused = {}
    for planned, known, queries, gallery in _known(cells, store):
        needed = least_bytes(known, queries, gallery, keep_rankings)
        if needed > limit:
            refused[planned] = f"{_words(needed, limit)}: not run; {_ADVICE}"
    return refused


def _known(cells: Iterable[PlannedCell], store: Store) -> Iterator[tuple[PlannedCell, Memory, int, int]]:
    """Each cell but those of pairs, the memory of a stored row of its method, how many queries and gallery images."""
    rows: dict[str, CellRow] = {}
    for cell, row in store.rows():
        if row["status"] == "ok" and "embedding_bytes_per_image" in row.get("memory", {}):
            rows.setdefault(cell.method, row)
    for planned in cells:
        if planned.cell.task == "verification":
            continue
        truth = read_ground_truth(planned.manifest)
        stored = rows.get(planned.cell.method)
        known: Memory = stored["memory"] if stored else {}
        yield planned, known, len(truth.query_ids), len(truth.gallery_ids)


def _words(needed: int, limit: int) -> str:
    return f"needs about {needed / _GIB:.1f} GiB, limit {limit / _GIB:.1f}"


def least_bytes(known: Memory, queries: int, gallery: int, keep_rankings: bool = False) -> int:
    """Bytes below which a cell's process cannot stay: what it starts with, its model, its rows once, whole rankings."""
    model = known.get("stages", {}).get("load") or 0
    rows = gallery * (known.get("embedding_bytes_per_image") or 0)
    pairs = queries * gallery if is_kept_whole(queries, gallery, keep_rankings) else 0
    return (known.get("baseline") or 0) + model + rows + RANKED * pairs


def expected_bytes(known: Memory, queries: int, gallery: int, keep_rankings: bool = False) -> int:
    """Bytes of a cell's process: `known` is the "memory" of a row of the same method on other images, or empty."""
    stages = known.get("stages", {})
    model = max((stages.get(name) or 0 for name in ("load", "encode")), default=0)
    rows = COPIES * gallery * (known.get("embedding_bytes_per_image") or 0)
    pairs = queries * gallery if is_kept_whole(queries, gallery, keep_rankings) else BLOCK
    return (known.get("baseline") or 0) + model + rows + PAIR * pairs
