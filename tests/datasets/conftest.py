"""Tests of the data sets draw what they look at themselves."""

import pytest

from datasets.synthetic import DRAWINGS


@pytest.fixture(autouse=True)
def drawn_afresh(monkeypatch):
    """Of drawings kept for all tests, no test of the code that draws could fail."""
    monkeypatch.delenv(DRAWINGS, raising=False)
