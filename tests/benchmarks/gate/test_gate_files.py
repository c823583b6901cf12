"""Baselines as files, reports as text: what is written is read back, and what is damaged is said in one line."""

import json

import numpy as np
import pytest
from gate_cells import failed, judged, losing, record
from rich.console import Console

from benchmarks.gate.baseline import BaselineError, read_baseline, write_baseline
from benchmarks.gate.forms import print_report, to_json, to_markdown
from benchmarks.gate.report import compare
from benchmarks.gate.rules import Rules
from benchmarks.gate.sections import headline, origins
from benchmarks.gate.sides import read_side
from benchmarks.gate.snapshot import Update, make_snapshot
from datasets.errors import BenchmarkError


@pytest.fixture
def baseline(tmp_path):
    hits = losing(3)
    hits[5:9] = [0.25, 1 / 3, np.nan, 0.5]
    cells = [record(hits=np.round(hits, 4)), record("phash"), failed("sift")]
    snapshot = make_snapshot("run", cells, [Update("2026-11-21T12:00:00+00:00", "the first", "abc")])
    path = tmp_path / "baseline" / "smoke.json"
    write_baseline(path, snapshot)
    return path, snapshot


def test_a_baseline_is_read_back_as_it_was(baseline):
    path, snapshot = baseline
    again = read_baseline(path)
    assert list(again.cells) == list(snapshot.cells)
    assert again.updates == snapshot.updates
    for cell, before in snapshot.cells.items():
        after = again.cells[cell]
        assert (before.status, before.manifest, before.queries) == (after.status, after.manifest, after.queries)
        assert all(np.array_equal(before.values[name], after.values[name], equal_nan=True) for name in before.values)
    assert {finding.verdict for finding in compare(snapshot, again, (), Rules()).findings} == {"same"}


def test_a_baseline_has_a_line_for_each_cell_and_its_queries_once(baseline):
    text = baseline[0].read_text()
    assert sum(line.startswith('{"cell":') for line in text.splitlines()) == 3
    assert text.count("test/199") == 1


def test_a_folder_with_one_baseline_stands_for_it(baseline):
    path, _ = baseline
    assert read_side(path.parent).source == str(path)
    (path.parent / "standard.json").write_text("{}")
    with pytest.raises(BaselineError, match="smoke.json, standard.json"):
        read_side(path.parent)


def test_places_with_nothing_to_compare_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(BaselineError, match="baseline update"):
            read_side(path)
    (tmp_path / "cells").mkdir()
    with pytest.raises(BaselineError, match="no cell"):
        read_side(tmp_path)


def damage(document, how):
    match how:
        case "schema":
            document["schema"] = 99
        case "no cells":
            del document["cells"]
        case "cells are text":
            document["cells"] = "none"
        case "queries":
            document["queries"] = {}
        case "a value too many":
            document["cells"][0]["values"]["mAP"].append(1)
        case "no number":
            document["cells"][0]["values"]["mAP"][0] = "much"
        case "beyond 1":
            document["cells"][0]["values"]["mAP"][0] = 2
        case "no cell":
            document["cells"][0]["cell"] = {"dataset": "lfw"}
        case "lists":
            document["cells"][0]["cell"]["subset"] = ["smoke"]
    return document


@pytest.mark.parametrize(
    "how",
    [
        "schema",
        "no cells",
        "cells are text",
        "queries",
        "a value too many",
        "no number",
        "beyond 1",
        "no cell",
        "lists",
    ],
)
def test_a_damaged_baseline_is_one_line(baseline, how):
    path, _ = baseline
    path.write_text(json.dumps(damage(json.loads(path.read_text()), how)))
    with pytest.raises(BaselineError, match="smoke.json is no usable baseline") as error:
        read_baseline(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "nul", "[" * 100_000, "\x80"])
def test_no_baseline_at_all_is_one_line(tmp_path, text):
    path = tmp_path / "b.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BaselineError, match="no usable baseline"):
        read_baseline(path)


@pytest.mark.parametrize("rules", [{"alpha": 0}, {"alpha": 1}, {"tolerance": -1}, {"latency_ratio": 0.9}])
def test_thresholds_that_mean_nothing_are_refused(rules):
    with pytest.raises(BenchmarkError, match="--"):
        Rules(**rules)


def test_the_report_says_what_got_worse_by_how_much_and_which_queries():
    report = judged([record(), record("phash")], [record(hits=losing(30)), failed("phash")])
    console = Console(record=True, width=200)
    print_report(console, report)
    printed = console.export_text()
    for text in (printed, to_markdown(report)):
        assert "hog on cifar10:standard, retrieval" in text
        assert "1.000" in text and "0.850" in text and "-0.150" in text
        assert "test/0; test/1" in text and "and 10 more" in text
        assert "had a result, now timeout" in text
        assert headline(report) in text
    assert "of 200 lost" in printed


def test_the_report_for_machines_has_every_finding_and_every_id():
    document = json.loads(json.dumps(to_json(judged([record()], [record(hits=losing(30))]))))
    assert (document["verdict"], document["exit_code"]) == ("worse", 1)
    hit = next(finding for finding in document["findings"] if finding["measure"] == "hit@1")
    assert len(hit["flips"]["lost"]) == 30
    assert {finding["measure"] for finding in document["findings"]} == {"hit@1", "mAP", "peak memory"}


def test_a_hundred_cells_that_were_not_run_are_one_line():
    report = judged([record(f"m{number}") for number in range(100)], [record("other")])
    assert to_markdown(report).count("it was not run") == 1


def test_markdown_shows_hostile_ids_as_text():
    ids = tuple(f"<img src=x>|`@someone` [a](https://www.evil.example) **{number}**\n# title" for number in range(200))
    text = to_markdown(judged([record(queries=ids)], [record(hits=losing(30), queries=ids)]))
    for bad in ("<img", "@someone", "](", "https://", "www.", "**0**", "\n# title", "`"):
        assert bad not in text
    assert "hit@1" in text


@pytest.mark.parametrize(("length", "parts"), [(1000, 3), (2000, 2), (3000, 1)])
def test_markdown_fits_into_a_comment(length, parts):
    ids = tuple("x" * length + str(number) for number in range(200))
    lost, won = record("hog", losing(60), queries=ids), record("phash", losing(60), queries=ids)
    base = [record("hog", queries=ids), won]
    text = to_markdown(judged(base, [lost, record("phash", queries=ids)]))
    assert len(text) < 65_536
    shown = [part in text for part in ("Regression gate", "**Worse**", "**Better**", "What was compared")]
    assert shown == [True, parts > 1, parts > 2, parts > 2]
    assert ("too long for a comment" in text) == (parts < 3)


def test_machines_differ_by_what_they_are_called():
    def lines(*cpus):
        """As read from two files: equal names are not one object."""
        sides = [record(provenance=json.loads(json.dumps({"machine": {"cpu": cpu}}))) for cpu in cpus]
        return origins(judged(sides[:1], sides[1:]))

    assert len(lines("AMD EPYC 7B13", "AMD EPYC 7B13")) == 2
    assert "the machines differ" in lines("AMD EPYC 7B13", "Intel Xeon")[2]
