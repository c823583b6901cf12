"""Embeddings explained by the search's nearest: how each scores, and by how much the hit's label leads."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from benchmarks.reporting.explain.canvas import draw_bars, side_by_side, stacked
from benchmarks.reporting.explain.explanation import Explanation, Neighbour, Question

MOST = 10
"""Bars in one list."""


def explain_neighbours(question: Question) -> Explanation:
    """Both images over a bar for each of the nearest; without neighbours there is nothing to draw."""
    spec = question.spec
    if not question.neighbours:
        text = f"{spec.id} ({spec.summary}) compares whole images; the scores of the search's results would explain it."
        return Explanation(spec.id, text, None)
    said = say_neighbours(question.neighbours, question.chosen)
    images = side_by_side([question.query, question.hit], ["query", "hit"])
    bars = draw_neighbours(question.neighbours, question.chosen, images.width)
    picture = np.array(stacked([images, bars]))
    title = f"{spec.id}: result {question.chosen + 1} of {len(question.neighbours)}"
    return Explanation(title, f"{said} Compared by: {spec.summary}.", picture)


def say_neighbours(neighbours: Sequence[Neighbour], chosen: int) -> str:
    """The hit's score and its lead over the best result of another label, in words."""
    hit, rival = neighbours[chosen], best_of_another_label(neighbours, chosen)
    said = f"{_titled(hit)} scores {hit.score:.4g}"
    if rival is None:
        return f"{said}; no result bears another label."
    lead = hit.score - neighbours[rival].score
    side = "above" if lead >= 0 else "below"
    return (
        f"{said}, {abs(lead):.3g} {side} the best of another label, {_titled(neighbours[rival])} at rank {rival + 1}."
    )


def best_of_another_label(neighbours: Sequence[Neighbour], chosen: int) -> int | None:
    """Place of the best neighbour with another label than the chosen one's, None where there is none.

    Images without labels are all told apart.
    """
    others = [place for place, other in enumerate(neighbours) if not _alike(neighbours[chosen], other)]
    return max(others, key=lambda place: neighbours[place].score, default=None)


def draw_neighbours(neighbours: Sequence[Neighbour], chosen: int, width: int) -> Image.Image:
    """At most MOST bars, `width` pixels wide: the first, the chosen one and the best of another label among them."""
    rival = best_of_another_label(neighbours, chosen)
    musts = {chosen} if rival is None else {chosen, rival}
    others = [place for place in range(len(neighbours)) if place not in musts]
    places = sorted(musts | set(others[: MOST - len(musts)]))
    names = [f"{place + 1}. {_titled(neighbours[place])}" for place in places]
    scores = np.array([neighbours[place].score for place in places])
    filled = [_alike(neighbours[chosen], neighbours[place]) for place in places]
    return draw_bars(names, scores, filled, places.index(chosen), width)


def _alike(one: Neighbour, other: Neighbour) -> bool:
    return one is other or (one.label == other.label and one.label != "")


def _titled(neighbour: Neighbour) -> str:
    return neighbour.label.replace("_", " ") or neighbour.name
