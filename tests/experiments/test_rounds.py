"""Rounds in which everyone has a turn, in an order of its own each."""

from collections import Counter

from benchmarks.experiments.rounds import Calibration, interleaved, said


def turns(rounds, begins=lambda number: True):
    calibration = Calibration(products=0)
    return list(interleaved("abcd", rounds, calibration, begins)), calibration


def test_everyone_has_a_turn_in_each_round_in_changing_orders():
    order, calibration = turns(20)
    rounds = ["".join(order[start : start + 4]) for start in range(0, 80, 4)]
    assert all(Counter(each) == Counter("abcd") for each in rounds)
    assert len(set(rounds)) > 8
    assert {each[0] for each in rounds} == set("abcd"), "no one is always first"
    assert len(calibration.seconds) == 2 + 80
    assert turns(20)[0] == order, "the orders follow from the seed"


def test_no_round_begins_that_is_not_to():
    assert len(turns(20, lambda number: number < 3)[0]) == 12
    assert turns(20, lambda number: False)[0] == []


def test_rounds_are_said_as_they_begin():
    heard = []
    assert len(turns(2, said(2, heard.append))[0]) == 8
    assert heard == ["round 1 of 2", "round 2 of 2"]
