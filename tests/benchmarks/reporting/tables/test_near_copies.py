"""Near-identical images are found once for a data set's version, stored, counted, and hit@1 without them given."""

import io

import cv2
import numpy as np
import pytest
from bench_support import PLUGIN, Bench
from test_audit import PLANTS, scene

from benchmarks.cli.leaders import print_leaders
from benchmarks.core import near_copies
from benchmarks.core.store import Store
from benchmarks.reporting.tables.identical import find_near_copies
from benchmarks.reporting.tables.pages import make_pages
from benchmarks.system.files import read_record, write_record
from benchmarks.system.terminal import Console
from methods.registry import load_registry


def bench_of(tmp_path, with_copies) -> Bench:
    """Twelve labels of unlike pictures, so that hit@1 is chance but for copies."""
    for number in range(48):
        folder = tmp_path / "pictures" / f"label{number % 12}"
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), scene(number))
        if with_copies:
            cv2.imwrite(str(folder / f"{number} again.png"), PLANTS["resized"](scene(number)))
    return bench_on(tmp_path)


def bench_on(tmp_path) -> Bench:
    """A run of pixels over the pictures there."""
    store = Store(tmp_path / "out")
    store.require_writable()
    bench = Bench(store, load_registry([PLUGIN]), tmp_path / "pictures")
    bench.run("pixels")
    return bench


def looked(bench) -> str:
    ((_, row),) = bench.store.rows()
    find_near_copies(bench.store, bench.registry, None, {row["inputs"]["manifest"]})
    return row["inputs"]["manifest"]


def test_hit_at_1_without_near_copies_stands_beside_hit_at_1(tmp_path, monkeypatch):
    bench = bench_of(tmp_path, with_copies=True)
    looked(bench)
    page = make_pages(bench.store, bench.registry)[0]
    (row,) = page.tables[0].rows
    assert row["near_copies"] >= 15
    assert row["hit@1"] > 0.6
    assert row["hit@1_without_near"] < 0.3
    assert "hit@1 without near copies" in [column.title for column in page.tables[0].columns]
    assert f"the gallery holds {row['near_copies']} near-identical copies" in " ".join(page.tables[0].notes)

    def read_again(*_):
        raise AssertionError("found once, kept for good")

    monkeypatch.setattr(near_copies, "take_prints", read_again)
    looked(bench)


@pytest.mark.parametrize("look", [False, True], ids=["nobody looked", "none there"])
def test_tables_stay_as_they_were_without_near_copies(tmp_path, look):
    bench = bench_of(tmp_path, with_copies=False)
    if look:
        looked(bench)
    page = make_pages(bench.store, bench.registry)[0]
    (row,) = page.tables[0].rows
    assert row["near_copies"] == (0 if look else None)
    assert row["hit@1_without_near"] is None
    assert "near" not in " ".join([*page.tables[0].notes, *(column.title for column in page.tables[0].columns)]).lower()


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema": 1, "pairs": "x", "gallery": 1, "made_by": "a"}', "\\0"])
def test_a_damaged_file_is_as_none(tmp_path, text):
    store = Store(tmp_path)
    path = store.cells / "near-copies" / "aaaa.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert near_copies.stored_near_copies(store, "aaaa") is None


def test_images_that_are_gone_cost_the_look_alone(tmp_path):
    bench = bench_of(tmp_path, with_copies=True)
    bench.folder.rename(tmp_path / "elsewhere")
    assert near_copies.stored_near_copies(bench.store, looked(bench)) is None
    assert make_pages(bench.store, bench.registry)


def test_flat_images_are_counted_and_said(tmp_path):
    """Three of twelve pictures show one colour; nothing but that tells them apart."""
    for number in range(12):
        folder = tmp_path / "pictures" / f"label{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        flat = np.full((60, 50, 3), 20 * number, np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), flat if number < 3 else scene(number))
    bench = bench_on(tmp_path)
    assert near_copies.stored_near_copies(bench.store, looked(bench)).flat == 3
    page = make_pages(bench.store, bench.registry)[0]
    note = "Flat images: 3 images show one colour or little more, of 12; nothing but colour tells these apart."
    assert note in page.tables[0].notes
    asked = bench.request("pixels").datasets
    print_leaders(console := Console(file=io.StringIO(), width=200), [page], asked)
    assert note in console.file.getvalue()


def test_a_record_of_an_older_version_is_looked_at_again(tmp_path):
    bench = bench_of(tmp_path, with_copies=False)
    path = bench.store.cells / "near-copies" / f"{looked(bench)}.json"
    record = read_record(path, dict)
    older = {name: value for name, value in record.items() if name != "flat"}
    write_record(path, older)
    assert near_copies.stored_near_copies(bench.store, looked(bench)).flat == 0


def test_where_only_copies_answer_it_says_why_no_method_has_an_accuracy(tmp_path):
    for number in range(8):
        folder = tmp_path / "pictures" / f"label{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), scene(0))
    bench = bench_on(tmp_path)
    looked(bench)
    pages = make_pages(bench.store, bench.registry)
    print_leaders(console := Console(file=io.StringIO(), width=200), pages, bench.request("pixels").datasets)
    assert "no method has an accuracy: no query's label has another image in the gallery" in console.file.getvalue()
