"""Clocks and memory: stages add up, samples are kept, peaks are of this process."""

import time

import numpy as np
import pytest
from tests_support import touched

from benchmarks.execution import timing
from benchmarks.protocol import Timing
from benchmarks.system import memory
from datasets.imageset import ImageSet, Item
from methods.ranking import rank_scores
from methods.stages import StageClock, stage


class Zeros:
    def __init__(self):
        self.reads = 0

    def read(self, id):
        self.reads += 1
        return b"0"

    def decode(self, data, id):
        return np.zeros((4, 4, 3), dtype=np.uint8)


class Sleeper:
    """A method with known stages."""

    nbytes = 1

    def search(self, queries, k):
        with stage("decode"):
            list(queries)
        with stage("encode"):
            time.sleep(0.004)
            with stage("detect"):
                time.sleep(0.008)
        with stage("search"):
            time.sleep(0.002)
        return rank_scores(np.zeros((len(queries), 3)), k)


QUERIES = ImageSet([Item(str(n), "x") for n in range(3)], Zeros())
TIMING = Timing(queries=8, seconds=0.5, batch=2, gallery_sample=2)


def test_stages_and_the_rest_add_up_to_the_whole():
    samples = timing.query_latency(Sleeper(), QUERIES, 3, TIMING)
    assert set(samples.stages) == {"decode", "encode", "detect", "search"}
    assert np.allclose(sum(samples.stages.values()) + samples.other, samples.total)
    assert (samples.other >= 0).all()
    assert samples.other.sum() < 0.05 * samples.total.sum()


def test_a_stage_inside_a_stage_is_charged_once():
    samples = timing.query_latency(Sleeper(), QUERIES, 3, TIMING)
    assert np.median(samples.stages["detect"]) > np.median(samples.stages["encode"]) > 0


def test_every_sample_is_kept_and_never_fewer_than_five():
    assert len(timing.query_latency(Sleeper(), QUERIES, 3, TIMING).total) == 8
    hurried = Timing(queries=8, seconds=0.0, batch=2, gallery_sample=2)
    assert len(timing.query_latency(Sleeper(), QUERIES, 3, hurried).total) == timing.MIN_SAMPLES


def test_timed_queries_do_not_touch_the_disk():
    source = Zeros()
    images = timing.in_memory(ImageSet([Item("0", "x"), Item("1", "x")], source))
    assert source.reads == 2
    timing.query_latency(Sleeper(), images, 3, TIMING)
    assert source.reads == 2


def test_percentiles_are_in_milliseconds():
    shown = timing.percentiles(np.array([0.001, 0.002, 0.003]))
    assert shown["p50_ms"] == pytest.approx(2)
    assert shown["p99_ms"] <= 3
    assert shown["samples"] == 3


def test_an_unknown_stage_is_refused_only_while_timing():
    with stage("tea"):
        pass
    with StageClock().running(), pytest.raises(ValueError, match="unknown stage 'tea'"), stage("tea"):
        pass


def test_peak_memory_sees_what_was_freed_again():
    before = memory.resident_bytes()
    if before is None:
        pytest.skip("this system does not say how much memory a process uses")
    with touched(40 * 2**20):
        pass
    assert memory.peak_bytes() >= before + 35 * 2**20
    if memory.reset_peak():
        assert memory.peak_bytes() < before + 35 * 2**20


def paced(seconds):
    """A call that takes the next of `seconds`, the last one for ever, and how often it was made."""
    calls = []

    def call():
        time.sleep(seconds[min(len(calls), len(seconds) - 1)])
        calls.append(None)

    return call, calls


def test_batches_that_agree_are_not_repeated_until_the_budget_is_spent():
    call, calls = paced([0.02])
    samples = timing.seconds_per_image(call, 2, budget=20.0)
    assert timing.SETTLED_SAMPLES <= len(samples) == len(calls) - 1 <= 50
    assert timing._settled(samples.tolist()) or len(samples) == 50
    assert np.median(samples) == pytest.approx(0.01, rel=0.2)


@pytest.mark.parametrize(
    ("samples", "settled"),
    [
        ([1.0] * 8, False),
        ([1.0] * 10, True),
        ([1.0] * 11, False),
        ([1.0] * 5 + [1.01] * 5, True),
        ([1.0] * 5 + [1.03] * 5, False),
        ([1.03] * 5 + [1.0] * 5, False),
    ],
)
def test_samples_have_settled_once_two_halves_agree(samples, settled):
    assert timing._settled(samples) is settled


def test_batches_that_disagree_are_repeated_and_a_slow_one_at_least_twice():
    call, calls = paced([0.001 * (1 + number) for number in range(60)])
    assert len(timing.seconds_per_image(call, 1, budget=0.3)) > timing.SETTLED_SAMPLES
    call, calls = paced([0.05])
    assert len(timing.seconds_per_image(call, 1, budget=0.0)) == 2 and len(calls) == 3
