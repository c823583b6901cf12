"""Only one finished run of one commit and machine is published, all of it at once, and nothing else is touched."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from report_support import HandMade
from test_cli import cli, one_line_error
from test_engines_kept import facts

from benchmarks.core.cells import Cell
from benchmarks.experiments.engines.kept import keep
from benchmarks.reporting.publishing.one_run import PublishError
from benchmarks.reporting.publishing.provenance_file import FILE, Part, published_note, read_parts, write_parts
from benchmarks.reporting.publishing.publish import publish
from benchmarks.system.files import write_json
from benchmarks.system.provenance import command_line
from methods.registry import load_registry

ROOT = Path(__file__).parents[4]
MACHINE = {"cpu": "C", "cores": 2, "memory_gib": 4.0, "gpu": None, "system": "Linux"}


def provenance(commit="c", dirty=False, **machine):
    git = {"commit": commit * 40, "dirty": dirty}
    return {"git": git, "machine": MACHINE | machine, "packages": {"numpy": "2"}, "python": "3.11"}


def at(minute):
    return f"2026-11-21T10:{minute:02d}:00+00:00"


def run_record(store, methods, minute, finished=None, **fields):
    """As a run leaves it that took ten minutes."""
    cells = [str(Cell("lfw", "standard", "retrieval", method).path) for method in methods]
    record = {"started": at(minute), "ended": at(minute + 10), "planned": len(cells), "cells": cells}
    record |= {"finished": len(cells) if finished is None else finished, "command": "python -m benchmarks run --all"}
    write_json(store.runs / f"{minute}.json", record | fields)


@pytest.fixture
def cells(tmp_path):
    """A store of one finished run of three methods."""
    made = HandMade(tmp_path / "out")
    for method in ("phash", "hog", "pixels"):
        made.add(method, right=5, started=at(1), provenance=provenance())
    run_record(made.store, ("phash", "hog", "pixels"), 0)
    return made


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_one_run_is_published_with_where_it_comes_from(cells, tmp_path):
    reference = tmp_path / "reference"
    written = publish(cells.store, load_registry(), reference)
    assert files(reference) == sorted(path.name for path in written)
    for name in ("overview.md", "overview.csv", "overview.tex", "lfw-standard-retrieval.csv", FILE):
        assert (reference / name).is_file()
    (part,) = read_parts(reference)
    assert (part.commit, part.wall_s, part.subsets) == ("c" * 40, 600.0, ["lfw:standard"])
    assert sorted([*part.files, FILE]) == files(reference)
    assert ", 22 s, protocol" in replace(part, wall_s=22.0).line
    head = (reference / "overview.md").read_text().partition("\n## ")[0]
    assert "commit cccccccccc, 2026-11-21, 10 min" in head and "`python -m benchmarks run --all`" in head
    assert "C, 2 cores" in head


def test_what_the_new_publication_lacks_is_removed_and_what_was_not_published_stays(cells, tmp_path):
    reference = tmp_path / "reference"
    (reference / "baseline").mkdir(parents=True)
    (reference / "baseline" / "smoke.json").write_text("{}")
    publish(cells.store, load_registry(), reference)
    first = set(files(reference))
    (reference / "old.md").write_text("old")
    (reference / "notes.txt").write_text("mine")
    (part,) = read_parts(reference)
    write_parts([replace(part, files=[*part.files, "old.md"])], reference)
    publish(cells.store, load_registry(), reference)
    assert set(files(reference)) == first | {"notes.txt"}


def test_a_part_of_which_nothing_is_new_stays_with_its_own_commit(cells, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.experiments.engines.kept.provenance", provenance)
    reference = tmp_path / "reference"
    publish(cells.store, load_registry(), reference)
    (reference / "engines.md").write_text("of another day")
    (part,) = read_parts(reference)
    engines = replace(part, what="engines", commit="e" * 40, files=["engines.md"])
    write_parts([part, engines], reference)
    publish(cells.store, load_registry(), reference)
    assert read_parts(reference)[1] == engines
    assert (reference / "engines.md").read_text() == "of another day"
    keep(facts("resnet50"), "lfw:standard", cells.store.root)
    publish(cells.store, load_registry(), reference)
    _, beside = read_parts(reference)
    assert (beside.commit, beside.files) == ("c" * 40, ["engines.csv", "engines.md"])


def test_other_subsets_may_be_of_runs_of_their_own(cells, tmp_path):
    small = HandMade(cells.store.root)
    small.subset = "first-250"
    gallery = [(f"g{n}", f"label{n // 2}") for n in range(20)]
    queries = [(f"q{n}", f"label{n}") for n in range(10)]
    small.hash = small.manifest(gallery, queries, subset="first-250", hash="first-250")
    small.add("hog", right=5, started=at(31), provenance=provenance())
    made = [str(Cell("lfw", "first-250", "retrieval", "hog").path)]
    record = {"started": at(30), "ended": at(32), "planned": 1, "finished": 1, "cells": made}
    write_json(cells.store.runs / "30.json", record | {"command": "run -m hog"})
    publish(cells.store, load_registry(), tmp_path / "reference")
    main, other = read_parts(tmp_path / "reference")
    assert (main.subsets, main.wall_s, other.subsets, other.wall_s) == (["lfw:standard"], 600, ["lfw:first-250"], 120)
    assert "overview.csv" in main.files and "lfw-first-250-retrieval.csv" in other.files
    assert not set(main.files) & set(other.files)


def test_another_task_may_be_of_a_run_of_its_own(cells, tmp_path):
    second = Cell("lfw", "standard", "robustness", "hog")
    inputs = {"manifest": cells.hash, "threads": 2, "protocol": 1, "seed": 7}
    failed = {"status": "error", "reason": "no matter", "jobs": 1, "wall_s": 1.0, "inputs": inputs}
    cells.cell(second, cells.hash, **{**failed, "started": at(31), "provenance": provenance()})
    record = {"started": at(30), "ended": at(32), "planned": 1, "finished": 1, "cells": [str(second.path)]}
    write_json(cells.store.runs / "30.json", record | {"command": "run --all --task robustness"})
    publish(cells.store, load_registry(), tmp_path / "reference")
    main, other = read_parts(tmp_path / "reference")
    assert (main.subsets, main.tasks) == (["lfw:standard"], ["retrieval"])
    assert (other.subsets, other.tasks, other.wall_s) == (["lfw:standard"], ["robustness"], 120)
    assert {"overview.csv", "lfw-standard-retrieval.csv", "lfw-standard-retrieval.png"} <= set(main.files)
    assert {name for name in other.files if "robustness" in name} == {
        f"lfw-standard-robustness{suffix}" for suffix in (".md", ".csv", ".tex")
    }
    assert "lfw:standard (robustness): commit" in other.line


def test_a_folder_of_other_things_is_left_alone(cells, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").write_text("mine")
    with pytest.raises(PublishError, match="no published folder"):
        publish(cells.store, load_registry(), tmp_path / "photos")
    assert files(tmp_path / "photos") == ["a.txt"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda c: c.add("dhash", 5, started=at(1), provenance=provenance("d")),
            r"dhash.* another commit \(dddddddddd;",
        ),
        (
            lambda c: c.add("hog", 5, started=at(1), provenance=provenance(cores=8)),
            r"hog.* another machine \(C, 8 cores",
        ),
        (lambda c: c.add("hog", 5, started=at(30), provenance=provenance()), "hog.* is of another run"),
        (lambda c: run_record(c.store, ("phash", "hog", "pixels"), 0, finished=2), "interrupted .2 of 3 cells."),
        (lambda c: c.add("no-such-method", 5, started=at(1), provenance=provenance()), "unknown here"),
        (lambda c: keep(facts("resnet50"), "lfw:standard", c.store.root), "engines of resnet50 is of another commit"),
        (lambda c: [path.unlink() for path in c.store.runs.iterdir()], "no record of the run"),
        (
            lambda c: [
                c.add(m, 5, started=at(1), provenance=provenance(dirty=True)) for m in ("phash", "hog", "pixels")
            ],
            "uncommitted changes",
        ),
    ],
    ids=["commit", "machine", "run", "interrupted", "method", "engines", "records", "dirty"],
)
def test_what_is_not_of_one_run_is_refused_and_named(cells, tmp_path, spoil, says):
    publish(cells.store, load_registry(), tmp_path / "reference")
    before = {name: (tmp_path / "reference" / name).read_bytes() for name in files(tmp_path / "reference")}
    spoil(cells)
    with pytest.raises(PublishError, match=says) as caught:
        publish(cells.store, load_registry(), tmp_path / "reference")
    assert "\n" not in str(caught.value)
    assert before == {name: (tmp_path / "reference" / name).read_bytes() for name in files(tmp_path / "reference")}


def test_a_second_run_of_some_cells_makes_two(cells, tmp_path):
    cells.add("hog", 5, started=at(31), provenance=provenance())
    run_record(cells.store, ("hog",), 30)
    with pytest.raises(PublishError, match=r"hog@cpu is of another run"):
        publish(cells.store, load_registry(), tmp_path / "reference")


@pytest.mark.parametrize("target", ["/proc/published", "{out}/file/inside", "{out}/file"])
def test_a_target_that_cannot_be_written_is_one_line(cells, target):
    out = cells.store.root
    (out / "file").write_text("")
    line = one_line_error(cli("report", "--publish", "--out", out, "--reference", target.format(out=out)))
    assert "--reference" in line


def test_nothing_stored_is_one_line_and_leaves_nothing(tmp_path):
    done = cli("report", "--publish", "--out", tmp_path / "none", "--reference", tmp_path / "reference")
    assert "nothing is stored" in one_line_error(done)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 2, "parts": []}', '{"schema": 1, "parts": [{"what": "x"}]}'])
def test_a_damaged_provenance_is_said(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(Exception, match=FILE):
        read_parts(tmp_path)


def test_a_run_records_its_command_without_the_folders_of_its_machine(monkeypatch):
    words = [
        "--all",
        "--data",
        "/home/me/data",
        "--out=x",
        "-d",
        "folder:my photos",
        "--weights",
        "w",
        "--subset",
        "smoke",
    ]
    for program in ("/x/benchmarks/__main__.py", "/usr/bin/ris"):
        monkeypatch.setattr("sys.argv", [program, "run", *words])
        assert command_line() == "python -m benchmarks run --all -d 'folder:my photos' --subset smoke"
    monkeypatch.setattr("sys.argv", ["/usr/bin/jupyter", "run"])
    assert command_line() == ""


def test_the_committed_tables_say_where_they_come_from():
    reference = ROOT / "results" / "reference"
    parts = read_parts(reference)
    named = [name for part in parts for name in part.files]
    assert len(named) == len(set(named))
    assert sorted([*named, FILE]) == sorted(
        str(path.relative_to(reference)) for path in reference.iterdir() if path.is_file()
    )
    newest = [part for part in parts if part.commit == parts[0].commit]  # the others are kept from before
    assert published_note(newest) in (reference / "overview.md").read_text()
    assert json.loads((reference / FILE).read_text())["schema"] == 1


def test_a_part_without_a_command_has_none_in_its_line():
    part = Part(what="x", commit="c" * 40, machine="m", started=at(0), ended=at(1), command="", protocol=1)
    assert "`" not in part.line and part.line.startswith("x: commit cccccccccc, 2026-11-21, protocol 1")
