"""What an opened gallery holds: bytes resident and at peak over those of the rows, cold and warm.

    python -m tests.perf.search_memory [images] [numbers a row]

Rows are random and put into the store beforehand; the gallery has no pixels. Prints the table of
docs/measurements/search.md and
ends with 1 where the resident memory of a warm gallery is 1.2 times its rows or more.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.search.indexing import index_composed, row_key
from benchmarks.search.known_rows import KnownRows, embed_known
from benchmarks.search.row_store import RowStore
from benchmarks.system.memory import reset_peak
from methods.indexes.exact import ExactIndex
from methods.memory import let_go, peak_bytes, resident_bytes
from methods.registry import load_registry
from methods.vector_method import VectorMethod

LIMIT = 1.2
_SHARD = 8192
_SPEC = "mobilenetv2"


class Made:
    """A gallery of so many images of which nothing but numbers and contents is known."""

    title, key, content = "made", "made", "any"

    def __init__(self, images: int) -> None:
        self._contents = [hashlib.sha256(str(number).encode()).digest() for number in range(images)]

    def __len__(self) -> int:
        return len(self._contents)

    def entries(self):
        """Number and content of each."""
        return enumerate(self._contents)


class Unused:
    """An encoder that nothing is asked of: all rows are known."""

    batch_size = 1


def main(images: int = 100_000, numbers: int = 1280) -> int:
    """Print the table; 1 where the limit is passed."""
    gallery, spec = Made(images), load_registry().get(_SPEC)
    size = images * numbers * 4
    print("| metric | rows MiB | resident MiB | of the rows | peak MiB | of the rows |\n|:--|--:|--:|--:|--:|--:|")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        store = RowStore(Path(folder, row_key(spec, None)))
        store.folder.mkdir()
        random = np.random.default_rng(0)
        contents = [content for _, content in gallery.entries()]
        for start in range(0, images, _SHARD):
            some = contents[start : start + _SHARD]
            store.append(some, random.standard_normal((len(some), numbers), dtype=np.float32))
        del store
        for metric in ("cosine", "l2"):
            before = resident_bytes() or 0
            reset_peak()
            method = VectorMethod(Unused(), (), ExactIndex(metric), embed_known)
            indexed = index_composed(spec, method, None, gallery, Path(folder), lambda *_: None)
            row = np.array(indexed.rows[7:8])
            assert method.search(KnownRows(row), 10).ids[0, 0] == 7
            resident, peak = (resident_bytes() or 0) - before, (peak_bytes() or 0) - before
            worst = max(worst, resident / size)
            cells = (size / 2**20, resident / 2**20, resident / size, peak / 2**20, peak / size)
            print(f"| {metric} | " + "{:.0f} | {:.0f} | {:.2f} | {:.0f} | {:.2f} |".format(*cells), flush=True)
            let_go(indexed.rows)
            del method, indexed
    return int(worst >= LIMIT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
