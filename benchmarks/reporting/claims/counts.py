"""Measures that count: images, faces, self-matches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.reporting.claims.evidence import NoFigureError, Source
from benchmarks.reporting.claims.measure import CellMeasure, Value
from datasets.words import count_of


@dataclass(frozen=True)
class FacesFound(CellMeasure):
    """Images, of gallery and queries, in which a face was found; one face each."""

    @property
    def name(self) -> str:
        """What is counted."""
        return "images with a face"

    def value(self, sources: Sequence[Source]) -> Value:
        """A count of all images: no interval."""
        counts = sources[0].row.get("counts", {})
        in_gallery, in_queries = counts.get("undetected_gallery"), counts.get("undetected_queries")
        if in_gallery is None or in_queries is None:
            raise NoFigureError(sources[0].word or "not counted")
        images = counts["gallery"] + counts["queries"]
        return Value(images - in_gallery - in_queries, remark=f"of {count_of(images, 'image')}")


@dataclass(frozen=True)
class PhotosToFind(CellMeasure):
    """How many other photographs of one person the subset holds, each counted once however often its file is there."""

    person: str = ""

    @property
    def name(self) -> str:
        """Whose."""
        return f"other photos of {self.person}"

    def value(self, sources: Sequence[Source]) -> Value:
        """A count: no interval."""
        truth = sources[0].truth
        photos = truth.content[np.concatenate([truth.gallery_labels, truth.query_labels]) == self.person]
        if not len(photos):
            raise NoFigureError("nobody of that name here")
        return Value(len(np.unique(photos)) - 1)


@dataclass(frozen=True)
class SelfMatches(CellMeasure):
    """Queries whose ranking holds the query itself."""

    @property
    def name(self) -> str:
        """What is counted."""
        return "queries that find themselves"

    def value(self, sources: Sequence[Source]) -> Value:
        """A count: no interval."""
        (source,) = sources
        ids = np.append(source.truth.gallery_ids, "")[source.ranking.ids]
        found = np.any(ids == source.truth.query_ids[:, None], axis=1)
        return Value(int(found.sum()), remark=f"of {count_of(len(found), 'query', 'queries')}")
