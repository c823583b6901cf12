"""Query time as a ratio of rounds that took turns: no clock is read here, the seconds are drawn."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from gate_cells import judged, record

from benchmarks.core.cells import Cell
from benchmarks.experiments.latency.records import LatencyStore
from benchmarks.gate.costs import PairedTimes, read_paired_times
from benchmarks.gate.finding import Verdict
from datasets.errors import BenchmarkError


def times(ratio=1.0, rounds=10, method="hog", seed=0, drift=0.0):
    """Queries of 1 ms to 5 ms, 3 % of noise a round, and a drift of the whole machine over the session."""
    rng = np.random.default_rng(seed)
    queries = rng.uniform(1e-3, 5e-3, 20)
    pace = 1 + drift * np.linspace(0, 1, rounds)

    def side():
        return queries * (pace * rng.normal(1, 0.03, rounds))[:, None]

    return PairedTimes("lfw", "standard", method, side(), ratio * side())


def verdict_of(*pairs, **rules):
    findings = judged([record()], [record()], pairs, **rules).findings
    return [finding.verdict for finding in findings if finding.measure == "query time"]


def test_thirty_percent_slower_is_worse():
    report = judged([record()], [record()], [times(1.3)])
    assert report.exit_code == 1
    (finding,) = report.having(Verdict.WORSE)
    assert finding.new == pytest.approx(1.3, abs=0.05) and finding.queries == 10
    assert finding.subject == "hog on lfw:standard"


def test_faster_is_better():
    assert verdict_of(times(0.7)) == [Verdict.BETTER]


def test_the_same_code_passes_twenty_times_over_and_so_it_does_on_a_drifting_machine():
    for seed in range(20):
        pairs = [times(seed=seed, method=f"m{number}", drift=0.5 * (number % 2)) for number in range(5)]
        assert verdict_of(*pairs) == [Verdict.SAME] * 5


def test_a_small_slowdown_passes_however_certain():
    assert verdict_of(times(1.05, rounds=40)) == [Verdict.SAME]


def test_a_large_ratio_in_one_round_is_no_slowdown():
    pair = times()
    pair.new[3] *= 10
    assert verdict_of(pair) == [Verdict.SAME]


def test_too_few_rounds_say_so():
    report = judged([record()], [record()], [times(1.3, rounds=2)])
    assert report.exit_code == 2
    assert "2 rounds are too few" in report.having(Verdict.INCOMPARABLE)[0].note


def test_without_pairs_nothing_is_said_of_time():
    assert verdict_of() == []


def test_files_are_read_by_place(tmp_path):
    folder = tmp_path / "paired" / "lfw" / "smoke"
    folder.mkdir(parents=True)
    np.savez(folder / "sift-ransac.npz", base=np.ones((3, 4)), new=np.ones((3, 5)))
    (pair,) = read_paired_times(tmp_path)
    assert (pair.dataset, pair.subset, pair.method) == ("lfw", "smoke", "sift-ransac")
    assert read_paired_times(tmp_path / "elsewhere") == []


@pytest.mark.parametrize(
    "arrays",
    [
        {"base": np.ones((3, 4))},
        {"base": np.ones((3, 4)), "new": np.ones((2, 4))},
        {"base": np.ones(3), "new": np.ones(3)},
        {"base": np.ones((3, 0)), "new": np.ones((3, 0))},
        {"base": np.ones((3, 4)), "new": np.zeros((3, 4))},
        {"base": np.ones((3, 4)), "new": np.full((3, 4), np.nan)},
        {"base": np.array([[object()]]), "new": np.ones((1, 1))},
    ],
)
def test_damaged_pairs_are_one_line(tmp_path, arrays):
    folder = tmp_path / "paired" / "lfw" / "smoke"
    folder.mkdir(parents=True)
    np.savez(folder / "hog.npz", **arrays)
    with pytest.raises(BenchmarkError, match="hog.npz") as error:
        read_paired_times(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04cut off"])
def test_files_that_are_no_archive_are_one_line(tmp_path, content):
    path = tmp_path / "paired" / "lfw" / "smoke" / "hog.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(BenchmarkError, match="hog.npz"):
        read_paired_times(tmp_path)


CELL = Cell("folder:/photos", "smoke", "retrieval", "mean/colour")


def test_pairs_say_whose_they_are(tmp_path):
    store = LatencyStore(tmp_path)
    for cell in (CELL, replace(CELL, device="gpu"), replace(CELL, method="hog@openvino")):
        store.save_pair(cell, np.ones((3, 4)), np.ones((3, 4)))
    found = {(pair.dataset, pair.subset, pair.method) for pair in read_paired_times(tmp_path)}
    assert found == {("folder:/photos", "smoke", "mean/colour"), ("folder:/photos", "smoke", "hog@openvino")}
    assert len(read_paired_times(tmp_path)) == 3


def test_pairs_in_the_place_of_others_are_told(tmp_path):
    """They are whole, so that nothing else tells."""
    store = LatencyStore(tmp_path)
    path, other = (
        store.save_pair(replace(CELL, method=method), np.ones((3, 4)), np.ones((3, 4))) for method in ("hog", "phash")
    )
    shutil.copy(other, path)
    with pytest.raises(
        BenchmarkError, match=r"paired times of hog on .*they are those of phash on folder:/photos:smoke"
    ):
        read_paired_times(tmp_path)


@pytest.mark.parametrize("damage", [lambda data: data[:90], lambda data: data.replace(b"f\0\0\0o", b"f\0\0\0x")])
def test_damaged_pairs_name_their_method_and_what_makes_them_again(tmp_path, damage):
    path = LatencyStore(tmp_path).save_pair(replace(CELL, method="hog"), np.ones((3, 4)), np.ones((3, 4)))
    path.write_bytes(damage(path.read_bytes()))
    said = r"^stored file damaged: \S*hog.npz, the paired times of hog on .*`latency -m hog --against CHECKOUT`$"
    with pytest.raises(BenchmarkError, match=said):
        read_paired_times(tmp_path)
