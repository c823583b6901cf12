"""A store filled by hand: cells whose rankings and samples a test knows."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.store import Store
from benchmarks.rows.cell import CellRow
from benchmarks.system.files import member_checksums, read_record, write_record
from datasets.origin_note import DataOrigin
from methods.ranking import Ranking

OFFICIAL = DataOrigin(official=True, title="")


class StoredCells:
    """Writes manifests, rankings and rows as a run would."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.store.require_writable()

    def manifest(
        self,
        gallery,
        queries,
        dataset="lfw",
        subset="standard",
        hash="aaaa",
        origin=OFFICIAL,
        digests=None,
        pairs=None,
    ) -> str:
        """Keep a manifest of (id, label) pairs; returns its hash. An image's digest is its id unless `digests` has it.

        With `pairs` (left, right, same, fold) the gallery's images are those of verification pairs.
        """
        known = digests or {}
        role = "gallery" if pairs is None else "pair"
        records = [(id, label, role, known.get(id, id), {}) for id, label in gallery]
        records += [(id, label, "query", known.get(id, id), {}) for id, label in queries]
        document = {"dataset": dataset, "subset": subset, "synthetic": False, "completeness": "complete"}
        document |= {"origin": asdict(origin)} if origin else {}
        document |= {} if pairs is None else {"pairs": pairs}
        self.store.keep_manifest(hash, json.dumps({**document, "records": records, "skipped": []}))
        return hash

    def cell(
        self,
        cell: Cell,
        manifest: str,
        ids=None,
        scores=None,
        undetected=None,
        samples=None,
        status="ok",
        trained=True,
        **fields,
    ) -> Cell:
        """Store a cell; `ids` (q, k) is its ranking, with falling scores unless `scores` says otherwise."""
        workdir = self.store.workdir(cell)
        if ids is not None:
            ids = np.array(ids, dtype=np.int32)
            falling = np.where(ids >= 0, -np.arange(ids.shape[1], dtype=np.float32), -np.inf)
            scores = np.array(falling if scores is None else scores, dtype=np.float32)
            missing = np.zeros(len(ids), dtype=bool) if undetected is None else np.array(undetected)
            self.store.save_ranking(workdir, Ranking(ids, scores, missing))
        if samples is not None:
            np.savez(workdir / "samples.npz", **{name: np.array(values) for name, values in samples.items()})
        row = {"status": status, "reason": "", "trained": trained, "inputs": {"manifest": manifest}, "started": "2026"}
        self.store.commit(cell, {**row, **fields}, workdir)
        return cell


def keep_changed(folder):
    """Let a cell's row know the arrays below `folder` that a test has changed: they are no damage then."""
    row = read_record(folder / "cell.json", CellRow)
    row["checksums"] = {path.stem: member_checksums(path) for path in sorted(folder.glob("*.npz"))}
    write_record(folder / "cell.json", row)
