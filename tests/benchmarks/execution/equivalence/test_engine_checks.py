"""A check is passed by equal answers and for nothing else; engines are tried up to the first that is worth it."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.execution.equivalence import choice
from benchmarks.execution.equivalence.check import EquivalenceCheck, judge_faces, judge_rows, up_to_gain
from benchmarks.execution.equivalence.choice import Checker
from benchmarks.execution.equivalence.sample import sample_of, sample_of_cell
from datasets.folder import Folder
from datasets.imageset import ImageSet, Item
from datasets.manifest import build_manifest, build_pair_manifest
from datasets.registry import open_dataset
from methods.faces.detection import FaceBoxes

LABELS = np.array([*"abcdefgh" * 2])


@pytest.fixture
def rows():
    """Eight queries, then one image of each one's label, near it."""
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((8, 30))
    return np.concatenate([centres, centres + 0.1 * rng.standard_normal((8, 30))]).astype(np.float32)


def test_equal_rows_prove_an_engine(rows):
    check = judge_rows("same", rows, rows * (1 + 1e-6), LABELS, 8)
    assert check.passed
    assert check.cosine_min == pytest.approx(1)
    assert (check.hit, check.hit_change) == (1.0, 0.0)


def test_without_labels_the_cosine_alone_is_asked(rows):
    check = judge_rows("same", rows, rows)
    assert check.passed
    assert check.hit is None


def test_one_row_that_points_elsewhere_fails_an_engine(rows):
    broken = rows.copy()
    broken[3] = broken[3][::-1]
    check = judge_rows("broken", rows, broken, LABELS, 8)
    assert not check.passed
    assert "under 0.999" in check.reason


def test_a_row_that_is_no_number_fails_an_engine(rows):
    broken = rows.copy()
    broken[5] = np.nan
    assert "1 of 16 images" in judge_rows("broken", rows, broken).reason
    assert not judge_rows("broken", np.full((4, 3), np.nan), np.full((4, 3), np.nan)).passed


def test_another_hit_at_1_fails_an_engine_even_where_rows_are_near():
    # All rows nearly alike: what is nearest hangs on less than the cosine shows.
    rng = np.random.default_rng(4)
    common = 40 * rng.standard_normal((1, 30))
    centres = common + rng.standard_normal((8, 30))
    plain = np.concatenate([centres, centres + 0.01 * rng.standard_normal((8, 30))])
    changed = plain.copy()
    changed[8:] = changed[[9, 10, 11, 12, 13, 14, 15, 8]]
    check = judge_rows("near", plain, changed, LABELS, 8)
    assert check.cosine_min > 0.999
    assert "hit@1 changes by -1.000" in check.reason


def test_undetected_images_compare_as_missing(rows):
    rows[2] = np.nan
    check = judge_rows("same", rows, rows, LABELS, 8)
    assert check.passed
    assert check.hit == pytest.approx(7 / 8)


def faces(*boxes):
    count = len(boxes)
    return FaceBoxes(np.array(boxes, np.float32).reshape(-1, 4), np.ones(count, np.float32), np.zeros((count, 5, 2)))


def test_faces_may_move_by_less_than_a_pixel():
    plain = [faces((10, 10, 50, 50)), faces()]
    assert judge_faces("near", plain, [faces((10.2, 10, 50, 50)), faces()]).passed
    assert not judge_faces("far", plain, [faces((14, 10, 50, 50)), faces()]).passed
    assert "1 of 2 images" in judge_faces("more", plain, [faces((10, 10, 50, 50)), faces((1, 1, 9, 9))]).reason


def test_engines_are_tried_up_to_the_first_that_is_proven_and_gains_something():
    wrong = EquivalenceCheck("wrong", "cosine", seconds=0.1, plain_seconds=1.0)
    useless = EquivalenceCheck("useless", seconds=1.1, plain_seconds=1.0)
    absent = EquivalenceCheck("absent", "needs nothing that is here")
    good = EquivalenceCheck("good", seconds=0.3, plain_seconds=1.0)

    def made():
        yield from (wrong, useless, absent, good)
        pytest.fail("an engine after it was tried")

    assert [check.engine for check in up_to_gain(made())] == ["wrong", "useless", "absent", "good"]
    assert [check.gains for check in (wrong, useless, absent, good)] == [False, False, False, True]
    assert up_to_gain([wrong, useless]) == [wrong, useless]


def test_checks_that_are_kept_are_not_made_again(tmp_path, monkeypatch):
    asked = []

    def made(checker, job, names, trained):
        asked.append(names)
        checks = {
            "fast": EquivalenceCheck("fast", "cosine"),
            "good": EquivalenceCheck("good", seconds=0.3, plain_seconds=1.0),
        }
        return {name: asdict(checks[name]) for name in names if name in checks}

    monkeypatch.setattr(Checker, "_made", made)
    monkeypatch.setattr(choice, "embeddings_folder", lambda plain, engine: plain.with_name(engine))
    checker, job = Checker(tmp_path, 1, 1), SimpleNamespace(embeddings=tmp_path / "plain")
    assert [check.engine for check in checker.checks(job, ["fast"], True)] == ["fast"]
    for _ in range(2):
        checks = checker.checks(job, ["fast", "good", "graph"], True)
        assert [check.engine for check in checks] == ["fast", "good"]
    assert asked == [("fast",), ("good", "graph")]


def imageset(labels, prefix):
    source = SimpleNamespace(read=lambda id: b"", decode=lambda data, id: np.zeros((2, 2, 3), np.uint8))
    return ImageSet([Item(f"{prefix}{number}", label) for number, label in enumerate(labels)], source)


def test_a_sample_holds_an_image_to_find_for_each_that_is_searched_for():
    sample = sample_of(imageset("ccbbaaay", "g"), most=2)
    assert sample.queries == 2
    assert len(sample.images) == 4
    assert sample.labels[:2].tolist() == sample.labels[2:].tolist()


def test_a_sample_without_anything_to_find_still_has_images():
    sample = sample_of(imageset("xy", "g"))
    assert len(sample.images) == 2


def test_no_query_is_looked_at_before_an_engine_is_taken(photo_folder):
    """Neither pixels nor labels of a query: the figures of a row must not choose what it runs on."""
    dataset = Folder(photo_folder)
    manifest, read = build_manifest(dataset, "full"), []
    dataset.read = lambda id, original=dataset.read: read.append(id) or original(id)
    sample = sample_of_cell(manifest)
    assert read and not set(read) & set(manifest.queries.ids.tolist())
    assert sample.labels[:5].tolist() == sample.labels[5:].tolist() and len(set(sample.labels.tolist())) == 5


def test_verification_pairs_go_without_labels():
    pairs = build_pair_manifest(open_dataset("lfw", None), "smoke")
    sample = sample_of_cell(pairs, most=3)
    assert (sample.labels, len(sample.images), sample.queries) == (None, 6, 3)
