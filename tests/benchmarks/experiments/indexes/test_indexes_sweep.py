"""The sweep names classes, parameters and settings that exist, and the truth it is judged by cuts no tie."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.experiments.indexes.figures import exact_ranking, recalls
from benchmarks.experiments.indexes.sweep import LARGE, make_sweep
from benchmarks.experiments.indexes.vectors import parse_source
from datasets.errors import BenchmarkError, UnknownNameError
from methods.building import resolve
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex

SWEEPS = {
    "cosine": make_sweep("cosine", 5000, 512),
    "l2": make_sweep("l2", 5000, 3072),
    "an odd dimension": make_sweep("l2", 5000, 77),
    "large": make_sweep("cosine", LARGE, 512),
    "hamming": make_sweep("hamming", 5000, 64),
}


@pytest.mark.parametrize("name", SWEEPS)
def test_every_build_and_setting_is_one_that_its_class_has(name):
    for build in SWEEPS[name]:
        known = set(inspect.signature(resolve(build.part)).parameters)
        assert set(build.part.params) <= known
        assert build.settings
        for settings in build.settings:
            assert set(settings) <= known


@pytest.mark.parametrize("name", SWEEPS)
def test_a_scan_comes_first_and_no_setting_is_tried_twice(name):
    assert SWEEPS[name][0].scan
    entrants = [str((build.part, settings)) for build in SWEEPS[name] for settings in build.settings]
    assert len(entrants) == len(set(entrants))


def test_rows_that_no_code_divides_are_swept_without_codes():
    families = {build.family for build in SWEEPS["an odd dimension"]}
    assert "faiss-ivfpq" not in families
    assert {"faiss-ivf", "faiss-hnsw", "kmeans", "ball-tree"} <= families


@pytest.mark.parametrize("name", ["cosine", "an odd dimension", "large"])
def test_codes_with_rows_on_disk_are_swept_whatever_the_size_and_dimension(name):
    builds = [build for build in SWEEPS[name] if "codes" in build.part.params]
    depths = {build.family: [each["rerank"] for each in build.settings] for build in builds}
    assert depths == {family: [40, 100, 200, 400] for family in ("sq8", "rabitq", "sign-bits")}


def test_families_are_chosen_beside_the_exact_index():
    chosen = make_sweep("l2", 5000, 64, ["faiss-hnsw", "multi-index-hashing"])
    assert {build.family for build in chosen} == {"exact", "faiss-hnsw"}
    for wrong, right in (("faiss-hnws", "faiss-hnsw"), ("rabit", "rabitq"), ("signbits", "sign-bits")):
        with pytest.raises(UnknownNameError, match=f"did you mean {right}"):
            make_sweep("l2", 5000, 64, [wrong])


def test_a_missing_package_is_an_obstacle_that_names_the_extra(monkeypatch):
    build = next(build for build in SWEEPS["cosine"] if build.family == "usearch-hnsw")
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    assert "benchmark[vectors]" in build.obstacle
    assert SWEEPS["cosine"][0].obstacle == ""


def test_sources_are_read_with_their_subset():
    source = parse_source("phash:lfw:standard", 1000)
    assert (source.method, source.dataset, source.subset, source.size) == ("phash", "lfw", "standard", 1000)
    assert parse_source("pixels:folder:/a/b").dataset == "folder:/a/b"
    assert parse_source("pixels:lfw").subset == "full"
    for text in ("phash", "phash:", ":lfw"):
        with pytest.raises(BenchmarkError, match="names no data set"):
            parse_source(text)


def test_a_source_may_be_a_network_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("net.onnx", "a:b.onnx"):
        (tmp_path / name).write_bytes(b"")
    named = {
        "onnx:net.onnx:lfw": ("onnx:net.onnx", "lfw", "full"),
        "onnx:net.onnx,size=8:folder:photos:smoke": ("onnx:net.onnx,size=8", "folder:photos", "smoke"),
        "onnx:a:b.onnx:lfw:smoke": ("onnx:a:b.onnx", "lfw", "smoke"),
        "onnx:none.onnx:lfw": ("onnx:none.onnx", "lfw", "full"),
    }
    for text, parts in named.items():
        source = parse_source(text)
        assert (source.method, source.dataset, source.subset) == parts
    with pytest.raises(BenchmarkError, match="names no data set"):
        parse_source("onnx:net.onnx")


@given(n=st.integers(1, 300), bits=st.integers(1, 8), seed=st.integers(0, 99))
def test_all_that_tie_with_the_last_are_in_the_truth_and_any_of_them_counts(n, bits, seed):
    """Codes with few bits tie by the dozen; which of them another exact index returns does not matter."""
    rng = np.random.default_rng(seed)
    gallery, queries = (rng.integers(0, 2**bits, (size, 1), dtype=np.uint8) for size in (n, 6))
    index, other = HammingIndex(), HammingIndex()
    index.add(gallery)
    order = rng.permutation(n)
    other.add(gallery[order])
    exact = exact_ranking(lambda k, places: index.search(queries[places], k), 6, n)
    differing = np.bitwise_count(queries ^ gallery[:, 0]).astype(int)
    last = np.sort(differing, axis=1)[:, min(20, n) - 1]
    found = [set(row[scores >= -limit]) for row, scores, limit in zip(exact.ids, exact.scores, last, strict=True)]
    assert found == [set(np.flatnonzero(row <= limit)) for row, limit in zip(differing, last, strict=True)]
    ids, scores = other.search(queries, 20)
    for values in recalls(order[ids].astype(np.int32), scores, exact).values():
        assert np.array_equal(values, np.ones(6))


def test_what_is_missed_is_missed():
    rows = np.random.default_rng(1).normal(size=(200, 8)).astype(np.float32)
    index = ExactIndex()
    index.add(rows)
    exact = exact_ranking(lambda k, places: index.search(rows[places], k), 5, 200)
    ids, scores = index.search(rows[:5], 20)
    ids[:, 15:], scores[:, 15:] = -1, -np.inf
    ids[:, 0] = exact.ids[:, 30]
    kept = {k: values.mean() for k, values in recalls(ids, scores, exact).items()}
    assert kept == pytest.approx({1: 0, 10: 0.9, 20: 0.7})
