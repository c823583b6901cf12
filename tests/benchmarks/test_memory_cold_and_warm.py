"""Peak memory is the same whether a cell found its embeddings or made them, and has nothing of the harness in it."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests_support import touched

from benchmarks.core.embeddings import EmbeddingStore
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.execution import memory_forecast
from benchmarks.execution.runner import Limits
from benchmarks.execution.worker import _status
from benchmarks.gate.costs import judge_memory
from benchmarks.gate.finding import Verdict
from benchmarks.gate.rules import Rules
from benchmarks.gate.sides import snapshot_of_store
from benchmarks.protocol import TIMING
from benchmarks.system import memory
from datasets.imageset import ImageSet, Item
from methods import memory as limits
from methods.memory import TooLargeError, require_memory
from methods.registry import load_registry

MIB = 2**20
PLUGIN = Path(__file__).parents[1] / "plugins" / "hungry.py"


@pytest.fixture
def hungry(bench):
    if not memory.reset_peak():
        pytest.skip("this system does not let a process lower its peak")
    return replace(bench, registry=load_registry([PLUGIN]))


def test_a_cold_run_and_forced_warm_ones_do_not_alarm_the_gate(hungry):
    rules = Rules()
    rows, records = [], []
    for _ in range(3):
        rows.append(hungry.run("hungry", force=True, plugins=(PLUGIN,))["hungry"])
        records += snapshot_of_store(hungry.store).cells.values()
    cold, *warm = rows
    assert all(row["status"] == "ok" for row in rows), rows[0]["reason"]
    # What it holds for the queries, which only a cold run encoded before it timed them, is in no figure.
    for row in warm:
        for stage in ("load", "encode", "fit", "index", "query"):
            there, here = cold["memory"]["stages"][stage], row["memory"]["stages"][stage]
            assert abs(there - here) < 24 * MIB, stage
    sampled = TIMING["smoke"].gallery_sample  # each costs the encoder 12 MiB
    assert cold["memory"]["stages"]["encode"] > sampled * 12 * MIB
    for record in records[1:]:
        assert judge_memory(records[0], record, rules).verdict is Verdict.SAME


def test_rankings_of_the_harness_are_in_no_figure(bench):
    if not memory.reset_peak():
        pytest.skip("this system does not let a process lower its peak")
    peaks = memory.StagePeaks()
    with peaks.stage("rank", is_own=False), touched(64 * MIB):
        pass
    assert peaks.stages["rank"] > 60 * MIB
    assert peaks.highest is None
    row = bench.run("constant")["constant"]
    own = [peak for name, peak in row["memory"]["stages"].items() if name != "rank"]
    assert row["memory"]["peak"] == max(own)


def test_missing_rows_are_told_by_digests_alone(tmp_path):
    class Means:
        batch_size = 2

        def encode(self, images):
            return np.array([[image.mean()] for image in images], dtype=np.float32)

    class Grey:
        def read(self, id):
            return id.encode()

        def decode(self, data, id):
            return np.full((2, 2, 3), int(data), dtype=np.uint8)

    def images(*numbers):
        return ImageSet([Item(str(n), "x") for n in numbers], Grey(), [f"digest{n}" for n in numbers])

    store = EmbeddingStore(tmp_path)
    assert store.missing(images(1, 2)) == [0, 1]
    store(Means(), images(1, 2))
    assert store.missing(images(2, 1)) == []
    assert store.missing(images(1, 3)) == [1]
    next(tmp_path.glob("shard-*")).write_bytes(b"damaged")
    assert store.missing(images(1)) == [0]


def test_what_cannot_fit_under_a_limit_is_said_with_both_figures(monkeypatch):
    monkeypatch.setattr(limits, "resident_bytes", lambda: 2**30)
    monkeypatch.setattr(limits, "machine_bytes", lambda: 2**40)
    limits.hold_to(4 * 2**30)
    try:
        require_memory(2 * 2**30, "indexing 9 rows")
        with pytest.raises(TooLargeError, match=r"needs about 4\.3 GiB, limit 4\.0: indexing 9 rows takes 3\.3 GiB"):
            require_memory(int(3.3 * 2**30), "indexing 9 rows")
    finally:
        limits._limit = None
    assert _status(TooLargeError("")) == "oom"


def test_a_cell_over_its_limit_reads_oom(bench):
    row = bench.run("pixels", limits=Limits(timeout=120, memory_bytes=2**20))["pixels"]
    assert row["status"] == "oom"


def sizes_of(planned):
    truth = read_ground_truth(planned.manifest)
    return truth.query_ids, truth.gallery_ids


def test_a_plan_says_which_cells_will_not_fit(bench):
    bench.run("pixels", "random")
    cells = bench.plan("pixels", "random").cells
    assert memory_forecast.too_large(cells, bench.store, 2**40, keep_rankings=False) == []
    lines = memory_forecast.too_large(cells, bench.store, 2**20, keep_rankings=False)
    assert all("needs about" in line and "limit 0.0: not run" in line for line in lines) and len(lines) == 2
    known = bench.store.row(cells[0].cell)["memory"]
    wanted = memory_forecast.expected_bytes(known, *(len(ids) for ids in sizes_of(cells[0])))
    (line,) = memory_forecast.too_large(cells[:1], bench.store, wanted - 1, keep_rankings=False)
    assert "needs about" in line and "expect `oom`" in line
    known = {"baseline": 10, "stages": {"load": 5, "encode": 7}, "embedding_bytes_per_image": 100}
    assert memory_forecast.expected_bytes(known, 3, 50) == 10 + 7 + 2 * 50 * 100 + 24 * 150
    assert memory_forecast.expected_bytes({}, 10_000, 50_000) == 24 * 2**21
    assert memory_forecast.expected_bytes({}, 10_000, 50_000, keep_rankings=True) > 11 * 2**30


def test_a_cell_that_cannot_fit_is_not_begun_and_its_row_says_what_it_needs(bench):
    from bench_support import Events

    from benchmarks.execution.runner import Limits

    (row,) = bench.run("mean-colour").values()
    (planned,) = bench.plan("mean-colour").cells
    assert row["status"] == "ok"
    limit = row["memory"]["baseline"] // 2
    events = Events()
    (row,) = bench.run("mean-colour", limits=Limits(120, limit), force=True, observer=events).values()
    assert row["status"] == "oom" and not events.started_pids
    told = (
        rf"needs about \d+\.\d GiB, limit {limit / 2**30:.1f}: not run; raise --memory-limit or choose a smaller subset"
    )
    assert re.fullmatch(told, row["reason"])
    lines = memory_forecast.too_large([planned], bench.store, limit, keep_rankings=False)
    assert lines == [f"{planned.cell.title} {row['reason']}"]
    assert bench.store.row(planned.cell)["status"] == "ok"  # the row before it stays


def test_the_least_that_a_cell_needs_is_less_than_what_is_expected():
    known = {"baseline": 10, "embedding_bytes_per_image": 100, "stages": {"load": 7, "encode": 9}}
    assert memory_forecast.least_bytes(known, 3, 50) == 10 + 7 + 50 * 100 + 8 * 150
    assert memory_forecast.least_bytes({}, 10_000, 50_000) == 0
    assert 3 * 2**30 < memory_forecast.least_bytes({}, 10_000, 50_000, keep_rankings=True) < 4 * 2**30
