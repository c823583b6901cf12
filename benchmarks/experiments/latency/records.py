"""What a session leaves behind: every sample of every method, and what was known about the machine meanwhile."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.core.cells import Cell, pair_path
from benchmarks.rows.cell import FAILED_RERUN
from benchmarks.rows.comparisons import LatencyFacts, LatencyRow
from benchmarks.rows.experiments import Ended
from benchmarks.system.files import (
    DamagedFile,
    if_intact,
    intact,
    member_checksums,
    read_arrays,
    read_record,
    write_atomically,
    write_record,
)

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class LatencyRecord:
    """One method's part in a session."""

    cell: Cell
    facts: LatencyFacts
    """Set-up times, threads, device, engine, batch sweep, calibration, provenance; `error` where it failed."""
    samples: dict[str, np.ndarray]
    """Seconds (rounds, queries) under "total", "other" and each stage; empty where it failed."""


class LatencyStore:
    """Records below `OUT/latency`, one folder a data set, subset and number of threads."""

    def __init__(self, out: Path) -> None:
        self.root = out / "latency"
        self.paired = out / "paired"

    def save(self, record: LatencyRecord) -> None:
        """Keep a record in the place of an older one of the same method, threads and device.

        One that failed goes beside an older one that did not, under FAILED_RERUN.
        """
        earlier = self.record(record.cell, record.facts["threads"]) if record.facts.get("error") else None
        if earlier is not None and not earlier.facts.get("error"):
            facts = record.facts
            last: Ended = {"status": facts["status"], "reason": facts["error"], "started": facts["started"]}
            record = LatencyRecord(record.cell, {**earlier.facts, FAILED_RERUN: last}, earlier.samples)
        folder = self._folder(record.cell, record.facts["threads"])
        name = record.cell.path.name
        samples = folder / f"{name}.npz"
        with write_atomically(samples) as file:
            np.savez(file, **record.samples)  # type: ignore[arg-type]
        stored = {"schema": SCHEMA, "cell": record.cell.to_json(), "checksums": member_checksums(samples)}
        write_record(folder / f"{name}.json", {**stored, **record.facts})

    def save_pair(self, cell: Cell, base: np.ndarray, new: np.ndarray) -> Path:
        """Keep the seconds (rounds, queries) of two versions of one method that took turns."""
        path = self.paired / pair_path(cell)
        with write_atomically(path) as file:
            np.savez(file, base=base, new=new, owner=json.dumps(cell.to_json()))
        return path

    def records(self) -> Iterator[LatencyRecord]:
        """Every stored record, ordered by path."""
        yield from intact(_read, sorted(self.root.glob("*/*/*/*.json")))

    def record(self, cell: Cell, threads: int) -> LatencyRecord | None:
        """The stored record of a method on so many threads, or None where there is none, or a damaged one."""
        return if_intact(_read, self._folder(cell, threads) / f"{cell.path.name}.json")

    def _folder(self, cell: Cell, threads: int) -> Path:
        return self.root / cell.path.parts[0] / cell.path.parts[1] / f"{threads}-threads"


def _read(path: Path) -> LatencyRecord | None:
    facts = read_record(path, LatencyRow, SCHEMA)
    if facts is None:
        return None
    beside = path.with_suffix(".npz")
    samples = read_arrays(beside)
    if samples is None:
        raise DamagedFile(path, "its samples are not there")
    if "checksums" in facts and facts["checksums"] != member_checksums(beside):
        raise DamagedFile(beside, "it is not the one that was stored with the record")
    try:
        cell = Cell.from_json(facts["cell"])
    except ValueError as error:
        raise DamagedFile(path, error) from error
    known = {key: value for key, value in facts.items() if key not in ("schema", "cell", "checksums")}
    return LatencyRecord(cell, cast(LatencyFacts, known), samples)
