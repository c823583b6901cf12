"""The definitions of stored rows, and the check of a file against them."""

import copy
import json

import pytest

from benchmarks.experiments.indexes.figures import CUTOFFS
from benchmarks.reporting.tables.indexes.table import DEEPEST
from benchmarks.rows.cell import CellFigures, CellRow, RunRecord
from benchmarks.rows.comparisons import ChangingRecord, EngineRow, IndexRecord, LatencyRow, Recalls
from benchmarks.rows.experiments import ExtractionRow, PointRow, ShardRow, StreamRow
from benchmarks.rows.schema import misfit, missing
from benchmarks.system.files import DamagedFile, read_record

PROVENANCE = {
    "git": {"commit": None, "dirty": None},
    "machine": {"cpu": "x", "cores": 2, "memory_gib": 7.5, "gpu": None, "system": "Linux"},
    "packages": {"numpy": "2"},
    "python": "3.11",
}
INPUTS = {"manifest": "m", "protocol": 1, "seed": 0, "threads": 2, "method": {"supervised": False}}
ROW = {
    "cell": {"dataset": "lfw", "subset": "smoke", "task": "retrieval", "method": "phash", "device": "cpu"},
    "status": "ok",
    "reason": "",
    "trained": True,
    "inputs": INPUTS,
    "started": "2026-01-01T00:00:00+00:00",
    "wall_s": 1,
    "jobs": 1,
    "provenance": PROVENANCE,
    "counts": {"gallery": 9, "undetected_gallery": None},
    "latency": {"p50_ms": 1.5},
    "memory": {"peak": None, "stages": {"fit": 3, "index": None}},
    "files": ["ranking"],
    "mine": {"anything": [1, "two", None]},
}
"""As a run writes it, with a key of a plug-in's task."""


def changed(key: str, value: object) -> dict[str, object]:
    """ROW with another value under "inputs.threads", say."""
    row = copy.deepcopy(ROW)
    *path, last = key.split(".")
    place = row
    for name in path:
        place = place[name]
    place[last] = value
    return row


def test_a_row_as_it_is_written_fits_whatever_a_plug_in_adds():
    assert misfit(ROW, CellRow) == ""
    assert missing(ROW, CellRow) == []
    assert misfit(changed("counts.of_my_own", "text"), CellRow) == ""


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("latency.p50_ms", "1.5", "latency.p50_ms: text where a number belongs"),
        ("latency", None, "latency: nothing where a record belongs"),
        ("latency", [], "latency: a list where a record belongs"),
        ("jobs", 1.5, "jobs: a number where a whole number belongs"),
        ("jobs", True, "jobs: yes or no where a whole number belongs"),
        ("wall_s", False, "wall_s: yes or no where a number belongs"),
        ("trained", 1, "trained: a whole number where yes or no (true or false) belongs"),
        ("files", [["ranking"]], "files[0]: a list where a text belongs"),
        ("memory.peak", "9", "memory.peak: text where a whole number or nothing (null) belongs"),
        ("memory.stages.fit", 0.5, "memory.stages.fit: a number where a whole number or nothing (null) belongs"),
        ("provenance.machine.gpu", 3, "provenance.machine.gpu: a whole number where a text or nothing (null) belongs"),
        ("weights", {"sha256": 1}, "weights.sha256: a whole number where a text belongs"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place_and_kind(key, value, said):
    assert misfit(changed(key, value), CellRow) == said


def test_a_value_that_is_one_of_a_few_names_them():
    assert "where one of" in misfit({"vectors": {"gallery": 7, "metric": "miles"}}, IndexRecord)


def test_keys_that_are_lacking_are_named_with_those_of_records_within():
    row = {key: value for key, value in changed("provenance.machine", {"cores": 1}).items() if key != "status"}
    lacking = missing(row, CellRow)
    assert lacking[0] == "status"
    assert {"provenance.machine.gpu", "provenance.machine.cpu"} <= set(lacking)
    assert "provenance.machine.cores" not in lacking


KINDS = [
    CellRow,
    RunRecord,
    PointRow,
    ExtractionRow,
    StreamRow,
    ShardRow,
    IndexRecord,
    ChangingRecord,
    EngineRow,
    LatencyRow,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_stored_row_is_refused_with_one_line_that_says_what_and_where(tmp_path, kind):
    """Whatever kind of row: a value of another kind, and a key that is not there, end in DamagedFile."""
    path = tmp_path / "row.json"
    path.write_text(json.dumps({"provenance": []}))
    with pytest.raises(DamagedFile, match="without "):
        read_record(path, kind)
    whole = {name: value for name, value in ROW.items() if name in ("cell", "status", "reason", "started", "wall_s")}
    whole |= {"trained": True, "inputs": INPUTS, "jobs": 1, "provenance": PROVENANCE, "shards": 2}
    whole |= {"size": 7} if kind is StreamRow else {}
    whole |= {"ended": "", "planned": 1, "finished": 1, "cells": [], "threads": 2, "batch": 1, "measured": "2026"}
    whole |= {"name": "a", "dataset": "lfw", "vectors": {"gallery": 7}}
    path.write_text(json.dumps(whole))
    assert read_record(path, kind) == whole
    path.write_text(json.dumps({**whole, "provenance": {**PROVENANCE, "git": {"commit": 7, "dirty": False}}}))
    with pytest.raises(DamagedFile, match=r"row\.json .*\(provenance\.git\.commit: a whole number where a text or"):
        read_record(path, kind)


def test_the_deepest_recall_is_that_of_the_last_cutoff():
    assert f"recall@{CUTOFFS[-1]}" == DEEPEST
    assert {f"recall@{k}" for k in CUTOFFS} < set(Recalls.__annotations__)


def test_figures_that_no_row_may_hold_are_found_before_they_are_stored():
    assert misfit({"counts": {"gallery": "many"}}, CellFigures) == "counts.gallery: text where a whole number belongs"
