"""Names beside the points of a plot, where each can be read."""

import math
from collections.abc import Sequence
from typing import Any

from benchmarks.html.theme import data

_LETTER, _LINE, _LAST_PART = 0.0125, 0.048, 0.7
"""The width of a letter and the height of a line of text, as parts of the plot; where names stand on the left."""


def place_names(points: Sequence[dict[str, Any]], least: float, most: float) -> list[dict[str, Any]]:
    """A place for each point's name: beside its point, moved up where another name is in the way.

    A name stands on the right of its point, or on the left in the last part of the plot, whose logarithmic axis of
    costs goes from `least` to `most`.
    """
    start_of_axis, length = math.log(least), math.log(most / least) or 1.0
    taken: list[tuple[float, float, float]] = []
    placed = []
    for point in sorted(points, key=lambda point: point["hit"]):
        place = (math.log(point["cost"]) - start_of_axis) / length
        on_left = place > _LAST_PART
        width = _LETTER * len(point["method"])
        start, end = (place - width, place) if on_left else (place, place + width)
        height = point["hit"] + _LINE / 2
        for other, left, right in sorted(taken):
            if start < right and left < end and height < other + _LINE:
                height = other + _LINE
        taken.append((height, start, end))
        placed.append({"method": point["method"], "cost": point["cost"], "height": height, "on_left": on_left})
    return placed


def name_layers(placed: list[dict[str, Any]], x: Any) -> tuple[list[Any], list[Any]]:
    """Names beside their points, and a halo for each, which hides the front's line there and nothing else."""
    import altair as alt

    halos, names = [], []
    for on_left, align, dx in ((False, "left", 9), (True, "right", -9)):
        side = [name for name in placed if name["on_left"] == on_left]
        if side:  # an empty layer would complain
            base = alt.Chart(data(side)).encode(x=x, y="height:Q", text="method:N")
            look: dict[str, Any] = {"align": align, "dx": dx, "clip": True}
            halos.append(base.mark_text(stroke="var(--sheet)", strokeWidth=4, strokeJoin="round", **look))
            names.append(base.mark_text(**look))
    return halos, names
