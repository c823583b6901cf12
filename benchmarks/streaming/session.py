"""Runs `stream`: each method in a process of its own, its answers then compared with a search in memory in another."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.launch import Outcome, prepare, run_isolated
from benchmarks.protocol import TIMING
from benchmarks.provenance import now, provenance
from benchmarks.store import Store
from benchmarks.streaming.measure import StreamJob, run_check, run_stream
from benchmarks.streaming.plan import Request, Streamed, streamed
from benchmarks.streaming.results import StreamingStore
from datasets.words import count_of
from methods.registry import Registry

_CHECK_SHARE = 0.8
"""Of the machine's memory, what the search in memory may use."""


class Session:
    """One call of `stream`; `say` is told what happens, a line at a time."""

    def __init__(self, request: Request, registry: Registry, store: Store, say: Callable[[str], None]) -> None:
        self.request = request
        self.registry = registry
        self.store = store
        self.results = StreamingStore(store.root)
        self.say = say

    def run(self) -> list[dict[str, Any]]:
        """The row of every method, stored as soon as it is known; one that still holds stays as it is.

        Raises BenchmarkError for anything the user must mend first.
        """
        taking_part = list(streamed(self.request, self.registry, self.store))
        packages = {name for each in taking_part for name in each.spec.requires}
        prepare(packages, self.request.threads, self.store.cache / "imports.log")
        return [self._row(each) for each in taking_part]

    def _row(self, each: Streamed) -> dict[str, Any]:
        stored = self.results.row(each.cell, self.request.size)
        if stored and _holds(stored, each) and not self.request.force:
            self.say(f"{each.cell.method}: as stored")
            return stored
        if self.request.force:
            shutil.rmtree(each.shards, ignore_errors=True)
        begun = now()
        outcome = self._isolated(each, run_stream, self.request.memory_bytes)
        self._report(each, "embedded and searched", outcome)
        row = {
            "status": outcome.status,
            "reason": outcome.reason,
            "log_tail": outcome.log_tail,
            "cell": each.cell.to_json(),
            "title": each.manifest.heading,
            "completeness": each.manifest.completeness,
            "size": self.request.size,
            "rows": self.request.rows,
            "memory_limit": self.request.memory_bytes,
            "inputs": each.inputs,
            "started": begun,
            "wall_s": outcome.seconds,
            "provenance": provenance(),
            **outcome.result,
        }
        if outcome.status == "ok":
            row["check"] = self._check(each)
        self.results.save(each.cell, self.request.size, row)
        return row

    def _check(self, each: Streamed) -> dict[str, Any]:
        """How the streamed answers compare with those of a search in memory, or why that could not be seen."""
        outcome = self._isolated(each, run_check, int(_CHECK_SHARE * psutil.virtual_memory().total))
        self._report(each, "searched in memory", outcome)
        return {"status": outcome.status, "reason": outcome.reason, **outcome.result}

    def _isolated(self, each: Streamed, entry: Callable[[StreamJob], None], memory: int) -> Outcome:
        with tempfile.TemporaryDirectory(prefix=".streaming-", dir=self.store.cache) as workdir:
            job = StreamJob(
                cell=each.cell,
                workdir=Path(workdir),
                out=self.store.root,
                data_dir=self.request.data_dir,
                manifest=each.manifest_path,
                weights=each.weights.path if each.weights else None,
                embeddings=each.shards,
                plugins=self.request.plugins,
                threads=self.request.threads,
                timing=TIMING["full"],
                size=self.request.size,
                rows=self.request.rows,
            )
            return run_isolated(job, self.request.timeout, memory, entry=entry)

    def _report(self, each: Streamed, what: str, outcome: Outcome) -> None:
        well = f"{outcome.seconds:.1f} s" if outcome.status == "ok" else f"{outcome.status}: {outcome.reason}"
        self.say(f"{each.cell.method}, {count_of(self.request.size, 'image')} {what}: {well}")


def _holds(row: dict[str, Any], each: Streamed) -> bool:
    return row["status"] == "ok" and row["check"]["status"] == "ok" and row["inputs"] == each.inputs
