"""Index measurements on disk: for each set of vectors a JSON file of rows and a file of all latency samples."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.files import DamagedFile, intact, read_record, write_atomically, write_record
from benchmarks.names import file_stem

SCHEMA = 1
_NEEDS = ("provenance", "started", "vectors", "vectors.gallery")


class IndexStore:
    """What `indexes` leaves below one `--out` folder."""

    def __init__(self, out: Path) -> None:
        self.root = out / "indexes"

    def save(self, name: str, record: dict[str, Any], samples: Mapping[str, np.ndarray]) -> Path:
        """Keep the record of a set of vectors in the place of an older one; `samples` in seconds (rounds, queries)."""
        path = self.root / f"{file_stem(name)}.json"
        with write_atomically(path.with_suffix(".npz")) as file:
            np.savez(file, **samples)  # type: ignore[arg-type]
        write_record(path, {"schema": SCHEMA, **record})
        return path

    def records(self) -> Iterator[dict[str, Any]]:
        """Every stored record, small galleries first."""
        kept = intact(_read, sorted(self.root.glob("*.json")))
        yield from sorted(kept, key=lambda record: record["vectors"]["gallery"])


def _read(path: Path) -> dict[str, Any] | None:
    record = read_record(path, SCHEMA, _NEEDS)
    if record is not None and not isinstance(record["vectors"].get("gallery"), int):
        raise DamagedFile(path, "its gallery has no size")
    return record
