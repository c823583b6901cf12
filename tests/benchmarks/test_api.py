"""The Python API: README's example as printed, what it returns, and what it raises."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from bare_environment import bare_environment
from PIL import Image as PilImage

from benchmarks import Searcher, evaluate, load_results
from datasets.errors import BenchmarkError, ImageError

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
USES = "load_results"
PLUGIN = ROOT / "tests" / "plugins" / "misbehaving.py"


def environment(folder):
    return bare_environment(PYTHONPATH=str(ROOT), RIS_INDEX=str(folder / "index"))


@pytest.fixture(autouse=True)
def no_data_of_this_machine(monkeypatch, tmp_path):
    for name in ("RIS_DATA", "RIS_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RIS_INDEX", str(tmp_path / "index"))


@pytest.fixture(scope="module")
def notebook_folder(tmp_path_factory, photo_folder):
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "photos").symlink_to(photo_folder)
    PilImage.open(photo_folder / "label0" / "0.png").save(folder / "query.jpg")
    return folder


@pytest.mark.parametrize("how", ["script", "session"])
def test_the_example_of_the_readme_runs_as_it_stands_there(how, notebook_folder):
    """As a script without a __main__ guard, and line by line as in a session, whose main module is no file."""
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.S) if USES in block]
    assert len(code.strip().splitlines()) <= 10
    (notebook_folder / "example.py").write_text(code)
    command = [sys.executable, *(["example.py"] if how == "script" else ["-"])]
    given = None if how == "script" else code
    done = subprocess.run(
        command,
        input=given,
        cwd=notebook_folder,
        env=environment(notebook_folder),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\d+ +phash .*\bok\b", done.stdout, flags=re.M)
    assert re.search(r"^1 label0/0\.png", done.stdout, flags=re.M)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, photo_folder):
    out = tmp_path_factory.mktemp("api") / "out"
    methods = ["mean-colour", "bad-kill"]
    where = f"folder:{photo_folder}:smoke"
    return out, where, evaluate(methods, where, tasks="retrieval", out=out, plugins=[PLUGIN])


def test_a_row_for_each_method_with_its_figures_or_the_reason_why_it_has_none(evaluated):
    _, where, frame = evaluated
    rows = frame.set_index("method")
    assert set(rows.index) == {"random", "constant", "oracle", "mean-colour", "bad-kill"}
    assert set(frame["dataset"] + ":" + frame["subset"]) == {where}
    good, bad = rows.loc["mean-colour"], rows.loc["bad-kill"]
    assert good["status"] == "ok" and good["hit@1_low"] <= good["hit@1"] <= good["hit@1_high"]
    assert good["p50_ms"] > 0 and good["peak_bytes"] > 0
    assert bad["status"] == "killed" and "SIGKILL" in bad["reason"] and np.isnan(bad["hit@1"])
    assert rows.loc["oracle", "hit@1"] == 1


def test_only_what_is_asked_for_is_returned_and_nothing_is_run_twice(evaluated):
    out, where, before = evaluated
    frame = evaluate("mean-colour", [where], tasks=["robustness"], out=out, plugins=[PLUGIN])
    assert set(frame["task"]) == {"robustness"} and "bad-kill" not in set(frame["method"])
    again = load_results(out, [PLUGIN]).query("task == 'retrieval' and method == 'mean-colour'")
    assert again["started"].tolist() == before.query("method == 'mean-colour'")["started"].tolist()


def test_progress_is_what_the_run_prints_and_this_process_stays_as_it_was(evaluated, capsys):
    out, where, _ = evaluated
    before = dict(os.environ)
    ask = {"tasks": "retrieval", "out": out, "plugins": [PLUGIN]}
    evaluate("mean-colour", where, **ask)
    assert capsys.readouterr().out == ""
    evaluate("mean-colour", where, progress=True, **ask)
    assert "0 cells run" in capsys.readouterr().out
    assert dict(os.environ) == before


def test_a_damaged_file_costs_its_row_alone(evaluated, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(evaluated[0], out)
    (ranking,) = out.glob("cells/*/*/retrieval/mean-colour@cpu/ranking.npz")
    ranking.write_bytes(b"PK\x03\x04")
    rows = load_results(out, [PLUGIN]).query("task == 'retrieval'").set_index("method")
    assert rows.loc["mean-colour", "status"] == "error" and "damaged" in rows.loc["mean-colour", "reason"]
    assert rows.loc["oracle", "hit@1"] == 1


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda tmp: evaluate("phsh", "lfw:smoke", out=tmp), "did you mean phash"),
        (lambda tmp: evaluate("phash", "lwf:smoke", out=tmp), "unknown data set"),
        (lambda tmp: evaluate("phash", "lfw:smoke", data=tmp / "none", out=tmp), "is not a folder"),
        (lambda tmp: evaluate("phash", "lfw:smoke", tasks="retrival", out=tmp), "retrieval"),
        (lambda tmp: load_results(tmp / "none"), "nothing is stored"),
        (lambda tmp: Searcher(tmp, "phash"), "holds no images"),
    ],
)
def test_what_cannot_be_is_one_line(ask, said, tmp_path):
    with pytest.raises(BenchmarkError, match=said) as raised:
        ask(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_picture_may_be_a_path_bytes_pixels_or_an_image(photo_folder):
    searcher = Searcher(photo_folder, "phash")
    path = photo_folder / "label1" / "2.png"
    image = PilImage.open(path)
    answers = [searcher.search(one, k=3) for one in (path, str(path), path.read_bytes(), image, np.array(image))]
    assert len(searcher) == 21
    by_path, by_content = answers[:2], answers[2:]
    found = [hit.path for hit in by_content[0].hits]
    assert found[0] == "label1/2.png" and len(found) == 3
    assert all([hit.path for hit in answer.hits] == found for answer in by_content)
    for answer in by_path:  # it lies in the gallery itself, so it is no hit
        assert [hit.path for hit in answer.hits][:2] == found[1:] and len(answer.hits) == 3
    for wrong in (np.zeros((40, 40)), 3, b"no image", photo_folder / "none.png"):
        with pytest.raises(ImageError):
            searcher.search(wrong)


def test_importing_the_package_alone_imports_nothing_heavy():
    code = "import sys, benchmarks; print(sorted({'numpy', 'pandas', 'typer', 'datasets'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], env=environment(ROOT), capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_run_ends_with_the_program_that_asked_for_it(tmp_path, photo_folder):
    code = f"""
from benchmarks import evaluate
evaluate("bad-sleep", "folder:{photo_folder}:smoke", tasks="retrieval", out="{tmp_path}/out", plugins=["{PLUGIN}"])
"""
    asking = subprocess.Popen([sys.executable, "-c", code], env=environment(tmp_path))
    started = _wait_for(lambda: _named(asking.pid, "cell bad-sleep"))
    family = psutil.Process(asking.pid).children(recursive=True)
    assert started in family
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    _wait_for(lambda: not started.is_running() or started.status() == psutil.STATUS_ZOMBIE)


def _named(pid, name):
    for child in psutil.Process(pid).children(recursive=True):
        if child.name() == name[:15]:
            return child
    return None


def _wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")
