"""Numbers and their nouns."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from datasets.words import count_of, score_text

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("number", "noun", "plural", "text"),
    [
        (1, "image", "", "1 image"),
        (0, "image", "", "0 images"),
        (1024, "image", "", "1,024 images"),
        (1, "query", "queries", "1 query"),
        (2, "query", "queries", "2 queries"),
        (1, "image is", "images are", "1 image is"),
    ],
)
def test_a_noun_follows_its_number(number, noun, plural, text):
    assert count_of(number, noun, plural) == text


COUNTED = re.compile(r"^ (cells|findings|tables|pictures|queries|labels|threads|cores|epochs run|networks)\b")
"""What commands print counts of: none of these may follow a bare number."""


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks" / "cli").glob("*.py")), ids=lambda path: path.name)
def test_no_command_prints_a_bare_number_before_a_plural(path):
    for text in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr)):
        for value, after in zip(text.values, text.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                assert not COUNTED.match(str(after.value)), f"{path.name}:{text.lineno}: {after.value!r}"


def test_a_score_below_1_is_never_written_as_1():
    assert [score_text(score) for score in (0.99997, 1 - 2**-24, 0.96587, 1.0, -9.5243, 12.0)] == [
        "0.99997",
        "0.9999999",
        "0.9659",
        "1",
        "-9.524",
        "12",
    ]
    assert score_text(0.9996, 3) == "0.9996"
    assert float(score_text(float(np.nextafter(1, 0)))) < 1
