"""How plots look: a colour and a shape for each family, and the ways to zoom. Colours proper are the style sheet's."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

SHAPES = {
    "pixels": "square",
    "hash": "diamond",
    "local features": "triangle-up",
    "classifier": "triangle-down",
    "embedding": "circle",
    "face embedding": "cross",
    "canary": "triangle-right",
}
"""By family, in the order of the style sheet's --family-1 to --family-7."""

HEIGHT = 380


def family_class(family: str) -> str:
    """The class of an element in the colour of a family."""
    return f"family-{tuple(SHAPES).index(family) + 1}"


def family_colour(families: Collection[str]) -> Any:
    """The family by colour, as the style sheet's properties: so that a plot follows the theme without being redrawn."""
    import altair as alt

    colours = [f"var(--family-{place})" for place, family in enumerate(SHAPES, 1) if family in families]
    return alt.Color("family:N", title="family").scale(domain=_present(families), range=colours)


def family_shape(families: Collection[str]) -> Any:
    """The family by shape as well, so that the plot reads without colour."""
    import altair as alt

    present = _present(families)
    return alt.Shape("family:N", title="family").scale(domain=present, range=[SHAPES[family] for family in present])


def _present(families: Collection[str]) -> list[str]:
    return [family for family in SHAPES if family in families]


def zoom(name: str) -> Any:
    """Drag moves, Ctrl + wheel (or a pinch) zooms, a double click resets; the wheel alone scrolls the page."""
    import altair as alt

    return alt.selection_interval(name=name, bind="scales", zoom="wheel![event.ctrlKey]")


def data(rows: Sequence[Mapping[str, object]]) -> Any:
    """Rows as data inside the chart, without what no encoding reads."""
    import altair as alt

    return alt.Data(values=list(rows))


def anchors(points: Sequence[Mapping[str, object]]) -> Any:
    """Invisible marks for the points whose `method` the page writes beside them, where no name covers another.

    Names are placed in the browser, by Vega's label transform: it needs the plot's size, which the window decides.
    """
    import altair as alt

    return alt.Chart(data(points)).mark_point(size=110, opacity=0, clip=True).properties(name="anchors")
