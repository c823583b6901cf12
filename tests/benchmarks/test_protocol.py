"""The protocol's fixed points: whoever changes one makes a new version, and this test with it."""

import pytest

from benchmarks import protocol
from benchmarks.protocol import Timing, size_class, timing_of


def test_the_fixed_points_of_version_1():
    assert protocol.PROTOCOL_VERSION == 1
    assert protocol.SEED == 20240501
    assert protocol.SEARCH_DEPTH == 20
    assert {
        "smoke": Timing(queries=20, seconds=0.75, batch=4, gallery_sample=4),
        "standard": Timing(queries=100, seconds=8.0, batch=32, gallery_sample=64, patience=8.0),
        "full": Timing(queries=300, seconds=30.0, batch=32, gallery_sample=256, patience=30.0),
    } == protocol.TIMING
    assert {
        "smoke": Timing(queries=5, seconds=0.5, batch=1, gallery_sample=1),
        "standard": Timing(queries=10, seconds=1.0, batch=4, gallery_sample=4),
        "full": Timing(queries=10, seconds=1.0, batch=4, gallery_sample=4),
    } == protocol.UNTRAINED
    assert protocol.ROBUSTNESS_ORIGINALS == {"smoke": 5, "standard": 30, "full": 200}
    assert protocol.COPIES_ORIGINALS == {"smoke": 20, "standard": 150, "full": 500}
    assert protocol.TIMEOUT == {"smoke": 300.0, "standard": 1800.0, "full": 14400.0}


@pytest.mark.parametrize(
    ("subset", "measured_like"),
    [
        ("smoke", "smoke"),
        ("standard", "standard"),
        ("full", "full"),
        ("s3-1508", "standard"),
        ("first-250", "standard"),
    ],
)
def test_a_subset_has_the_budget_of_its_size(subset, measured_like):
    assert size_class(subset) == measured_like
    assert timing_of(subset, trained=True) is protocol.TIMING[measured_like]
    assert timing_of(subset, trained=False) is protocol.UNTRAINED[measured_like]


def test_a_budget_cannot_be_changed_by_who_uses_it():
    with pytest.raises(AttributeError):
        protocol.TIMING["smoke"].queries = 1
