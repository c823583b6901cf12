"""The copies and identification tasks on real cells over drawn images: what is asked, kept, shown and compared."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest
from bench_support import Bench
from PIL import Image as PilImage

from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import own_tasks
from benchmarks.gate.sides import snapshot_of_store
from benchmarks.metrics.pair_ranks import first_hits, micro_average_precision, pair_ranks
from benchmarks.reporting.publishing.write import write_tables
from benchmarks.tasks.copies import divide, normalise, require_apart
from benchmarks.tasks.identification import learned_half
from datasets.errors import DataError
from datasets.imageset import ImageSet, Item
from datasets.manifest import build_manifest
from datasets.registry import open_dataset
from methods.registry import load_registry

METHODS = ("random", "constant", "oracle", "pixels", "phash")


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Twelve people with four pictures, thirty with one."""
    root, rng = tmp_path_factory.mktemp("people"), np.random.default_rng(5)
    for number in range(42):
        (root / f"p{number:02}").mkdir()
        base = rng.integers(0, 255, size=(6, 6, 3))
        for image in range(4 if number < 12 else 1):
            small = np.clip(base + rng.normal(0, 40, size=base.shape), 0, 255).astype(np.uint8)
            PilImage.fromarray(small).resize((64, 64)).save(root / f"p{number:02}" / f"{image}.png")
    return root


@pytest.fixture(scope="module")
def finished(tmp_path_factory, people) -> Bench:
    bench = Bench(Store(tmp_path_factory.mktemp("copies") / "out"), load_registry(), people)
    bench.store.require_writable()
    where = {"datasets": ((f"folder:{people}", "full"),), "plugins": ()}
    bench.run(*METHODS, tasks=("copies", "identification"), **where)
    rows = list(bench.store.rows())
    assert all(row["status"] == "ok" for _, row in rows), [row["reason"] for _, row in rows]
    assert len(rows) == 9  # `oracle` goes by labels, which copies do not have
    return bench


def stored(bench, task, method):
    return next((cell, row) for cell, row in bench.store.rows() if (cell.task, cell.method) == (task, method))


def test_as_many_distractors_as_copies_are_asked_and_every_kind_of_edit_number_is_kept(finished):
    cell, row = stored(finished, "copies", "pixels")
    found = finished.store.arrays(cell, "copy_ranks")
    assert row["counts"]["distractors"] == row["counts"]["originals"] == np.count_nonzero(found["original"] >= 0)
    assert (found["original"][row["counts"]["originals"] :] == -1).all()
    assert set(found["edits"]) <= set(range(1, 7))
    assert len(set(found["edits"])) > 1


def test_figures_have_intervals_that_hold_them_and_the_gain_is_the_difference(finished):
    task = own_tasks().get("copies")
    for method in ("pixels", "phash", "random"):
        figures = task.figures(finished.store, *stored(finished, "copies", method))
        for key in ("µAP", "µAP_normalised", "recall@precision=0.9", "hit@1"):
            assert figures[f"{key}_low"] - 1e-9 <= figures[key] <= figures[f"{key}_high"] + 1e-9, key
        assert figures["µAP_gain"] == pytest.approx(figures["µAP_normalised"] - figures["µAP"])
    values = task.values(finished.store, *stored(finished, "copies", "pixels"))
    pixels = task.figures(finished.store, *stored(finished, "copies", "pixels"))
    assert np.nanmean(values["µAP"]) == pytest.approx(pixels["µAP"])
    assert np.nanmean(values["hit@1"]) == pytest.approx(pixels["hit@1"])


@pytest.mark.parametrize("task", ["copies", "identification"])
def test_canaries_are_where_theory_puts_them_and_are_found_out_elsewhere(finished, task, monkeypatch):
    asked = own_tasks().get(task)
    for method in ("random", "constant"):
        assert asked.findings(finished.store, *stored(finished, task, method)) == []
    cell, row = stored(finished, task, "pixels")
    monkeypatch.setattr(finished.store, "arrays", lambda _, name: Store(finished.store.root).arrays(cell, name))
    assert asked.findings(finished.store, replace(cell, method="constant"), row)


def test_the_oracle_names_everybody_and_no_stranger(finished):
    task = own_tasks().get("identification")
    figures = task.figures(finished.store, *stored(finished, "identification", "oracle"))
    assert (figures["rank1"], figures["FNIR@FPIR=0.1"], figures["realised@FPIR=0.1"]) == (1, 0, 0)
    assert np.isnan(figures["FNIR@FPIR=0.001"])
    assert task.findings(finished.store, *stored(finished, "identification", "oracle")) == []


def test_nobody_with_one_picture_is_enrolled_and_the_halves_are_apart(finished):
    cell, row = stored(finished, "identification", "pixels")
    found = finished.store.arrays(cell, "searches")
    assert row["counts"]["strangers"] == len(found["strangers"]) == 30
    assert row["counts"]["people"] == 12
    assert np.count_nonzero(found["learned"]) == 15
    labels = np.array([f"n{n}" for n in range(9)])
    order = np.random.default_rng(0).permutation(9)
    assert (learned_half(labels)[order] == learned_half(labels[order])).all()


def test_tables_csv_and_pictures_are_written(finished, tmp_path):
    written = {path.name for path in write_tables(finished.store, finished.registry, tmp_path)}
    assert any(name.endswith("-identification-det.png") for name in written)
    (page,) = tmp_path.glob("*-copies.md")
    text = re.sub(" +", " ", page.read_text())
    assert "| µAP | µAP normalised | gain | recall@precision 0.9 | hit@1 | 1 edit | 2 edits |" in text
    with page.with_suffix(".csv").open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert float(rows["pixels"]["µAP_low"]) <= float(rows["pixels"]["µAP"])
    (page,) = tmp_path.glob("*-identification.md")
    assert "Too few strangers for a threshold at 1.0%, 0.3%, 0.1%" in page.read_text()


def test_the_gate_reads_both(finished):
    records = {(each.cell.task, each.cell.method): each for each in snapshot_of_store(finished.store).cells.values()}
    copies, identification = records["copies", "pixels"], records["identification", "pixels"]
    assert list(copies.values) == ["µAP", "hit@1"]
    assert len(set(copies.queries)) > 1
    assert len(copies.queries) == len(copies.values["µAP"])
    assert list(identification.values) == ["TPIR@FPIR=0.01", "TPIR@FPIR=0.1"]
    assert len(identification.queries) == len(identification.values["TPIR@FPIR=0.1"])


def test_a_background_set_that_overlaps_the_gallery_is_one_line(people):
    dataset = open_dataset(f"folder:{people}", None, people / "none")
    manifest = build_manifest(dataset, "full")
    gallery = manifest.gallery
    with pytest.raises(DataError, match=r"the background set overlaps the gallery: 2 of 2 images are in both \("):
        require_apart(gallery, gallery[3:5])
    renamed = ImageSet([Item("other", "x")], gallery.source, gallery.digests[:1])
    with pytest.raises(DataError, match="1 of 1 images"):
        require_apart(gallery, renamed)
    parts = divide(gallery, manifest.queries, 10)
    require_apart(gallery, manifest.queries.take(parts.background))
    others = np.concatenate([parts.distractors, parts.shown, parts.background])
    assert len(set(others.tolist())) == len(others)


def test_normalisation_sets_aside_a_query_that_is_like_everything():
    rng = np.random.default_rng(0)
    scores, right = rng.normal(size=(40, 30)), np.where(np.arange(40) < 20, np.arange(40) % 30, -1)
    scores[np.arange(20), right[:20]] += 3
    crowd = rng.normal(0, 4, 40)
    levels = rng.normal(size=(40, 25)).max(axis=1) + crowd
    plain, better = (
        pair_ranks(each, right) for each in (scores + crowd[:, None], normalise(scores + crowd[:, None], levels))
    )
    assert micro_average_precision(better)[0] > micro_average_precision(plain)[0] + 0.2
    assert np.array_equal(first_hits(plain), first_hits(better), equal_nan=True)
