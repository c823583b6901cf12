"""`explain`: a stored result explained, with the scores that are stored and the images that were ranked."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bare_environment import bare_environment
from PIL import Image

from benchmarks.core.store import Store
from benchmarks.reporting.explain.stored import NothingToExplainError, explain_stored
from benchmarks.reporting.tables.groups import make_groups
from datasets.errors import UnknownNameError
from methods.registry import load_registry
from tests.benchmarks.bench_support import PLUGIN, Bench

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def ran(tmp_path_factory, photo_folder):
    """Cells over the folder of pictures, their group, and how to name it."""
    store = Store(tmp_path_factory.mktemp("explain") / "out")
    store.require_writable()
    bench = Bench(store, load_registry([PLUGIN]), photo_folder)
    bench.run("pixels", "phash")
    (group,) = (group for group in make_groups(store, bench.registry) if group.task == "retrieval")
    return bench, group, (f"folder:{photo_folder}", "smoke")


def stored(bench, group, method):
    (cell,) = (cell for cell, _, _ in group.entries if cell.method == method)
    return bench.store.ranking(cell)


def test_the_differing_bits_are_minus_the_stored_score(ran):
    bench, group, where = ran
    ranking = stored(bench, group, "phash")
    for rank in (1, 7):
        why = explain_stored(
            bench.store, bench.registry, None, "phash", where, str(group.truth.query_ids[2]), rank=rank
        )
        assert why.title == f"phash: {-int(ranking.scores[2, rank - 1])} of 64 bits differ"


def test_scores_and_margin_are_those_of_the_stored_ranking(ran):
    bench, group, where = ran
    truth, ranking = group.truth, stored(bench, group, "pixels")
    why = explain_stored(bench.store, bench.registry, None, "pixels", where, str(truth.query_ids[0]))
    labels = truth.gallery_labels[ranking.ids[0]]
    other = int(np.flatnonzero(labels != labels[0])[0])
    lead = ranking.scores[0, 0] - ranking.scores[0, other]
    assert f"{labels[0]} scores {ranking.scores[0, 0]:.4g}, {lead:.3g} above" in why.text
    assert f"{labels[other]} at rank {other + 1}." in why.text


def test_a_hit_is_named_by_rank_or_by_id(ran):
    bench, group, where = ran
    truth, ranking = group.truth, stored(bench, group, "pixels")
    query, third = str(truth.query_ids[0]), str(truth.gallery_ids[ranking.ids[0, 2]])
    ask = (bench.store, bench.registry, None, "pixels", where, query)
    assert explain_stored(*ask, rank=3).text == explain_stored(*ask, hit=third).text
    assert explain_stored(*ask, rank=3).text != explain_stored(*ask).text


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"method": "sift"}, NothingToExplainError, "`run -m sift -d folder:"),
        ({"query": "label0/9.png"}, UnknownNameError, "no query 'label0/9.png'.*did you mean"),
        ({"hit": "nothing alike"}, UnknownNameError, "ids look like label"),
        ({"rank": 999}, NothingToExplainError, "none at rank 999"),
        ({"rank": 0}, NothingToExplainError, "none at rank 0"),
        ({"where": ("lfw", None)}, NothingToExplainError, "no ranking of pixels on lfw is stored"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(ran, changes, error, said):
    bench, group, where = ran
    asked = {"method": "pixels", "where": where, "query": str(group.truth.query_ids[0]), "hit": None, "rank": 1}
    with pytest.raises(error, match=said) as raised:
        explain_stored(bench.store, bench.registry, None, **(asked | changes))
    assert "\n" not in str(raised.value)


def test_the_command_says_why_and_draws_it(ran, tmp_path):
    bench, group, where = ran
    picture = tmp_path / "why.png"
    query = str(group.truth.query_ids[0])
    command = [sys.executable, "-m", "benchmarks", "explain", "phash", query, "-d", ":".join(where)]
    command += ["--out", str(bench.store.root), "--picture", str(picture)]
    done = subprocess.run(command, cwd=ROOT, env=bare_environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "of 64 bits differ" in done.stdout and str(picture) in done.stdout
    with Image.open(picture) as drawn:
        assert drawn.width > 500
