"""Where every answer is right, or none can be, nothing is asked: no method gets a figure that says nothing."""

import re

import numpy as np
import pytest
from PIL import Image as PilImage
from test_cli import cli, one_line_error


def folder_of(root, sizes):
    """A folder of labels with so many images each, all different."""
    rng = np.random.default_rng(3)
    for label, images in enumerate(sizes):
        (root / f"label{label}").mkdir(parents=True)
        for number in range(images):
            pixels = rng.integers(0, 255, size=(24, 24, 3), dtype=np.uint8)
            PilImage.fromarray(pixels).save(root / f"label{label}" / f"{number}.png")
    return root


@pytest.mark.parametrize(
    ("sizes", "task", "says"),
    [
        ((6,), "retrieval", "one label: nothing to tell apart"),
        ((6,), "unseen-classes", "one label: nothing to tell apart"),
        ((1, 1, 1), "retrieval", "no query shares its label with a gallery image"),
        ((2,), "robustness", "one gallery image: nothing to tell apart"),
    ],
)
def test_a_task_that_tells_nothing_apart_is_not_run(tmp_path, sizes, task, says):
    folder = folder_of(tmp_path / "photos", sizes)
    out = tmp_path / "out"
    done = cli("run", "-m", "pixels", "-d", f"folder:{folder}", "--subset", "smoke", "--task", task, "--out", out)
    assert says in one_line_error(done)
    assert not list(out.rglob("cell.json"))


def test_of_one_label_only_what_asks_for_pictures_is_run(tmp_path):
    folder = folder_of(tmp_path / "photos", (6,))
    out = tmp_path / "out"
    methods = ("-m", "pixels", "-m", "svm")
    done = cli("run", *methods, "-d", f"folder:{folder}", "--subset", "smoke", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.parts[-3] for path in out.rglob("cell.json")} == {"robustness"}
    assert "one label: nothing to tell apart" in done.stdout
    assert not list(out.glob("*retrieval*"))
    assert re.search(r"folder:photos:smoke, robustness\nmethod +hit@1 +95% *\npixels +\d", done.stdout)  # an answer


def test_a_flat_folder_runs_the_tasks_that_need_no_labels(tmp_path):
    folder = folder_of(tmp_path / "photos", (6,)) / "label0"
    out = tmp_path / "out"
    done = cli("run", "-m", "pixels", "-d", f"folder:{folder}", "--subset", "smoke", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    tasks = {path.parts[-3] for path in out.rglob("cell.json")}
    assert "robustness" in tasks
    assert tasks.isdisjoint({"retrieval", "open-set", "verification"})
