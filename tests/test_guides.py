"""The guides are real: their commands run as they stand there, and their figures are those of the tables."""

import csv
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from bare_environment import bare_environment
from PIL import Image

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def text_of(guide: str) -> str:
    return (DOCS / guide).read_text(encoding="utf-8")


def commands(guide: str) -> list[list[str]]:
    """The indented commands of a guide, as words."""
    return [shlex.split(line) for line in re.findall(r"^    python (-m benchmarks .*)$", text_of(guide), flags=re.M)]


def run(words: list[str], cwd: Path) -> str:
    environment = bare_environment(PYTHONPATH=str(ROOT), COLUMNS="200", RIS_INDEX=str(cwd / "index"))
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_folder_guide_works_as_it_stands(tmp_path):
    names = re.findall(r"^    (photos/\S+)$", text_of("your-own-folder.md"), flags=re.M)
    rng = np.random.default_rng(3)
    ground = {label: rng.integers(60, 200, 3) for label in sorted({name.split("/")[1] for name in names})}
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = rng.normal(0, 30, (60, 60, 3))
        Image.fromarray(np.clip(ground[path.parent.name] + noise, 0, 255).astype(np.uint8)).save(path)
    _, _, explained, searched = [run(words, tmp_path) for words in commands("your-own-folder.md")]
    overview = (tmp_path / "mine" / "overview.md").read_text()
    assert "| pixels |" in overview and "| phash |" in overview
    assert list((tmp_path / "mine" / "pictures").glob("*contact-sheet.png"))
    assert "of 64 bits differ" in explained
    assert (tmp_path / "why.png").stat().st_size > 1000
    assert "grace" in searched and "ada" in searched
    assert "of 64 bits differ" in (tmp_path / "found.html").read_text()


def test_the_methods_of_the_guide_conform_and_run(tmp_path):
    from methods.registry import load_registry

    (code,) = re.findall(r"```python\n(# colour_grid\.py.*?)```", text_of("add-a-method.md"), flags=re.S)
    (tmp_path / "colour_grid.py").write_text(code)
    check, bench = commands("add-a-method.md")
    ids = re.findall(r'id="([a-z-]+)"', code)
    assert set(ids) < set(bench)
    for method in ids:
        assert f"{method}: conforms" in run([*check[:3], method, *check[4:]], tmp_path)
    run(bench, tmp_path)
    (table,) = (tmp_path / "mine").glob("lfw-synthetic-smoke-retrieval.csv")
    rows = {row["method"]: row for row in csv.DictReader(table.open())}
    assert all(rows[method]["status"] == "ok" for method in ids)
    assert float(rows["bright-cells"]["index_bytes_per_image"]) == 8
    assert not set(ids) & {spec.id for spec in load_registry()}


def column(page: str, name: str) -> dict[str, float]:
    with (ROOT / "results" / "reference" / f"{page}.csv").open(newline="") as file:
        return {row["method"]: float(row[name]) for row in csv.DictReader(file) if row[name]}


def test_the_figures_to_choose_by_are_those_of_the_tables():
    people, kinds = column("lfw-standard-retrieval", "hit@1"), column("cifar10-standard-retrieval", "hit@1")
    copies, hard = column("lfw-standard-robustness", "hit@1"), column("lfw-standard-copies", "hit@1")
    times = column("lfw-standard-retrieval", "p50_ms")
    sizes = column("lfw-standard-retrieval", "index_bytes_per_image")
    rows = re.findall(r"^\| `(\S+)` \|(.*)\|$", text_of("choose-a-method.md"), flags=re.M)
    assert len(rows) == 7
    for method, cells in rows:
        assert all("<!-- figure: " in cell for cell in cells.split("|") if cell.strip()), "each follows its table"
        shown = re.sub("<!--.*?-->", "", cells)
        person, kind, copy, edited, time, size = (cell.strip() for cell in shown.split("|"))
        for said, table in ((person, people), (kind, kinds), (copy, copies), (edited, hard)):
            assert bool(said) == (method in table), method
            assert not said or float(said) == pytest.approx(table[method], abs=0.0051), (method, said)
        # Times are of one machine and one day; the guide is to be right about their order.
        assert times[method] / 2 < float(time.removesuffix(" ms")) < times[method] * 2, method
        assert float(size.replace(",", "")) == pytest.approx(sizes[method], rel=0.02), method


def test_what_is_said_of_single_edits_is_so():
    names = ("crop", "jpeg", "resize", "rotate", "flip", "blur", "gamma", "noise", "pad", "watermark")
    edits = {edit: column("lfw-standard-robustness", f"hit@1_{edit}") for edit in names}
    assert all(edits[edit]["phash"] > 0.99 for edit in ("jpeg", "resize", "blur", "gamma", "noise", "watermark"))
    assert all(edits[edit]["phash"] < 0.05 for edit in ("crop", "flip", "pad"))
    assert 0.35 < edits["rotate"]["phash"] < 0.65
    assert all(edits[edit]["sift-indexed"] > 0.99 for edit in ("crop", "rotate", "pad"))
    assert 0.65 < edits["flip"]["sift-indexed"] < 0.85


def test_what_is_said_of_methods_that_learn_from_labels_is_so():
    order = column("cifar10-standard-retrieval", "mAP")
    assert max((method for method in order if method != "oracle"), key=order.__getitem__) == "cnn4-softmax"
    people = column("lfw-standard-retrieval", "hit@1")
    assert max(people[method] for method in ("svm", "svm-hog", "cnn4-softmax")) < 0.15


def test_the_architecture_page_names_what_is_there_in_the_order_that_is_checked():
    page = (ROOT / "docs" / "architecture.md").read_text()
    paths = {text.removesuffix("/") for text in re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", page)}
    assert len(paths) > 15
    assert not [path for path in paths if not ((ROOT / path).exists() or (ROOT / "benchmarks" / path).exists())]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each.get("containers") == ["benchmarks"]]
    words = re.findall(r"\w+", page.partition("```mermaid")[2].partition("```")[0])
    places = [min(words.index(name) for name in re.findall(r"\w+", layer) if name in words) for layer in layers[1:]]
    assert places == sorted(places), "layers stand in another order in the picture"
