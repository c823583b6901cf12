"""What every data set offers: its items, its subsets (gallery and queries), and where pixels come from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from datasets.imageset import Image, ImageSet, Item
from datasets.origin_note import SYNTHETIC, UNSTATED, DataOrigin

Content = Literal["faces", "objects", "any"]


@dataclass(frozen=True)
class Split:
    """Gallery and queries of one subset: items, disjoint by id. A query's positives share its label."""

    gallery: tuple[Item, ...]
    queries: tuple[Item, ...]


@dataclass(frozen=True)
class Pairs:
    """Verification pairs in the form of LFW View 2.

    `left` and `right` are items (n each), `same` is bool (n,), `fold` int (n,) numbered from 0;
    `missing` counts the official pairs left out because an image is not in this copy.
    """

    left: tuple[Item, ...]
    right: tuple[Item, ...]
    same: np.ndarray
    fold: np.ndarray
    missing: int = 0


class Dataset(ABC):
    """A data set on disk or generated. Opening one reads names and labels only, never pixels."""

    name: ClassVar[str]
    content: ClassVar[Content]
    """What the images show; face methods run on "faces" only ("any" admits every method)."""
    subsets: ClassVar[tuple[str, ...]] = ("smoke", "standard", "full")
    synthetic: bool = False
    """True for a generated stand-in; tables then say `name (synthetic)`."""

    @abstractmethod
    def items(self) -> Sequence[Item]:
        """Every usable item, ordered by id (or the archive's own order where that order matters)."""

    @abstractmethod
    def split(self, subset: str) -> Split:
        """The deterministic gallery and queries of `subset`; raises UnknownNameError or DataError."""

    @abstractmethod
    def read(self, id: str) -> bytes:
        """Encoded bytes of one image (see imageset.Source)."""

    @abstractmethod
    def decode(self, data: bytes, id: str) -> Image:
        """Pixels of encoded bytes (see imageset.Source)."""

    def pairs(self, subset: str) -> Pairs | None:
        """Verification pairs of `subset`, or None where the data set defines none."""
        return None

    @property
    def title(self) -> str:
        """The name files and stored rows go by: "lfw", "lfw (synthetic)", "folder:holiday"; see `origin.shown`."""
        return f"{self.name} (synthetic)" if self.synthetic else self.name

    @property
    def origin(self) -> DataOrigin:
        """Where the images come from, as tables print it; read anew by each data set object."""
        return SYNTHETIC if self.synthetic else UNSTATED

    @property
    def heading(self) -> str:
        """The name people read: "lfw (8,329 of 13,233 images)", "lfw (synthetic)"."""
        return self.title if self.synthetic else self.origin.shown(self.title)

    def fingerprint(self, items: Sequence[Item]) -> str | None:
        """A cheap sign that changes when the content of `items` may have (file sizes and times, a generator's version).

        It keys the manifest cache; None (the default) means that manifests are made anew each time.
        """
        return None

    def completeness(self) -> str:
        """How much of the official data set is here, for tables: "complete" or "8,329 of 13,233 images"."""
        return "complete"

    def ignored_files(self) -> Sequence[str]:
        """What lies among the images and is not read, in phrases, where `completeness` does not tell of them."""
        return ()

    def imageset(self, items: Sequence[Item]) -> ImageSet:
        """A lazy ImageSet of `items`."""
        return ImageSet(items, self)
