"""A lazy, ordered selection of images: ids and labels at once, pixels when asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np

Image: TypeAlias = np.ndarray
"""RGB, uint8, shape (height, width, 3). Every image in the benchmark is one of these."""


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a data set, without its pixels.

    `id` is unique within the data set and stable between machines; `label` is the identity or class that
    decides relevance; `meta` keeps what else is known (age, gender, ...), JSON-able.
    """

    id: str
    label: str
    meta: Mapping[str, object] = field(default_factory=dict)


class Source(Protocol):
    """Where a data set's pixels come from."""

    def read(self, id: str) -> bytes:
        """The encoded image (file bytes, or a raw record). Raises ImageError if it is not to be had."""
        ...

    def decode(self, data: bytes, id: str) -> Image:
        """The pixels of `data`; `id` names the image in errors. Raises ImageError if it is no usable image."""
        ...


class ImageSet(Sequence[Image]):
    """Images addressed by position, decoded on access and never kept.

    `ids` and `labels` are numpy string arrays of length n. `digests` holds the sha256 hex digest of each
    image's encoded bytes where a manifest supplied them (they key the embedding store), else None.
    """

    def __init__(self, items: Sequence[Item], source: Source, digests: Sequence[str] | None = None) -> None:
        self.items = tuple(items)
        self.source = source
        self.digests = None if digests is None else tuple(digests)
        self.ids = np.array([item.id for item in self.items], dtype=np.str_)
        self.labels = np.array([item.label for item in self.items], dtype=np.str_)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position):  # type: ignore[no-untyped-def, override]
        """The decoded image at an integer position; for a slice, the narrower ImageSet."""
        if isinstance(position, slice):
            return self.take(range(*position.indices(len(self))))
        return self.decode(self.read(position), position)

    def read(self, position: int) -> bytes:
        """The encoded bytes of the image at `position`: where an end-to-end query starts."""
        return self.source.read(self.items[position].id)

    def decode(self, data: bytes, position: int) -> Image:
        """The pixels of encoded bytes `data` read from `position`."""
        return self.source.decode(data, self.items[position].id)

    def take(self, positions: Sequence[int] | np.ndarray) -> "ImageSet":
        """The images at `positions`, in that order (repeats allowed)."""
        positions = [int(p) for p in positions]
        digests = None if self.digests is None else [self.digests[p] for p in positions]
        return ImageSet([self.items[p] for p in positions], self.source, digests)

    def batches(self, size: int) -> Iterator[list[Image]]:
        """Decoded images in lists of `size` (the last may be shorter), one list in memory at a time."""
        for start in range(0, len(self), size):
            yield [self[p] for p in range(start, min(start + size, len(self)))]

    def __iter__(self) -> Iterator[Image]:
        return (self[p] for p in range(len(self)))
