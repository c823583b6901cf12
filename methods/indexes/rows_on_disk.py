"""A gallery's rows in a file: a search reads the few that it compares, and memory holds none of the others."""

import mmap
import tempfile
from collections.abc import Callable

import numpy as np

from datasets.errors import BenchmarkError
from methods.memory import let_go, mapping_of

BLOCK = 1 << 21
"""Numbers that are written at a time (8 MiB of float32)."""

RESIDENT = 1 << 26
"""Bytes of mapped pages (64 MiB) that may stay resident. A file of that size is never given back."""

LARGE_PAGE = 1 << 21
"""Bytes that reading one number may make resident: Linux maps the cached pages around it, up to 2 MiB of them."""

Compare = Callable[..., None]
"""One of faiss's functions that compare queries with rows of given numbers."""


class RowsOnDisk:
    """Rows (n, d) float32 in a file that is mapped read-only.

    Rows that are given as such a mapping (`np.load(path, mmap_mode="r")`) are kept as they are, and that mapping is
    advised of reads in no order. Others are written to a temporary file without a name, in tempfile's folder (TMPDIR;
    where that is a tmpfs, the "disk" is memory): it is gone with the last who maps it, however the process ends.
    Raises BenchmarkError where the file cannot be written.
    """

    def __init__(self, rows: np.ndarray) -> None:
        is_usable = rows.dtype == np.float32 and rows.flags.c_contiguous and rows.flags.aligned
        is_kept = (is_usable and mapping_of(rows) is not None) or not rows.size  # an empty file cannot be mapped
        self.rows = rows if is_kept else _mapped(rows)
        if (mapping := mapping_of(self.rows)) is not None:
            mapping.madvise(mmap.MADV_RANDOM)
        row_bytes = self.rows.itemsize * self.rows.shape[1]
        self._at_once = max(1, RESIDENT // (LARGE_PAGE + row_bytes))
        self._all_may_stay = self.rows.nbytes <= RESIDENT

    @property
    def nbytes(self) -> int:
        """Bytes of the rows in the file."""
        return self.rows.nbytes

    def squared_distances(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """(q, m) float32 from queries (q, d) float32 to the rows of `ids` (q, m) int64, a row of them a query."""
        import faiss

        return self._compared(faiss.fvec_L2sqr_by_idx, queries, ids)  # type: ignore[attr-defined]

    def products(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """(q, m) float32: inner products of queries (q, d) float32 with the rows of `ids` (q, m) int64."""
        import faiss

        return self._compared(faiss.fvec_inner_products_by_idx, queries, ids)  # type: ignore[attr-defined]

    def sample(self, numbers: int) -> np.ndarray:
        """About so many `numbers` at most, in rows (m, d) that are evenly spread over all of them; one row at least."""
        apart = -(-self.rows.size // numbers)
        step = apart * max(1, BLOCK // (apart * self.rows.shape[1]))
        parts = []
        for start in range(0, len(self.rows), step):  # in blocks: to touch rows all over the file makes much resident
            parts.append(self.rows[start : start + step : apart].copy())
            self.let_go()
        return np.concatenate(parts)

    def let_go(self) -> None:
        """Give back all resident pages."""
        let_go(self.rows)

    def _compared(self, compare: Compare, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        found = np.empty(ids.shape, dtype=np.float32)
        if self._all_may_stay:
            self._compare(compare, queries, ids, found)
            return found
        for place in range(len(queries)):
            query = slice(place, place + 1)
            for start in range(0, ids.shape[1], self._at_once):
                part = (query, slice(start, start + self._at_once))
                self._compare(compare, queries[query], ids[part], found[part])
                self.let_go()
        return found

    def _compare(self, compare: Compare, queries: np.ndarray, ids: np.ndarray, found: np.ndarray) -> None:
        """Have `found` (q, m) filled by faiss, which reads the rows where they lie."""
        import faiss

        pointers = (faiss.swig_ptr(array) for array in (found, queries, self.rows, ids))
        compare(*pointers, self.rows.shape[1], *ids.shape)


def _mapped(rows: np.ndarray) -> np.ndarray:
    """The same numbers as float32, mapped from a file that has no name."""
    step = max(1, BLOCK // rows.shape[1])
    try:
        with tempfile.TemporaryFile() as file:
            for start in range(0, len(rows), step):
                file.write(np.ascontiguousarray(rows[start : start + step], dtype=np.float32).data)
                let_go(rows)
            file.flush()
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise BenchmarkError(
            f"{tempfile.gettempdir()} has no room for the gallery's rows, {4 * rows.size / 2**20:,.0f} MiB "
            f"({error.strerror or error}): free some space, or set TMPDIR to a folder on another disk"
        ) from error
    return np.frombuffer(mapping, dtype=np.float32).reshape(rows.shape)
