"""Peaks stage by stage: what a stage freed again is its own, what is kept counts in every later stage."""

import pytest
from tests_support import touched

from benchmarks.core.store import Store
from benchmarks.reporting.publishing.write import write_tables
from benchmarks.reporting.tables.groups import make_groups
from benchmarks.reporting.tables.memory import STAGES, memory_table
from benchmarks.system import memory
from benchmarks.system.memory import StagePeaks

MIB = 2**20


@pytest.fixture
def peaks():
    if memory.resident_bytes() is None:
        pytest.skip("this system does not say how much memory a process uses")
    if not memory.reset_peak():
        pytest.skip("this system does not let a process lower its peak")
    return StagePeaks()


def test_what_a_stage_freed_is_not_in_the_next(peaks):
    with peaks.stage("a"), touched(60 * MIB):
        pass
    with peaks.stage("b"):
        pass
    assert peaks.stages["a"] >= 55 * MIB
    assert peaks.stages["b"] < 55 * MIB
    assert peaks.highest == peaks.stages["a"]


def test_what_a_stage_keeps_is_in_the_next(peaks):
    with peaks.stage("a"):
        block = touched(60 * MIB)
    with peaks.stage("b"):
        pass
    block.close()
    assert peaks.stages["b"] >= 55 * MIB


def test_a_stage_entered_twice_keeps_the_higher_peak(peaks):
    with peaks.stage("a"), touched(60 * MIB):
        pass
    with peaks.stage("a"):
        pass
    assert peaks.stages["a"] >= 55 * MIB


def test_a_stage_that_fails_is_still_recorded(peaks):
    with pytest.raises(ValueError, match="no"), peaks.stage("a"):
        raise ValueError("no")
    assert "a" in peaks.stages


def test_where_the_mark_cannot_be_lowered_only_a_new_peak_is_a_stage_s_own(monkeypatch):
    marks = iter([100, 150, 150, 150])
    monkeypatch.setattr(memory, "resident_bytes", lambda: 90)
    monkeypatch.setattr(memory, "peak_bytes", lambda: next(marks))
    monkeypatch.setattr(memory, "reset_peak", lambda: False)
    peaks = StagePeaks()
    with peaks.stage("rises"):
        pass
    with peaks.stage("stays below"):
        pass
    assert peaks.stages == {"rises": 60, "stays below": None}
    assert peaks.highest == 60


def test_where_the_system_says_nothing_there_is_no_figure(monkeypatch):
    for name in ("resident_bytes", "peak_bytes"):
        monkeypatch.setattr(memory, name, lambda: None)
    peaks = StagePeaks()
    with peaks.stage("a"):
        pass
    assert peaks.stages == {"a": None}
    assert peaks.highest is None


def test_a_retrieval_cell_says_what_each_stage_took(bench):
    rows = bench.run("pixels", "mean-colour")
    pixels = rows["pixels"]["memory"]
    assert set(pixels["stages"]) == set(STAGES)
    assert pixels["embedding_bytes_per_image"] == 32 * 32 * 3 * 4
    assert rows["mean-colour"]["memory"]["embedding_bytes_per_image"] is None
    if pixels["baseline"] is not None:
        own = [peak for name, peak in pixels["stages"].items() if peak is not None and name != "rank"]
        assert pixels["peak"] == max(own)
        assert pixels["index_peak"] <= pixels["peak"]


def test_the_memory_table_stands_beside_the_others(bench):
    bench.run("pixels", "random", "constant", "oracle", "bad-raise")
    written = write_tables(bench.store, bench.registry, bench.store.root)
    (page,) = (path for path in written if path.name.endswith("-memory.md"))
    text = page.read_text()
    assert "| pixels |" in text
    assert "| bad-raise | error |" in text
    assert "Machine: " in text
    assert "12,288 |" in text
    assert page.with_suffix(".csv") in written


def test_a_row_stored_before_there_were_stages_has_empty_cells(bench):
    bench.run("pixels")
    cell = bench.plan("pixels").cells[0].cell
    row = bench.store.row(cell)
    del row["memory"]["stages"], row["memory"]["embedding_bytes_per_image"]
    bench.store.commit(cell, {k: v for k, v in row.items() if k not in ("schema", "cell")}, bench.store.workdir(cell))
    (group,) = make_groups(Store(bench.store.root), bench.registry)
    (shown,) = memory_table(group).rows
    assert shown["peak_bytes"] == row["memory"]["peak"]
    assert shown["query_peak_bytes"] is None
    assert shown["embedding_bytes_per_image"] is None
    assert shown["index_bytes_per_image"] > 0
