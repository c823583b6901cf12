"""Latency sessions: everyone has a turn in every round, stages add up, a bad participant costs itself alone."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from bench_support import PLUGIN
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.cells import Cell
from benchmarks.core.plan import make_plan
from benchmarks.experiments.candidates import Settings
from benchmarks.experiments.latency.records import LatencyRecord, LatencyStore
from benchmarks.experiments.latency.rounds import Budget
from benchmarks.experiments.latency.session import Session, measure
from benchmarks.experiments.latency.summary import quantiles, stage_means
from benchmarks.experiments.rounds import Calibration, strayed
from benchmarks.reporting.tables.notes import rerun_notes
from datasets.errors import BenchmarkError

QUICK = Budget(rounds=3, queries=4, seconds=0.05, batch_seconds=0.02)
CHECKOUT = Path(__file__).parents[4]


@given(st.integers(2, 12), st.integers(3, 30), st.integers(0, 10))
def test_quantiles_lie_in_their_intervals_and_in_order(rounds, queries, seed):
    seconds = np.random.default_rng(seed).gamma(2.0, 0.01, size=(rounds, queries))
    found = quantiles(seconds)
    assert found["p50"].value <= found["p95"].value <= found["p99"].value
    assert found["p50"].value == pytest.approx(np.quantile(seconds, 0.5))
    for quantile in found.values():
        assert seconds.min() <= quantile.low <= quantile.high <= seconds.max()


def test_rounds_that_differ_make_the_interval_wide():
    steady = np.full((10, 20), 0.01)
    drifting = steady * np.linspace(1, 2, 10)[:, None]
    assert quantiles(steady)["p50"].low == quantiles(steady)["p50"].high
    assert quantiles(drifting)["p50"].high - quantiles(drifting)["p50"].low > 0.002


def test_stage_means_and_other_add_up_to_the_whole():
    samples = {"decode": np.full((2, 3), 1.0), "other": np.full((2, 3), 0.5), "total": np.full((2, 3), 1.5)}
    assert sum(stage_means(samples).values()) == samples["total"].mean()


def test_the_pace_of_a_steady_machine_does_not_stray():
    assert strayed(np.full(30, 0.02)) == 0
    assert strayed(np.array([0.02] * 25 + [0.04] * 5)) == pytest.approx(1)
    calibration = Calibration()
    calibration.sample()
    assert calibration.seconds[0] > 0


def test_a_slow_method_gets_fewer_queries_but_never_fewer_than_three():
    budget = Budget(queries=20, seconds=1.0)
    assert [budget.queries_of(pace) for pace in (0.001, 0.1, 5.0)] == [20, 10, 3]


def session(bench, *methods, **changes):
    request = bench.request(*methods)
    plan = make_plan(request, bench.registry, bench.store)
    return measure(plan.cells, Session(request, bench.store, QUICK, **changes))


def test_everyone_has_a_turn_in_every_round_and_a_failure_costs_itself_alone(bench):
    records = {record.cell.method: record for record in session(bench, "mean-colour", "bad-raise", "bad-kill")}
    good = records["mean-colour"]
    assert good.facts["error"] == ""
    assert good.samples["total"].shape == (3, 4)
    parts = sum(values for name, values in good.samples.items() if name != "total")
    assert np.allclose(parts, good.samples["total"])
    assert {"decode", "encode", "search"} <= set(good.samples)
    assert next(size for size, _ in good.facts["seconds_by_batch"]) == 1
    assert "its process ended by SIGKILL" in records["bad-kill"].facts["error"]
    assert records["bad-raise"].facts["error"]
    stored = {record.cell.method: record for record in LatencyStore(bench.store.root).records()}
    assert set(stored) == {"mean-colour", "bad-raise", "bad-kill"}
    assert np.array_equal(stored["mean-colour"].samples["total"], good.samples["total"])


def test_what_was_timed_is_not_timed_again_unless_it_failed_or_changed(bench):
    settings = Settings(timeout=60)
    first = {
        record.cell.method: record.facts for record in session(bench, "mean-colour", "bad-raise", settings=settings)
    }
    again = {
        record.cell.method: record.facts for record in session(bench, "mean-colour", "bad-raise", settings=settings)
    }
    assert again["mean-colour"]["pid"] == first["mean-colour"]["pid"]
    assert (first["bad-raise"]["status"], again["bad-raise"]["status"]) == ("error", "error")
    dry = session(bench, "mean-colour", "bad-raise", settings=Settings(dry_run=True))
    assert [record.cell.method for record in dry] == ["mean-colour"]
    assert session(bench, "mean-colour", settings=Settings(force=True, dry_run=True)) == []


def test_two_checkouts_take_turns(bench):
    session(bench, "mean-colour", against=CHECKOUT)
    (path,) = (bench.store.root / "paired").glob("*/*/*.npz")
    with np.load(path, allow_pickle=False) as pair:
        assert pair["base"].shape == pair["new"].shape == (3, 4)
        assert not np.array_equal(pair["base"], pair["new"])


def test_a_folder_without_the_project_is_no_checkout(bench, tmp_path):
    with pytest.raises(BenchmarkError, match="is no checkout"):
        session(bench, "mean-colour", against=tmp_path)


def test_the_command_writes_a_table_whose_stages_add_up(photo_folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    monkeypatch.chdir(photo_folder.parent)  # the processes that are timed work elsewhere
    command = ["latency", "-m", "mean-colour", "-m", "pixels", "-d", f"folder:{photo_folder.name}:smoke"]
    quick = ["--rounds", "2", "--queries", "4", "--seconds", "0.05", "--threads", "1"]
    done = CliRunner().invoke(app, [*command, *quick, "--plugin", str(PLUGIN), "--out", str(out)])
    assert done.exit_code == 0, done.output
    (page,) = out.glob("*-latency.md")
    text = page.read_text()
    assert re.search(r"\| pixels \| 1 \| [\d.]+ \[[\d.]+, [\d.]+\]", text)
    assert "Machine: " in text
    (stages,) = re.findall(r"\| mean-colour \|.*\| ([\d.]+)% \|", text)
    assert 0 < float(stages) <= 100
    (facts,) = out.glob("latency/*/*/1-threads/pixels@cpu.json")
    assert json.loads(facts.read_text())["threads"] == 1


def test_canaries_alone_leave_nothing_to_time(photo_folder, tmp_path):
    done = CliRunner().invoke(app, ["latency", "-m", "random", "-d", f"folder:{photo_folder}:smoke", "--out", tmp_path])
    assert done.exit_code != 0


@pytest.mark.parametrize("status", ["error", "timeout", "oom", "killed"])
def test_a_failed_rerun_keeps_the_samples_before_it_and_is_shown(tmp_path, status):
    store, cell = LatencyStore(tmp_path), Cell("lfw", "smoke", "retrieval", "phash")
    facts = {"threads": 1, "provenance": {}, "manifest": "m", "inputs": {}, "strayed": 0.0}
    good = {**facts, "error": "", "status": "ok", "started": "2026-01-01"}
    bad = {**facts, "error": "it broke", "status": status, "started": "2026-01-02"}
    samples = {"total": np.ones((3, 4))}
    store.save(LatencyRecord(cell, bad, {}))
    store.save(LatencyRecord(cell, good, samples))
    for _ in range(2):
        store.save(LatencyRecord(cell, bad, {}))
        kept = store.record(cell, 1)
        assert np.array_equal(kept.samples["total"], samples["total"])
        assert kept.facts["started"] == "2026-01-01"
        assert kept.facts["failed_rerun"] == {"status": status, "reason": "it broke", "started": "2026-01-02"}
    assert rerun_notes([("phash", kept.facts)]) == [
        f"Rerun without a result, so the row before it is shown: phash: {status} (it broke)."
    ]
    store.save(LatencyRecord(cell, good, samples))
    assert "failed_rerun" not in store.record(cell, 1).facts
