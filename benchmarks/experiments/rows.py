"""Rows of experiments on disk: a JSON file each, read through a schema; one without figures replaces none with them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.files import if_intact, intact, read_record, write_record
from benchmarks.store import FAILED_RERUN


class Rows:
    """The rows below a folder. `needs` are the keys without which a row of an older version is damaged."""

    def __init__(self, root: Path, schema: int | None, needs: Sequence[str]) -> None:
        self.root = root
        self._schema = schema
        self._needs = needs

    def row(self, path: Path) -> dict[str, Any] | None:
        """The row at `path`, or None where there is none, or a damaged one."""
        return if_intact(self._read, path)

    def save(self, path: Path, row: dict[str, Any]) -> None:
        """Keep a row. One without figures goes beside an earlier one that has them, under FAILED_RERUN."""
        earlier = self.row(path) if row.get("status", "ok") != "ok" else None
        if earlier is not None and earlier.get("status", "ok") == "ok":
            row = {**earlier, FAILED_RERUN: {name: row[name] for name in ("status", "reason", "log_tail", "started")}}
        write_record(path, row if self._schema is None else {"schema": self._schema, **row})

    def every(self, pattern: str) -> Iterator[dict[str, Any]]:
        """All rows whose path below the folder matches, by path; damaged ones are noted and left out."""
        yield from intact(self._read, sorted(self.root.glob(pattern)))

    def _read(self, path: Path) -> dict[str, Any] | None:
        return read_record(path, self._schema, self._needs)
