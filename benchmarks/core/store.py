"""Results on disk: one folder a cell, put in place whole. What is needed to score and report without any model."""

import contextlib
import glob
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.judged.statistics import NAME as STATISTICS
from benchmarks.core.judged.statistics import StoredStatistics
from benchmarks.rows.cell import FAILED_RERUN, ROW_SCHEMA, CellResult, CellRow, RunRecord
from benchmarks.system.files import (
    DamagedFile,
    flush_folder,
    if_intact,
    intact,
    member_checksums,
    read_arrays,
    read_json,
    read_record,
    write_record,
    write_text,
)
from datasets.errors import BenchmarkError, DataError
from datasets.passed_over import others_output
from datasets.replacing import remove_abandoned
from datasets.safe_text import REASON, one_line
from methods.ranking import Ranking

_ARRAYS = {
    "ranking": ("ids", "scores", "undetected"),
    "pairs": ("scores", "same", "fold"),
    "asked": ("positions",),
    "copies": ("original", "distortion"),
    "copy_ranks": ("scores", "query", "above", "tied", "original", "edits", "images"),
    "samples": ("total",),
}
"""What a cell may store beside its row, and the arrays in each."""
_OF_TASK = {
    "retrieval": ("ranking",),
    "unseen-classes": ("ranking",),
    "robustness": ("ranking",),
    "verification": ("pairs",),
}
"""What a cell with a result stored in any case: for rows of an older version, which do not list their files."""
_FAILED = "failed"
_REPLACED = ".old"
_LONGEST_STEM = 200
"""Bytes of an array's name: with its ending it is to be the name of a file."""


class StoreError(BenchmarkError):
    """The output folder cannot be used."""


class Store:
    """Cells, manifests, cached embeddings and run records below one `--out` folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cells = root / "cells"
        self.cache = root / "cache"
        self.runs = root / "runs"
        self.drawings = self.cache / "drawings"

    def require_writable(self) -> None:
        """Raise StoreError at once, rather than after the first cell, if nothing can be written here.

        So it does where the folder is used for the first time and holds files that those of a run would replace.
        """
        if others := others_output(self.root):
            raise StoreError(
                f"{self.root} holds {others[0]}, which was not written by a run in this folder and would be replaced: "
                "name another folder with --out"
            )
        try:
            for folder in (self.cells, self.cache, self.runs):
                folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.cells):
                pass
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(f"cannot write to {self.root} ({reason}); name another folder with --out") from error

    def folder(self, cell: Cell) -> Path:
        """Where the cell's row and arrays lie: where an earlier version put them, if they are there."""
        old = cell.old_path
        return self.cells / (old if old and (self.cells / old).exists() else cell.path)

    def workdir(self, cell: Cell) -> Path:
        """A fresh folder beside the cell's own, for a run in progress."""
        target = self.folder(cell)
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{target.name}.{os.getpid()}@{_host()}.", dir=target.parent))

    def workdirs(self, cell: Cell) -> list[Path]:
        """The folders of this process's runs of the cell that are in progress."""
        target = self.folder(cell)
        return sorted(target.parent.glob(f".{glob.escape(target.name)}.{os.getpid()}@*"))

    def commit(self, cell: Cell, row: CellResult, workdir: Path) -> None:
        """Put a finished run in the place of what was there; one without a result beside a row that has one."""
        checksums = {path.stem: member_checksums(path) for path in sorted(workdir.glob("*.npz"))}
        stored = {"files": list(checksums), "checksums": checksums}
        write_record(workdir / "cell.json", {"schema": ROW_SCHEMA, "cell": cell.to_json(), **stored, **row})
        flush_folder(workdir)
        target = self.folder(cell)
        before = self.row(cell) if row.get("status", "ok") != "ok" else None
        if before is not None and before["status"] == "ok":
            target = target / _FAILED
        replaced = workdir.with_name(workdir.name + _REPLACED)
        if target.exists():
            target.rename(replaced)
        workdir.chmod(0o755)
        workdir.rename(target)
        shutil.rmtree(replaced, ignore_errors=True)

    def row(self, cell: Cell) -> CellRow | None:
        """The stored row of a cell, or None where it never ran (or is damaged, or of an older schema).

        A row with a result stays until another replaces it; what the last run since then ended with is its
        FAILED_RERUN. Raises NewerFileError for a row of a newer version.
        """
        return if_intact(lambda folder: _read_row(folder, cell), self.folder(cell))

    def damage(self, cell: Cell) -> str:
        """What of a cell's files is damaged or missing, in one line; empty where nothing is."""
        folder = self.folder(cell)
        try:
            if (row := _read_row(folder, cell)) is not None:
                if stored := self.statistics(cell):
                    stored.check()
                for name in dict.fromkeys((*_stored(cell, row), *_ARRAYS)):
                    self._require_stored(folder / f"{name}.npz", cell, row)
        except DamagedFile as error:
            return str(error)
        return ""

    def _require_stored(self, path: Path, cell: Cell, row: CellRow) -> None:
        """Raise DamagedFile where an array that was stored beside the row cannot be read, or is another row's."""
        if path.stem in _stored(cell, row):
            if not path.exists():
                raise DamagedFile(path, "it is missing")
            known = row.get("checksums", {}).get(path.stem)
            if known and member_checksums(path) != known:
                raise DamagedFile(path, "it is not the one that was stored with the row")
        if path.name != STATISTICS:  # which is too large to be read at once
            self.arrays(cell, path.stem)

    def damaged_folders(self) -> list[Path]:
        """The folders of cells whose row is damaged: `rows` leaves them out."""
        return [folder for folder in self._folders() if self._is_damaged(folder)]

    def rows(self) -> Iterator[tuple[Cell, CellRow]]:
        """Every stored cell with its row, ordered by path; one that lies elsewhere bears an older name."""
        for folder in self._folders():
            row = if_intact(_read_row, folder)
            if row and folder == self.folder(cell := Cell.from_json(row["cell"])):
                yield cell, row

    def _is_damaged(self, folder: Path) -> bool:
        """Whether its row cannot be read, or is that of another method of the same images and task."""
        try:
            row = _read_row(folder)
        except DamagedFile:
            return True
        own = self.folder(Cell.from_json(row["cell"])) if row else folder
        return own != folder and own.parent == folder.parent

    def _folders(self) -> list[Path]:
        # A row that is a link to nowhere was stored: a pattern that ends in its name would pass it over.
        found = sorted(path for path in self.cells.glob("*/*/*/*") if not path.name.startswith("."))
        return [folder for folder in found if os.path.lexists(folder / "cell.json")]

    def run_records(self) -> list[RunRecord]:
        """What is recorded of each run, oldest first; a damaged record is noted and left out."""
        return list(intact(lambda path: read_record(path, RunRecord), sorted(self.runs.glob("*.json"))))

    def save_ranking(self, workdir: Path, ranking: Ranking) -> None:
        """Keep a ranking in the narrowest integer type that holds its ids (-1 included)."""
        narrow = np.int16 if ranking.ids.max(initial=0) < 2**15 else np.int32
        ids = ranking.ids.astype(narrow)
        arrays = {"ids": ids, "scores": ranking.scores, "undetected": ranking.undetected}
        np.savez(workdir / "ranking.npz", allow_pickle=False, **arrays)

    def ranking(self, cell: Cell) -> Ranking | None:
        """The stored ranking of a retrieval cell, or None (untrained, failed, another task).

        Only the first results of each query where the cell has `statistics`.
        """
        arrays = self.arrays(cell, "ranking")
        return Ranking(arrays["ids"].astype(np.int32), arrays["scores"], arrays["undetected"]) if arrays else None

    def statistics(self, cell: Cell) -> StoredStatistics | None:
        """What is stored of a cell's rankings that were too large to be kept whole; None for any other cell.

        Raises DamagedFile.
        """
        path = self.folder(cell) / STATISTICS
        return StoredStatistics(path) if path.exists() else None

    def arrays(self, cell: Cell, name: str) -> dict[str, np.ndarray] | None:
        """The arrays a cell stored under `name` (ranking, samples, pairs), or None; raises DamagedFile."""
        return read_arrays(self.folder(cell) / f"{name}.npz", _ARRAYS.get(name, ()))

    def keep_manifest(self, hash: str, text: str) -> Path:
        """Store a manifest's JSON under its hash, once; again when what it says of the images' origin changed.

        And where what is stored is damaged.
        """
        path = self.manifest_path(hash)
        kept = if_intact(_read_manifest, path)
        if not kept or any(kept.get(key) != fresh for key, fresh in _told(text).items()):
            write_text(path, text)
        return path

    def manifest_path(self, hash: str) -> Path:
        """Where the manifest with this hash lies."""
        return self.cells / "manifests" / f"{hash}.json"

    def remove_leftovers(self) -> None:
        """Delete working folders of this machine's runs that ended without tidying up (their process is gone).

        A row that such a run had set aside, and not replaced yet, is put back.
        """
        remove_abandoned(self.root)
        for path in self.cells.glob("*/*/*/.*"):
            parts = path.name[1:].removesuffix(_REPLACED).rsplit(".", 2)
            pid, _, host = parts[1].partition("@") if len(parts) == 3 else ("", "", "")
            ours = pid.isdigit() and host == _host()
            if path.is_dir() and ours and not Path(f"/proc/{pid}").exists():
                with contextlib.suppress(OSError):
                    target = path.with_name(parts[0])
                    if path.name.endswith(_REPLACED) and not target.exists():
                        path.rename(target)
                    else:
                        shutil.rmtree(path)


def _read_row(folder: Path, asked: Cell | None = None) -> CellRow | None:
    """The row in a cell's folder; raises DamagedFile, also where it is not that of the cell that was `asked` for."""
    path = folder / "cell.json"
    row = read_record(path, CellRow, ROW_SCHEMA)
    if row is None:
        return None
    try:
        cell = Cell.from_json(row["cell"])
        _require_stems(row.get("files", ()))
    except ValueError as error:
        raise DamagedFile(path, error) from error
    if asked not in (None, cell):
        raise DamagedFile(path, f"it is the row of {cell.title}")
    later = if_intact(lambda path: read_record(path, CellRow, ROW_SCHEMA), folder / _FAILED / "cell.json")
    return {**row, FAILED_RERUN: later} if later else row


def _require_stems(names: Iterable[str]) -> None:
    """Raise ValueError for one that cannot be an array's beside the row: a path, or too long for a file."""
    for name in names:
        if not name or "\0" in name or name != Path(name).name or len(os.fsencode(name)) > _LONGEST_STEM:
            raise ValueError(f"{one_line(name, REASON)!r} is no array of a cell")


def _stored(cell: Cell, row: CellRow) -> tuple[str, ...]:
    """Names of the arrays that the cell stored beside its row."""
    if "files" in row:
        return tuple(row["files"])
    return _OF_TASK.get(cell.task, ()) if row["status"] == "ok" and row["trained"] else ()


def _read_manifest(path: Path) -> dict[str, object] | None:
    if path.exists():
        try:
            read_ground_truth(path)
        except DataError as error:
            raise DamagedFile(path, error) from error
    return read_json(path)


def _told(text: str) -> dict[str, object]:
    """What a manifest says beside its content."""
    document = json.loads(text)
    return {key: document.get(key) for key in ("origin", "completeness")}


def _host() -> str:
    """This machine, among those that may share the store; without the dots of a full name."""
    return socket.gethostname().partition(".")[0]
