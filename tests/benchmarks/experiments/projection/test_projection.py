"""What larger galleries would take: laws, their test on a size not seen, fleets, the page."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cli import cli, one_line_error

from benchmarks.experiments.projection.costs import Affine, Costs, costs_of, fit_affine
from benchmarks.experiments.projection.fleet import USABLE, Machine, fleet_for
from benchmarks.experiments.scaling.growth import Curves, Growth
from datasets.errors import BenchmarkError

GIB = 2**30


def point(size, search, *, index=2048, peak=4096, extraction=0.02):
    """A stored point: `search` seconds a query, bytes a vector."""
    return {
        "status": "ok",
        "size": size,
        "search_s": [search] * 5,
        "batch_s": [search / 4] * 5,
        "fit_s": [0.0],
        "index_s": [1e-6 * size],
        "index_bytes": index * size,
        "memory": {"peak": peak * size + 2**20},
        "inputs": {"threads": 2},
        "extraction_s": extraction,
    }


def costs(points):
    return costs_of([Curves("lfw", "full", [Growth("exact", points)])])


def linear(*sizes):
    return [point(size, 1e-4 + 1e-7 * size) for size in sizes]


@given(
    floor=st.floats(1e-6, 1.0),
    slope=st.floats(1e-9, 1e-3),
    sizes=st.lists(st.integers(10, 10**6), min_size=2, max_size=6, unique=True),
)
def test_a_law_is_found_again(floor, slope, sizes):
    sizes = np.array(sizes, dtype=float)
    law = fit_affine(sizes, floor + slope * sizes)
    assert np.allclose([law.at(size) for size in sizes], floor + slope * sizes, rtol=1e-5)


def test_no_cost_shrinks_with_size():
    law = fit_affine(np.array([1.0, 2.0, 4.0]), np.array([4.0, 2.0, 1.0]))
    assert law.slope == 0 and law.floor > 0


@given(floor=st.floats(0, 10), slope=st.floats(1e-6, 10), size=st.floats(0, 1e9))
def test_size_for_undoes_at(floor, slope, size):
    law = Affine(floor, slope)
    assert law.size_for(law.at(size)) == pytest.approx(size, rel=1e-3, abs=1e-2 + 1e-9 * floor / slope)


def test_what_the_floor_forbids_has_no_size_and_what_does_not_grow_has_any():
    assert Affine(2.0, 1.0).size_for(1.0) == 0
    assert Affine(2.0, 0.0).size_for(3.0) == float("inf")


def test_the_largest_size_is_predicted_from_the_others():
    (found,) = costs(linear(1000, 2000, 5000, 50_000))
    search = next(check for check in found.checks if check.quantity == "search")
    assert (search.fitted_to, search.size) == (5000, 50_000)
    assert search.error == pytest.approx(0, abs=1e-6) and search.is_near


def test_a_cost_that_bends_is_not_near():
    points = linear(1000, 2000, 5000)
    points.append(point(50_000, 10 * (1e-4 + 1e-7 * 50_000)))
    (found,) = costs(points)
    search = next(check for check in found.checks if check.quantity == "search")
    assert search.error == pytest.approx(-0.9, abs=1e-6) and not search.is_near


def test_two_sizes_are_too_few_and_so_is_no_extraction():
    assert not costs(linear(1000, 2000))
    assert not costs([row | {"extraction_s": None} for row in linear(1000, 2000, 5000)])


def test_memory_bounds_the_shard():
    (found,) = costs(linear(1000, 2000, 5000))
    fleet = fleet_for(found, 1e9, Machine(1 * GIB, 10.0))
    most = (USABLE * GIB - 2**20) / 4096
    assert fleet.bound == "memory" and fleet.shard <= most
    assert fleet.machines == np.ceil(1e9 / most)
    assert fleet.index_bytes == pytest.approx(2048e9)


def test_latency_bounds_the_shard():
    (found,) = costs(linear(1000, 2000, 5000))
    fleet = fleet_for(found, 1e9, Machine(1e6 * GIB, 0.1))
    assert fleet.bound == "latency"
    assert fleet.shard <= (0.1 - 1e-4) / 1e-7
    assert fleet.search_s <= 0.1


def test_what_fits_on_one_machine_is_bound_by_nothing():
    (found,) = costs(linear(1000, 2000, 5000))
    fleet = fleet_for(found, 1000, Machine(64 * GIB, 0.1))
    assert (fleet.machines, fleet.bound) == (1, "")
    assert fleet.extraction_hours == pytest.approx(1000 * 0.02 / 3600)
    assert fleet.hours_per_million == pytest.approx(1e6 * (0.02 + 1e-6) / 3600)


def test_what_does_not_grow_needs_one_machine():
    laws = {name: Affine(1e-4, 0.0) for name in ("search", "build", "peak", "index")}
    fleet = fleet_for(Costs("phash", "lfw:full", laws, 1e-3, 2, 5000, ()), 1e6, Machine(GIB, 1.0))
    assert (fleet.machines, fleet.bound) == (1, "")


def test_a_search_too_slow_for_one_vector_cannot_be():
    (found,) = costs(linear(1000, 2000, 5000))
    assert fleet_for(found, 1e6, Machine(64 * GIB, 1e-5)) is None


def test_a_method_without_a_peak_cannot_be_projected():
    laws = {"search": Affine(0, 1e-7), "build": Affine(0, 1e-6), "index": Affine(0, 8)}
    assert fleet_for(Costs("phash", "lfw:full", laws, 1e-3, 2, 5000, ()), 1e6, Machine(GIB, 1.0)) is None


def test_a_gallery_of_nothing_is_refused():
    (found,) = costs(linear(1000, 2000, 5000))
    with pytest.raises(BenchmarkError, match="from 1 up"):
        fleet_for(found, 0, Machine(GIB, 1.0))


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    out = tmp_path_factory.mktemp("projection") / "out"
    done = cli("scaling", "-m", "phash", "-d", "cifar10", "--sizes", "20,40,80", "--threads", "1", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_page_checks_itself_and_names_the_machine(measured):
    done = cli("project", "--images", "1e6,1e9", "--memory", "32", "--latency", "50", "--out", measured)
    assert done.returncode == 0, done.stderr
    text = (measured / "projection.md").read_text()
    for expected in (
        "within 20%",
        "Machine: ",
        "of 32 GiB",
        "in 50 ms",
        "| phash | 1,000,000,000 |",
        "above 80 vectors",
    ):
        assert expected in text
    with (measured / "projection.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["images"]) for row in rows] == [1e6, 1e9]
    assert float(rows[1]["index_gib"]) == pytest.approx(8e9 / GIB, rel=0.01)


def test_nothing_measured_is_an_error_that_says_what_to_run(tmp_path):
    assert "run `scaling" in one_line_error(cli("project", "--out", tmp_path))


@pytest.mark.parametrize("text", ["many", "1e6,", "0", "inf", ""])
def test_sizes_that_are_none_are_refused(measured, text):
    assert "--images" in one_line_error(cli("project", "--images", text, "--out", measured))
