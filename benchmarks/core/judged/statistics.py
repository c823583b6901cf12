"""judged.npz: the sufficient statistics of a cell whose whole rankings would be too large to keep.

For every query what all metrics ask of its ranking (see `Judgement`), and the first right result; the first KEPT
results of the ranking lie beside it, in `ranking.npz`. Queries are stored in slabs, a few members of the archive each,
so that neither writing nor reading holds more than one of them.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from benchmarks.core.judged.packing import PACKED, packed, unpacked
from benchmarks.metrics.judgement import CUTOFFS, Judgement
from benchmarks.metrics.tie_blocks import TieBlocks
from benchmarks.system.files import DamagedFile, members_of, read_members
from methods.ranking import Ranking

KEPT = 100
"""Results of a query that are kept, best first: what galleries, claims and explanations look at."""
NAME = "judged.npz"

_QUERIES = ("to_find", "candidates", "undetected", "first_right", "results")


class StatisticsWriter:
    """Writes the statistics of blocks of queries, in order; use it as a context."""

    def __init__(self, path: Path) -> None:
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._slabs: list[int] = [0]
        self._columns: dict[str, list[np.ndarray]] = {name: [] for name in (*_QUERIES, "tied_cuts", "votes")}
        self._heads: list[Ranking] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            for name, parts in self._columns.items():
                self._write(name, np.concatenate(parts, axis=-1))
            self._write("slabs", np.array(self._slabs, dtype=np.int64))
            self._write("cutoffs", np.array(CUTOFFS, dtype=np.int64))
        self._file.close()

    def add(self, ranking: Ranking, judgement: Judgement, first_right: np.ndarray) -> None:
        """The next queries: their ranking, how it was judged, and the first right result (q,) int32 of each."""
        slab = len(self._slabs) - 1
        for name, array in packed(judgement.blocks, len(judgement)).items():
            self._write(f"{name}-{slab}", array)
        columns = {
            "to_find": judgement.positives.astype(np.int32),
            "candidates": judgement.candidates.astype(np.int32),
            "undetected": judgement.undetected_queries,
            "first_right": first_right,
            "results": np.count_nonzero(ranking.ids >= 0, axis=1).astype(np.int32),
            "tied_cuts": np.stack([judgement.tied_cuts[k] for k in CUTOFFS]),
            "votes": np.stack([judgement.votes[k] for k in CUTOFFS]),
        }
        for name, array in columns.items():
            self._columns[name].append(array)
        self._slabs.append(self._slabs[-1] + len(judgement))
        head = (ranking.ids[:, :KEPT].copy(), ranking.scores[:, :KEPT].copy())
        self._heads.append(Ranking(*head, ranking.undetected))

    @property
    def head(self) -> Ranking:
        """The first KEPT results of all queries added."""
        ids, scores, undetected = zip(*((head.ids, head.scores, head.undetected) for head in self._heads), strict=True)
        return Ranking(np.concatenate(ids), np.concatenate(scores), np.concatenate(undetected))

    def _write(self, name: str, array: np.ndarray) -> None:
        with self._file.open(f"{name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, array, allow_pickle=False)


class StoredStatistics:
    """The statistics in a file; each look at the tie blocks reads them again, one slab at a time.

    Raises DamagedFile for a file that is not what was written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._columns = read_members(path, (*_QUERIES, "tied_cuts", "votes", "slabs", "cutoffs"))
        if tuple(self._columns["cutoffs"].tolist()) != CUTOFFS:
            raise DamagedFile(path, f"it is judged at {self._columns['cutoffs'].tolist()}, not at {list(CUTOFFS)}")

    def __len__(self) -> int:
        return len(self._columns["to_find"])

    @property
    def first_right(self) -> np.ndarray:
        """(q,) int32: the right result that stands first as the ranking was made, -1 where there is none."""
        return self._columns["first_right"]

    @property
    def results(self) -> np.ndarray:
        """(q,) int32: how many results the whole ranking had."""
        return self._columns["results"]

    @cached_property
    def head(self) -> Judgement:
        """All queries, without the tie blocks that no metric "@k" and no first rank asks for: `whole` is False."""
        parts = []
        for rows, judgement in self.slabs():
            blocks = judgement.blocks
            kept = blocks.take(np.flatnonzero((blocks.above < max(CUTOFFS)) | (blocks.positives_above == 0)))
            parts.append(replace(kept, query=kept.query + rows.start))
        return self._judgement(slice(None), TieBlocks.concatenate(parts), whole=False)

    def slabs(self) -> Iterator[tuple[slice, Judgement]]:
        """Rows of queries and their whole judgement, some queries at a time."""
        edges = self._columns["slabs"].tolist()
        with members_of(self.path) as read:
            for slab, (start, stop) in enumerate(pairwise(edges)):
                arrays = read([f"{name}-{slab}" for name in PACKED])
                blocks = unpacked({name: arrays[f"{name}-{slab}"] for name in PACKED})
                yield slice(start, stop), self._judgement(slice(start, stop), blocks)

    def check(self) -> None:
        """Read everything once; raises DamagedFile."""
        for _ in self.slabs():
            pass

    def _judgement(self, rows: slice, blocks: TieBlocks, whole: bool = True) -> Judgement:
        columns = self._columns
        return Judgement(
            blocks,
            columns["to_find"][rows].astype(np.int64),
            columns["candidates"][rows].astype(np.int64),
            columns["undetected"][rows],
            dict(zip(CUTOFFS, columns["tied_cuts"][:, rows], strict=True)),
            dict(zip(CUTOFFS, columns["votes"][:, rows], strict=True)),
            whole,
        )
