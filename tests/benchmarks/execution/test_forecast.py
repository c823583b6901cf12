"""How long a run will take: by the same cell, else the same method, else its family, corrected as cells end."""

from dataclasses import replace

import pytest

from benchmarks.execution.forecast import Forecast, expected_seconds, total_seconds, typical_seconds


@pytest.fixture
def timed(bench):
    """A stored run of two methods, whose rows say that they took 7 s."""
    bench.run("mean-colour", "random")
    rows = list(bench.store.rows())
    for _, row in rows:
        row["wall_s"] = 7.0
    bench.store.rows = lambda: iter(rows)
    return bench


def plan_of(bench, *methods, subset="smoke"):
    return bench.plan(*methods, datasets=((f"folder:{bench.folder}", subset),)).cells


def test_the_last_time_of_the_same_cell_comes_first(timed):
    cells = [replace(planned, last_seconds=3.0) for planned in plan_of(timed, "mean-colour")]
    assert list(expected_seconds(cells, timed.store, timed.registry).values()) == [3.0]


def test_then_the_same_method_elsewhere_by_size(timed):
    (cell,) = plan_of(timed, "mean-colour", subset="standard")
    ratio = typical_seconds("retrieval", "pixels", "standard", 60) / typical_seconds("retrieval", "pixels", "smoke", 60)
    assert expected_seconds([cell], timed.store, timed.registry)[cell] == pytest.approx(7.0 * ratio)


def test_then_its_family(timed):
    (cell,) = plan_of(timed, "bad-sleep")  # of the family of mean-colour, never run
    assert expected_seconds([cell], timed.store, timed.registry)[cell] == pytest.approx(7.0)


def test_then_what_is_typical(bench):
    (cell,) = plan_of(bench, "phash")
    expected = expected_seconds([cell], bench.store, bench.registry)[cell]
    assert expected == typical_seconds("retrieval", "hash", "smoke", cell.images)


def test_what_is_typical_grows_with_the_images_of_a_subset(bench):
    (cell,) = plan_of(bench, "phash", subset="full")
    assert cell.images == sum(1 for path in bench.folder.rglob("*") if path.is_file())
    expected = [
        expected_seconds([planned], bench.store, bench.registry)[planned]
        for planned in (replace(cell, images=images) for images in (40, 1_300, 13_000, 130_000))
    ]
    assert expected[0] == expected[1]
    assert expected[2:] == pytest.approx([4.6 * expected[1], 40.6 * expected[1]])


def test_a_method_that_was_timed_on_few_images_is_expected_to_take_longer_on_many(timed):
    (cell,) = plan_of(timed, "mean-colour", subset="full")
    few, many = (replace(cell, images=images) for images in (1_300, 26_000))
    expected = expected_seconds([few, many], timed.store, timed.registry)
    assert expected[many] == pytest.approx(8.6 * expected[few])


def test_what_is_left_shrinks_and_follows_the_pace(bench):
    cells = plan_of(bench, "mean-colour", "random", "bad-sleep")
    now = 0.0
    forecast = Forecast(dict.fromkeys(cells, 60.0), jobs=1, clock=lambda: now)
    assert forecast.left == pytest.approx(180)
    forecast.started(cells[0])
    now = 30.0
    assert forecast.left == pytest.approx(150)
    now = 120.0  # twice as long as expected
    forecast.finished(cells[0])
    assert 180 < forecast.left < 240  # two more, which should take nearly twice as long as well
    for cell in cells[1:]:
        forecast.started(cell)
        forecast.finished(cell)
    assert forecast.left == 0


def test_cells_side_by_side_take_as_long_as_the_longest_at_least(bench):
    cells = plan_of(bench, "mean-colour", "random", "bad-sleep", "phash")
    assert total_seconds(dict.fromkeys(cells, 10.0), jobs=2) == 20
    assert total_seconds(dict(zip(cells, [100.0, 1.0, 1.0], strict=False)), jobs=2) == 100
    assert total_seconds({}, jobs=2) == 0


def test_cells_whose_times_are_results_run_one_by_one(bench):
    timed = bench.plan("mean-colour", "random", datasets=((f"folder:{bench.folder}", "standard"),)).cells
    others = plan_of(bench, "phash", "mean-colour")
    assert [each.is_timed for each in (*timed, *others)] == [True, True, False, False]
    assert total_seconds(dict.fromkeys([*timed, *others], 10.0), jobs=2) == 30
