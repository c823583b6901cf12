"""Threads of a cell unless said: all cores, but one where the cells of a smoke run share the cores."""

import pytest

from benchmarks.cli import asking
from methods.registry import load_registry


@pytest.mark.parametrize(
    ("datasets", "subset", "given", "side_by_side", "expected"),
    [
        (["lfw:smoke"], "standard", None, True, 1),
        (None, "smoke", None, True, 1),
        (["lfw:smoke", "cifar10"], "standard", None, True, 6),
        (["lfw:smoke"], "standard", None, False, 6),
        (["lfw:smoke"], "standard", 4, True, 4),
    ],
)
def test_threads_of_a_request(datasets, subset, given, side_by_side, expected, monkeypatch):
    monkeypatch.setattr(asking, "usable_cores", lambda: 6)
    request = asking.make_request(
        load_registry(()),
        all_methods=False,
        methods=["phash"],
        datasets=datasets,
        subset=subset,
        tasks=None,
        data_dir=None,
        weights_dir=None,
        plugins=None,
        threads=given,
        side_by_side=side_by_side,
    )
    assert request.threads == expected
    assert asking.default_jobs(request) == 6
