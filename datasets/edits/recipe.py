"""Which edits a copy gets, in which order and how strong: drawn from a seed, the picture's id and a number.

A recipe is plain data (JSON-able), and is all that is needed to make the copy again from its original. Neither the
order of calls nor which other pictures are asked for changes it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datasets.edits.catalogue import EDITS, Strength, edits_of
from datasets.imageset import Image

MOST_SIDE = 1024
"""Longer side of a copy in pixels, between edits too: pictures that are passed on are made smaller first."""
_DECIMALS = 4


@dataclass(frozen=True)
class Step:
    """One edit of a copy: its name, its parameters, and the ids of the other pictures that it shows."""

    edit: str
    values: Mapping[str, float]
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """The edits of one copy in the order in which they are made."""

    steps: tuple[Step, ...]

    @property
    def edits(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(step.edit for step in self.steps)

    @property
    def others(self) -> tuple[str, ...]:
        """Ids of the other pictures that are shown."""
        return tuple(id for step in self.steps for id in step.others)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain values; `from_json` takes them back."""
        return [{"edit": step.edit, "values": dict(step.values), "others": list(step.others)} for step in self.steps]

    @classmethod
    def from_json(cls, steps: Sequence[Mapping[str, Any]]) -> "Recipe":
        """The recipe that `to_json` gave."""
        return cls(tuple(Step(step["edit"], dict(step["values"]), tuple(step["others"])) for step in steps))

    @property
    def text(self) -> str:
        """Short, for people: "crop, text, jpeg"."""
        return ", ".join(self.edits)

    @property
    def digest(self) -> str:
        """sha256 over what it does."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def draw_recipe(
    seed: int,
    id: str,
    number: int = 0,
    *,
    between: tuple[int, int] = (1, 6),
    strength: Strength = "hard",
    pool: Sequence[str] = (),
) -> Recipe:
    """The recipe of copy `number` of the picture `id`: from `between[0]` to `between[1]` different edits.

    `pool` are ids of pictures that may be shown beside or over it; without any the edits that need one are not drawn.
    """
    text = json.dumps([seed, id, number, list(between), strength])
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little"))
    shown = [other for other in pool if other != id]
    edits = edits_of(strength, bool(shown))
    count = min(int(rng.integers(between[0], between[1] + 1)), len(edits))
    names = _in_order(rng.choice(list(edits), count, replace=False).tolist())
    steps = []
    for name in names:
        ranges = edits[name].ranges(strength) or {}
        values = {key: round(float(rng.uniform(*ends)), _DECIMALS) for key, ends in ranges.items()}
        positions = rng.choice(max(1, len(shown)), edits[name].others, replace=edits[name].others > len(shown))
        steps.append(Step(name, values, tuple(shown[position] for position in positions)))
    return Recipe(tuple(steps))


def edited(image: Image, recipe: Recipe, other: Callable[[str], Image]) -> Image:
    """A copy of `image` (RGB uint8), which is left alone; `other` gives the picture of an id."""
    copy = _within(image)
    for step in recipe.steps:
        shown = [_within(other(id)) for id in step.others]
        copy = _within(EDITS[step.edit].apply(copy, *shown, **step.values))
    return copy.copy() if copy is image else copy


def _in_order(names: list[str]) -> list[str]:
    """The same names, those that hide before those that wrap; the rest stays where it is."""
    bound = [place for place, name in enumerate(names) if EDITS[name].hides or EDITS[name].wraps]
    ordered = sorted((names[place] for place in bound), key=lambda name: EDITS[name].wraps)
    for place, name in zip(bound, ordered, strict=True):
        names[place] = name
    return names


def _within(image: Image) -> Image:
    longer = max(image.shape[:2])
    if longer <= MOST_SIDE:
        return image
    import cv2

    height, width = (max(1, round(side * MOST_SIDE / longer)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
