"""Results on disk: one folder a cell, put in place whole. What is needed to score and report without any model."""

import contextlib
import glob
import json
import os
import shutil
import socket
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cells import Cell
from benchmarks.files import read_json, write_json, write_text
from datasets.errors import BenchmarkError
from methods.ranking import Ranking

ROW_SCHEMA = 1
FAILED_RERUN = "failed_rerun"
"""In a row: that of a later run without a result, which did not replace it."""
_FAILED = "failed"
_REPLACED = ".old"


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
        """Raise StoreError at once, rather than after the first cell, if nothing can be written here."""
        try:
            for folder in (self.cells, self.cache, self.runs):
                folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.cells):
                pass
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(f"cannot write to {self.root} ({reason}); name another folder with --out") from error

    def folder(self, cell: Cell) -> Path:
        """Where the cell's row and arrays lie."""
        return self.cells / cell.path

    def workdir(self, cell: Cell) -> Path:
        """A fresh folder beside the cell's own, for a run in progress."""
        target = self.folder(cell)
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{target.name}.{os.getpid()}@{_host()}.", dir=target.parent))

    def workdirs(self, cell: Cell) -> list[Path]:
        """The folders of this process's runs of the cell that are in progress."""
        target = self.folder(cell)
        return sorted(target.parent.glob(f".{glob.escape(target.name)}.{os.getpid()}@*"))

    def commit(self, cell: Cell, row: dict[str, Any], workdir: Path) -> None:
        """Put a finished run in the place of what was there; one without a result beside a row that has one."""
        write_json(workdir / "cell.json", {"schema": ROW_SCHEMA, "cell": cell.to_json(), **row})
        target = self.folder(cell)
        if row.get("status", "ok") != "ok" and (self.row(cell) or {}).get("status") == "ok":
            target = target / _FAILED
        replaced = workdir.with_name(workdir.name + _REPLACED)
        if target.exists():
            target.rename(replaced)
        workdir.chmod(0o755)
        workdir.rename(target)
        shutil.rmtree(replaced, ignore_errors=True)

    def row(self, cell: Cell) -> dict[str, Any] | None:
        """The stored row of a cell, or None where it never ran (or was written by another schema).

        A row with a result stays until another replaces it; what the last run since then ended with is its
        FAILED_RERUN.
        """
        return _read_row(self.folder(cell))

    def rows(self) -> Iterator[tuple[Cell, dict[str, Any]]]:
        """Every stored cell with its row, ordered by path; one that lies elsewhere bears an older name."""
        for path in sorted(self.cells.glob("*/*/*/*/cell.json")):
            if path.parent.name.startswith("."):
                continue
            row = _read_row(path.parent)
            if row and path.parent == self.folder(cell := Cell(**row["cell"])):
                yield cell, row

    def save_ranking(self, workdir: Path, ranking: Ranking) -> None:
        """Keep a ranking in the narrowest integer type that holds the gallery (-1 included)."""
        narrow = np.int16 if ranking.ids.max(initial=0) < 2**15 else np.int32
        ids = ranking.ids.astype(narrow)
        arrays = {"ids": ids, "scores": ranking.scores, "undetected": ranking.undetected}
        np.savez(workdir / "ranking.npz", allow_pickle=False, **arrays)

    def ranking(self, cell: Cell) -> Ranking | None:
        """The stored ranking of a retrieval cell, or None (untrained, failed, another task)."""
        arrays = self.arrays(cell, "ranking")
        return Ranking(arrays["ids"].astype(np.int32), arrays["scores"], arrays["undetected"]) if arrays else None

    def arrays(self, cell: Cell, name: str) -> dict[str, np.ndarray] | None:
        """The arrays a cell stored under `name` (ranking, samples, pairs), or None."""
        path = self.folder(cell) / f"{name}.npz"
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise StoreError(f"{path} is damaged ({error}): run {cell.title} again with --force") from error

    def keep_manifest(self, hash: str, text: str) -> Path:
        """Store a manifest's JSON under its hash, once; again when what it says of the images' origin changed."""
        path = self.manifest_path(hash)
        kept = read_json(path)
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


def _read_row(folder: Path) -> dict[str, Any] | None:
    row = read_json(folder / "cell.json")
    if not row or row.get("schema") != ROW_SCHEMA:
        return None
    later = read_json(folder / _FAILED / "cell.json")
    return {**row, FAILED_RERUN: later} if later and later.get("schema") == ROW_SCHEMA else row


def _told(text: str) -> dict[str, Any]:
    """What a manifest says beside its content."""
    document = json.loads(text)
    return {key: document.get(key) for key in ("origin", "completeness")}


def _host() -> str:
    """This machine, among those that may share the store; without the dots of a full name."""
    return socket.gethostname().partition(".")[0]
