"""One table, several forms: markdown, CSV and LaTeX say the same, and each escapes what would break it."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.reporting.publishing.readme import BEGIN, END, readme_table, update_readme
from benchmarks.reporting.tables.formats import escape, latex_document, to_latex, to_markdown
from benchmarks.reporting.tables.model import Column, Shown, Table, fraction, shown
from datasets.errors import BenchmarkError

ROOT = Path(__file__).parents[4]
HIT = Column("hit@1", "hit@1", fraction)
METHOD = Column("method", "shown_method", is_text=True)


def table(**changes):
    rows = [
        {"method": "a", "shown_method": "a_1 †", "hit@1": 0.75, "hit@1_interval": (0.7, 0.8)},
        {"method": "b", "shown_method": "50% & more", "hit@1": 0.74},
        {"method": "c", "shown_method": "c", "hit@1": None, "word": "timeout", "word_in": ("hit@1",)},
    ]
    return Table("t", (METHOD, HIT), rows, ["**All** of it, 100 %."], {"hit@1": "a"}, {"hit@1": {"b"}}, **changes)


def test_a_cell_is_a_figure_with_its_interval_and_mark_or_a_word():
    said = [shown(table(), HIT, row) for row in table().rows]
    assert said == [Shown("0.750", ("0.700", "0.800"), mark="best"), Shown("0.740", mark="tied"), Shown("timeout")]


def test_an_interval_over_clusters_is_told_beside_that_over_queries():
    told = table()
    told.rows[0] |= {"hit@1_clustered_interval": (0.6, 0.9), "clustered_by": "original"}
    assert "| **0.750 [0.700, 0.800], by original [0.600, 0.900]** |" in to_markdown(told)
    assert r"{\scriptsize [0.700, 0.800]} {\scriptsize by original [0.600, 0.900]}}" in to_latex(told, "x")
    assert shown(told, HIT, told.rows[1]).clustered is None


def test_forms_agree():
    markdown, latex = to_markdown(table()), to_latex(table(), "x")
    assert "| a_1 † | **0.750 [0.700, 0.800]** |" in markdown
    assert r"a\_1 \textdagger{} & \textbf{0.750 {\scriptsize [0.700, 0.800]}} \\" in latex
    assert r"50\% \& more & $\approx$ 0.740 \\" in latex
    assert r"c & timeout \\" in latex
    assert r"\textbf{All} of it, 100 \%." in latex


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_no_text_is_a_latex_command(text):
    printed = escape(text)
    for known in (r"\textbackslash{}", r"\textasciitilde{}", r"\textasciicircum{}", r"\textless{}", r"\textgreater{}"):
        printed = printed.replace(known, "")
    printed = re.sub(
        r"\\(textbar|textquotedbl|textdagger(?:dbl)?|dots)\{\}|\$\\(approx|pm|times)\$|\\[&%$#_{}]", "", printed
    )
    assert not set(printed) & set("\\&%$#_{}~^\n")


def test_environments_are_closed_and_labels_differ():
    text = latex_document([table(), table()], "lfw-standard")
    for name in ("table", "tabular"):
        assert text.count(f"\\begin{{{name}}}") == text.count(f"\\end{{{name}}}") == 2
    assert re.findall(r"\\label\{(.*?)\}", text) == ["tab:lfw-standard", "tab:lfw-standard-2"]


def overview(path, **changes):
    """An overview of one data set with one row."""
    row = {"dataset": "lfw", "subset": "standard", "task": "retrieval", "method": "svm", "family": "classifier"}
    row |= {"supervised": True, "trained": True, "status": "ok", "engine": "keras", "threads": 2, "jobs": 1}
    row |= {"hit@1": 0.5, "hit@1_mark": "best", "p50_ms": 2.0, "gallery_images_per_s": 100.0, "peak_bytes": 2**20}
    row |= {"index_bytes_per_image": 8, "gallery": 10, "queries": 5, "machine": "a machine", **changes}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    return path


def check(readme, out):
    return CliRunner().invoke(app, ["report", "--readme", str(readme), "--check", "--reference", str(out)])


def test_a_readme_that_is_out_of_date_is_found(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    assert update_readme(readme, overview(tmp_path / "overview.csv"), "standard")
    assert "| svm † | classifier | **0.500** | 2 | 1.0 | 8 |" in readme.read_text()
    assert readme.read_text().startswith("before\n")
    assert readme.read_text().endswith("after\n")
    assert check(readme, tmp_path).exit_code == 0
    overview(tmp_path / "overview.csv", **{"hit@1": 0.25})
    stale = check(readme, tmp_path)
    assert (stale.exit_code, "is stale" in stale.output) == (1, True)


def test_the_readme_here_shows_the_results_here():
    result = check(ROOT / "README.md", ROOT / "results" / "reference")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("changes", [{"hit@1": "high"}, {"subset": "smoke"}])
def test_an_overview_without_the_figures_is_said_in_one_line(tmp_path, changes):
    with pytest.raises(BenchmarkError, match=r"overview\.csv"):
        readme_table(overview(tmp_path / "overview.csv", **changes), "standard")


def test_an_overview_of_an_older_version_is_said_in_one_line(tmp_path):
    path = overview(tmp_path / "overview.csv")
    path.write_text(path.read_text().replace("machine", "engine2"))
    with pytest.raises(BenchmarkError, match="write it again"):
        readme_table(path, "standard")
    with pytest.raises(BenchmarkError, match="is not there"):
        readme_table(tmp_path / "none.csv", "standard")
