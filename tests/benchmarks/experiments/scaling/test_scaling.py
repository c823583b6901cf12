"""Growth from the command line: every point a row, laws and plot, nothing measured twice, reasons for failure."""

import csv
import json

import pytest
from test_cli import PLUGIN, cli, one_line_error

from benchmarks.experiments.rows import ScalingStore
from benchmarks.experiments.scaling.fitting import fit_growth
from benchmarks.reporting.tables.scaling.law_table import law_text

FAULTY = PLUGIN.with_name("faulty.py")


def scaling(out, *arguments):
    return cli("scaling", *arguments, "--out", out)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Two methods on the drawn objects, at two sizes of real images and one beyond them."""
    out = tmp_path_factory.mktemp("scaling") / "out"
    arguments = ("-m", "pixels", "-m", "phash", "-d", "cifar10", "--sizes", "20,40,1000", "--threads", "1")
    return out, arguments, scaling(out, *arguments)


@pytest.fixture(scope="module")
def rows(finished):
    return {(row["cell"]["method"], row["size"]): row for row in ScalingStore(finished[0]).points()}


def test_every_point_has_a_row_with_its_figures(finished, rows):
    assert finished[2].returncode == 0, finished[2].stdout + finished[2].stderr
    assert set(rows) == {(method, size) for method in ("pixels", "phash") for size in (20, 40, 1000)}
    for (_, size), row in rows.items():
        assert row["status"] == "ok", row["reason"]
        assert row["real"] == min(size, row["images"])
        assert all(seconds > 0 for name in ("search_s", "batch_s", "index_s") for seconds in row[name])
        assert set(row["memory"]["stages"]) == {"rows", "fit", "index", "query"}


def test_index_bytes_are_the_index_s_own_count(rows):
    assert [rows["phash", size]["index_bytes"] for size in (20, 40, 1000)] == [160, 320, 8000]


def test_an_encoder_is_measured_once_for_all_sizes(rows):
    figures = [rows["pixels", size]["extraction"] for size in (20, 40, 1000)]
    assert figures[0] == figures[1] == figures[2]
    assert figures[0]["embedding_bytes_per_image"] == 32 * 32 * 3 * 4
    assert len(figures[0]["extraction_s"]) >= 2


def test_the_page_has_laws_points_machine_and_plot(finished):
    out, _, _ = finished
    text = (out / "scaling.md").read_text()
    for expected in ("## cifar10 (synthetic):full", "| pixels | ", "n^", "Machine: ", "commit ", "](scaling.png)"):
        assert expected in text
    assert "| phash | 1,000 | " in text
    assert (out / "scaling.png").read_bytes().startswith(b"\x89PNG")
    with (out / "scaling-fits.csv").open() as file:
        fits = {(row["method"], row["quantity"]): row for row in csv.DictReader(file)}
    assert float(fits["phash", "index"]["exponent"]) == pytest.approx(1)
    with (out / "scaling.csv").open() as file:
        points = list(csv.DictReader(file))
    assert [int(row["jittered"]) for row in points if row["method"] == "pixels"] == [0, 0, 600]


def test_the_same_again_measures_nothing_and_writes_the_same(finished):
    out, arguments, _ = finished
    before = (out / "scaling.md").read_text()
    (out / "scaling.md").unlink()
    again = scaling(out, *arguments)
    assert "0 processes run" in again.stdout
    assert (out / "scaling.md").read_text() == before
    (out / "scaling.md").unlink()
    assert cli("report", "--out", out).returncode == 0
    assert (out / "scaling.md").read_text() == before


def test_a_size_more_is_all_that_is_measured(finished, tmp_path):
    import shutil

    out, arguments, _ = finished
    shutil.copytree(out, tmp_path / "out")
    more = [*arguments[2:-4], "--sizes", "20,60", "--threads", "1"]
    done = scaling(tmp_path / "out", *more)
    assert "1 process run" in done.stdout, done.stdout + done.stderr
    assert "| phash | 60 |" in (tmp_path / "out" / "scaling.md").read_text()


def test_whatever_happens_there_is_a_row(tmp_path, photo_folder):
    methods = ("mean-colour", "bad-raise", "bad-kill", "bad-requires", "mtcnn-facenet-128")
    asked = [word for method in methods for word in ("-m", method)]
    done = scaling(
        tmp_path, *asked, "-d", f"folder:{photo_folder}", "--sizes", "20,40", "--plugin", PLUGIN, "--threads", "1"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 unavailable, 0 failed" in done.stdout
    rows = {(row["cell"]["method"], row["size"]): row for row in ScalingStore(tmp_path).points()}
    # 17 of the 21 images are no queries: without embeddings there is no gallery of 20.
    assert {rows[method, 40]["status"] for method in methods} == {"unavailable"}
    assert "only embeddings can be jittered" in rows["mean-colour", 20]["reason"]
    assert "no weights" in rows["mtcnn-facenet-128", 20]["reason"]
    assert "Without a figure" in (tmp_path / "scaling.md").read_text()


def test_rows_of_an_encoder_that_fails_are_read_back(tmp_path):
    """They lack its figures; with nothing in their place they would not fit what a row is."""
    done = scaling(
        tmp_path, "-m", "faulty-raises", "-d", "cifar10", "--sizes", "20,40", "--plugin", FAULTY, "--threads", "1"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "damaged" not in done.stderr
    rows = list(ScalingStore(tmp_path).points())
    assert [row["status"] for row in rows] == ["error", "error"]
    assert "not to my taste" in (tmp_path / "scaling.md").read_text()


def test_a_method_without_embeddings_looks_at_real_images(tmp_path):
    asked = ("-m", "mean-colour", "-m", "bad-raise", "-m", "bad-kill")
    done = scaling(tmp_path, *asked, "-d", "cifar10", "--sizes", "20,40,900", "--plugin", PLUGIN, "--threads", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    rows = {(row["cell"]["method"], row["size"]): row for row in ScalingStore(tmp_path).points()}
    assert [rows["mean-colour", size]["status"] for size in (20, 40, 900)] == ["ok", "ok", "unavailable"]
    assert rows["mean-colour", 40]["extraction_s"] is not None
    assert rows["mean-colour", 40]["extraction"] == {}
    assert set(rows["mean-colour", 40]["memory"]["stages"]) == {"load", "fit", "index", "query"}
    assert rows["bad-raise", 20]["status"] == "error"
    assert "not to my taste" in rows["bad-raise", 20]["reason"]
    assert rows["bad-kill", 40]["status"] == "killed"


def test_a_changed_setting_makes_a_point_stale(finished):
    out, _, _ = finished
    done = scaling(out, "-m", "phash", "-d", "cifar10", "--sizes", "20,40", "--threads", "2")
    assert done.returncode == 0, done.stderr
    assert "3 processes run" in done.stdout
    threads = {
        json.loads(path.read_text())["inputs"]["threads"] for path in out.glob("scaling/*/*/*/phash@cpu/*40.json")
    }
    assert threads == {2}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--sizes", "40,20"), "must rise"),
        (("--sizes", "5,20"), "too small"),
        (("--sizes", "many"), "whole numbers"),
        (("-m", "phsh"), "did you mean phash"),
        (("-d", "lfv"), "did you mean lfw"),
        (("-m", "mtcnn-facenet", "-d", "cifar10", "--sizes", "20"), "looks for faces"),
        (("-m", "phash", "-d", "lfw", "--data", "/no/such/folder"), "/no/such/folder"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_exit_code_2(arguments, says, tmp_path):
    assert says in one_line_error(cli("scaling", *arguments, cwd=tmp_path))


def test_a_law_is_written_with_its_floor_and_interval():
    sizes = [1000, 2000, 5000, 10000, 20000, 50000]
    assert law_text(fit_growth(sizes, [s / 1e6 for s in sizes]), 1e3, "ms") == "n^1.00 [1.00, 1.00]"
    text = law_text(fit_growth(sizes, [0.002 + s / 1e6 for s in sizes]), 1e3, "ms")
    assert text.startswith("2 ms + n^1.00 [")
    assert text.endswith("(p < 0.001)")
    assert law_text(fit_growth(sizes[:2], [1.0, 2.0]), 1, "s") == "n^1.00"
    assert law_text(None, 1, "s") is None
