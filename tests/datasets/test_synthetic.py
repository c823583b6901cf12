"""The stand-ins keep the promises of every data set: same bytes, disjoint splits, something to find, clear errors."""

import hashlib
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from datasets.errors import ImageError, UnknownNameError
from datasets.synthetic import STAND_INS, stand_in

SUBSETS = [(name, subset) for name, kind in STAND_INS.items() for subset in kind.subsets]
SIDES = {"lfw": 250, "cifar10": 32, "imdb-wiki": 160}

PRINT_DIGEST = """
import hashlib, sys
from datasets.synthetic import stand_in
dataset = stand_in(sys.argv[1])
print(hashlib.sha256(b"".join(dataset.read(item.id) for item in dataset.items()[::40])).hexdigest())
"""


def digest(name: str) -> str:
    dataset = stand_in(name)
    return hashlib.sha256(b"".join(dataset.read(item.id) for item in dataset.items()[::40])).hexdigest()


@pytest.mark.parametrize("name", STAND_INS)
def test_bytes_are_the_same_again_and_in_another_process(name):
    there = subprocess.run([sys.executable, "-c", PRINT_DIGEST, name], capture_output=True, text=True, check=True)
    assert digest(name) == digest(name) == there.stdout.strip()


@pytest.mark.parametrize("name", STAND_INS)
def test_drawing_neither_uses_nor_moves_the_global_random_state(name):
    dataset = stand_in(name)
    id = dataset.items()[0].id
    np.random.seed(1)
    first = dataset.read(id)
    expected = np.random.RandomState(1).random()
    assert np.random.random() == expected
    assert dataset.read(id) == first


@pytest.mark.parametrize("name", STAND_INS)
def test_order_of_reading_does_not_matter(name):
    dataset, ids = stand_in(name), [item.id for item in stand_in(name).items()[:4]]
    forwards = [dataset.read(id) for id in ids]
    assert [dataset.read(id) for id in reversed(ids)] == forwards[::-1]
    assert len(set(forwards)) == len(ids)


@pytest.mark.parametrize("name", STAND_INS)
def test_images_are_rgb_of_the_real_ones_size_and_content(name):
    dataset = stand_in(name)
    images = dataset.imageset(dataset.items()[::60])
    for image in images:
        assert image.shape == (SIDES[name], SIDES[name], 3)
        assert image.dtype == np.uint8
        assert image.std() > 10


@pytest.mark.parametrize("name", STAND_INS)
def test_says_that_it_is_synthetic(name):
    dataset = stand_in(name)
    assert dataset.synthetic
    assert dataset.title == f"{name} (synthetic)"
    assert dataset.completeness() == "synthetic"


@pytest.mark.parametrize("name", STAND_INS)
def test_items_are_unique_in_order_and_a_few_hundred(name):
    ids = [item.id for item in stand_in(name).items()]
    assert ids == sorted(set(ids)) or name == "cifar10"
    assert len(set(ids)) == len(ids)
    assert 200 <= len(ids) <= 600


@pytest.mark.parametrize(("name", "subset"), SUBSETS)
def test_subsets_are_disjoint_and_their_queries_have_positives(name, subset):
    split = stand_in(name).split(subset)
    gallery, queries = {item.id for item in split.gallery}, {item.id for item in split.queries}
    assert not gallery & queries
    assert gallery | queries <= {item.id for item in stand_in(name).items()}
    labels = Counter(item.label for item in split.gallery)
    answerable = [item for item in split.queries if labels[item.label]]
    assert len(answerable) >= max(40, 0.8 * len(split.queries))
    assert max(labels.values()) < len(split.gallery) / 4, "most of the gallery answers no one query"
    assert split == stand_in(name).split(subset)


@pytest.mark.parametrize("name", STAND_INS)
def test_smoke_is_the_smallest_subset(name):
    sizes = {}
    for subset in ("smoke", "standard", "full"):
        split = stand_in(name).split(subset)
        sizes[subset] = len(split.gallery) + len(split.queries)
    assert 100 <= sizes["smoke"] <= 200
    assert sizes["smoke"] < sizes["standard"] <= sizes["full"]


@pytest.mark.parametrize(
    ("name", "subset"),
    [("lfw", "s3-1508"), ("lfw", "first-250"), ("imdb-wiki", "celebs-100"), ("cifar10", "all"), ("lfw", "Smoke")],
)
def test_subsets_of_real_photographs_are_refused_in_one_line(name, subset):
    with pytest.raises(UnknownNameError, match=f"{subset}.*smoke.*fetch {name}") as error:
        stand_in(name).split(subset)
    assert "\n" not in str(error.value)


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean lfw"):
        stand_in("lfv")
    with pytest.raises(ImageError, match="person-999.*lfw \\(synthetic\\)"):
        stand_in("lfw").read("person-999/person-999_0001")
    with pytest.raises(ImageError, match="person-001"):
        stand_in("lfw").decode(b"no image", "person-001/person-001_0001")


def test_lfw_has_singletons_and_people_with_two_to_ten_pictures():
    pictures = Counter(Counter(item.label for item in stand_in("lfw").items()).values())
    assert pictures[1] == 60
    assert set(pictures) == {1, *range(2, 11)}


@pytest.mark.parametrize("subset", ["smoke", "standard", "full"])
def test_lfw_pairs_have_the_form_of_view_2(subset):
    pairs = stand_in("lfw").pairs(subset)
    assert pairs is not None
    labels = [(a.label, b.label) for a, b in zip(pairs.left, pairs.right, strict=True)]
    assert [a == b for a, b in labels] == pairs.same.tolist()
    assert all(a.id != b.id for a, b in zip(pairs.left, pairs.right, strict=True))
    assert len({(a.id, b.id) for a, b in zip(pairs.left, pairs.right, strict=True)}) == len(labels)
    people: dict[int, set[str]] = {fold: set() for fold in range(10)}
    for fold, pair in zip(pairs.fold.tolist(), labels, strict=True):
        people[fold].update(pair)
    assert sum(len(names) for names in people.values()) == len(set.union(*people.values())), "no person in two folds"
    for fold in range(10):
        assert pairs.same[pairs.fold == fold].mean() == 0.5


def test_only_lfw_has_pairs_and_only_for_its_subsets():
    assert stand_in("imdb-wiki").pairs("smoke") is None
    assert stand_in("cifar10").pairs("smoke") is None
    with pytest.raises(UnknownNameError, match="s3-1508"):
        stand_in("lfw").pairs("s3-1508")


def test_imdb_wiki_knows_age_and_gender():
    by_person: dict[str, list[dict]] = {}
    for item in stand_in("imdb-wiki").items():
        by_person.setdefault(item.label, []).append(dict(item.meta))
    assert len(by_person) == 12
    assert {meta["gender"] for metas in by_person.values() for meta in metas} == {"male", "female"}
    for metas in by_person.values():
        assert len({meta["gender"] for meta in metas}) == 1
        assert all(isinstance(meta["age"], int) and 18 <= meta["age"] <= 75 for meta in metas)
        assert len({meta["age"] for meta in metas}) > 5


def test_celebs_10_holds_ten_people():
    split = stand_in("imdb-wiki").split("celebs-10")
    assert len({item.label for item in split.gallery + split.queries}) == 10


def test_the_fingerprint_does_not_change_by_itself():
    first, second = (stand_in("lfw").fingerprint(stand_in("lfw").items()) for _ in range(2))
    assert first == second
    assert first
