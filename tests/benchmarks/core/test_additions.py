"""A data set, a metric and a column of a plug-in file stand beside the others; a broken one is named in a line."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_cli import cli, one_line_error

from benchmarks.api import load_results
from benchmarks.core import columns
from benchmarks.core.additions import load_plugins
from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import tasks_of
from benchmarks.gate.report import compare_paths
from benchmarks.gate.rules import Rules
from benchmarks.metrics import registry as metrics
from benchmarks.reporting.html.write import write_report
from benchmarks.reporting.tables.pages import make_pages
from datasets import registry as datasets
from methods.registry import PluginError

PLUGIN = Path(__file__).parents[2] / "plugins" / "own_additions.py"


@pytest.fixture(scope="module", autouse=True)
def as_before():
    """What plug-ins add stays in the process: here until the last test."""
    known = [(each, dict(each)) for each in (metrics.METRICS, columns.DERIVED, datasets._CLASSES)]
    yield
    for each, before in known:
        each.clear()
        each.update(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(3)
    (root / "stamps").mkdir()
    for label in range(5):
        colour = rng.integers(30, 220, size=3)
        for number in range(4):
            pixels = np.clip(colour + rng.normal(0, 25, size=(24, 24, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / "stamps" / f"label{label}-{number}.png")
    return root


@pytest.fixture(scope="module")
def out(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("additions") / "out"
    asked = ["-m", "pixels", "-m", "random", "-d", "stamps", "--subset", "smoke", "--task", "retrieval"]
    done = cli("run", *asked, "--plugin", PLUGIN, "--data", data, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_tables_and_csv_have_them(out):
    text = re.sub(" +", " ", (out / "stamps-smoke-retrieval.md").read_text())
    accuracy, cost = text.split("\n## ", 1)
    assert "| upper-half |" in accuracy and "| hits a MiB |" in cost
    with (out / "stamps-smoke-retrieval.csv").open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert 0 < float(rows["random"]["upper-half"]) <= float(rows["pixels"]["upper-half"]) == 1
    expected = float(rows["pixels"]["hit@1"]) / float(rows["pixels"]["peak_bytes"]) * 2**20
    assert float(rows["pixels"]["hits_per_mib"]) == pytest.approx(expected)


def test_the_report_has_them(out, tmp_path):
    store, registry = Store(out), load_plugins([PLUGIN])
    text = write_report(store, registry, make_pages(store, registry), tmp_path).read_text()
    assert 'data-key="hits_per_mib"' in text
    assert "upper-half" in text and "stamps:smoke" in text


def test_the_gate_compares_the_metric(out):
    found = compare_paths(out, out, Rules(), tasks=tasks_of(load_plugins([PLUGIN])))
    assert found.exit_code == 0
    assert "upper-half" in {finding.measure for finding in found.findings}


def test_list_and_results_have_them(out, data):
    for kind, id in (("datasets", "stamps"), ("metrics", "upper-half"), ("columns", "hits_per_mib")):
        listed = json.loads(cli("list", kind, "--json", "--plugin", PLUGIN, "--data", data).stdout)
        assert id in {row["id"] for row in listed}, kind
    frame = load_results(out, [PLUGIN])
    assert set(frame["dataset"]) == {"stamps"}
    assert frame["upper-half"].notna().all()


def test_a_data_set_that_is_not_there_is_said(tmp_path):
    done = cli("run", "-m", "pixels", "-d", "stamps", "--plugin", PLUGIN, "--data", tmp_path, "--out", tmp_path / "out")
    assert re.search("stamps: .*stamps is empty or not there", one_line_error(done))


BROKEN = {
    "no data set": ("DATASETS = [int]", "data set 'int': expected a subclass"),
    "no list": ("DATASETS = Stamps", "DATASETS is a .*, expected a list"),
    "an abstract one": ("del Stamps.split; DATASETS = [type('Mine', (FileDataset,), {'name': 'mine'})]", "it lacks"),
    "a taken data set": ("DATASETS = [type('Mine', (Stamps,), {'name': 'lfw'})]", "data set 'lfw': the name is taken"),
    "a bad name": ("DATASETS = [type('Mine', (Stamps,), {'name': '../x'})]", "small letters"),
    "no metric": ("METRICS = ['mine']", "metric 'mine': it is a str"),
    "a taken metric": ("METRICS = [Metric('MAP', '', '', len)]", "metric 'MAP': the name is taken"),
    "a bad metric": ("METRICS = [Metric('a b', '', '', len)]", "a name begins with a letter"),
    "no column": ("COLUMNS = [fraction]", "expected a benchmarks.core.columns.DerivedColumn"),
    "a bad key": ("COLUMNS = [DerivedColumn('x', 'a b', of=len)]", "column 'x': it needs a title, and a key"),
}


@pytest.fixture
def broken(tmp_path):
    """A copy of the plug-in with other lines at its end."""

    def write(lines):
        path = tmp_path / f"broken_{abs(hash(lines))}.py"
        path.write_text(PLUGIN.read_text().partition("\nDATASETS")[0] + f"\n{lines}\n")
        return path

    return write


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_malformed_is_one_line_that_names_the_plug_in(broken, fault):
    lines, said = BROKEN[fault]
    path = broken(lines)
    with pytest.raises(PluginError, match=said) as error:
        load_plugins([path])
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("METRICS = [Metric('raises', '', '', lambda judged: 1 / 0)]", "metric raises failed: ZeroDivisionError"),
        ("METRICS = [Metric('short', '', '', lambda judged: [1])]", "metric short gives values of shape"),
        ("METRICS = [Metric('nans', '', '', lambda judged: np.full(len(judged), np.nan))]", "no finite value for"),
        ("COLUMNS = [DerivedColumn('Bad', 'bad', of=lambda row: row['none'])]", "column 'Bad' failed on .*KeyError"),
    ],
)
def test_one_that_fails_on_stored_rows_is_named(out, broken, lines, said):
    done = cli("report", "--out", out, "--plugin", broken(lines))
    assert done.returncode == 2
    assert re.search(f"no table of stamps.*{said}", done.stderr)
    assert "no table could be made" in done.stderr and "Traceback" not in done.stderr
