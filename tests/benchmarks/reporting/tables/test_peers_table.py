"""The table of hot paths beside their peers, from the JSON that pytest-benchmark leaves."""

import json

import numpy as np
import pytest
from stored_cells import StoredCells
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.cells import Cell
from benchmarks.core.store import Store
from benchmarks.reporting.overhead import between_cells
from benchmarks.reporting.tables.peers import duration, keep_peers, times, write_stored_peers
from benchmarks.system.files import write_json
from benchmarks.system.provenance import provenance
from datasets.errors import BenchmarkError
from tests.perf.paired import ratio_of_medians


def comparison(**changes):
    entry = {"path": "hashing, phash", "unit": "image", "ours_s": 1e-4, "peer": "imagehash", "peer_s": 4.5e-4}
    entry |= {"ratio": 4.5, "low": 4.25, "high": 4.75, "rounds": 10, "target": 3, "at_most": False}
    return {"extra_info": {"comparison": {**entry, **changes}}}


def write_peers(files, store, out):
    keep_peers(files, store)
    (path,) = write_stored_peers(store, out)
    return path


@pytest.fixture
def written(tmp_path):
    """Write results of these benchmarks and make the table; returns its text."""

    def write(*entries, **fields):
        results = {
            "benchmarks": list(entries),
            "datetime": "2026-11-21T15:00:00",
            "provenance": provenance(),
            "peers": {"imagehash": "4.3.2", "imagededup": None},
            "not_measured": [],
        }
        file = tmp_path / "bench.json"
        file.write_text(json.dumps({**results, **fields}))
        return write_peers([file], Store(tmp_path), tmp_path).read_text()

    return write


def rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_a_row_says_both_times_the_ratio_with_its_interval_and_whether_the_target_is_met(written):
    text = written(comparison())
    assert rows(text)[2] == [
        *("hashing, phash", "image", "100 µs", "imagehash", "450 µs"),
        *("4.5× [4.25×, 4.75×]", "≥ 3×", "yes"),
    ]
    assert "imagehash 4.3.2" in text and "imagededup absent" not in text and "2026-11-21" in text


@pytest.mark.parametrize(
    ("changes", "bound", "met"),
    [
        ({"target": 5}, "≥ 5×", "no"),
        ({"target": 4.6}, "≥ 4.6×", "no (target within the interval)"),
        ({"target": 4.4}, "≥ 4.4×", "yes (target within the interval)"),
        ({"target": 5, "at_most": True}, "≤ 5×", "yes"),
        ({"target": 4, "at_most": True}, "≤ 4×", "no"),
        ({"target": None}, "", ""),
    ],
)
def test_targets_bound_from_below_or_for_a_limit_from_above(written, changes, bound, met):
    assert rows(written(comparison(**changes)))[2][6:] == [bound, met]


def test_one_round_has_no_interval(written):
    assert rows(written(comparison(rounds=1)))[2][5] == "4.5×"


def test_what_was_timed_alone_and_what_was_not_measured_are_said(written):
    alone = {"extra_info": {"alone": {"path": "encode, pixels", "unit": "image", "ours_s": 2.5e-3}}}
    text = written(comparison(), alone, {"extra_info": {}}, not_measured=["faces: deepface is not to be had here"])
    assert rows(text)[-1] == ["encode, pixels", "image", "2.5 ms"]
    assert "Not measured: faces: deepface is not to be had here." in text


def test_overheads_are_said_in_percent(written):
    entry = comparison()
    entry["extra_info"]["overhead"] = 0.0421
    assert "4.2%" in written(entry)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"benchmarks": []}'])
def test_a_file_of_something_else_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "bench.json").write_text(text)
    with pytest.raises(BenchmarkError, match="make bench") as caught:
        write_peers([tmp_path / "bench.json"], Store(tmp_path), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_without_comparisons_is_refused(written):
    with pytest.raises(BenchmarkError, match="no comparison"):
        written({"extra_info": {}})


def test_several_files_are_one_table(written, tmp_path):
    written(comparison(path="hashing, dhash"), not_measured=["one"])
    first = (tmp_path / "bench.json").rename(tmp_path / "first.json")
    written(comparison(path="metrics"), not_measured=["one", "two"])
    text = write_peers([first, tmp_path / "bench.json"], Store(tmp_path), tmp_path).read_text()
    assert [row[0] for row in rows(text)[2:]] == ["hashing, dhash", "metrics"]
    assert "Not measured: one; two." in text
    assert "Of commit" not in text


def test_rows_of_another_commit_are_named_with_it(written, tmp_path):
    written(comparison(path="hashing, dhash"))
    first = (tmp_path / "bench.json").rename(tmp_path / "first.json")
    older = json.loads(first.read_text())
    older["provenance"]["git"] = {"commit": "0123456789abcdef", "dirty": True}
    write_json(first, older)
    written(comparison(path="metrics"))
    text = write_peers([first, tmp_path / "bench.json"], Store(tmp_path), tmp_path).read_text()
    assert "Of commit 0123456789 (with changes), 2026-11-21: hashing, dhash." in text


def test_report_writes_the_table_and_no_other(written, tmp_path):
    written(comparison())
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["report", "--peers", str(tmp_path / "bench.json"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == ["peers", "peers.md"]


def test_durations_and_ratios_keep_three_digits():
    assert [duration(s) for s in (2.5, 0.1234, 1.234e-2, 5e-5, 2e-9)] == ["2.5 s", "123 ms", "12.3 ms", "50 µs", "2 ns"]
    assert [times(ratio) for ratio in (1.0437, 47.11, 1234.5)] == ["1.04×", "47.1×", "1,234×"]


def test_a_ratio_of_medians_lies_in_its_interval():
    rng = np.random.default_rng(0)
    ours = rng.normal(1, 0.05, 40)
    ratio, low, high = ratio_of_medians(3 * ours * rng.normal(1, 0.01, 40), ours)
    assert low < ratio < high and ratio == pytest.approx(3, rel=0.02) and high - low < 0.2


class TestBetweenCells:
    """A run of 100 s with cells of 40 and 50 s."""

    @pytest.fixture
    def stored(self, tmp_path):
        stored = StoredCells(tmp_path)
        manifest = stored.manifest([("a", "x")], [("b", "x")])
        cells = [Cell("lfw", "standard", "retrieval", name) for name in ("pixels", "phash")]
        for cell, seconds in zip(cells, (40.0, 50.0), strict=True):
            stored.cell(cell, manifest, wall_s=seconds, jobs=1, started="2026-11-21T10:00:30+00:00")
        self.record(stored.store, cells)
        return stored, manifest, cells

    def record(self, store, cells, **changes):
        record = {"started": "2026-11-21T10:00:00+00:00", "ended": "2026-11-21T10:01:40+00:00"}
        record |= {"planned": len(cells), "finished": len(cells), "cells": [str(cell.path) for cell in cells]}
        write_json(store.runs / "run.json", {**record, **changes})

    def test_is_what_the_cells_leave_of_the_run(self, stored):
        between = between_cells(stored[0].store)
        assert (between.cells, between.wall_s, between.share) == (2, 100.0, pytest.approx(0.1))

    def test_is_unknown_where_a_row_was_made_by_another_run(self, stored):
        stores, manifest, cells = stored
        stores.cell(cells[0], manifest, wall_s=40.0, jobs=1, started="2026-11-22T10:00:30+00:00")
        assert between_cells(stores.store) is None

    def test_is_unknown_where_cells_ran_side_by_side(self, stored):
        stores, manifest, cells = stored
        stores.cell(cells[0], manifest, wall_s=40.0, jobs=2, started="2026-11-21T10:00:30+00:00")
        assert between_cells(stores.store) is None

    def test_is_unknown_of_a_run_that_was_interrupted(self, stored):
        self.record(stored[0].store, stored[2], planned=5)
        assert between_cells(stored[0].store) is None

    def test_is_in_the_table(self, stored, written):
        assert "spent 10.0% of its time outside" in written(comparison())
