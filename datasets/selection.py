"""Which images become queries and which the gallery: deterministic, the same on every machine.

"Random" order is the order of sha256 over the name: it needs no seed, no library keeps it, and an image that is added
or missing moves none of the others.
"""

import hashlib
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from datasets.dataset import Split
from datasets.errors import DataError, UnknownNameError, suggest
from datasets.imageset import Item


@dataclass(frozen=True)
class SamplePlan:
    """The size of a sampled subset.

    `lone_queries` are queries of people with a single photo: nothing in the gallery answers them, and the protocol
    must leave them out and count them.
    """

    images: int
    queries: int
    queries_per_label: int
    images_per_label: int
    lone_queries: int


SMOKE = SamplePlan(images=150, queries=48, queries_per_label=2, images_per_label=3, lone_queries=2)
STANDARD = SamplePlan(images=1300, queries=300, queries_per_label=5, images_per_label=20, lone_queries=10)


def check_subset(dataset: str, subset: str, known: Sequence[str]) -> None:
    """Raises UnknownNameError, suggesting the nearest, unless `subset` is one of `known`."""
    if subset not in known:
        raise UnknownNameError(suggest(f"subset of {dataset}", subset, known))


def hash_order(text: str) -> bytes:
    """Sort key that shuffles names the same way everywhere."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def query_count(images: int) -> int:
    """Queries of a label with that many images: a quarter, at least one, and none where nothing would answer it."""
    return max(1, images // 4) if images >= 2 else 0


def full_split(items: Sequence[Item], preferred: Collection[str] = ()) -> Split:
    """Every item: per label `query_count` queries (`preferred` ids first, then by hash), the rest gallery."""
    queries: set[str] = set()
    for group in _by_label(items, preferred).values():
        queries.update(item.id for item in group[: query_count(len(group))])
    return _split(items, queries, {item.id for item in items} - queries)


def sampled_split(items: Sequence[Item], plan: SamplePlan, preferred: Collection[str] = ()) -> Split:
    """A sample of `plan`'s size: labels with positives, `lone_queries` without, and one-image distractors.

    Labels are taken in hash order, those of `preferred` ids first. With too few labels to reach the plan, each gives
    more than the plan's share. The items left over (one a label) fill the gallery up as distractors.
    """
    groups = _by_label(items, preferred)
    answerable = [label for label, group in groups.items() if len(group) >= 2]
    most_queries = max(plan.queries_per_label, math.ceil(plan.queries / max(len(answerable), 1)))
    most_images = max(plan.images_per_label, math.ceil(plan.images / max(len(answerable), 1)))
    lone = [group[0].id for group in groups.values() if len(group) == 1][: plan.lone_queries]
    queries: set[str] = set()
    gallery: set[str] = set()
    for label in answerable:
        room = plan.images - len(lone) - len(queries) - len(gallery)
        if len(queries) >= plan.queries or room < 2:
            break
        group = groups.pop(label)
        kept = group[: min(most_images, room)]
        count = min(query_count(len(group)), most_queries, plan.queries - len(queries), len(kept) - 1)
        queries.update(item.id for item in kept[:count])
        gallery.update(item.id for item in kept[count:])
    queries.update(lone)
    distractors = [group[0].id for group in groups.values() if group[0].id not in queries]
    gallery.update(distractors[: max(plan.images - len(queries) - len(gallery), 0)])
    return _split(items, queries, gallery)


def split_of(items: Sequence[Item], subset: str, preferred: Collection[str] = ()) -> Split:
    """`smoke` and `standard` as sampled, anything else as the full split of `items`."""
    if subset == "smoke":
        return sampled_split(items, SMOKE, preferred)
    if subset == "standard":
        return sampled_split(items, STANDARD, preferred)
    return full_split(items, preferred)


def given_split(items: Sequence[Item], queries: Collection[str], subset: str) -> Split:
    """The split whose queries (ids) are given; of a sampled subset, some of them with what answers them, and others."""
    plan = {"smoke": SMOKE, "standard": STANDARD}.get(subset)
    if plan is None or len(items) <= plan.images:
        return _split(items, queries, {item.id for item in items} - set(queries))
    order = sorted(items, key=lambda item: hash_order(item.id))
    asked = [item for item in order if item.id in queries][: plan.queries]
    labels = {item.label for item in asked}
    rest = [item for item in order if item.id not in queries]
    room = plan.images - len(asked)
    gallery = sorted(rest, key=lambda item: item.label not in labels)[:room]
    return _split(items, {item.id for item in asked}, {item.id for item in gallery})


def unlabelled_split(items: Sequence[Item], subset: str, where: str) -> Split:
    """A gallery, and a fifth of the images as queries that nothing answers; raises DataError for a single image."""
    if len(items) < 2:
        raise DataError(f"{where}: one image, so there is nothing to search for; add more images")
    plan = {"smoke": SMOKE, "standard": STANDARD}.get(subset)
    order = sorted(items, key=lambda item: hash_order(item.id))[: plan.images if plan else None]
    queries = max(1, min(len(order) // 5, plan.queries if plan else len(order)))
    return _split(items, {item.id for item in order[:queries]}, {item.id for item in order[queries:]})


def require_queries(split: Split, where: str) -> Split:
    """The split itself; raises DataError if no label has two images, so that no query could find anything."""
    labels = {item.label for item in split.gallery}
    if not any(item.label in labels for item in split.queries):
        raise DataError(f"{where}: no label has two images, so there is nothing to search for; add more images")
    return split


def _by_label(items: Iterable[Item], preferred: Collection[str]) -> dict[str, list[Item]]:
    """Items per label; labels and the items of each in the order in which they are picked."""
    groups: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda item: (item.id not in preferred, hash_order(item.id))):
        groups.setdefault(item.label, []).append(item)
    first = {label for label, group in groups.items() if group[0].id in preferred}
    return {label: groups[label] for label in sorted(groups, key=lambda name: (name not in first, hash_order(name)))}


def _split(items: Sequence[Item], queries: Collection[str], gallery: Collection[str]) -> Split:
    return Split(
        gallery=tuple(item for item in items if item.id in gallery),
        queries=tuple(item for item in items if item.id in queries),
    )
