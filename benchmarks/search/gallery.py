"""What can be searched in: a subset of a data set, or any folder of images."""

import hashlib
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from datasets.dataset import Content
from datasets.errors import ImageError
from datasets.imageset import Image, ImageSet, Item

Advance = Callable[[str, int, int | None], None]
"""Called with what is done, how much of it was done since, and how much there is (None: not known)."""


def silent(what: str, done: int, total: int | None) -> None:
    """An Advance that shows nothing."""


class NotNowError(ImageError):
    """An image that cannot be had at the moment; nothing is known against its content."""


@dataclass(frozen=True)
class Skipped:
    """Images of a gallery that cannot be searched: how many, and (path, reason) of the first."""

    count: int = 0
    first: tuple[tuple[str, str], ...] = ()


class Gallery(Protocol):
    """Images with numbers of their own, known by content; pixels only when asked."""

    title: str
    """For people: "lfw:standard", "/home/me/photos"."""
    key: str
    """Names its folder in the index."""
    content: Content
    """What its images show."""

    def update(self, advance: Advance = silent, again: bool = False) -> None:
        """Take up what was added, changed or removed; with `again`, read all images anew.

        Raises SearchError where nothing is left to search in.
        """
        ...

    def __len__(self) -> int:
        """Usable images."""
        ...

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Number and sha256 (32 bytes) of every usable image, always in the same order."""
        ...

    def digest(self, id: int) -> bytes:
        """The sha256 (32 bytes) of one image's file; raises SearchError for a number that is not there."""
        ...

    def holding(self, sha256: bytes) -> tuple[int, ...]:
        """The numbers of usable images of this content, in order."""
        ...

    def item(self, id: int) -> Item:
        """Name and label ("" where there is none) of one image; raises SearchError for a number that is not there."""
        ...

    def at(self, path: Path) -> int | None:
        """The number of the image that this file is; None for a file that is none of the gallery's."""
        ...

    def read(self, id: int) -> bytes:
        """Its encoded bytes; raises ImageError if they are not (or no longer) to be had."""
        ...

    def decode(self, data: bytes, id: int) -> Image:
        """The pixels of bytes read from `id`; raises ImageError."""
        ...

    def mark_broken(self, sha256: bytes, reason: str) -> None:
        """Leave images of this content out from now on."""
        ...

    def notes(self) -> tuple[str, ...]:
        """What else lies there and was passed over, for the reader of an answer."""
        ...

    def skipped(self) -> Skipped:
        """What could not be used."""
        ...


class _Source:
    """A gallery as the source of an ImageSet, whose ids are texts."""

    def __init__(self, gallery: Gallery, on_read: Callable[[], None]) -> None:
        self.gallery = gallery
        self.on_read = on_read

    def read(self, id: str) -> bytes:
        self.on_read()
        return self.gallery.read(int(id))

    def decode(self, data: bytes, id: str) -> Image:
        return self.gallery.decode(data, int(id))


def whole_imageset(
    gallery: Gallery, usable: Container[bytes], on_read: Callable[[], None]
) -> tuple[list[int], ImageSet]:
    """The images whose content is `usable`, for a method that must see them themselves, and their numbers in order."""
    ids, digests, items = [], [], []
    for id, digest in gallery.entries():
        if digest in usable:
            ids.append(id)
            digests.append(digest.hex())
            items.append(Item(str(id), gallery.item(id).label))
    return ids, ImageSet(items, _Source(gallery, on_read), digests)


def imageset(gallery: Gallery, ids: Sequence[int]) -> ImageSet:
    """The images with these numbers."""
    items = [Item(str(id), gallery.item(id).label) for id in ids]
    return ImageSet(items, _Source(gallery, lambda: None), [gallery.digest(id).hex() for id in ids])


def state(gallery: Gallery) -> str:
    """A hex digest of what is in the gallery now: it changes when an image comes, changes or goes."""
    digest = hashlib.sha256()
    for _, content in gallery.entries():
        digest.update(content)
    return digest.hexdigest()


def pixels(gallery: Gallery, id: int, content: bytes) -> Image:
    """The pixels of an image that had this content when it was listed.

    Raises NotNowError if it cannot be read or changed since, ImageError if its content is no image.
    """
    try:
        data = gallery.read(id)
    except ImageError as error:
        raise NotNowError(str(error)) from error
    if hashlib.sha256(data).digest() != content:
        raise NotNowError(f"{gallery.item(id).id}: changed while it was being indexed")
    return gallery.decode(data, id)
