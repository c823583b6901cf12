"""What a gallery's template shows: queries, each with one strip of results a method, and small copies of the images."""

import hashlib
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.core.ground_truth import GroundTruth
from benchmarks.reporting.html.gallery_choice import FirstHits
from benchmarks.system.files import write_atomically
from datasets.errors import ImageError
from datasets.imageset import ImageSet
from datasets.manifest import Manifest

EXPLAIN = ("python", "-m", "benchmarks", "explain")
SIDE = 96
"""Pixels along the longer side; a smaller image stays as it is."""
QUALITY = 75
FOLDER = "thumbnails"


class Thumbnails:
    """Writes each picture that is asked for once, below `page`/thumbnails, named by its content: galleries share them.

    Images are read from the data set they were ranked in. One that is gone, or is another than it was then, has none.
    """

    def __init__(self, page: Path) -> None:
        self.page = page
        self._known: dict[str, str | None] = {}

    def link(self, images: ImageSet, position: int) -> str | None:
        """The thumbnail's address relative to the page; None where the image is not to be had."""
        if images.digests is None:
            raise ValueError("thumbnails are named by digest: take the images from a manifest")
        digest = images.digests[position]
        if digest not in self._known:
            self._known[digest] = self._made(images, position, digest)
        return self._known[digest]

    def _made(self, images: ImageSet, position: int, digest: str) -> str | None:
        name = f"{FOLDER}/{digest[:20]}-{SIDE}.webp"
        if (self.page / name).exists():
            return name
        try:
            data = images.read(position)
            if hashlib.sha256(data).hexdigest() != digest:
                return None
            pixels = images.decode(data, position)
        except ImageError:
            return None
        from PIL import Image

        picture = Image.fromarray(pixels)
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=QUALITY)
        with write_atomically(self.page / name) as file:
            file.write(buffer.getvalue())
        return name


@dataclass(frozen=True)
class Shot:
    """One image: its thumbnail's address, or None where its id is shown instead; `alt` says all that is seen."""

    id: str
    label: str
    picture: str | None
    alt: str
    right: bool | None = None
    """None for a query."""
    place: str = ""
    """The rank, for people."""


@dataclass(frozen=True)
class Strip:
    """One method's results for a query; `later` is the first right one where it stands below the others."""

    method: str
    note: str
    shots: tuple[Shot, ...]
    later: Shot | None
    why: str
    """The command that explains the first result; "" where none is shown."""


@dataclass(frozen=True)
class Block:
    """A query and its strips."""

    query: Shot
    to_find: int
    strips: tuple[Strip, ...]


class View:
    """Makes blocks of one group: labels from the ground truth, thumbnails from the images where they are here."""

    def __init__(self, truth: GroundTruth, where: str, images: Manifest | None, thumbnails: Thumbnails) -> None:
        self.truth = truth
        self.where = where
        """The data set and subset as commands name them."""
        self.images = images
        self.thumbnails = thumbnails

    def block(self, row: int, answers: Sequence[FirstHits], with_why: bool = False) -> Block:
        """The query `row` and what each method answers to it; `with_why` adds the commands that explain it."""
        truth = self.truth
        id, label = str(truth.query_ids[row]), str(truth.query_labels[row])
        picture = self.thumbnails.link(self.images.queries, row) if self.images else None
        query = Shot(id, _spaced(label), picture, f"query: {_spaced(label)}, {id}")
        return Block(query, int(truth.to_find[row]), tuple(self._strip(row, hits, with_why) for hits in answers))

    def _strip(self, row: int, hits: FirstHits, with_why: bool) -> Strip:
        label = str(self.truth.query_labels[row])
        top = [position for position in hits.top[row].tolist() if position >= 0]
        shots = tuple(self._result(position, label, str(place)) for place, position in enumerate(top, start=1))
        first = int(hits.right[row])
        later = None if first < 0 or first in top else self._result(first, label, said_rank(hits.rank[row]))
        name = hits.method + (" †" if hits.supervised else "")
        query = str(self.truth.query_ids[row])
        why = shlex.join([*EXPLAIN, hits.method, query, "-d", self.where]) if with_why and shots else ""
        return Strip(name, _note(hits, row), shots, later, why)

    def _result(self, position: int, label: str, place: str) -> Shot:
        id, own = str(self.truth.gallery_ids[position]), str(self.truth.gallery_labels[position])
        right = own == label
        picture = self.thumbnails.link(self.images.gallery, position) if self.images else None
        alt = f"{'right' if right else 'wrong'}, rank {place}: {_spaced(own)}, {id}"
        return Shot(id, _spaced(own), picture, alt, right, place)


def _note(hits: FirstHits, row: int) -> str:
    if hits.undetected[row]:
        return "nothing to search for in it"
    if np.isinf(hits.rank[row]):
        return "nothing right found"
    rank = hits.rank[row]
    return "right at once" if rank == 1 else f"first right: rank {said_rank(rank)}"


def said_rank(rank: float) -> str:
    """A rank for people; one that is an average over ties is rounded and marked."""
    if float(rank).is_integer():
        return f"{rank:,.0f}"
    return f"≈{rank:,.0f}" if rank >= 10 else f"≈{rank:.1f}"


def _spaced(label: str) -> str:
    return label.replace("_", " ")
