from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.dataset import Split
from datasets.errors import DataError, UnknownNameError
from datasets.imageset import Item
from datasets.selection import (
    SMOKE,
    STANDARD,
    check_subset,
    full_split,
    hash_order,
    query_count,
    require_queries,
    sampled_split,
)

photo_counts = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=4), st.integers(1, 40), min_size=1, max_size=60)


def people(photos: dict[str, int]) -> list[Item]:
    return [Item(f"{name}/{n}", name) for name in sorted(photos) for n in range(photos[name])]


def labels(items) -> Counter:
    return Counter(item.label for item in items)


@pytest.mark.parametrize(("images", "queries"), [(0, 0), (1, 0), (2, 1), (3, 1), (7, 1), (8, 2), (530, 132)])
def test_a_quarter_of_a_label_become_queries(images, queries):
    assert query_count(images) == queries


@given(photo_counts)
def test_the_full_split_uses_every_image_once_and_answers_every_query(photos):
    items = people(photos)
    split = full_split(items)
    assert sorted(item.id for item in (*split.gallery, *split.queries)) == sorted(item.id for item in items)
    gallery = labels(split.gallery)
    assert labels(split.queries) == {name: query_count(n) for name, n in photos.items() if n > 1}
    assert all(gallery[item.label] for item in split.queries)


@given(photo_counts, st.sampled_from([SMOKE, STANDARD]))
def test_a_sample_is_disjoint_and_within_its_plan(photos, plan):
    split = sampled_split(people(photos), plan)
    gallery, queries = ({item.id for item in part} for part in (split.gallery, split.queries))
    assert not gallery & queries
    assert len(gallery) + len(queries) <= plan.images
    held = labels(split.gallery)
    lone = [item for item in split.queries if not held[item.label]]
    assert len(queries) - len(lone) <= plan.queries
    assert len(lone) == min(plan.lone_queries, sum(n == 1 for n in photos.values()))
    assert all(photos[item.label] == 1 for item in lone)


@given(photo_counts, st.randoms())
def test_a_sample_does_not_depend_on_the_order_of_listing(photos, random):
    items = people(photos)
    shuffled = random.sample(items, len(items))
    assert ids(sampled_split(items, SMOKE)) == ids(sampled_split(shuffled, SMOKE))


def ids(split: Split) -> tuple[set[str], set[str]]:
    return {item.id for item in split.gallery}, {item.id for item in split.queries}


def test_a_large_data_set_fills_the_plan():
    photos = {f"p{n}": 1 + n % 4 for n in range(3000)}
    split = sampled_split(people(photos), STANDARD)
    assert len(split.gallery) + len(split.queries) == STANDARD.images
    assert len(split.queries) == STANDARD.queries + STANDARD.lone_queries
    assert max(labels(split.queries).values()) <= STANDARD.queries_per_label
    assert len(labels(split.gallery).keys() - labels(split.queries).keys()) > 100  # distractors


def test_few_labels_give_more_than_their_share():
    split = sampled_split(people({"a": 2000, "b": 2000, "c": 2000}), STANDARD)
    assert labels(split.queries) == {"a": 100, "b": 100, "c": 100}
    assert len(split.gallery) + len(split.queries) >= STANDARD.images - 3


def test_preferred_images_become_queries_and_their_people_come_first():
    items = people({f"p{n}": 4 for n in range(500)})
    preferred = {f"p{n}/3" for n in range(40, 50)}
    assert preferred <= {item.id for item in sampled_split(items, SMOKE, preferred).queries}
    assert preferred <= {item.id for item in full_split(items, preferred).queries}


def test_the_order_is_fixed_for_all_time():
    assert sorted("abcdef", key=hash_order) == ["d", "f", "c", "b", "e", "a"]
    assert len({hash_order(text) for text in ("\udcff", "é", "a\n", "a")}) == 4


def test_an_unknown_subset_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown subset of lfw 'standart': did you mean standard"):
        check_subset("lfw", "standart", ("smoke", "standard", "full"))


def test_labels_of_one_image_each_leave_nothing_to_search_for():
    items = people({"a": 1, "b": 1})
    with pytest.raises(DataError, match="mine: no label has two images"):
        require_queries(sampled_split(items, SMOKE), "mine")
