"""What is stored and damaged costs itself alone: every command goes on, and what can be made again is."""

import json
import logging
import os
import shutil
import zipfile
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
from bench_support import PLUGIN, Bench
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.scoring import as_scored, score_retrieval
from benchmarks.core.store import Store
from benchmarks.experiments.latency.records import LatencyRecord, LatencyStore
from benchmarks.experiments.rows import IndexStore, ScalingStore, StreamingStore
from benchmarks.reporting.html.growth import growth
from benchmarks.reporting.html.trainings import trainings
from benchmarks.reporting.tables.pages import make_pages
from benchmarks.system import files
from benchmarks.system.files import (
    DamagedFile,
    NewerFileError,
    read_arrays,
    read_members,
    read_record,
    write_atomically,
    write_record,
)
from datasets import notes
from datasets.errors import BenchmarkError
from methods.registry import load_registry
from methods.training.curves import CURVES
from methods.training.kept import SETTINGS

ROW = "cells/*/smoke/retrieval/mean-colour@cpu/cell.json"
KINDS = {
    "row": ROW,
    "ranking": ROW.replace("cell.json", "ranking.npz"),
    "samples": ROW.replace("cell.json", "samples.npz"),
    "manifest": "cells/manifests/*.json",
    "kept manifest": "cache/manifests/*.json",
    "run record": "runs/*.json",
}


def flipped(path):
    """One bit is another: of an array's first number, where it is a file of arrays (zip has fields nobody reads)."""
    data = bytearray(path.read_bytes())
    data[data.index(b"\x93NUMPY") + 128 if path.suffix == ".npz" else len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "flipped": flipped,
    "no record": lambda path: path.write_text("[]"),
    "empty record": lambda path: path.write_text("{}"),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00" * 50),
    "a link to nowhere": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, photo_folder):
    bench = Bench(Store(tmp_path_factory.mktemp("out")), load_registry([PLUGIN]), photo_folder)
    bench.store.require_writable()
    bench.run("random", "mean-colour")
    return bench


@pytest.fixture
def copy(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(notes, "_noted", set())
    shutil.copytree(whole.store.root, tmp_path / "out")
    return Bench(Store(tmp_path / "out"), whole.registry, whole.folder)


def hits(bench):
    found = {cell.method: (cell, row) for cell, row in bench.store.rows()}
    cell, row = found["mean-colour"]
    return score_retrieval(bench.store, cell, row).estimates["hit@1"]


def commands(bench, base):
    out, plugin = str(bench.store.root), ("--plugin", str(PLUGIN))
    yield "report", "--out", out, *plugin
    yield "status", "--why", "--out", out, *plugin, "--threads", "1"
    yield "list", "runs", "--out", out
    yield "compare", str(base), out


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", KINDS)
def test_commands_go_on_and_a_run_makes_it_again(whole, copy, kind, damage, caplog):
    path = next(copy.store.root.glob(KINDS[kind]))
    DAMAGE[damage](path)
    for command in commands(copy, whole.store.root):
        done = CliRunner().invoke(app, command)
        assert isinstance(done.exception, SystemExit | BenchmarkError | None), (command, done.exception)
        assert done.exit_code in (0, 1, 2)
        if command[0] in ("report", "list"):
            no_table = kind == "manifest" and "no table could be made" in str(done.exception)
            assert done.exit_code == 0 or no_table, command
    if kind != "kept manifest":  # that one is read by a run alone
        assert kind in ("ranking", "samples") or path.name in caplog.text
    if kind in ("row", "ranking", "samples"):
        (planned,) = copy.plan("mean-colour").cells
        assert (planned.state, "stored file damaged" in planned.why) == ("failed", True)
        table = next(copy.store.root.glob("*smoke-retrieval.md")).read_text()
        assert "mean-colour: error (" in table and "stored file damaged" in table
    copy.run("mean-colour")
    if kind == "kept manifest":
        assert path.name in caplog.text and "the images are listed again" in caplog.text
    (planned,) = copy.plan("mean-colour").cells
    assert planned.state == "done"
    assert hits(copy) == hits(whole)


def told_to_be_larger(path):
    data = path.read_bytes()
    start = data.index(b"'shape': (") + len("'shape': (")
    told = data.index(b"\n", start)
    path.write_bytes(data[:start] + b"1099511627776,), }".ljust(told - start) + data[told:])


MIXED = {
    "ranking of another": lambda own, other: shutil.copy(other / "ranking.npz", own),
    "samples of another": lambda own, other: shutil.copy(other / "samples.npz", own),
    "row of another": lambda own, other: shutil.copy(other / "cell.json", own),
    "all of another": lambda own, other: shutil.copytree(other, own, dirs_exist_ok=True),
    "array told to be larger": lambda own, other: told_to_be_larger(own / "ranking.npz"),
    "a folder": lambda own, other: ((own / "ranking.npz").unlink(), (own / "ranking.npz").mkdir()),
    "deep JSON": lambda own, other: (own / "cell.json").write_text("[" * 100_000),
}


@pytest.mark.parametrize("mixed", MIXED)
def test_what_another_cell_stored_is_told_and_made_again(whole, copy, mixed):
    """It is whole, so that no checksum of its own tells."""
    own = next(copy.store.root.glob(ROW)).parent
    MIXED[mixed](own, own.with_name("random@cpu"))
    (planned,) = copy.plan("mean-colour").cells
    assert planned.state in ("failed", "new")
    (page,) = [page for page in make_pages(copy.store, copy.registry) if page.retrieval]
    said = " ".join(note for table in page.tables for note in table.notes)
    assert "mean-colour: error (" in said and "stored file damaged" in said
    if mixed.endswith("of another"):
        copy.run("mean-colour")
        assert hits(copy) == hits(whole)


@pytest.mark.parametrize("row", ["this version's", "older"])
@pytest.mark.parametrize("kind", ["ranking", "samples"])
def test_a_file_of_a_cell_that_is_missing_is_noticed_and_made_again(whole, copy, kind, row):
    next(copy.store.root.glob(KINDS[kind])).unlink()
    if row == "older":
        path = next(copy.store.root.glob(ROW))
        record = {key: value for key, value in json.loads(path.read_text()).items() if key not in ("files", "checksum")}
        path.write_text(json.dumps(record))
    out, plugin = str(copy.store.root), ("--plugin", str(PLUGIN))
    said = CliRunner().invoke(app, ("status", "--why", "--out", out, *plugin, "--threads", "1"), terminal_width=400)
    if kind == "samples" and row == "older":  # nothing says that there was any
        assert copy.plan("mean-colour").cells[0].state == "done"
        return
    assert "it is missing" in " ".join(said.output.split())
    (planned,) = copy.plan("mean-colour").cells
    assert planned.state == "failed" and f"{kind}.npz is damaged (it is missing)" in planned.why
    assert CliRunner().invoke(app, ("report", "--out", out, *plugin)).exit_code == 0
    assert "mean-colour: error (" in next(copy.store.root.glob("*smoke-retrieval.md")).read_text()
    copy.run("mean-colour")
    assert hits(copy) == hits(whole)


def test_a_changed_label_in_a_manifest_is_seen_with_or_without_its_checksum(copy):
    path = next(copy.store.root.glob(KINDS["manifest"]))
    for drop in ("", "checksum", "hash"):
        document = json.loads(path.read_text())
        document.pop(drop, None)
        document["records"][0][1] = "another label"
        path.write_text(json.dumps(document))
        with pytest.raises(BenchmarkError, match="stored file damaged"):
            hits(copy)


@pytest.mark.parametrize("what", ["plan", "rows", "commit"])
def test_a_newer_schema_is_refused_in_one_line_and_not_overwritten(copy, what):
    path = next(copy.store.root.glob(ROW))
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99}))
    before = path.read_bytes()
    with pytest.raises(NewerFileError, match=r"^[^\n]*newer version \(schema 99[^\n]*$"):
        if what == "plan":
            copy.plan("mean-colour")
        elif what == "rows":
            list(copy.store.rows())
        else:
            cell = Cell(f"folder:{copy.folder}", "smoke", "retrieval", "mean-colour")
            copy.store.commit(cell, {"status": "error"}, copy.store.workdir(cell))
    assert path.read_bytes() == before


OF_ANOTHER_KIND = {
    "counts": ("gallery", None),
    "inputs": ("threads", None),
    "latency": None,
    "memory": ("stages", None),
    "noise": ("others", []),
    "provenance": ("machine", {}),
    "provenance ": ("git", None),
    "provenance  ": ("packages", []),
    "index_bytes": None,
    "stages_ms": [],
    "throughput": "x",
    "files": [["ranking"]],
    "files ": ["ranking", "x" * 300],
    "files  ": ["../ranking"],
    "files   ": ["a\0b"],
}


@pytest.mark.parametrize("name", OF_ANOTHER_KIND)
def test_a_row_without_a_checksum_is_believed_no_value_of_another_kind(copy, name):
    """Such rows are of an older version: what tables count on is looked at, or one row would end every table."""
    path = next(copy.store.root.glob(ROW))
    row = {key: value for key, value in json.loads(path.read_text()).items() if key != "checksum"}
    (planned,) = copy.plan("mean-colour").cells
    path.write_text(json.dumps(row))
    assert copy.store.damage(planned.cell) == ""
    key, value = name.strip(), OF_ANOTHER_KIND[name]
    row[key] = {**row[key], value[0]: value[1]} if isinstance(value, tuple) else value
    path.write_text(json.dumps(row))
    assert "stored file damaged" in copy.store.damage(planned.cell)
    assert [cell.method for cell, _ in copy.store.rows()].count("mean-colour") == 0


class Figures(TypedDict):
    figure: float
    names: list[str]


READERS = [
    lambda path: read_record(path, Figures),
    read_arrays,
    files.member_checksums,
    lambda path: read_members(path, ()),
]


@pytest.mark.parametrize("read", [*READERS, read_ground_truth])
def test_a_named_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BenchmarkError, match="a named pipe, not a regular file"):
        read(tmp_path / "pipe")


CELL = Cell("lfw", "smoke", "scaling", "phash")
FACTS = {"provenance": {}, "started": "2026", "status": "ok", "inputs": {}, "size": 7}


def save_scaling(out):
    store = ScalingStore(out)
    store.save(store.point(CELL, 7), {**FACTS, "cell": CELL.to_json()})
    return lambda: list(store.points())


def save_streaming(out):
    store, cell = StreamingStore(out), Cell("lfw", "smoke", "streaming", "phash")
    store.save(store.gallery(cell, 7), {**FACTS, "cell": cell.to_json()})
    return lambda: list(store.rows())


def save_indexes(out):
    store = IndexStore(out)
    store.save(store.vectors("vectors"), {**FACTS, "vectors": {"gallery": 7}})
    store.save_samples(store.vectors("vectors"), {"seconds": np.ones((2, 3))})
    return lambda: list(store.records())


def save_latency(out):
    store = LatencyStore(out)
    store.save(LatencyRecord(CELL, {**FACTS, "threads": 1}, {"total": np.ones((2, 3))}))
    return lambda: list(store.records())


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("save", [save_scaling, save_streaming, save_indexes, save_latency])
def test_a_damaged_record_beside_cells_is_named_and_left_out(tmp_path, save, damage, caplog, monkeypatch):
    monkeypatch.setattr(notes, "_noted", set())
    read = save(tmp_path)
    assert len(read()) == 1
    path = next(tmp_path.rglob("*.json"))
    DAMAGE[damage](path)
    with caplog.at_level(logging.WARNING):
        assert read() == []
    assert path.name in caplog.text and "stored file damaged" in caplog.text


@pytest.mark.parametrize("content", [b"status\nok,1,2\n", b"epoch,loss\n1,\xff\n", b"epoch,loss\n1,x\n"])
def test_what_a_report_draws_and_is_damaged_is_named_and_left_out(tmp_path, content, caplog, monkeypatch):
    monkeypatch.setattr(notes, "_noted", set())
    folder = tmp_path / "cache" / "models" / "network"
    folder.mkdir(parents=True)
    for path in (folder / CURVES, folder / SETTINGS, tmp_path / "scaling.csv"):
        path.write_bytes(content)
        assert trainings(Store(tmp_path), []) == [] and growth(tmp_path) == []
        assert f"stored file damaged: {path} " in caplog.text


def test_samples_of_another_method_are_none_of_this_one(tmp_path, caplog):
    """They are whole, so that no checksum of their own tells, as after a kill between new ones and their row."""
    store, other = LatencyStore(tmp_path), Cell("lfw", "smoke", "scaling", "dhash")
    for cell, seconds in ((CELL, 1.0), (other, 2.0)):
        store.save(LatencyRecord(cell, {**FACTS, "threads": 1}, {"total": np.full((2, 3), seconds)}))
    own, others = sorted(tmp_path.rglob("*.npz"), reverse=True)
    shutil.copy(others, own)
    assert [record.cell for record in store.records()] == [other]
    assert store.record(CELL, 1) is None
    assert f"stored file damaged: {own} is damaged (it is not the one" in caplog.text


def test_no_byte_of_a_record_can_change_unseen(tmp_path):
    path, record = tmp_path / "a.json", {"figure": 0.314, "names": ["a", "b"], "schema": 1}
    write_record(path, record)
    whole = path.read_bytes()
    assert read_record(path, Figures, schema=1) == record
    for at in range(len(whole)):
        for bit in (1, 4, 32):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
            try:
                found = read_record(path, Figures, schema=1)
            except (DamagedFile, NewerFileError):
                continue
            assert found is None or {key: found.get(key) for key in record} == record  # a blank, or another key


def test_no_cut_of_arrays_is_read(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, ids=np.arange(9))
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedFile):
            read_arrays(path, ("ids",))
    path.write_bytes(whole)
    with pytest.raises(DamagedFile):
        read_arrays(path, ("scores",))


@pytest.mark.parametrize("value", [0x00, 0x09, 0x41, 0xFF])
def test_no_field_of_a_zip_is_a_traceback(tmp_path, value):
    """Versions, compressions and flags that nobody knows, of the member and of its entry in the directory."""
    path = tmp_path / "a.npz"
    np.savez(path, ids=np.arange(9))
    whole = path.read_bytes()
    refused = 0
    for start in (0, whole.index(b"PK\x01\x02")):
        for place in range(start + 4, start + 34):
            path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            try:
                read_arrays(path, ("ids",))
            except DamagedFile:
                refused += 1
    assert refused > 5


@pytest.mark.parametrize("header", [b"{'descr': (", b'"""', b"(" * 90, b"\xff", b"[1,", b"{'shape': (1 << 99,)}"])
def test_no_header_of_an_array_is_a_traceback(tmp_path, header):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("ids.npy", b"\x93NUMPY\x01\x00" + bytes([117, 0]) + header.ljust(117) + bytes(72))
    with pytest.raises(DamagedFile):
        read_arrays(path, ("ids",))


def test_what_cannot_be_written_is_named_as_it_was_asked_for(tmp_path):
    (tmp_path / "page.csv").mkdir()
    for path in (tmp_path / "page.csv", Path("/sys/page.csv")):
        with pytest.raises(OSError) as caught, write_atomically(path) as file:
            file.write(b"x")
        assert caught.value.filename == str(path)
    assert [each.name for each in tmp_path.iterdir()] == ["page.csv"]


@pytest.mark.parametrize("count", [[], {}, "7", 1.5])
@pytest.mark.parametrize("name", ["queries", "gallery"])
def test_counts_that_are_none_cost_their_row_alone(tmp_path, name, count):
    store, cell = Store(tmp_path), Cell("lfw", "smoke", "retrieval", "phash")
    store.folder(cell).mkdir(parents=True)
    (store.folder(cell) / "ranking.npz").write_bytes(b"")
    row = as_scored(store, cell, {"status": "ok", "counts": {"queries": 3, "gallery": 9, name: count}})
    assert row["status"] == "error" and "damaged" in row["reason"]
