"""Edits: each changes what its name says, on any size; recipes are the same for a seed, an id and a number."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.edits import copies, frames
from datasets.edits.catalogue import EDITS, edits_of
from datasets.edits.copies import edited_copies, recipe_of, version
from datasets.edits.recipe import MOST_SIDE, Recipe, draw_recipe, edited
from datasets.imageset import ImageSet, Item
from datasets.usual_copies import usual_copies

STRENGTHS = ("hard", "mild")


def picture(height=60, width=90, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, size=(5, 6, 3))
    return np.kron(coarse, np.ones((height // 5 + 1, width // 6 + 1, 1)))[:height, :width].astype(np.uint8)


class Pictures:
    def __init__(self):
        self.was_read = []

    def read(self, id):
        self.was_read.append(id)
        return id.encode()

    def decode(self, data, id):
        return picture(seed=int(data))


def images(*names, digests=True):
    return ImageSet(
        [Item(name, "x") for name in names], Pictures(), [f"d{name}" for name in names] if digests else None
    )


def values_of(name, strength, share):
    ranges = EDITS[name].ranges(strength)
    return {key: low + (high - low) * share for key, (low, high) in ranges.items()}


def others_of(name):
    return [picture(30, 40, seed) for seed in range(1, 1 + EDITS[name].others)]


CASES = [(name, strength) for strength in STRENGTHS for name in edits_of(strength)]


@pytest.mark.parametrize(("name", "strength"), CASES)
@settings(max_examples=10, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 70), share=st.floats(0, 1))
def test_any_size_gives_an_image_and_leaves_the_original_alone(name, strength, height, width, share):
    original = picture(height, width)
    before = original.copy()
    copy = EDITS[name].apply(original, *others_of(name), **values_of(name, strength, share))
    assert copy.dtype == np.uint8
    assert copy.ndim == 3
    assert copy.shape[2] == 3
    assert min(copy.shape) >= 1
    assert np.array_equal(original, before)


@pytest.mark.parametrize(("name", "strength"), CASES)
def test_every_edit_changes_something_and_the_hard_one_is_no_copy_byte_for_byte(name, strength):
    original = picture(120, 120)
    copy = EDITS[name].apply(original, *others_of(name), **values_of(name, strength, 0.4))
    assert copy.shape != original.shape or not np.array_equal(copy, original)


def apply(name, original, *others, **values):
    return EDITS[name].apply(original, *others, **{**values_of(name, "hard", 0.5), **values})


def test_a_crop_is_a_window_of_the_picture():
    original = picture(100, 200)
    assert np.array_equal(apply("crop", original, kept=0.5, x=0, y=0), original[:50, :100])
    assert np.array_equal(apply("crop", original, kept=0.5, x=1, y=1), original[50:, 100:])


def test_jpeg_keeps_the_colour_order_and_costs_more_at_a_lower_quality():
    red = np.zeros((32, 32, 3), dtype=np.uint8)
    red[..., 0] = 200
    assert apply("jpeg", red)[..., 0].mean() > 150
    error = [np.abs(apply("jpeg", picture(), quality=quality).astype(int) - picture()).mean() for quality in (8, 80)]
    assert error[0] > error[1] > 0


def test_colour_turns_the_hue_takes_the_saturation_and_brightens():
    plain = {"brightness": 1, "contrast": 1, "saturation": 1, "hue": 0}
    original = picture()
    assert np.abs(apply("colour", original, **plain).astype(int) - original).max() <= 4
    red = np.zeros((4, 4, 3), dtype=np.uint8)
    red[..., 0] = 200
    green = apply("colour", red, **{**plain, "hue": 120})
    assert green[..., 1].mean() > 190
    assert green[..., 0].mean() < 10
    grey = apply("colour", original, **{**plain, "saturation": 0})
    assert np.ptp(grey.astype(int), axis=2).max() == 0
    assert apply("colour", original // 2, **{**plain, "brightness": 1.4}).mean() > 1.2 * (original // 2).mean()
    assert apply("colour", original, **{**plain, "contrast": 0.5}).std() < 0.7 * original.std()


def test_blur_takes_away_detail_and_resize_the_size():
    original = picture()
    assert np.abs(np.diff(apply("blur", original, sigma=0.03).astype(int), axis=0)).max() < 100
    assert EDITS["resize"].apply(picture(60, 90), size=0.5).shape == (30, 45, 3)


def test_flip_twice_is_the_original():
    assert np.array_equal(apply("flip", picture()), picture()[:, ::-1])
    assert np.array_equal(apply("flip", apply("flip", picture())), picture())


def bright_at(row, column, size=101):
    image = np.zeros((size, size, 3), dtype=np.uint8)
    image[row - 3 : row + 4, column - 3 : column + 4] = 255
    return image


def spot(image):
    return np.argwhere(image[..., 0] > 128).mean(axis=0)


def test_rotation_turns_to_the_named_side_by_its_degrees():
    for way, sign in ((0.0, -1), (0.9, 1)):
        row, column = spot(apply("rotation", bright_at(20, 50), degrees=30, way=way, grey=0)) - 50
        assert np.degrees(np.arctan2(column, -row)) == pytest.approx(sign * 30, abs=2)


@pytest.mark.parametrize(("side", "far"), [(0.0, "left"), (0.3, "top"), (0.6, "right"), (0.9, "bottom")])
def test_perspective_shortens_the_far_edge_alone(side, far):
    white = np.full((100, 140, 3), 255, dtype=np.uint8)
    seen = apply("perspective", white, depth=0.3, side=side, skew=0, grey=0)[..., 0] > 128
    edges = {"left": seen[:, 2], "top": seen[2], "right": seen[:, -3], "bottom": seen[-3]}
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[far]
    assert edges[far].mean() == pytest.approx(0.4, abs=0.05)
    assert edges[opposite].mean() > 0.95


def test_text_covers_a_part_and_a_band_the_whole_width():
    grey = np.full((200, 300, 3), 90, dtype=np.uint8)
    changed = [(apply("text", grey, band=band, y=0.5) != grey).any(axis=2) for band in (0.0, 1.0)]
    assert 0.01 < changed[0].mean() < changed[1].mean() < 0.5
    assert changed[1].all(axis=1).any()
    assert not changed[0].all(axis=1).any()


@pytest.mark.parametrize("kind", [0.0, 0.5, 0.9])
def test_a_shape_is_as_large_as_it_says_and_each_kind_differs(kind):
    grey = np.full((200, 300, 3), 90, dtype=np.uint8)
    rows, columns = np.nonzero((apply("shape", grey, kind=kind, size=0.5, x=0, y=1) != grey).any(axis=2))
    assert 70 <= np.ptp(rows) <= 100
    assert 70 <= np.ptp(columns) <= 100
    assert rows.min() >= 100
    assert columns.max() <= 100


def test_the_three_shapes_differ():
    grey = np.full((100, 100, 3), 90, dtype=np.uint8)
    shown = {apply("shape", grey, kind=kind, size=0.5, x=0, y=0).tobytes() for kind in (0.0, 0.5, 0.9)}
    assert len(shown) == 3


def test_another_picture_lies_where_it_is_put_and_shows_through_by_its_opacity():
    black, white = np.zeros((100, 200, 3), np.uint8), np.full((10, 10, 3), 255, np.uint8)
    copy = apply("picture", black, white, size=0.5, opacity=0.8, x=1, y=0)
    assert (copy[:50, 100:] == 204).all()
    assert copy.sum() == copy[:50, 100:].sum()


@pytest.mark.parametrize("layout", range(len(frames.LAYOUTS)))
def test_a_collage_holds_the_picture_whole_in_its_cell_and_others_in_the_rest(layout):
    original, others = picture(40, 60), [np.full((50, 50, 3), level, np.uint8) for level in (10, 20, 30)]
    rows, columns = frames.LAYOUTS[layout]
    cells = rows * columns
    for own in range(cells):
        copy = apply(
            "collage", original, *others, layout=(layout + 0.5) / len(frames.LAYOUTS), place=(own + 0.5) / cells
        )
        grid = copy.reshape(rows, 40, columns, 60, 3).swapaxes(1, 2).reshape(cells, 40, 60, 3)
        assert np.array_equal(grid[own], original)
        rest = [int(cell.mean()) for cell in np.delete(grid, own, axis=0)]
        assert rest == [10, 20, 30][: cells - 1]


@pytest.mark.parametrize("dark", [0.0, 1.0])
def test_a_screenshot_holds_the_picture_whole_on_a_light_or_a_dark_screen(dark):
    original = picture(80, 100)
    copy = apply("screenshot", original, share=0.8, dark=dark, y=0.5)
    assert copy.shape[1] == 125
    left = (125 - 100) // 2
    assert any(np.array_equal(copy[top : top + 80, left : left + 100], original) for top in range(copy.shape[0] - 79))
    assert (np.median(copy[:, 3]) < 60) == bool(dark)


def test_a_recipe_is_the_same_for_a_seed_an_id_and_a_number_and_differs_otherwise():
    pool = [str(number) for number in range(20)]
    first = draw_recipe(1, "a", 0, pool=pool)
    assert first == draw_recipe(1, "a", 0, pool=pool)
    assert Recipe.from_json(json.loads(json.dumps(first.to_json()))) == first
    drawn = [draw_recipe(seed, id, number, pool=pool) for seed in (1, 2) for id in "ab" for number in range(3)]
    assert len({recipe.digest for recipe in drawn}) == len(drawn)


def test_every_edit_is_drawn_equally_often_and_numbers_lie_between():
    pool = [str(number) for number in range(20)]
    drawn = [draw_recipe(1, str(id), pool=pool, between=(1, 1)) for id in range(3000)]
    assert all(len(recipe.steps) == 1 for recipe in drawn)
    edits = edits_of("hard")
    for name in edits:
        share = np.mean([name in recipe.edits for recipe in drawn])
        assert share == pytest.approx(1 / len(edits), abs=0.025)
    numbers = [len(draw_recipe(1, str(id), pool=pool, between=(1, 6)).steps) for id in range(600)]
    assert set(numbers) == {1, 2, 3, 4, 5, 6}


def test_values_lie_in_their_ranges_no_edit_twice_and_others_are_not_the_picture_itself():
    pool = ["a", "b", "c", "d"]
    for id in range(300):
        recipe = draw_recipe(3, "a", id, pool=pool)
        assert len(set(recipe.edits)) == len(recipe.edits)
        for step in recipe.steps:
            assert len(set(step.others)) == len(step.others) == EDITS[step.edit].others
            assert "a" not in step.others
            for key, (low, high) in EDITS[step.edit].hard.items():
                assert low - 1e-4 <= step.values[key] <= high + 1e-4


def test_nothing_that_hides_comes_after_what_wraps():
    for id in range(400):
        kinds = [EDITS[step.edit] for step in draw_recipe(5, str(id), pool=["x", "y", "z"]).steps]
        wrapping = [place for place, edit in enumerate(kinds) if edit.wraps]
        hiding = [place for place, edit in enumerate(kinds) if edit.hides]
        assert not wrapping or not hiding or max(hiding) < min(wrapping)


def test_without_other_pictures_no_edit_needs_one():
    assert not any(draw_recipe(1, str(id)).others for id in range(100))
    assert not any(draw_recipe(1, "a", id, pool=["a"]).others for id in range(100))


def test_a_large_picture_is_made_smaller_and_an_edit_is_applied_in_order():
    copy = edited(picture(900, 3000), Recipe(()), lambda id: picture())
    assert copy.shape == (307, MOST_SIDE, 3)
    flip_and_crop = Recipe.from_json(
        [
            {"edit": "flip", "values": {}, "others": []},
            {"edit": "crop", "values": {"kept": 0.5, "x": 0, "y": 0}, "others": []},
        ]
    )
    assert np.array_equal(edited(picture(), flip_and_crop, lambda id: picture()), picture()[:30, ::-1][:, :45])


def test_no_edit_still_gives_a_picture_of_its_own():
    original = picture()
    copy = edited(original, Recipe(()), lambda id: picture())
    copy[:] = 0
    assert original.any()


def test_copies_know_their_original_their_edits_and_have_digests_of_their_own():
    originals, pool = images("3", "4"), images("7", "8", "9")
    made = edited_copies(originals, 1, each=2, pool=pool)
    assert made.ids.tolist() == ["3#edit-0", "3#edit-1", "4#edit-0", "4#edit-1"]
    assert made.labels.tolist() == ["3", "3", "4", "4"]
    assert len(set(made.digests)) == 4
    assert all(1 <= len(recipe_of(item).steps) <= 6 for item in made.items)
    assert json.loads(json.dumps(made.items[0].meta)) == made.items[0].meta
    again = edited_copies(originals, 1, each=2, pool=pool)
    for number in range(4):
        assert np.array_equal(made[number], again[number])
    assert made.digests == again.digests
    assert set(edited_copies(originals, 2, each=2, pool=pool).digests).isdisjoint(made.digests)


def test_a_copy_is_the_same_alone_and_among_others():
    pool = images("7", "8", "9")
    alone, among = (edited_copies(images(*names), 1, pool=pool) for names in (("4",), ("3", "4", "5")))
    assert np.array_equal(alone[0], among[1])
    assert alone.digests[0] == among.digests[1]


def test_no_digests_where_originals_or_pool_have_none():
    assert edited_copies(images("3", digests=False), 1).digests is None
    assert edited_copies(images("3"), 1, pool=images("7", digests=False)).digests is None


def test_digests_change_with_the_code_that_makes_copies(monkeypatch):
    before = edited_copies(images("3"), 1).digests
    monkeypatch.setattr(copies, "version", lambda: "another")
    assert edited_copies(images("3"), 1).digests != before


@pytest.mark.parametrize("module", copies._MODULES)
def test_the_version_covers_every_module_of_the_edits(module, monkeypatch):
    before = version()
    digests = dict.fromkeys(copies._MODULES, "x")
    version.cache_clear()
    try:
        monkeypatch.setattr(copies, "module_digests", lambda modules: digests)
        same = version()
        version.cache_clear()
        monkeypatch.setattr(copies, "module_digests", lambda modules: {**digests, module: "changed"})
        assert version() != same
    finally:
        version.cache_clear()
    assert before.count(",") == 3


def test_no_module_of_the_edits_is_left_out_of_the_version():
    from pathlib import Path

    there = {path.stem for path in Path(copies.__file__).parent.glob("*.py")} - {"__init__"}
    assert {f"datasets.edits.{name}" for name in there} == set(copies._MODULES)


def test_usual_copies_are_half_mild_half_hard_and_know_their_originals():
    originals, pool = images(*map(str, range(7))), images(*map(str, range(50, 54)))
    parts = usual_copies(originals, 0, pool)
    assert sorted(np.concatenate([positions for positions, _ in parts]).tolist()) == list(range(7))
    for positions, made in parts:
        assert made.labels.tolist() == originals.ids[positions].tolist()
    (_, mild), (_, hard) = parts
    assert {len(item.meta["edits"]) for item in mild.items} == {1}
    assert max(len(item.meta["edits"]) for item in hard.items) > 1
    assert usual_copies(originals[:1], 0, pool)[0][1].ids.tolist() == ["0#edit-0"]


def test_without_a_pool_nothing_is_laid_over_a_usual_copy():
    for _, made in usual_copies(images(*map(str, range(60))), 0):
        assert all(not recipe_of(item).others for item in made.items)
