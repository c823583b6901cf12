"""Edited copies of pictures as an image set: made when they are read, never kept."""

import hashlib
from functools import cache

import numpy as np

from datasets.edits.catalogue import Strength
from datasets.edits.recipe import Recipe, draw_recipe, edited
from datasets.imageset import Image, ImageSet, Item
from datasets.sources import module_digests

_MODULES = tuple(
    f"datasets.edits.{name}" for name in ("catalogue", "copies", "frames", "geometry", "overlays", "recipe", "tone")
)


@cache
def version() -> str:
    """Changes when what an edit does might: its code, or a library. What was kept of older copies is then made anew."""
    import cv2
    import PIL

    digests = module_digests(_MODULES)
    code = hashlib.sha256("".join(digests[name] for name in _MODULES).encode()).hexdigest()
    return f"{code[:12]}, OpenCV {cv2.__version__}, Pillow {PIL.__version__}, numpy {np.__version__}"


def edited_copies(
    originals: ImageSet,
    seed: int,
    *,
    each: int = 1,
    between: tuple[int, int] = (1, 6),
    strength: Strength = "hard",
    pool: ImageSet | None = None,
) -> ImageSet:
    """`each` copies of every original, original by original, with `between` so many edits: n * each images.

    A copy's id is "original-id#edit-N", its label the original's id, its `meta["edits"]` the recipe as JSON (see
    `recipe_of`); its encoded bytes are the original's. Pictures laid over or beside it come from `pool`: give pictures
    that are not searched in, else what is shown there is found rightly and counted wrong.
    """
    shown = [] if pool is None else [item.id for item in pool.items]
    recipes = [
        draw_recipe(seed, item.id, number, between=between, strength=strength, pool=shown)
        for item in originals.items
        for number in range(each)
    ]
    items = [
        Item(f"{item.id}#edit-{number}", item.id, {"edits": recipes[row * each + number].to_json()})
        for row, item in enumerate(originals.items)
        for number in range(each)
    ]
    source = _Copies(originals, dict(zip((item.id for item in items), recipes, strict=True)), pool)
    return ImageSet(items, source, _digests(originals, recipes, each, pool))


def recipe_of(item: Item) -> Recipe:
    """The edits of a copy that `edited_copies` made."""
    return Recipe.from_json(item.meta["edits"])  # type: ignore[arg-type]


def _digests(originals: ImageSet, recipes: list[Recipe], each: int, pool: ImageSet | None) -> list[str] | None:
    if originals.digests is None or (pool is not None and pool.digests is None):
        return None
    known = {} if pool is None else dict(zip((item.id for item in pool.items), pool.digests or (), strict=True))
    keys = [
        "#".join((originals.digests[row // each], recipe.digest, *(known[id] for id in recipe.others), version()))
        for row, recipe in enumerate(recipes)
    ]
    return [hashlib.sha256(key.encode()).hexdigest() for key in keys]


class _Copies:
    """Reads an original, and edits it when it is decoded."""

    def __init__(self, originals: ImageSet, recipes: dict[str, Recipe], pool: ImageSet | None) -> None:
        self._source = originals.source
        self._recipes = recipes
        self._pool = originals.source if pool is None else pool.source  # without a pool none is asked for

    def read(self, id: str) -> bytes:
        return self._source.read(id.rpartition("#")[0])

    def decode(self, data: bytes, id: str) -> Image:
        return edited(self._source.decode(data, id.rpartition("#")[0]), self._recipes[id], self._other)

    def _other(self, id: str) -> Image:
        source = self._pool
        return source.decode(source.read(id), id)
