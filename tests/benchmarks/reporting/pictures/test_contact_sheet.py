"""Contact sheets: the right queries, methods and results, frames that need no colour, files that stay small."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from benchmarks.cli.pictures import pictures
from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import GroundTruth
from benchmarks.core.store import Store
from benchmarks.reporting.pictures.contact_sheet import MOST_BYTES, Layout, contact_sheet, draw_sheet
from benchmarks.reporting.pictures.findings import MOST_METHODS, choose_queries, find_results
from benchmarks.reporting.pictures.marks import PAPER, RIGHT, WRONG, framed, mark
from benchmarks.reporting.pictures.write import write_contact_sheets
from benchmarks.reporting.tables.groups import Group, make_groups
from benchmarks.system.files import write_record
from datasets.errors import BenchmarkError
from datasets.lfw import QUERY_PEOPLE
from datasets.manifest import Manifest
from datasets.records import content_hash
from datasets.registry import open_dataset
from datasets.seals import unsealed
from methods.registry import load_registry
from methods.spec import MethodSpec, Part
from tests.benchmarks.conftest import PLUGIN, Bench
from tests.benchmarks.stored_cells import StoredCells


def groups_of(bench):
    return [group for group in make_groups(bench.store, bench.registry) if group.task == "retrieval"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory, photo_folder):
    """Real cells over the folder, run once; their group and data set."""
    store = Store(tmp_path_factory.mktemp("sheets") / "out")
    store.require_writable()
    bench = Bench(store, load_registry([PLUGIN]), photo_folder)
    bench.run("random", "constant", "pixels", "phash", "mean-colour")
    (group,) = groups_of(bench)
    return bench, group, open_dataset(group.entries[0][0].dataset, None)


def by_hand(root, gallery, queries, rankings, family="pixels", undetected=None):
    """A group of stored rankings {method: ids (q, k)}, all of one family unless `family` is a dict."""
    stored = StoredCells(root)
    manifest = stored.manifest(gallery, queries)
    entries = []
    for method, ids in rankings.items():
        cell = stored.cell(Cell("lfw", "standard", "retrieval", method), manifest, ids=ids, undetected=undetected)
        kind = family if isinstance(family, str) else family[method]
        spec = MethodSpec(id=method, family=kind, summary="", source="", method=Part("x:Y"))
        entries.append((cell, stored.store.row(cell), spec))
    group = Group(truth_of(gallery, queries), "retrieval", manifest, entries)
    return stored.store, group


def truth_of(gallery, queries):
    columns = [np.array(column, dtype=np.str_) for rows in (gallery, queries) for column in zip(*rows, strict=True)]
    return GroundTruth("lfw", "standard", "complete", (), *columns)


# Frames and marks


def test_a_right_frame_is_thick_and_whole_a_wrong_one_thin_and_broken():
    plain = Image.new("RGB", (60, 60), (90, 90, 90))
    right, wrong = (np.asarray(framed(plain, is_right)) for is_right in (True, False))
    assert (right[:3, :40] == RIGHT).all()
    top = (wrong[0] == WRONG).all(axis=1)
    assert 0.3 < top.mean() < 0.7
    assert np.count_nonzero(np.diff(top.astype(int))) >= 8
    assert (wrong[2, 2:40] == 90).all()


def test_right_and_wrong_differ_without_colour():
    grey = {right: np.asarray(mark(right, 24).convert("RGBA"))[..., :3].min(axis=-1) > 200 for right in (True, False)}
    inside = np.hypot(*np.indices((24, 24)) - 11.5) < 9
    tick, cross = (grey[right] & inside for right in (True, False))
    assert np.array_equal(cross, cross[:, ::-1])
    assert not np.array_equal(tick, tick[:, ::-1])
    assert np.count_nonzero(tick ^ cross) > 20


def test_the_two_colours_differ_in_lightness_too():
    blue, vermilion = (np.dot(colour, (0.299, 0.587, 0.114)) for colour in (RIGHT, WRONG))
    assert abs(blue - vermilion) > 25


# The sheet


def test_the_frames_on_the_sheet_are_the_truth(ran):
    bench, group, dataset = ran
    manifest = Manifest.from_json(bench.store.manifest_path(group.manifest).read_text(), dataset)
    found = find_results(bench.store, group, None, 10, 5)
    sheet = np.asarray(draw_sheet(group, found, manifest.gallery, manifest.queries, 5))
    layout = Layout()
    block = layout.block(len(found.strips), 5)
    seen = {True: 0, False: 0}
    for number, row in enumerate(found.queries):
        x, y = layout.corner(number, block)
        for line, strip in enumerate(found.strips):
            for place, position in enumerate(strip.positions[number]):
                left = x + layout.query + 16 + layout.label + place * (layout.thumb + layout.gap)
                edge = sheet[y + line * (layout.thumb + layout.gap), left : left + 40]
                is_right = bool((edge == RIGHT).all())
                assert is_right == (group.truth.gallery_labels[position] == group.truth.query_labels[row])
                assert is_right or (edge == WRONG).all(axis=1).any()
                seen[is_right] += 1
    assert min(seen.values()) > 0


def test_the_same_sheet_twice_is_the_same_file_and_small(ran, tmp_path):
    bench, group, dataset = ran
    for name in ("one.png", "two.png"):
        contact_sheet(bench.store, group, dataset, tmp_path / name)
    data = (tmp_path / "one.png").read_bytes()
    assert data == (tmp_path / "two.png").read_bytes()
    assert len(data) < MOST_BYTES


def test_a_sheet_of_noise_still_fits(tmp_path, monkeypatch):
    from benchmarks.reporting.pictures import contact_sheet as module

    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8))
    monkeypatch.setattr(module, "MOST_BYTES", 70_000)
    assert len(module._png(noise)) <= 70_000


def test_only_the_methods_asked_for_are_shown_in_that_order(ran):
    bench, group, _ = ran
    found = find_results(bench.store, group, ["phash", "random", "pixels", "phash"], 3, 2)
    assert [strip.method for strip in found.strips] == ["phash", "random", "pixels"]
    assert len(found.queries) == 3
    assert all(len(positions) == 2 for strip in found.strips for positions in strip.positions)


def test_a_method_without_a_ranking_cannot_be_shown(ran):
    bench, group, _ = ran
    with pytest.raises(BenchmarkError, match="no method shown has a stored ranking"):
        find_results(bench.store, group, ["sift"], 10, 5)


def test_a_query_in_which_nothing_was_found_leaves_pale_places(ran):
    bench, group, dataset = ran
    manifest = Manifest.from_json(bench.store.manifest_path(group.manifest).read_text(), dataset)
    found = find_results(bench.store, group, ["pixels"], 1, 5)
    (strip,) = found.strips
    strip.__dict__.update(positions=(np.array([], dtype=int),), right=(np.array([], dtype=bool),), undetected=(True,))
    sheet = np.asarray(draw_sheet(group, found, manifest.gallery, manifest.queries, 5))
    layout = Layout()
    x, y = layout.corner(0, layout.block(1, 5))
    x += layout.query + 16 + layout.label
    place = sheet[y : y + layout.thumb, x : x + layout.thumb]
    assert (place == place[0, 0]).all()
    assert tuple(place[0, 0]) != PAPER


# What is shown


def test_the_ten_query_people_come_first_in_their_order():
    people = [(f"{name}/{name}_0001", name) for name in reversed(QUERY_PEOPLE)]
    truth = truth_of([("x", "x")], [("Zoe/Zoe_0001", "Zoe"), *people, ("Ann/Ann_0001", "Ann")])
    rows = choose_queries(truth, np.ones(12, dtype=bool), 10)
    assert truth.query_labels[rows].tolist() == list(QUERY_PEOPLE)
    assert len(choose_queries(truth, np.ones(12, dtype=bool), 12)) == 12


def test_elsewhere_new_labels_come_first_and_only_queries_that_can_be_answered():
    queries = [(f"{label}{number}", label) for label in "abcd" for number in range(5)]
    truth = truth_of([("x", "x")], queries)
    answerable = truth.query_labels != "d"
    assert sorted(truth.query_labels[choose_queries(truth, answerable, 3)]) == ["a", "b", "c"]
    assert sorted(truth.query_labels[choose_queries(truth, answerable, 5)].tolist()).count("d") == 0
    backwards = truth_of([("x", "x")], queries[::-1])
    chosen = [t.query_ids[choose_queries(t, t.query_labels != "d", 4)].tolist() for t in (truth, backwards)]
    assert chosen[0] == chosen[1]


GALLERY = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")]
QUERIES = [("a3", "a"), ("b3", "b")]
GOOD, FAIR, POOR = [[0, 1, 2, 3], [2, 3, 0, 1]], [[0, 2, 1, 3], [2, 0, 3, 1]], [[2, 3, 0, 1], [0, 1, 2, 3]]


def shown(store, group):
    return [strip.method for strip in find_results(store, group, None, 10, 4).strips]


def test_methods_that_show_the_same_pictures_are_shown_once_and_chance_comes_last(tmp_path):
    rankings = {"random": FAIR, "exact": GOOD, "balltree": GOOD, "poor": POOR, "fair": FAIR}
    family = {**dict.fromkeys(rankings, "embedding"), "random": "canary"}
    assert shown(*by_hand(tmp_path, GALLERY, QUERIES, rankings, family)) == ["exact", "fair", "poor", "random"]


def test_the_best_of_every_family_is_shown(tmp_path):
    gallery = [(f"g{number}", "a" if number < 6 else "b") for number in range(12)]
    better = {f"net{n}": [np.roll(np.arange(12), -n).tolist()] for n in range(MOST_METHODS + 1)}
    rankings = {**better, "worst": [np.arange(12)[::-1].tolist()]}
    family = {**dict.fromkeys(better, "embedding"), "worst": "hash"}
    names = shown(*by_hand(tmp_path, gallery, [("q", "a")], rankings, family))
    assert len(names) == MOST_METHODS
    assert names[0] == "net0"
    assert names[-1] == "worst"


def test_a_query_that_stands_in_the_gallery_is_no_result(tmp_path):
    gallery = [("a3", "a"), ("a1", "a"), ("b1", "b")]
    store, group = by_hand(tmp_path, gallery, [("a3", "a")], {"x": [[0, 1, 2]]})
    found = find_results(store, group, None, 10, 2)
    assert found.strips[0].positions[0].tolist() == [1, 2]
    assert found.to_find.tolist() == [1]


def test_without_anything_to_find_there_is_no_sheet(tmp_path):
    store, group = by_hand(tmp_path, GALLERY, [("c", "c")], {"x": [[0, 1, 2, 3]]})
    with pytest.raises(BenchmarkError, match="nothing to find|anything to find"):
        find_results(store, group, None, 10, 5)


# Where sheets go


def test_photographs_stay_out_of_what_is_committed_and_stand_ins_do_not(bench, tmp_path):
    bench.run("pixels")
    bench.run("pixels", datasets=(("cifar10", "smoke"),))
    sheets = write_contact_sheets(bench.store, bench.registry, None, tmp_path)
    assert not sheets.left_out
    folders = {path.name: path.parent for path in sheets.written}
    assert folders.pop("cifar10-synthetic-smoke-contact-sheet.png") == tmp_path
    assert set(folders.values()) == {tmp_path / "pictures"}
    assert all(path.stat().st_size < MOST_BYTES for path in sheets.written)


def test_images_that_are_gone_are_left_out_with_the_reason(ran, tmp_path):
    bench, group, _ = ran
    store = Store(tmp_path / "copy")
    shutil.copytree(bench.store.root, store.root)
    document = unsealed(json.loads(store.manifest_path(group.manifest).read_text()))
    renamed = [[f"{record[0]}-gone", *record[1:]] for record in document["records"]]
    hash = content_hash([record[:4] for record in renamed])
    store.keep_manifest(hash, json.dumps({**document, "records": renamed, "hash": hash}))
    for cell, row in list(store.rows()):
        path = store.folder(cell) / "cell.json"
        write_record(path, {**row, "inputs": {**row["inputs"], "manifest": hash}})
    sheets = write_contact_sheets(store, bench.registry, None, tmp_path)
    assert sheets.written == []
    assert len(sheets.left_out) == 1
    assert not list(tmp_path.rglob("*contact-sheet*"))


def test_a_sheet_newer_than_its_cells_stays(ran, tmp_path):
    bench, _, _ = ran
    (path,) = write_contact_sheets(bench.store, bench.registry, None, tmp_path, only_outdated=True).written
    assert write_contact_sheets(bench.store, bench.registry, None, tmp_path, only_outdated=True).written == []
    os.utime(path, (0, 0))
    assert write_contact_sheets(bench.store, bench.registry, None, tmp_path, only_outdated=True).written == [path]


def test_the_command_draws_what_is_stored_and_says_where(ran, capsys):
    bench, _, _ = ran
    pictures(methods=["pixels"], out=bench.store.root, plugins=[PLUGIN])
    (path,) = (bench.store.root / "pictures").glob("*.png")
    assert str(path) in capsys.readouterr().out
    with Image.open(path) as sheet:
        assert sheet.mode == "P"


def test_the_command_says_when_there_is_nothing(tmp_path):
    with pytest.raises(BenchmarkError, match="run --all"):
        pictures(out=tmp_path)
