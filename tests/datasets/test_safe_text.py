"""Text of others is neutral wherever it goes, and ordinary text is left as it is."""

import itertools

import pytest

from datasets.safe_text import csv_field, markdown, one_line, printable, visible

ORDINARY = ("IMG 1703.jpg", "猫", "Åsa Öberg", "نام\u200cها", "👩\u200d🚀", "a_b-c.d", "C:\\photos", "x\\y", "≈ 0.5 ±")
HIDDEN = (
    "\x1b[2J",
    "a\nb",
    "\u202egnp",
    "\udcff",
    "\x00",
    "\x85",
    "\u2028",
    "\ufeff",
    "\u2066",
    "\x9b31m",
    "\x7f",
    "\U000e0041",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_unchanged(text):
    assert visible(text) == printable(text) == one_line(text) == csv_field(text) == text


@pytest.mark.parametrize("text", HIDDEN)
@pytest.mark.parametrize("way", [visible, printable, one_line, csv_field, markdown])
def test_what_is_hidden_is_written_out(text, way):
    shown = way(text)
    assert shown.isprintable()
    shown.encode("utf-8")


def test_names_that_differ_stay_different():
    texts = ["".join(parts) for n in range(4) for parts in itertools.product(("\x1b", "\\", "x1b", "a"), repeat=n)]
    assert len({visible(text) for text in texts}) == len(set(texts))


def test_a_long_line_is_cut_and_says_so():
    line = one_line("word " * 40_000, 500)
    assert len(line) < 560
    assert line.endswith("… (cut: 200,000 characters)")


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_a_formula_is_text(text):
    assert csv_field(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-0.5", "+1e-3", "-inf", "12 %", 0.5, -3, None, "nan"])
def test_numbers_stay_numbers(value):
    assert csv_field(value) == value


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", "a\\|b"),
        ("<script>", "&lt;script>"),
        ("[x](http://a.b)", "\\[x\\](http://a.b)"),
        ("**b** `c`", "\\*\\*b\\*\\* \\`c\\`"),
        ("p < 0.05, a_b", "p < 0.05, a_b"),
        ("&lt;b", "\\&lt;b"),
    ],
)
def test_markdown_is_plain_text(text, written):
    assert markdown(text) == written
