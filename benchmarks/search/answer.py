"""The answer of one method to one picture: hits, the verdict on them, and where the time went. Data alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

Verdict = Literal["match", "no good match", "not calibrated", "nothing to search for"]
"""A hit reaches the threshold (or is the query itself), or none does, or there is no threshold; or the query shows
nothing that could be searched for (no face, one flat colour)."""


@dataclass(frozen=True)
class Hit:
    """One gallery image found. Ranks count from 1 and are shared by equal scores: those hits are tied."""

    rank: int
    id: int
    """Its number in the opened gallery: `Gallery.read(id)` gives its bytes. Means nothing elsewhere."""
    path: str
    """Its name to people: the path below the gallery's folder, or the data set's id of the image."""
    label: str
    """Empty where the gallery has no labels."""
    score: float
    """Larger is better; comparable within one method alone."""
    identical: bool = False
    """It is the query's very file, or the method sees no difference: a match whatever the threshold."""
    chance: float | None = None
    """That it is right (see benchmarks.search.chance); None where nothing is known of it."""


@dataclass(frozen=True)
class Face:
    """A face in the query: `box` is x1 y1 x2 y2 in pixels, numbers count from 1, from left to right."""

    number: int
    box: tuple[float, float, float, float]
    score: float
    """The detector's probability."""
    chosen: bool
    """It is the face that was searched for."""


@dataclass(frozen=True)
class Answer:
    """What `method` found in `gallery`, best first."""

    method: str
    gallery: str
    hits: tuple[Hit, ...]
    seconds: Mapping[str, float]
    """load: building the method and reading its index; encode: the query; search: asking the index."""
    verdict: Verdict
    threshold: float | None = None
    """The score from which on a hit is a good match; None where it was not calibrated."""
    itself: str | None = None
    """The query's own file, where it lies in the gallery: it is left out of the hits and of the verdict."""
    faces: tuple[Face, ...] = ()
    """Faces of the query, for a method that looks for them."""
    notes: tuple[str, ...] = ()
    """What a reader should know: how the query was read, what the threshold means, what was skipped."""
    score_means: str = field(default="score, larger is better")

    def is_good(self, hit: Hit) -> bool:
        """Whether a hit reaches the threshold, or needs none."""
        return hit.identical or (self.threshold is not None and hit.score >= self.threshold)

    def to_json(self) -> dict[str, object]:
        """As plain data, each hit with `good` (None where nothing says so)."""
        document = asdict(self)
        document["seconds"] = dict(self.seconds)
        for row, hit in zip(document["hits"], self.hits, strict=True):
            row["good"] = self.is_good(hit) or (None if self.threshold is None else False)
        return document
