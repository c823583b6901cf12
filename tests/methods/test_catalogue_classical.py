import pytest

from methods.building import build_method, resolve
from methods.catalogue_classical import CLASSICAL
from methods.conformance import check
from methods.contracts import Verifier

ROWS = {spec.id: spec for spec in CLASSICAL}


def test_the_rows_are_these():
    assert list(ROWS) == [
        "colour-histogram",
        "hog",
        "sift-mean-distance",
        "sift-indexed",
        "sift-bovw",
        "sift-bovw-ransac",
        "sift-vlad",
        "sift-vlad-ransac",
        "orb",
        "akaze",
    ]


@pytest.mark.parametrize("id", ROWS)
def test_every_row_conforms_with_its_own_settings(id):
    assert check(lambda: build_method(ROWS[id]), ROWS[id]) == []


@pytest.mark.parametrize("id", ROWS)
def test_rows_learn_without_labels_and_promise_verification_only_where_it_needs_no_gallery(id):
    spec = ROWS[id]
    method = build_method(spec)
    assert not spec.supervised
    assert "verification" not in spec.tasks or isinstance(method, Verifier)


def test_the_words_of_a_summary_are_its_settings():
    bag, vlad = (build_method(ROWS[id]).aggregation for id in ("sift-bovw", "sift-vlad"))
    assert f"{bag.words:,} visual words" in ROWS["sift-bovw"].summary
    assert f"{vlad.words} words, PCA to {vlad.components}-d" in ROWS["sift-vlad"].summary
    assert resolve(ROWS["sift-mean-distance"].method)(aggregate="mean-distance").verify is False
