"""`report` makes every page again from what is stored; with nothing stored, or half of it, it says so in one line."""

import json
import shutil

import pytest
from report_support import HandMade
from test_cli import cli, one_line_error
from test_engines_kept import facts
from test_projection import measured  # noqa: F401  a fixture: three sizes of one method

from benchmarks.core.store import Store
from benchmarks.experiments.engines.kept import keep, kept_last
from benchmarks.reporting.tables.engines import write_engines
from benchmarks.reporting.tables.peers import keep_peers
from benchmarks.reporting.tables.projection import Asked
from benchmarks.system.provenance import provenance

PEERS = {
    "benchmarks": [
        {
            "extra_info": {
                "comparison": {
                    "path": "phash",
                    "unit": "image",
                    "ours_s": 1e-4,
                    "peer": "imagehash",
                    "peer_s": 4e-4,
                    "ratio": 4.0,
                    "low": 3.5,
                    "high": 4.5,
                    "rounds": 10,
                    "target": 3,
                    "at_most": False,
                }
            }
        }
    ],
    "datetime": "2026-11-21T15:00:00",
    "provenance": provenance(),
    "peers": {},
    "not_measured": [],
}


@pytest.fixture(scope="module")
def pages(measured, tmp_path_factory):  # noqa: F811
    """A store with cells, growth, a projection, engines and peers; and its pages, as `report` writes them."""
    out = tmp_path_factory.mktemp("pages") / "out"
    shutil.copytree(measured, out)
    HandMade(out).add("phash", right=5)
    for name in ("resnet50", "vgg16"):
        keep(facts(name), "lfw:standard", out)
    Asked((1e6, 1e9), 32, 50).keep(out)
    (out / "bench.json").write_text(json.dumps(PEERS))
    keep_peers([out / "bench.json"], Store(out))
    done = cli("report", "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def test_pages_that_were_deleted_are_made_again(pages):
    named = ["overview", "lfw-standard-retrieval", "lfw-standard-memory", "scaling", "projection", "engines", "peers"]
    before = {path: path.read_text() for path in (pages / f"{page}.md" for page in named)}
    for path in before:
        path.unlink()
    done = cli("report", "--out", pages)
    assert done.returncode == 0, done.stderr
    assert {path: path.read_text() for path in before} == before


def test_engines_alone_are_enough_for_a_report(tmp_path):
    keep(facts("resnet50"), "lfw:standard", tmp_path)
    write_engines(kept_last(tmp_path), tmp_path)
    text = (tmp_path / "engines.md").read_text()
    (tmp_path / "engines.md").unlink()
    done = cli("report", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "engines.md").read_text() == text


def test_a_projection_is_kept_as_it_was_asked(pages):
    assert Asked.kept(pages) == Asked((1e6, 1e9), 32, 50)
    assert "of 32 GiB" in (pages / "projection.md").read_text()
    assert cli("project", "--images", "2e6", "--out", pages).returncode == 0
    assert Asked.kept(pages) == Asked((2e6,), 64, 100)
    Asked((1e6, 1e9), 32, 50).keep(pages)


@pytest.mark.parametrize("command", ["report", "pictures"])
def test_nothing_stored_is_said_with_what_to_run(tmp_path, command):
    assert "run --all --subset smoke" in one_line_error(cli(command, "--out", tmp_path / "none"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "harm",
    [
        lambda out: next(out.glob("cells/manifests/*.json")).unlink(),
        lambda out: next(out.glob("cells/*/*/retrieval/phash@cpu/cell.json")).write_text("{"),
        lambda out: next(out.glob("engines/*.json")).write_text("[1,"),
        lambda out: next(out.glob("scaling/cifar10/full/scaling/phash@cpu/*.json")).write_text(""),
        lambda out: (out / "peers" / "results.json").write_text("{]"),
    ],
    ids=["manifest", "row", "engines", "growth", "peers"],
)
def test_a_store_with_something_missing_says_so_and_makes_the_rest(pages, tmp_path, harm):
    out = tmp_path / "out"
    shutil.copytree(pages, out)
    harm(out)
    done = cli("report", "--out", out)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert str(out) in line
    assert "stored file damaged" in line
