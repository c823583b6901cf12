"""Canaries of the verification task are held against theory as those of retrieval are."""

import numpy as np
import pytest
from report_support import HandMade

from benchmarks.core.cells import Cell
from benchmarks.core.scoring import verification_findings
from benchmarks.reporting.publishing.write import CanaryError, write_tables
from methods.registry import load_registry

PAIRS = 400


def stored(cells, method, scores, same=None, fold=None):
    cell = Cell("lfw", "standard", "verification", method)
    rng = np.random.default_rng(1)
    same = rng.permutation(np.arange(PAIRS) % 2 == 0) if same is None else same
    fold = np.arange(PAIRS) % 10 if fold is None else fold
    cells.cell(cell, cells.hash, wall_s=1.0, jobs=1, provenance=PROVENANCE, inputs=INPUTS | {"manifest": cells.hash})
    np.savez(cells.store.folder(cell) / "pairs.npz", scores=scores(same), same=same, fold=fold)
    return cell


PROVENANCE = {
    "machine": {"cpu": "C", "cores": 2, "memory_gib": 4.0, "gpu": None, "system": "Linux"},
    "git": {"commit": "c" * 40, "dirty": False},
    "packages": {"numpy": "2"},
    "python": "3.11",
}
INPUTS = {"threads": 2, "protocol": 1, "seed": 7}


@pytest.fixture
def cells(tmp_path):
    return HandMade(tmp_path)


def noise(same, seed=0):
    return np.random.default_rng(seed).random(len(same))


@pytest.mark.parametrize(
    ("method", "scores"),
    [
        ("random", noise),
        ("constant", lambda same: np.zeros(len(same))),
        ("oracle", lambda same: same.astype(float)),
        ("phash", lambda same: 1.0 - same),  # no canary: it may be as bad as it likes
    ],
)
def test_canaries_where_theory_puts_them(cells, method, scores):
    assert verification_findings(cells.store, stored(cells, method, scores)) == []


@pytest.mark.parametrize(
    ("method", "scores", "figure"),
    [
        ("random", lambda same: noise(same) + 0.5 * same, "AUC"),
        ("constant", lambda same: 0.1 * same, "AUC"),
        ("oracle", lambda same: np.where(np.arange(len(same)) < 40, 0.0, same), "accuracy"),
    ],
)
def test_a_canary_off_its_level_stops_the_tables(cells, method, scores, figure):
    cell = stored(cells, method, scores)
    findings = verification_findings(cells.store, cell)
    assert any(figure in text for text in findings)
    with pytest.raises(CanaryError, match="verification"):
        write_tables(cells.store, load_registry(), cells.store.root / "tables")


def test_folds_of_uneven_kinds_are_allowed_for(cells):
    same = np.arange(PAIRS) % 5 != 0  # four in five pairs are of one person, as where images of a copy are missing
    found = verification_findings(cells.store, stored(cells, "constant", lambda same: np.zeros(len(same)), same))
    assert found == []
