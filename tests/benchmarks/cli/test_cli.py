"""The command line as a person or a CI job uses it, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bare_environment import bare_environment
from PIL import Image as PilImage
from typer.testing import CliRunner

from benchmarks.cli.app import app

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "tests" / "plugins" / "misbehaving.py"


def cli(*arguments, cwd=ROOT, **environment):
    """Run the command with no data sets or weights of this machine's."""
    env = bare_environment(COLUMNS="200", PYTHONPATH=str(ROOT))
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env | environment, capture_output=True, text=True, timeout=300)


def one_line_error(done):
    """The error text; the command must have ended with 2 and said it in one line."""
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error:")
    return lines[0]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, photo_folder):
    """A run of two good methods and a bad one on a folder of images."""
    out = tmp_path_factory.mktemp("run") / "out"
    methods = ("-m", "mean-colour", "-m", "pixels", "-m", "bad-kill")
    where = ("-d", f"folder:{photo_folder}", "--subset", "smoke", "--task", "retrieval")
    arguments = ("run", *methods, *where, "--out", out, "--plugin", PLUGIN)
    return out, arguments, cli(*arguments)


def test_run_writes_rows_and_tables_and_says_what_failed(finished):
    out, _, done = finished
    assert done.returncode == 1, done.stderr
    assert "bad-kill" in done.stdout
    assert "1 without a result" in done.stdout
    overview = (out / "overview.md").read_text()
    for method in ("random", "constant", "oracle", "pixels", "mean-colour", "bad-kill"):
        assert f"| {method} |" in overview
    assert "killed" in overview
    assert "where theory puts them" in overview
    (csv,) = out.glob("folder*-retrieval.csv")
    assert "hit@1_low" in csv.read_text().splitlines()[0]


def test_the_same_command_again_runs_only_what_failed(finished):
    _, arguments, _ = finished
    again = cli(*arguments)
    assert "1 cell run, 5 as stored" in again.stdout


def test_dry_run_prints_the_plan_and_runs_nothing(photo_folder, tmp_path):
    done = cli("run", "-m", "pixels", "-d", f"folder:{photo_folder}", "--dry-run", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "7 cells to run" in done.stdout
    assert "never ran" in done.stdout
    assert not list((tmp_path / "out").rglob("cell.json"))


def test_report_writes_the_same_tables_from_stored_rankings(finished):
    out, _, _ = finished
    before = (out / "overview.md").read_text()
    (out / "overview.md").unlink()
    done = cli("report", "--out", out, "--plugin", PLUGIN)
    assert done.returncode == 0, done.stderr
    assert (out / "overview.md").read_text() == before


def test_status_says_which_cells_are_done_and_why_not(finished):
    out, arguments, _ = finished
    chosen = [a for a in arguments[1:] if a != "--out" and a != out]
    done = cli("status", "--why", *chosen, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "5 done, 1 failed" in done.stdout
    assert "SIGKILL" in done.stdout


def test_list_runs_shows_the_run(finished):
    out, _, _ = finished
    rows = json.loads(cli("list", "runs", "--json", "--out", out).stdout)
    assert rows[0]["planned"] == 6
    assert "1 killed" in rows[0]["statuses"]


def test_lists_as_json():
    methods = json.loads(cli("list", "methods", "--json").stdout)
    assert {"phash", "sift", "svm", "mtcnn-facenet"} <= {row["id"] for row in methods}
    assert {row["runs_here"] for row in methods if row["id"] == "mtcnn-facenet-128"} <= {"yes", "untrained"}
    datasets = json.loads(cli("list", "datasets", "--json").stdout)
    assert [row["synthetic"] for row in datasets] == [True, True, True]
    metrics = json.loads(cli("list", "metrics", "--json").stdout)
    assert "MAP@R" in {row["id"] for row in metrics}


def test_a_list_in_a_narrow_terminal_cuts_nothing(monkeypatch):
    """Also where one row, of a data set that cannot be read, says less than the others; empty columns are left out."""
    here = {"id": "lfw", "here": "8,329 of 13,233 images", "images": 8329, "content": "faces", "synthetic": False}
    broken = {"id": "broken", "here": "cannot be read (ValueError: not enough rows for the header)", "images": None}
    run = {"started": "2026-11-29T09:31:46+00:00", "ended": "2026-11-29T09:40:02+00:00", "planned": 41, "finished": 41}
    run |= {"statuses": "41 ok", "commit": "47eacbb67f", "cpu": "a processor " * 4}
    monkeypatch.setattr("benchmarks.core.inventory.datasets", lambda *_: [here, broken])
    monkeypatch.setattr("benchmarks.core.inventory.runs", lambda *_: [run])
    for kind, texts in (("datasets", ("8,329 ", "broken", "faces", "header)")), ("runs", ("2026-11-29", "09:40"))):
        shown = CliRunner().invoke(app, ["list", kind], env={"COLUMNS": "80"})
        assert shown.exit_code == 0, shown.output
        assert max(map(len, shown.stdout.splitlines())) <= 80
        assert "…" not in shown.stdout
        assert "synthetic" not in shown.stdout
        assert all(text in shown.stdout for text in texts)


def test_a_corrupt_image_is_named_skipped_and_counted(tmp_path, photo_folder):
    import shutil

    folder = tmp_path / "photos"
    shutil.copytree(photo_folder, folder)
    (folder / "label0" / "broken.png").write_bytes(b"no image")
    where = ("-d", f"folder:{folder}", "--subset", "full", "--task", "retrieval")
    done = cli("run", "-m", "pixels", *where, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 unusable image skipped (label0/broken" in (tmp_path / "out" / "overview.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "-m", "phsh"), "did you mean phash"),
        (("run", "--all", "-d", "lfv"), "did you mean lfw"),
        (("run", "--all", "--task", "retreival"), "did you mean retrieval"),
        (("run",), "--all"),
        (("run", "--all", "-d", "lfw:standrad"), "did you mean standard? (known: smoke, standard, full"),
        (("run", "--all", "--subset", "standrad"), "did you mean standard?"),
        (("run", "--all", "-d", "folder:/:standrad"), "did you mean standard? (known: smoke, standard, full)"),
        (("run", "--all", "--data", "/no/such/folder"), "--data"),
        (("run", "-m", "random", "-d", "folder:/no/such/folder"), "/no/such/folder"),
        (("run", "-m", "random", "--plugin", "/no/plugin.py"), "/no/plugin.py"),
        (("check", "phsh"), "did you mean phash"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_exit_code_2(arguments, says, tmp_path):
    assert says in one_line_error(cli(*arguments, cwd=tmp_path))


def test_weights_with_a_wrong_checksum_are_refused(tmp_path):
    (tmp_path / "inception_resnet_v1_512.h5").write_bytes(b"not these weights")
    done = cli("run", "-m", "mtcnn-facenet", "--weights", tmp_path, "--out", tmp_path / "out", "--dry-run")
    assert "inception_resnet_v1_512.h5" in one_line_error(done)


def test_an_empty_folder_is_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty" in one_line_error(cli("run", "-m", "random", "-d", f"folder:{tmp_path / 'empty'}", cwd=tmp_path))


def test_a_label_with_one_image_is_a_distractor(tmp_path):
    for label, images in (("a", 3), ("b", 1)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(images):
            colour = (60 * number, 200 if label == "a" else 0, 90)
            PilImage.new("RGB", (20, 20), colour).save(tmp_path / "photos" / label / f"{number}.png")
    where = ("-d", f"folder:{tmp_path / 'photos'}", "--subset", "full", "--task", "retrieval")
    done = cli("run", "-m", "pixels", *where, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_help_imports_nothing_heavy():
    code = (
        "import sys, benchmarks.cli.app; heavy = {'numpy', 'tensorflow', 'keras', 'pandas', 'cv2'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + "; print(sorted(heavy))"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("task", ["verification", "robustness"])
def test_a_run_of_one_task_alone_writes_its_tables(tmp_path, task):
    done = cli("run", "-m", "pixels", "-d", "lfw", "--subset", "smoke", "--task", task, "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pixels" in (tmp_path / f"lfw-synthetic-smoke-{task}.md").read_text()
    if (tmp_path / "overview.md").exists():
        assert "pixels" in (tmp_path / "overview.tex").read_text()
