"""Index measurements on disk: for each set of vectors a JSON file of rows and a file of all latency samples."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.experiments.rows import Rows
from benchmarks.files import DamagedFile, write_atomically
from benchmarks.names import file_stem

SCHEMA = 1
_NEEDS = ("provenance", "started", "vectors", "vectors.gallery")


class IndexStore(Rows):
    """What `indexes` leaves below one `--out` folder."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "indexes", SCHEMA, _NEEDS)

    def vectors(self, name: str) -> Path:
        """Where the record of a set of vectors lies."""
        return self.root / f"{file_stem(name)}.json"

    def save_samples(self, path: Path, samples: Mapping[str, np.ndarray]) -> None:
        """Keep the samples in seconds (rounds, queries) beside the record at `path`."""
        with write_atomically(path.with_suffix(".npz")) as file:
            np.savez(file, **samples)  # type: ignore[arg-type]

    def records(self) -> Iterator[dict[str, Any]]:
        """Every stored record, small galleries first."""
        yield from sorted(self.every("*.json"), key=lambda record: record["vectors"]["gallery"])

    def _read(self, path: Path) -> dict[str, Any] | None:
        record = super()._read(path)
        if record is not None and not isinstance(record["vectors"].get("gallery"), int):
            raise DamagedFile(path, "its gallery has no size")
        return record
