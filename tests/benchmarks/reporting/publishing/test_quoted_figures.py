"""Figures quoted in documents are those of the published tables; a stale one is found, and replaced in its place."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.reporting.publishing.quoted import fresh_text, stale_figures, update_figures
from datasets.errors import BenchmarkError

ROOT = Path(__file__).parents[4]
REFERENCE = ROOT / "results" / "reference"
TABLE = """method,device,hit@1,change,peak_bytes,p50_ms,load_s,word
phash,cpu,0.16537,-0.0021,1048576000,1234.5,0.25,ok
hog,cpu,0.5,0.02,3145728,2,1,ok
hog,gpu,0.75,0.02,3145728,1,1,ok
"""


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "lfw.csv").write_text(TABLE)
    return tmp_path


@pytest.mark.parametrize(
    ("written", "source", "published"),
    [
        ("0.9", "phash hit@1", "0.2"),
        ("0.900", "phash hit@1", "0.165"),
        ("**0.90**", "phash hit@1", "**0.17**"),
        ("`7`", "phash p50_ms", "`1,234`"),
        ("90 %", "phash hit@1", "17 %"),
        ("90.1%", "phash hit@1", "16.5%"),
        ("+0.1", "phash change", "-0.0"),
        ("−0.100", "phash change", "−0.002"),
        ("-0.100", "phash change", "-0.002"),
        ("5 MiB", "phash peak_bytes", "1,000 MiB"),
        ("5.00 GiB", "phash peak_bytes", "0.98 GiB"),
        ("1 ms", "phash p50_ms", "1,234 ms"),
        ("1.0 s", "phash p50_ms", "1.2 s"),
        ("1 ms", "phash load_s", "250 ms"),
        ("0.1", "method=hog,device=gpu hit@1", "0.8"),
        ("0.1–0.2", "method=hog,device=gpu hit@1", "0.1–0.8"),
        ("0.1-0.2", "method=hog,device=gpu hit@1", "0.1-0.8"),
    ],
)
def test_a_figure_keeps_its_form(tables, written, source, published):
    comment = f"<!-- figure: lfw {source} -->"
    text = f"| before 3 | {written}{comment} | after 4 |"
    fresh = fresh_text(text, tables, "a.md")
    assert fresh == f"| before 3 | {published}{comment} | after 4 |"
    assert fresh_text(fresh, tables, "a.md") == fresh


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("0.1<!-- figure: lfw phsh hit@1 -->", "0 rows are phsh"),
        ("0.1<!-- figure: lfw hog hit@1 -->", "2 rows are hog"),
        ("0.1<!-- figure: lfw phash hit@2 -->", "did you mean hit@1"),
        ("0.1<!-- figure: lfw phash word -->", "no number"),
        ("0.1<!-- figure: lwf phash hit@1 -->", "lwf.csv cannot be read"),
        ("high<!-- figure: lfw phash hit@1 -->", "follows no number"),
        ("0.1<!-- figure lfw phash hit@1 -->", "is not <!-- figure: TABLE ROW COLUMN -->"),
    ],
)
def test_a_figure_without_a_source_is_said_in_one_line(tables, comment, said):
    with pytest.raises(BenchmarkError) as caught:
        fresh_text(comment, tables, "a.md")
    assert said in str(caught.value) and str(caught.value).startswith("a.md: ") and "\n" not in str(caught.value)


def test_stale_figures_are_named_and_updated(tables):
    docs = tables / "docs"
    docs.mkdir()
    (docs / "a.md").write_text(
        "nothing\n0.999<!-- figure: lfw phash hit@1 --> and 0.165<!-- figure: lfw phash hit@1 -->"
    )
    (stale,) = stale_figures([docs], tables)
    assert stale == f"{docs / 'a.md'}:2: 0.999, published 0.165 (lfw phash hit@1)"
    command = ["report", "--figures", str(docs), "--reference", str(tables)]
    checked = CliRunner().invoke(app, [*command, "--check"])
    assert (checked.exit_code, "published 0.165" in checked.output) == (1, True)
    assert CliRunner().invoke(app, command).exit_code == 0
    assert CliRunner().invoke(app, [*command, "--check"]).exit_code == 0
    assert update_figures([docs], tables) == []


def test_the_documents_here_quote_what_is_published():
    assert stale_figures([ROOT / "README.md", ROOT / "docs"], REFERENCE) == []
