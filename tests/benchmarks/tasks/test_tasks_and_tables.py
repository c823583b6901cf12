"""What the tasks ask and what the tables say of it, on real cells over a small folder."""

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
from bench_support import PLUGIN, Bench
from stored_cells import keep_changed

from benchmarks.core.scoring import canary_findings, score_index, score_retrieval, score_robustness
from benchmarks.core.store import Store
from benchmarks.metrics.index_recall import index_recall
from benchmarks.reporting.publishing.write import CanaryError, write_tables
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.groups import make_groups
from benchmarks.reporting.tables.model import Column, Table, fraction
from benchmarks.tasks.unseen_classes import unseen_labels
from datasets.distortions import DISTORTIONS
from datasets.imageset import ImageSet, Item
from methods.ranking import Ranking
from methods.registry import load_registry

METHODS = ("random", "constant", "oracle", "pixels", "mean-colour", "svm")


@pytest.fixture(scope="module")
def run_once(tmp_path_factory, photo_folder):
    """Every method on every task, run once for this module."""
    bench = Bench(Store(tmp_path_factory.mktemp("once") / "out"), load_registry([PLUGIN]), photo_folder)
    bench.store.require_writable()
    rows = bench.run(*METHODS, tasks=("retrieval", "unseen-classes", "robustness"))
    assert all(row["status"] == "ok" for row in rows.values()), [row["reason"] for row in rows.values()]
    return bench


@pytest.fixture
def finished(run_once, tmp_path):
    """A copy of that run that a test may change."""
    shutil.copytree(run_once.store.root, tmp_path / "out")
    return replace(run_once, store=Store(tmp_path / "out"))


def cell(bench, method, task="retrieval"):
    plan = bench.plan(method, tasks=(task,))
    return plan.cells[0].cell, bench.store.row(plan.cells[0].cell)


def test_canaries_land_where_theory_says(finished):
    for method in ("random", "constant", "oracle"):
        score = score_retrieval(finished.store, *cell(finished, method))
        assert canary_findings(method, score) == []
    assert score_retrieval(finished.store, *cell(finished, "oracle")).estimates["mAP"].mean == 1


def test_a_canary_off_its_level_stops_the_tables(finished):
    where, _ = cell(finished, "constant")
    ranking = finished.store.ranking(where)
    scores = np.linspace(1, 0, ranking.scores.shape[1], dtype=np.float32)
    cheating = Ranking(ranking.ids, np.tile(scores, (len(ranking.ids), 1)), ranking.undetected)
    finished.store.save_ranking(finished.store.folder(where), cheating)
    keep_changed(finished.store.folder(where))
    with pytest.raises(CanaryError, match="constant"):
        write_tables(finished.store, finished.registry, finished.store.root)
    assert "protocol broken" in (finished.store.root / "overview.md").read_text()


def test_no_query_is_in_its_own_gallery(finished):
    (group,) = [group for group in make_groups(finished.store, finished.registry) if group.task == "retrieval"]
    assert not set(group.truth.gallery_ids) & set(group.truth.query_ids)


def test_robustness_finds_the_original_of_easy_copies(finished):
    where, row = cell(finished, "pixels", "robustness")
    score = score_robustness(finished.store, where, row)
    assert set(score.classes) == set(DISTORTIONS)
    hits = {name: score.values["hit@1"][score.classes == name].mean() for name in DISTORTIONS}
    assert hits["jpeg"] == hits["resize"] == 1
    random = score_robustness(finished.store, *cell(finished, "random", "robustness"))
    assert random.estimates["hit@1"].mean < 0.5


def test_unseen_classes_queries_are_of_labels_left_out_of_fitting(finished):
    where, row = cell(finished, "svm", "unseen-classes")
    assert row["counts"]["fitted_on"] < row["counts"]["gallery"]
    assert score_retrieval(finished.store, where, row).estimates["hit@1"].mean == 0


def test_unseen_labels_are_half_of_those_that_can_be_asked():
    def images(labels):
        return ImageSet([Item(str(n), label) for n, label in enumerate(labels)], None)

    unseen = unseen_labels(images("aabbccddz"), images("abcdy"))
    assert len(unseen) == 2
    assert set(unseen) < set("abcd")
    assert unseen.tolist() == unseen_labels(images("zddccbbaa"), images("ydcba")).tolist()


def test_tables_show_every_method_with_machine_and_provenance(finished):
    written = write_tables(finished.store, finished.registry, finished.store.root)
    names = {path.name for path in written}
    assert {name.rpartition("-")[2] for name in names if name.endswith(".md") and name != "overview.md"} == {
        "retrieval.md",
        "classification.md",
        "memory.md",
        "classes.md",
        "robustness.md",
    }
    text = (finished.store.root / "overview.md").read_text()
    for expected in ("| svm † |", "Chance level", "Machine: ", "manifest ", "commit "):
        assert expected in text
    with (finished.store.root / "overview.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == set(METHODS)
    assert all(0 <= float(row["hit@1"]) <= 1 for row in rows)


def test_only_participants_are_marked_best(finished):
    write_tables(finished.store, finished.registry, finished.store.root)
    text = next(finished.store.root.glob("*-retrieval.md")).read_text()
    canary_rows = [line for line in text.splitlines() if line.startswith(("| random", "| constant", "| oracle"))]
    assert canary_rows
    assert not any("**" in line or "≈" in line for line in canary_rows)
    assert "**" in text


def test_stages_of_a_query_add_up_to_its_latency(finished):
    for method in ("pixels", "mean-colour", "svm"):
        _, row = cell(finished, method)
        assert sum(row["stages_ms"].values()) == pytest.approx(row["latency"]["mean_ms"], rel=1e-6)


def test_an_index_is_scored_against_exact_search(finished):
    where, _ = cell(finished, "pixels")
    assert score_index(finished.store, where, where) == 1
    ranking = finished.store.ranking(where)
    half = Ranking(np.where(np.arange(ranking.ids.shape[1]) < 2, ranking.ids, -1), ranking.scores, ranking.undetected)
    assert index_recall(half, ranking, k=4).tolist() == [0.5] * len(ranking.ids)


def test_ties_with_the_last_are_not_held_against_an_index():
    exact = Ranking(np.array([[0, 1, 2]]), np.array([[3, 1, 1]], dtype=np.float32), np.array([False]))
    other = Ranking(np.array([[0, 2, 1]]), np.array([[3, 1, 1]], dtype=np.float32), np.array([False]))
    assert index_recall(other, exact, k=2).tolist() == [1.0]


def test_markdown_escapes_what_comes_from_data():
    columns = (Column("method", "shown_method", is_text=True), Column("hit@1", "hit@1", fraction))
    row = {"method": "a", "shown_method": "a|b\nc", "hit@1": None, "word": "killed", "word_in": ("hit@1",)}
    assert "| a\\|b c | killed |" in to_markdown(Table("t", columns, [row]))
