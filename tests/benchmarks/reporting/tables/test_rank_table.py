"""The ranks over data sets in the overview, its CSV, the report and README's table, from cells that were run."""

import csv
import re

import numpy as np
import pytest
from bench_support import Bench
from PIL import Image
from test_readme_table import members

from benchmarks.core.store import Store
from benchmarks.metrics.statistics import paired_difference
from benchmarks.protocol import SEED
from benchmarks.reporting.html.overview import overview
from benchmarks.reporting.publishing.readme import readme_table
from benchmarks.reporting.publishing.write import write_pages
from benchmarks.reporting.tables import gains
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.pages import make_pages
from benchmarks.reporting.tables.ranks import summary_tables
from benchmarks.reporting.tables.summary import Summarised
from benchmarks.reporting.tables.winners import winners_table
from methods.registry import load_registry


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Two folders of tiny pictures, four methods: the output folder, and the pages."""
    root, rng = tmp_path_factory.mktemp("ranks"), np.random.default_rng(0)
    for name in ("first", "second"):
        for label in range(6):
            base = rng.integers(0, 255, size=(4, 4, 3))
            (root / name / f"p{label}").mkdir(parents=True)
            for number in range(4):
                small = np.clip(base + rng.normal(0, 70, size=base.shape), 0, 255).astype(np.uint8)
                Image.fromarray(small).resize((32, 32)).save(root / name / f"p{label}" / f"{number}.png")
    bench = Bench(Store(root / "out"), load_registry(), root)
    bench.store.require_writable()
    datasets = tuple((f"folder:{root / name}", "smoke") for name in ("first", "second"))
    bench.run("random", "pixels", "phash", "phash-mih", tasks=("retrieval",), datasets=datasets, plugins=())
    return bench, make_pages(bench.store, bench.registry)


def ranks(pages):
    return [table for table in summary_tables(pages) if table.title.startswith("Rank over")]


def test_ranks_are_in_the_overview_in_its_csv_in_the_report_and_in_readmes_table(finished, tmp_path):
    bench, pages = finished
    (table,) = ranks(pages)
    over = table.title.removeprefix("Rank over ").removesuffix(", smoke subsets")
    write_pages(bench.store, bench.registry, pages, tmp_path)
    text = re.sub(" +", " ", (tmp_path / "overview.md").read_text())
    assert "## Rank over folder:" in text
    assert re.search(r"\| 1 \[1, [12]\] \| \w+ \| \w+ \| [01]\.\d+ \[", text)
    with (tmp_path / "overview.csv").open() as file:
        ranked = {row["method"]: row for row in csv.DictReader(file) if row["rank"]}
    assert set(ranked) == {"pixels", "phash"}
    for row in ranked.values():
        assert (float(row["ranked"]), row["rank_over"]) == (2, over)
        assert float(row["rank_low"]) <= float(row["rank"]) <= float(row["rank_high"])
    (section,) = overview(pages)
    assert "<summary>Rank over folder:" in section.html
    shown = readme_table(tmp_path / "overview.csv", "smoke")
    assert "rank" in [column.key for column in shown.columns]
    assert any(f"among 2 methods by the mean hit@1 over {over}" in note for note in shown.notes)


def test_the_order_is_that_of_the_mean_over_data_sets(finished):
    pages = finished[1]
    (table,) = ranks(pages)
    for row in table.rows:
        hits = [page.retrieval.scores[row["method"]].estimates["hit@1"].mean for page in pages if page.retrieval]
        assert row["hit@1"] == pytest.approx(np.mean(hits))
    assert [row["hit@1"] for row in table.rows] == sorted((row["hit@1"] for row in table.rows), reverse=True)


def test_methods_that_ran_on_some_data_sets_alone_are_left_out_of_the_ranking_over_all(finished, monkeypatch):
    pages = finished[1]
    last = [page.retrieval for page in pages if page.retrieval][-1]
    monkeypatch.setattr(last, "rows", [row for row in last.rows if row["method"] != "phash"])
    assert ranks(pages) == []


def test_a_row_without_figures_takes_no_part(finished, monkeypatch):
    pages = finished[1]
    last = [page.retrieval for page in pages if page.retrieval][-1]
    untrained = {key: value for key, value in last.rows[0].items() if key != "hit@1"}
    untrained |= {"method": "later", "family": "network", "word": "untrained"}
    monkeypatch.setattr(last, "rows", [untrained, *last.rows])
    (table,) = ranks(pages)
    assert {row["method"] for row in table.rows} == {"pixels", "phash"}


def test_an_overview_without_ranks_makes_the_table_it_made():
    plain = winners_table(members(), {})
    assert "rank" not in [column.key for column in plain.columns]
    rank = {"rank": 2, "rank_low": 1, "rank_high": 3, "ranked": 4, "rank_over": "a and b"}
    some = [Summarised(each.title, each.subset, [dict(row) | rank for row in each.rows]) for each in members()]
    assert "2 [1, 3]" in to_markdown(winners_table(some, {}))


def test_a_row_that_ranks_again_stands_beside_the_row_it_starts_from(finished, monkeypatch):
    tables = finished[1][0].retrieval
    assert gains.gain_table(tables) is None
    monkeypatch.setattr(gains, "BASES", {"phash-mih": "phash", "pixels": "phash", "phash": "absent"})
    table = gains.gain_table(tables)
    same, other = sorted(table.rows, key=lambda row: row["method"])
    assert (same["method"], same["base"], other["method"]) == ("phash-mih", "phash", "pixels")
    assert (same["hit@1_gain"], same["mAP_gain"], same["mAP_gain_interval"]) == (0, 0, (0, 0))
    values = [tables.scores[name].values["mAP"] for name in ("pixels", "phash")]
    assert other["mAP_gain"] == pytest.approx(np.nanmean(values[0]) - np.nanmean(values[1]))
    assert other["mAP_gain_interval"] == tuple(paired_difference(*values, seed=SEED).interval)
    assert other["base_p50_ms"] == next(row["p50_ms"] for row in tables.rows if row["method"] == "phash")
