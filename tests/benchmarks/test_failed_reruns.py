"""A rerun without a result never costs the row before it."""

import os
import re
import time

import numpy as np
import pytest
from bench_support import PLUGIN
from test_cli import cli

from benchmarks.execution.runner import Limits, to_run
from benchmarks.reporting.tables.pages import make_pages
from benchmarks.rows.cell import FAILED_RERUN

FAILING = {
    "timeout": Limits(timeout=0.01),
    "oom": Limits(timeout=60, memory_bytes=1),
}


def only_cell(bench, **changes):
    (planned,) = bench.plan("mean-colour", **changes).cells
    return planned


def notes(bench):
    (page,) = [page for page in make_pages(bench.store, bench.registry) if page.retrieval]
    return page, " ".join(note for table in page.tables for note in table.notes)


@pytest.mark.parametrize("status", FAILING)
@pytest.mark.parametrize("times", [1, 2])
def test_a_failed_rerun_keeps_the_row_before_it(bench, status, times):
    bench.run("mean-colour")
    cell = only_cell(bench).cell
    before, ranking = bench.store.row(cell), bench.store.ranking(cell)
    for _ in range(times):
        rows = bench.run("mean-colour", force=True, limits=FAILING[status])
        assert rows["mean-colour"]["status"] == status
    kept = bench.store.row(cell)
    later = kept.pop(FAILED_RERUN)
    assert kept == before
    assert (later["status"], later["started"] >= before["started"]) == (status, True)
    np.testing.assert_array_equal(bench.store.ranking(cell).ids, ranking.ids)
    assert len(list(bench.store.rows())) == 1
    planned = only_cell(bench)
    assert planned.state == "done"
    assert planned.why.startswith(f"last rerun failed: {status}: ")
    plan = bench.plan("mean-colour")
    assert (to_run(plan), len(to_run(plan, only_failed=True))) == ([], 1)
    page, said = notes(bench)
    assert page.retrieval.rows[0]["hit@1"] > 0
    assert f"Rerun without a result, so the row before it is shown: mean-colour: {status} (" in said


def test_a_good_rerun_ends_what_was_said_of_the_failed_one(bench):
    bench.run("mean-colour")
    bench.run("mean-colour", force=True, limits=FAILING["timeout"])
    bench.run("mean-colour", force=True)
    planned = only_cell(bench)
    assert (planned.state, planned.why) == ("done", "")
    assert FAILED_RERUN not in bench.store.row(planned.cell)
    assert "Rerun" not in notes(bench)[1]


def test_a_failed_rerun_of_a_stale_row_leaves_it_stale(bench):
    bench.run("mean-colour")
    bench.run("mean-colour", threads=2, limits=FAILING["timeout"])
    planned = only_cell(bench, threads=2)
    assert planned.state == "stale"
    assert re.fullmatch("changed: threads; last rerun failed: timeout: .*", planned.why)
    assert len(to_run(bench.plan("mean-colour", threads=2))) == 1


def test_a_failed_run_replaces_a_failed_one(bench):
    bench.run("mean-colour", limits=FAILING["timeout"])
    bench.run("mean-colour", force=True, limits=FAILING["oom"])
    row = bench.store.row(only_cell(bench).cell)
    assert (row["status"], FAILED_RERUN in row) == ("oom", False)


def test_a_failed_rerun_on_other_images_stands_in_their_table(bench, tmp_path, photo_folder):
    """Beside the new row of another method; the row about the former images cannot."""
    import shutil

    bench.folder = tmp_path / "photos"
    shutil.copytree(photo_folder, bench.folder)
    bench.run("mean-colour")
    shutil.copy(bench.folder / "label0" / "0.png", bench.folder / "label1" / "9.png")
    bench.run("mean-colour", limits=FAILING["timeout"])
    assert notes(bench)[0].retrieval.rows[0]["hit@1"] > 0
    time.sleep(1.1)  # rows are dated to the second, and the newest says which images a table is about
    bench.run("random")
    assert "Without a figure: mean-colour: timeout" in notes(bench)[1]


def test_a_row_that_was_set_aside_when_its_run_died_is_put_back(bench):
    bench.run("mean-colour")
    folder = bench.store.folder(cell := only_cell(bench).cell)
    workdir = bench.store.workdir(cell)
    dead = workdir.name.replace(f".{os.getpid()}@", ".999999999@")
    folder.rename(workdir.with_name(f"{dead}.old"))
    bench.store.remove_leftovers()
    assert bench.store.row(cell)["status"] == "ok"
    folder.with_name(f"{dead}.old").mkdir()
    bench.store.remove_leftovers()
    assert not folder.with_name(f"{dead}.old").exists()
    assert bench.store.row(cell)["status"] == "ok"


MOODY = """
from pathlib import Path
from misbehaving import MeanColour
from methods.spec import MethodSpec, Part

class Moody(MeanColour):
    def fit(self, gallery):
        if (Path(__file__).parent / "fail").exists():
            raise ValueError("not today")
        super().fit(gallery)

METHODS = [MethodSpec(id="moody", family="pixels", summary="", source="", method=Part("moody:Moody"))]
"""


def test_the_commands_tell_the_failure_and_keep_the_row(tmp_path, photo_folder):
    plugin, flag = tmp_path / "moody.py", tmp_path / "fail"
    plugin.write_text(MOODY)
    options = ("-m", "moody", "-d", f"folder:{photo_folder}", "--subset", "smoke", "--task", "retrieval")
    options += ("--plugin", PLUGIN, "--plugin", plugin, "--out", tmp_path / "out", "--threads", "1")
    assert cli("run", *options).returncode == 0
    (csv,) = (tmp_path / "out").glob("*smoke-retrieval.csv")
    good = [line for line in csv.read_text().splitlines() if "moody" in line]
    flag.touch()
    bad = cli("run", "--force", *options, COLUMNS="200")
    assert bad.returncode == 1
    assert "1 without a result (1 earlier row kept)" in bad.stdout
    assert [line for line in csv.read_text().splitlines() if "moody" in line] == good  # its machine and times too
    assert "ValueError: not today" in csv.with_suffix(".md").read_text()
    shown = cli("status", "--why", *options, COLUMNS="250")
    assert "done (last rerun failed)" in shown.stdout
    assert "error: ValueError: not today" in shown.stdout
    assert cli("run", *options).returncode == 0  # all is as stored
    assert cli("run", "--only-failed", *options).returncode == 1
    flag.unlink()
    assert cli("run", "--only-failed", *options).returncode == 0
    assert "failed" not in cli("status", "--why", *options).stdout
