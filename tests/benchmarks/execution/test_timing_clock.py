"""How often things are timed, by a clock that the test moves: exact on any machine, however busy."""

from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.execution import timing
from benchmarks.protocol import Timing
from datasets.imageset import ImageSet, Item
from methods.stages import stage

QUERIES = ImageSet([Item(str(number), "x") for number in range(3)], None)


class Clock:
    """`perf_counter` gives `now`; work moves it."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now

    def work(self, seconds):
        """A call that takes the next of `seconds`, the last of them ever after."""
        calls = []

        def call():
            taken = seconds[min(len(calls), len(seconds) - 1)]
            calls.append(taken)
            self.now += taken

        return call, calls


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    return clock


@pytest.mark.parametrize(
    ("seconds", "budget", "calls"),
    [
        ([1.0], 100.0, 10),
        ([1.0] * 5 + [1.09], 100.0, 10),
        ([1.0] * 5 + [0.91], 100.0, 10),
        ([1.0] * 5 + [1.25], 100.0, 12),
        ([1.0] * 5 + [0.75], 100.0, 12),
        ([2.0, 1.0], 100.0, 10),
        ([3.0] * 3 + [1.0], 100.0, 11),
        ([1.0], 0.0, 2),
        ([1.0], 2.5, 3),
        ([1.0], 4.0, 4),
    ],
)
def test_a_warm_up_ends_when_two_fives_agree_or_its_time_is_up(clock, seconds, budget, calls):
    call, made = clock.work(seconds)
    assert timing.warm_up(call, budget) == pytest.approx(made)
    assert len(made) == calls


@pytest.mark.parametrize(
    ("queries", "seconds", "cost", "asked"),
    [
        (8, 100.0, 1.0, 8),
        (100, 7.5, 1.0, 8),
        (100, 7.0, 1.0, 7),
        (100, 0.0, 1.0, 5),
        (3, 100.0, 1.0, 5),
        (5, 9.0, 1.0, 5),
    ],
)
def test_queries_are_asked_in_turn_until_the_budget_is_spent(clock, queries, seconds, cost, asked):
    budget = Timing(queries=queries, seconds=seconds, batch=1, gallery_sample=1)
    ids = []
    for single in timing._in_turn(QUERIES, budget):
        assert len(single) == 1
        ids.append(single.items[0].id)
        clock.now += 1.0
    assert ids == [str(number % 3) for number in range(asked)]


@pytest.mark.parametrize(
    ("seconds", "budget", "samples"),
    [
        ([9.0, 2.0], 1000.0, 10),
        ([9.0, 2.0], 6.0, 3),
        ([9.0, 2.0], 5.0, 3),
        ([9.0, 2.0], 0.0, 2),
        ([0.5 * (number + 1) for number in range(60)], 1e6, 50),
    ],
)
def test_batches_are_timed_until_they_settle_or_the_budget_is_spent(clock, seconds, budget, samples):
    call, made = clock.work(seconds)
    found = timing.seconds_per_image(call, 4, budget)
    assert len(found) == samples
    assert found == pytest.approx(np.array(made[1:]) / 4)  # the first call warms up and does not count


@pytest.mark.parametrize(
    ("late", "settled"), [(1.0, True), (1.0199, True), (1.021, False), (1 / 1.0199, True), (1 / 1.021, False)]
)
def test_two_halves_agree_within_a_fiftieth_of_the_smaller(late, settled):
    assert timing._settled([1.0] * 5 + [late] * 5) is settled
    assert not timing._settled([1.0] * 8)
    assert timing._settled([1.0] * 12) and not timing._settled([1.0] * 13)


def test_samples_are_the_seconds_of_each_query_and_stages_its_parts(clock, monkeypatch):
    monkeypatch.setattr("methods.stages.time", SimpleNamespace(perf_counter=clock.perf_counter), raising=True)

    class Method:
        asked = 0

        def search(self, queries, k):
            assert k == 20
            self.asked += 1
            with stage("encode"):
                clock.now += 2.0 * self.asked
            if self.asked == 2:
                with stage("rerank"):
                    clock.now += 0.5
            clock.now += 0.25

    samples = timing.timed_queries(Method(), islice((QUERIES[:1] for _ in range(9)), 3), 20, warm_up_calls=7)
    assert samples.total == pytest.approx([2.25, 4.75, 6.25])
    assert set(samples.stages) == {"encode", "rerank"}
    assert samples.stages["encode"] == pytest.approx([2.0, 4.0, 6.0])
    assert samples.stages["rerank"] == pytest.approx([0.0, 0.5, 0.0])
    assert samples.other == pytest.approx([0.25] * 3)
    assert samples.warm_up == 7


def test_a_latency_has_its_warm_up_apart(clock):
    class Method:
        calls = 0

        def search(self, queries, k):
            self.calls += 1
            clock.now += 1.0

    method = Method()
    samples = timing.query_latency(method, QUERIES, 5, Timing(queries=6, seconds=50.0, batch=1, gallery_sample=1))
    assert (samples.warm_up, len(samples.total), method.calls) == (10, 6, 16)
