"""The list of planted faults fits the code: each names text that is there once, and a test that exists."""

from pathlib import Path

import pytest
from mutants import MUTANTS

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_fits_the_code_and_names_its_test(mutant):
    assert (ROOT / mutant.file).read_text().count(mutant.before) == 1
    assert mutant.before != mutant.after
    file, _, test = mutant.test.partition("::")
    assert f"def {test}(" in (ROOT / file).read_text()
