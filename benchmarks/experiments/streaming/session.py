"""One call of `stream`: each method embeds and searches, its answers then compared with a search in memory."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil

from benchmarks.execution.launch import Outcome
from benchmarks.experiments.candidates import Candidate
from benchmarks.experiments.frame import Frame, Unit, ended
from benchmarks.experiments.rows import StreamingStore
from benchmarks.experiments.scaling.galleries import make_pool
from benchmarks.experiments.streaming.measure import StreamJob, run_check, run_stream
from benchmarks.experiments.streaming.plan import build_index, repeated
from benchmarks.protocol import TIMING
from benchmarks.rows.experiments import StreamRow
from datasets.distortions import version
from datasets.words import count_of
from methods.fingerprint import digest

NAME = "streaming"

MEASURING = 1
"""Raised when what is measured changes: rows stored before are then stale."""

_CHECK_SHARE = 0.8
"""Of the machine's memory, what a search in memory may use."""


@dataclass(frozen=True)
class Asked:
    """Methods, whose images (name, subset), how many, and how many of them a shard holds."""

    methods: Sequence[str]
    dataset: tuple[str, str]
    size: int
    rows: int


def measure(asked: Asked, frame: Frame, store: StreamingStore) -> list[StreamRow]:
    """The row of every method, stored as soon as it is known.

    Raises BenchmarkError for anything the user has to fix first.
    """
    for method in asked.methods:
        build_index(frame.registry.get(method))
    found = frame.candidates(NAME, asked.methods, [asked.dataset])
    repeated(make_pool(found[0].manifest).gallery, asked.size)  # raises where there are too few images
    return [frame.row(_unit(each, asked, frame, store)) for each in found]


def _unit(each: Candidate, asked: Asked, frame: Frame, store: StreamingStore) -> Unit[StreamRow]:
    cut = {"measuring": MEASURING, "distortions": version(), "rows": asked.rows}
    inputs = {name: value for name, value in each.inputs.items() if name != "timing"} | {"streaming": cut}
    # Shared by galleries of every size, as a smaller one is the beginning of a larger.
    shards = frame.store.cache / "shards" / digest([each.encoder_key, each.manifest.hash, cut])[:32]
    facts = {
        "cell": each.cell.to_json(),
        "title": each.manifest.heading,
        "completeness": each.manifest.completeness,
        "size": asked.size,
        "rows": asked.rows,
        "memory_limit": frame.settings.memory_limit,
    }
    path = store.gallery(each.cell, asked.size)
    return Unit(
        StreamRow, each.cell.method, path, inputs, facts, partial(_measured, each, asked, shards, frame), _is_whole
    )


def _measured(each: Candidate, asked: Asked, shards: Path, frame: Frame) -> Outcome:
    if frame.settings.force:
        shutil.rmtree(shards, ignore_errors=True)
    isolated = partial(
        frame.isolated,
        each,
        timing=TIMING["full"],
        embeddings=shards,
        job=StreamJob,
        size=asked.size,
        rows=asked.rows,
    )
    outcome = isolated(run_stream)
    if outcome.status != "ok":
        return outcome
    what = f"{each.cell.method}, {count_of(asked.size, 'image')}"
    frame.say(f"{what} embedded and searched: {ended(outcome)}")
    check = isolated(run_check, memory=int(_CHECK_SHARE * psutil.virtual_memory().total))
    frame.say(f"{what} searched in memory: {ended(check)}")
    checked = {"status": check.status, "reason": check.reason, **check.result}
    return replace(outcome, result={**outcome.result, "check": checked})


def _is_whole(row: StreamRow) -> bool:
    return bool(row["check"]["status"] == "ok")
