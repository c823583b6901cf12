"""The plot of accuracy and latency beside the tables: names that can be read."""

from itertools import combinations

import matplotlib
import numpy as np
import pytest

from benchmarks.reporting.tables.plot import accuracy_latency_plot, extent, place_names

matplotlib.use("Agg")


def crowd(count, seed):
    """Points of which many stand close together."""
    rng = np.random.default_rng(seed)
    hits = np.clip(rng.normal(0.5, 0.2, count), 0.02, 0.98)
    names = [f"method-{number}-pca" for number in range(count)]
    times = np.exp(rng.normal(1, 1, count))
    return [
        {"method": n, "p50_ms": t, "hit@1": h, "hit@1_low": h - 0.03, "hit@1_high": h + 0.03, "family": "hash"}
        for n, t, h in zip(names, times, hits, strict=True)
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("count", "most_left_out"), [(8, 0), (35, 12)])
def test_names_cover_neither_each_other_nor_points_nor_intervals(count, most_left_out, seed):
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9.5, 5.6), dpi=110)
    points = crowd(count, seed)
    axes.set(xscale="log", ylim=(-0.05, 1.08), xlim=(0.1, 60))
    names = place_names(figure, axes, points)
    assert len(names) >= count - most_left_out
    written = [text.get_window_extent() for text in axes.texts if text.get_text()]
    gaps = [max(b.x0 - a.x1, a.x0 - b.x1, b.y0 - a.y1, a.y0 - b.y1) for a, b in combinations(written, 2)]
    assert min(gaps) >= 3  # a name's halo covers no letter of the next
    assert not [pair for pair in combinations(names.values(), 2) if pair[0].overlaps(pair[1])]
    assert not [1 for name in names.values() for row in points if name.overlaps(extent(axes, row))]
    assert {text.get_text() for text in axes.texts} - {""} == set(names)
    plt.close(figure)


def test_the_picture_is_written(tmp_path):
    rows = [{**row, "reference": ""} for row in crowd(6, 0)]
    path = accuracy_latency_plot(rows, "A title", tmp_path / "plot.png")
    assert path is not None
    assert path.read_bytes().startswith(b"\x89PNG")
