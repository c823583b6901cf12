"""Byte-identical images are junk for each other, under whatever names and labels, wherever something is scored."""

import shutil

import numpy as np
import pytest
from bench_support import PLUGIN, Bench
from PIL import Image as PilImage

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.scoring import score_retrieval, score_robustness, score_verification, verification_findings
from benchmarks.core.store import Store
from benchmarks.gate.sides import snapshot_of_store
from benchmarks.metrics.judgement import judge
from benchmarks.metrics.means import micro
from benchmarks.metrics.ranking import hit
from benchmarks.metrics.verification import verify
from benchmarks.reporting.claims.counts import PhotosToFind
from benchmarks.reporting.claims.evidence import Source
from benchmarks.reporting.explain.stored import NothingToExplainError, explain_stored
from benchmarks.reporting.html.gallery_choice import group_hits
from benchmarks.reporting.pictures.findings import find_results
from benchmarks.reporting.tables.groups import make_groups
from benchmarks.reporting.tables.pages import make_pages
from datasets.distortions import DISTORTIONS
from methods.registry import load_registry
from tests.benchmarks.stored_cells import StoredCells

RETRIEVAL = Cell("lfw", "standard", "retrieval", "pixels")
GALLERY = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")]
QUERIES = [("a0", "a"), ("b0", "b")]
RANKING = [[0, 2, 1, 3, 4], [1, 3, 2, 4, 0]]
FIELDS = {
    "inputs": {"manifest": "aaaa", "protocol": 1, "seed": 1, "threads": 1},
    "jobs": 1,
    "wall_s": 1.0,
    "provenance": {
        "git": {"commit": "0" * 40, "dirty": False},
        "machine": {"cpu": "c", "cores": 1, "memory_gib": 1, "gpu": "", "system": "s"},
        "python": "3",
        "packages": {},
    },
    "counts": {"gallery": 5, "queries": 2},
}


@pytest.fixture
def cells(tmp_path) -> StoredCells:
    return StoredCells(tmp_path / "out")


def stored(cells, digests, cell=RETRIEVAL, ids=RANKING, **fields):
    manifest = cells.manifest(GALLERY, QUERIES, digests=digests)
    cells.cell(cell, manifest, ids=ids, **{**FIELDS, **fields})
    return cells.store.row(cell)


def save(store, cell, name, **arrays):
    np.savez(store.folder(cell) / f"{name}.npz", **arrays)


@pytest.mark.parametrize("label", ["a", "z"], ids=["of its own label", "under another label"])
def test_a_copy_in_the_gallery_counts_as_if_it_were_not_there(cells, tmp_path, label):
    gallery = [("copy", label), *GALLERY]
    with_copy = [[0, 1, 3, 2, 4, 5], [2, 4, 3, 5, 1, 0]]
    manifest = cells.manifest(gallery, QUERIES, digests={"copy": "a0"})
    cells.cell(RETRIEVAL, manifest, ids=with_copy, **{**FIELDS, "counts": {"gallery": 6, "queries": 2}})
    without = StoredCells(tmp_path / "without")
    without.cell(RETRIEVAL, without.manifest(GALLERY, QUERIES), ids=RANKING, **FIELDS)
    scores = [score_retrieval(each.store, RETRIEVAL, each.store.row(RETRIEVAL)) for each in (cells, without)]
    assert scores[0].judgement.candidates.tolist() == [5, 6]
    for name, values in scores[1].values.items():
        np.testing.assert_array_equal(scores[0].values[name][:1], values[:1], err_msg=name)


def test_a_query_whose_only_match_is_its_copy_has_no_positive(cells):
    row = stored(cells, {"a1": "a0", "a2": "a0"})
    judgement = score_retrieval(cells.store, RETRIEVAL, row).judgement
    assert judgement.positives.tolist() == [0, 2]
    assert judgement.without_positive == 1


def test_images_without_a_copy_are_judged_as_before(cells):
    row = stored(cells, {})
    truth = read_ground_truth(cells.store.manifest_path("aaaa"))
    ranking = cells.store.ranking(RETRIEVAL)
    by_id = judge(ranking, truth.gallery_labels, truth.query_labels, truth.gallery_ids, truth.query_ids)
    found = score_retrieval(cells.store, RETRIEVAL, row)
    assert found.judgement.positives.tolist() == by_id.positives.tolist()
    assert found.values["hit@1"].tolist() == hit(by_id, 1).tolist()
    assert not len(truth.junk())
    assert truth.to_find.tolist() == [2, 2]


def test_unseen_classes_queries_count_from_those_asked(cells):
    cell = Cell("lfw", "standard", "unseen-classes", "pixels")
    row = stored(cells, {"b1": "b0"}, cell, ids=RANKING[1:], counts={"gallery": 5, "queries": 1})
    save(cells.store, cell, "asked", positions=np.array([1], dtype=np.int32))
    assert score_retrieval(cells.store, cell, row).judgement.candidates.tolist() == [4]


def test_the_twin_of_an_original_is_neither_right_nor_wrong(cells):
    cell = Cell("lfw", "standard", "robustness", "pixels")
    scores = [[0.0, 0.0, -1.0, -2.0, -3.0], [0.0, -1.0, -2.0, -3.0, -4.0]]
    row = stored(cells, {"a1": "x", "a2": "x"}, cell, ids=[[0, 1, 2, 3, 4], [1, 3, 0, 2, 4]], scores=scores)
    save(cells.store, cell, "copies", original=np.array([1, 3]), distortion=np.array([0, 1]))
    score = score_robustness(cells.store, cell, row)
    assert score.values["hit@1"].tolist() == [1, 0]
    assert score.values["tie_rate@1"].tolist() == [0, 0]
    assert score.judgement.candidates.tolist() == [4, 5]
    assert list(score.classes) == list(DISTORTIONS)[:2]


def pairs_stored(cells, method="pixels", scores=None):
    images = [(f"p{number}", "") for number in range(8)]
    pairs = [(0, 1, True, 0), (2, 3, False, 0), (4, 5, True, 1), (6, 7, False, 1), (0, 2, True, 1), (1, 3, False, 0)]
    manifest = cells.manifest(images, [], digests={"p2": "p0", "p3": "p1"}, pairs=pairs)
    cell = Cell("lfw", "standard", "verification", method)
    cells.cell(cell, manifest, **{**FIELDS, "counts": {"pairs": 6, "images": 8}})
    same, fold = np.array([pair[2] for pair in pairs]), np.array([pair[3] for pair in pairs])
    scores = np.array([3.0, 1.0, 1.5, 2.0, 9.0, 9.0], dtype=np.float32) if scores is None else scores(same)
    save(cells.store, cell, "pairs", scores=scores, same=same, fold=fold)
    return cell, scores, same, fold


def test_pairs_of_one_image_are_left_out_of_verification_and_of_the_gate(cells):
    cell, scores, same, fold = pairs_stored(cells)
    found = score_verification(cells.store, cell)
    left = verify(scores[:4], same[:4], fold[:4])
    assert (found.accuracy, found.auc) == (left.accuracy, left.auc)
    (record,) = snapshot_of_store(cells.store).cells.values()
    assert record.queries == ("p0 = p1", "p2 = p3", "p4 = p5", "p6 = p7")
    assert len(record.values["accuracy"]) == 4


def test_a_verification_canary_is_judged_without_them(cells):
    cell, *_ = pairs_stored(cells, "oracle", lambda same: np.where(np.arange(6) < 4, same, ~same).astype(np.float32))
    assert verification_findings(cells.store, cell) == []


def test_galleries_contact_sheets_and_explanations_pass_copies_over(cells):
    stored(cells, {"a1": "a0"})
    (group,) = make_groups(cells.store, load_registry())
    (hits,) = group_hits(cells.store, group, 3)
    assert hits.top[0].tolist() == [2, 1, 3]
    assert hits.right[0] == 1
    assert hits.rank[0] == 2
    findings = find_results(cells.store, group, ["pixels"], 2, 3)
    assert findings.to_find.tolist() == [1, 2]
    assert findings.strips[0].positions[0].tolist() == [2, 1, 3]
    with pytest.raises(NothingToExplainError, match="a1 is a0 byte by byte"):
        explain_stored(cells.store, load_registry(), None, "pixels", ("lfw", None), "a0", hit="a1")


def test_copies_are_no_photos_of_their_own_in_claims(cells):
    stored(cells, {"a1": "a0"})
    source = Source(cells.store, RETRIEVAL, cells.store.row(RETRIEVAL))
    assert PhotosToFind("pixels", (("lfw", "standard"),), person="a").value([source]).value == 1


@pytest.mark.parametrize("task", ["retrieval", "robustness"])
def test_notes_and_csv_count_what_is_left_out(cells, task):
    cell = Cell("lfw", "standard", task, "pixels")
    stored(cells, {"a1": "a0", "a2": "a0"}, cell)
    if task == "robustness":
        save(cells.store, cell, "copies", original=np.array([0, 1]), distortion=np.array([0, 1]))
    page = make_pages(cells.store, load_registry())[0]
    of = "1 query" if task == "retrieval" else "originals"
    assert f"2 byte-identical copies of {of} left out of the rankings".lower() in page.tables[0].notes[0].lower()
    assert page.tables[0].rows[0]["identical_left_out"] == 2


def test_nothing_is_said_where_there_is_no_copy(cells):
    stored(cells, {})
    page = make_pages(cells.store, load_registry())[0]
    assert "identical" not in " ".join(page.tables[0].notes)
    assert page.tables[0].rows[0]["identical_left_out"] == 0


def test_files_copied_under_other_names_lift_no_figure(tmp_path):
    """What pixels find among pure noise is chance, however often each file is there."""
    rng = np.random.default_rng(5)
    folder = tmp_path / "noise"
    for label in range(12):
        (folder / f"label{label}").mkdir(parents=True)
        for number in range(4):
            path = folder / f"label{label}" / f"{number}.png"
            PilImage.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(path)
            shutil.copy(path, path.with_name(f"copy of {number}.png"))
    store = Store(tmp_path / "out")
    store.require_writable()
    bench = Bench(store, load_registry([PLUGIN]), folder)
    bench.run("pixels")
    ((cell, row),) = store.rows()
    truth, ranking = read_ground_truth(store.manifest_path(row["inputs"]["manifest"])), store.ranking(cell)
    by_id = judge(ranking, truth.gallery_labels, truth.query_labels, truth.gallery_ids, truth.query_ids)
    assert len(truth.identical()) >= 0.7 * len(truth.query_ids)
    assert micro(hit(by_id, 1)) >= 0.7
    assert score_retrieval(store, cell, row).estimates["hit@1"].mean <= 0.4
