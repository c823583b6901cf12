"""Filters allow the shares that they say, and indexes are measured under them from the command line on."""

import csv
import json

import numpy as np
import pytest
from test_cli import cli

from benchmarks.experiments.indexes.filters import (
    GROUPS,
    SHARES,
    FilteredParticipant,
    fewest_allowed,
    filter_of,
    labels_of,
)
from benchmarks.experiments.indexes.offered import filtered_builds, filtered_families, require_offered
from benchmarks.experiments.indexes.participant import IndexJob
from benchmarks.experiments.indexes.sweep import families_known, make_sweep
from benchmarks.experiments.indexes.vectors import ASKED, GALLERY
from benchmarks.system.provenance import usable_cores
from datasets.errors import BenchmarkError, UnknownNameError
from methods.building import resolve
from methods.indexes.exact import ExactIndex
from methods.spec import Part

QUICK = ("--rounds", "2", "--seconds", "0.01", "--batch", "4", "--threads", "1")
FILTERED = ("indexes", "--gallery", "filtered", "--vectors", "pixels:cifar10:full", "--jittered", "1500", *QUICK)


@pytest.mark.parametrize("share", SHARES)
def test_every_filter_allows_its_share_of_the_rows(share):
    labels = labels_of(2345)
    allowed = []
    for group in range(GROUPS):
        low, high = filter_of(share, group)
        allowed.append((labels >= low) & (labels < high))
        assert 0 <= low < high <= 100
    counts = [int(np.count_nonzero(mask)) for mask in allowed]
    assert counts == pytest.approx([2345 * share / 100] * GROUPS, rel=0.05)
    assert min(counts) == fewest_allowed(2345, share)
    assert len({mask.tobytes() for mask in allowed}) == GROUPS
    assert np.array_equal(labels, labels_of(2345))


def offers(build, *names):
    return any(hasattr(resolve(build.part), name) for name in names)


@pytest.mark.parametrize("metric", ["l2", "cosine", "hamming"])
def test_those_take_part_that_can_filter_and_no_other_could(metric):
    taking_part = filtered_builds(metric, 5000, 64)
    assert taking_part[0].family == ("hamming" if metric == "hamming" else "exact")
    assert all(offers(build, "search_among", "search_labelled") for build in taking_part)
    left_out = [build for build in make_sweep(metric, 5000, 64) if build.family not in filtered_families()]
    assert left_out
    assert not any(offers(build, "search_among", "search_labelled") for build in left_out)


def test_what_cannot_filter_is_named_with_those_that_can():
    require_offered(filtered_families(), filtered_families(), "search among some of its rows")
    for family in set(families_known()) - set(filtered_families()):
        with pytest.raises(BenchmarkError, match=f"{family} cannot search among .* these can: exact, .*milvus"):
            require_offered([family], filtered_families(), "search among some of its rows")
    with pytest.raises(UnknownNameError, match="did you mean milvus"):
        require_offered(["milvis"], filtered_families(), "search among some of its rows")


def test_each_query_is_answered_under_the_filter_of_its_group(tmp_path):
    rng = np.random.default_rng(0)
    gallery, queries = (rng.normal(size=(size, 8)).astype(np.float32) for size in (400, 25))
    np.save(tmp_path / GALLERY, gallery)
    np.save(tmp_path / ASKED, queries)
    part = Part("methods.indexes.exact:ExactIndex")
    participant = FilteredParticipant(IndexJob("exact", part, tmp_path, tmp_path / "log", batch=4, threads=1))
    labels = labels_of(400)
    for share in SHARES:
        for places in (None, np.array([24, 3, 13])):
            ids, scores = participant.answers({"share": share}, 20, places)
            for place, found, values in zip(range(25) if places is None else places, ids, scores, strict=True):
                low, high = filter_of(share, place % GROUPS)
                permitted = np.flatnonzero((labels >= low) & (labels < high))
                distances = np.linalg.norm(gallery[permitted] - queries[place], axis=1)
                best = permitted[np.argsort(distances)][:20]
                assert found[found >= 0].tolist() == best.tolist()
                assert np.allclose(values[: len(best)], -np.sort(distances)[:20], atol=1e-4)
    single, batched = participant.turn({"share": 10}, 7)
    assert single.shape == (7,)
    assert batched > 0


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Pixels of drawn pictures under filters."""
    out = tmp_path_factory.mktemp("filtered") / "out"
    done = cli(*FILTERED, "-i", "faiss-ivf", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    with (out / "indexes-filtered.csv").open() as file:
        return out, list(csv.DictReader(file))


def test_every_setting_has_a_row_for_each_share(finished):
    rows = finished[1]
    settings = ["", "nlist=64 nprobe=8", "nlist=64 nprobe=32"]
    assert [(int(row["share"]), row["settings"]) for row in rows] == [(s, each) for s in SHARES for each in settings]
    for row in rows:
        assert row["status"] == "ok", row["reason"]
        assert float(row["p50_ms"]) > 0
        assert float(row["recall@20_low"]) <= float(row["recall@20"]) <= float(row["recall@20_high"])
        assert float(row["of_exact"]) == pytest.approx(1) or row["family"] != "exact"
        assert float(row["recall@20"]) >= 0.999 or row["family"] != "exact"
    for share in SHARES:
        few, many = (
            float(row["recall@20"]) for row in rows if (row["share"], row["family"]) == (str(share), "faiss-ivf")
        )
        assert few < many <= 1


def test_the_page_says_what_filters_are_and_who_cannot(finished):
    text = (finished[0] / "indexes-filtered.md").read_text()
    for expected in (
        "# Indexes over a filtered gallery",
        "| 1% | exact | 1.0000",
        "| 50% | faiss-ivf nlist=64 nprobe=8 |",
        "take no part: ball-tree, kd-tree, kmeans, sq8, rabitq, sign-bits, faiss-binary, multi-index-hashing",
        "labels, drawn at random",
        "usearch ",
    ):
        assert expected in text


def test_it_resumes_and_is_written_again_by_report(finished):
    out = finished[0]
    same = cli(*FILTERED, "-i", "faiss-ivf", "--out", out, "--dry-run")
    other = cli(*FILTERED, "-i", "faiss-flat", "--out", out, "--dry-run")
    assert "1,500 vectors: as stored" in same.stdout, same.stdout + same.stderr
    assert "to be measured (changed: indexes)" in other.stdout, other.stdout + other.stderr
    record = json.loads(next(out.glob("indexes/filtered/pixels*.json")).read_text())
    with np.load(next(out.glob("indexes/filtered/pixels*.npz"))) as samples:
        assert len(samples.files) == len(record["rows"])
    before = (out / "indexes-filtered.md").read_text()
    (out / "indexes-filtered.md").unlink()
    assert cli("report", "--out", out).returncode == 0
    assert (out / "indexes-filtered.md").read_text() == before
    assert not (out / "indexes.md").exists()


@pytest.mark.parametrize(
    ("index", "says"),
    [("kd-tree", "kd-tree cannot search among some of its rows; these can: exact"), ("exakt", "did you mean exact")],
)
def test_an_index_that_cannot_take_part_is_one_line_and_exit_code_2(index, says, tmp_path):
    done = cli(*FILTERED, "-i", index, "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


class Counting(ExactIndex):
    """Counts how often its bytes are asked for: faiss's indexes are written out to tell."""

    asked = 0

    @property
    def nbytes(self):
        type(self).asked += 1
        return super().nbytes


def test_no_query_asks_for_the_bytes_of_its_index(tmp_path):
    rows = np.random.default_rng(0).standard_normal((400, 8), dtype=np.float32)
    for name in (GALLERY, ASKED):
        np.save(tmp_path / name, rows)
    job = IndexJob("counting", Part(Counting), tmp_path, tmp_path / "log", batch=4, threads=usable_cores())
    participant = FilteredParticipant(job)
    built = Counting.asked
    participant.turn({"share": 10}, 3)
    assert Counting.asked == built
