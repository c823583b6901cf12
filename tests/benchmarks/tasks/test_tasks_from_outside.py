"""A task from a plug-in file is in every place where the project's own are, and a broken one is named in one line."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from bench_support import Bench
from stored_cells import keep_changed
from test_cli import cli, one_line_error

from benchmarks.api import load_results
from benchmarks.core.cells import Cell
from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import own_tasks, tasks_of
from benchmarks.gate.finding import Verdict
from benchmarks.gate.report import compare_paths
from benchmarks.gate.rules import Rules
from benchmarks.reporting.html.write import write_report
from benchmarks.reporting.publishing.write import write_tables
from benchmarks.reporting.tables.pages import make_pages
from benchmarks.system.provenance import provenance
from methods.registry import PluginError, load_registry

OWN_TASK = Path(__file__).parents[2] / "plugins" / "own_task.py"


@pytest.fixture(scope="module")
def finished(tmp_path_factory, photo_folder) -> Bench:
    store = Store(tmp_path_factory.mktemp("outside") / "out")
    store.require_writable()
    bench = Bench(store, load_registry([OWN_TASK]), photo_folder)
    rows = bench.run("pixels", "random", tasks=("resaved", "retrieval"), plugins=(OWN_TASK,))
    assert all(row["status"] == "ok" for row in rows.values()), [row["reason"] for row in rows.values()]
    return bench


def test_tables_csv_and_overview_have_its_rows(finished, tmp_path):
    write_tables(finished.store, finished.registry, tmp_path)
    (page,) = tmp_path.glob("*-resaved.md")
    text = page.read_text()
    assert "| method | found | first three |" in re.sub(" +", " ", text)
    assert "| pixels |" in re.sub(" +", " ", text)
    assert "is the original of a picture saved again found?" in text
    with page.with_suffix(".csv").open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert 0 <= float(rows["pixels"]["found_low"]) <= float(rows["pixels"]["found"])
    with (tmp_path / "overview.csv").open() as file:
        assert {row["task"] for row in csv.DictReader(file)} == {"resaved", "retrieval"}


def test_figures_that_do_not_fit_their_definition_are_an_error_of_the_cell(tmp_path, photo_folder):
    """Stored as they are, they would end every table: its row says what and where instead, and is read back."""
    plugin = tmp_path / "odd_task.py"
    plugin.write_text(OWN_TASK.read_text().replace('"gallery": len(gallery)', '"gallery": "many", "mine": [1]'))
    store = Store(tmp_path / "out")
    store.require_writable()
    bench = Bench(store, load_registry([plugin]), photo_folder)
    row = bench.run("pixels", tasks=("resaved",), plugins=(plugin,))["pixels"]
    assert row["status"] == "error"
    assert row["reason"] == "the task's figures do not fit: counts.gallery: text where a whole number belongs"
    assert [stored["reason"] for _, stored in store.rows()] == [row["reason"]]


def test_the_report_orders_its_methods_by_its_metric(finished, tmp_path):
    pages = make_pages(finished.store, finished.registry)
    text = write_report(finished.store, finished.registry, pages, tmp_path).read_text()
    assert "found of resaved" in text
    assert re.search(r'data-task="resaved"', text)


def test_the_gate_compares_its_queries(finished, tmp_path):
    worse = tmp_path / "worse"
    shutil.copytree(finished.store.root, worse)
    tasks = tasks_of(finished.registry)
    same = compare_paths(finished.store.root, worse, Rules(), tasks=tasks)
    assert same.exit_code == 0
    assert ("resaved", "found") in {(f.cell.task, f.measure) for f in same.findings if f.cell}
    path = next(worse.rglob("resaved/pixels@cpu/resaved.npz"))
    with np.load(path) as stored:
        changed = {name: np.full_like(stored[name], 9) for name in stored.files}
    np.savez(path, **changed)
    keep_changed(path.parent)
    (found,) = [
        finding
        for finding in compare_paths(finished.store.root, worse, Rules(), ["pixels"], tasks).findings
        if finding.cell and finding.cell.task == "resaved" and finding.measure == "found"
    ]
    assert found.new == 0 < found.base


def test_without_its_plug_in_a_cell_is_named_and_not_compared(finished, tmp_path, caplog):
    make_pages(finished.store, load_registry())
    assert any("resaved" in record.getMessage() and "--plugin" in record.getMessage() for record in caplog.records)
    report = compare_paths(finished.store.root, finished.store.root, Rules())
    assert {f.verdict for f in report.findings if f.cell and f.cell.task == "resaved"} == {Verdict.SAME}
    assert any("--plugin" in record.reason for record in report.new.cells.values())


def test_list_and_results_have_it(finished):
    listed = json.loads(cli("list", "tasks", "--json", "--plugin", OWN_TASK).stdout)
    (row,) = [row for row in listed if row["id"] == "resaved"]
    assert (row["metric"], row["plugin"]) == ("found", str(OWN_TASK))
    assert {row["id"] for row in listed} >= {"retrieval", "unseen-classes", "robustness", "verification", "copies"}
    frame = load_results(finished.store.root, [OWN_TASK])
    assert frame.loc[frame["task"] == "resaved", "found"].notna().all()


BROKEN = {
    "a class": ("TASKS = [Mine]", "TASKS lists a class, expected an object of it"),
    "no task": ("TASKS = ['mine']", "it is a str, expected a benchmarks.core.tasking.task.Task"),
    "no list": ("TASKS = Mine()", "TASKS is a Mine, expected a list of tasks"),
    "taken": ("Mine.name = 'retrieval'\nTASKS = [Mine()]", "the name is taken"),
    "an old name": ("Mine.name = 'open-set'\nTASKS = [Mine()]", "the name is taken"),
    "a bad name": ("Mine.name = '../x'\nTASKS = [Mine()]", "a name has small letters"),
    "no metric": ("del Mine.metric\nTASKS = [Mine()]", "it has no metric"),
    "no run": ("del Mine.run\nimport abc\nabc.update_abstractmethods(Mine)\nTASKS = [Mine()]", "abstract"),
    "raises": ("Mine.budget = lambda *a: 1 / 0\nTASKS = [Mine()]", "task 'resaved' failed: ZeroDivisionError"),
}


@pytest.fixture
def broken(tmp_path):
    def write(ending: str) -> Path:
        path = tmp_path / "broken_task.py"
        text = OWN_TASK.read_text().replace("class Resaved", "class Mine")
        path.write_text(text.replace("TASKS = [Resaved()]", ending))
        return path

    return write


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_task_is_one_line_that_names_its_file(broken, photo_folder, tmp_path, fault):
    ending, words = BROKEN[fault]
    path = broken(ending)
    done = cli("run", "-m", "pixels", "-d", f"folder:{photo_folder}", "--plugin", path, "--out", tmp_path / "out")
    line = one_line_error(done)
    assert str(path) in line
    assert words in line


def test_one_that_fails_where_tables_are_made_costs_its_own_table(finished, broken, tmp_path, caplog):
    path = broken("Mine.figures = lambda *a: [][1]\nTASKS = [Mine()]")
    written = write_tables(finished.store, load_registry([path]), tmp_path)
    assert any(file.name.endswith("-retrieval.md") for file in written)
    assert not list(tmp_path.glob("*-resaved.md"))
    (line,) = [record.getMessage() for record in caplog.records if "resaved" in record.getMessage()]
    assert str(path) in line
    assert "IndexError" in line


def test_a_method_may_name_a_task_of_its_plug_in(tmp_path):
    source = OWN_TASK.read_text() + (
        "\nfrom methods.spec import MethodSpec, Part\n"
        "METHODS = [MethodSpec(id='own', family='pixels', summary='', source='', tasks=('resaved',),"
        " method=Part('own:Own'))]\n"
    )
    path = tmp_path / "own_method_and_task.py"
    path.write_text(source)
    assert load_registry([path]).get("own").tasks == ("resaved",)
    path = tmp_path / "unknown_task.py"
    path.write_text(source.replace("('resaved',)", "('mirored',)"))
    with pytest.raises(PluginError, match="its task 'mirored' is none of"):
        load_registry([path])


def test_the_old_name_is_accepted_with_a_note_and_old_cells_are_read(tmp_path, photo_folder):
    out = tmp_path / "out"
    options = ("-m", "random", "-d", f"folder:{photo_folder}", "--task", "open-set", "--out", out, "--dry-run")
    done = cli("run", *options, "--subset", "smoke")
    assert "open-set is called unseen-classes now" in done.stdout + done.stderr
    cell = Cell("lfw", "smoke", "open-set", "pixels")
    assert cell == Cell("lfw", "smoke", "unseen-classes", "pixels")
    store = Store(out)
    new = store.folder(cell)
    assert new.parent.name == "unseen-classes"
    old = new.parents[1] / "open-set" / new.name
    old.mkdir(parents=True)
    assert store.folder(cell) == old
    record = {
        "cell": {**cell.to_json(), "task": "open-set"},
        "inputs": {"manifest": "0"},
        "jobs": 1,
        "provenance": provenance(),
        "reason": "",
    }
    record |= {"schema": 1, "started": "2026", "status": "error", "trained": True, "wall_s": 1.0}
    (old / "cell.json").write_text(json.dumps(record))
    assert [each for each, _ in store.rows()] == [cell]
    assert own_tasks().get("open-set").name == "unseen-classes"
