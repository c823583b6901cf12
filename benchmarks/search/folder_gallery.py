"""A folder of anybody's images as a gallery. Labels are the folders below it, where there are any."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.search.catalogue import Catalogue
from benchmarks.search.errors import SearchError
from benchmarks.search.gallery import Advance, Skipped, silent
from benchmarks.search.query import is_flat
from datasets.cut_short import whole
from datasets.dataset import Content
from datasets.decoding import decode_image
from datasets.errors import ImageError
from datasets.imageset import Image, Item
from datasets.passed_over import SUFFIXES
from datasets.reading import read_image_file
from datasets.safe_text import visible
from datasets.words import count_of

_ALL_FLAT = "nothing to tell apart: {} one flat colour, and there is no other"
SHOWN = 10
"""Unusable images named; the others are counted."""


class FolderGallery:
    """Every image below a folder, any tree. Its catalogue is kept in `index_dir`; the folder is never written to."""

    content: Content = "any"

    def __init__(self, root: Path, index_dir: Path) -> None:
        """Raises SearchError if `root` is no folder or the index cannot be used."""
        if not root.is_dir():
            raise SearchError(f"{root} is no folder: --gallery takes a folder of images, or a data set")
        self.root = root.resolve()
        self.title = visible(str(self.root))
        name = re.sub(r"[^A-Za-z0-9]+", "-", self.root.name)[:40]
        self.key = f"folder-{name}-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]}"
        self._catalogue = Catalogue(index_dir / self.key / "catalogue.sqlite", self.root)
        self._unreadable: list[str] = []
        self._cut_short: set[bytes] = set()
        self._flat: set[bytes] = set()
        """Contents found since the last note: images are decoded in threads, which do not write."""

    def update(self, advance: Advance = silent, again: bool = False) -> None:
        """Look through the folder once, with `again` into every file; raises SearchError if there is no image in it."""
        self._unreadable = self._catalogue.update(lambda files: advance("looking for images", files, None), again)
        if not len(self):
            self._refuse()
        if self._catalogue.is_owed_a_look():
            self._look_again(advance)

    def _look_again(self, advance: Advance) -> None:
        """Decode every image once more: what that tells of those that have rows would else never be known again."""
        for id in [id for id, _ in self.entries()]:
            with contextlib.suppress(ImageError):  # whoever finds no row of it says so
                self.decode(self.read(id), id)
            advance("looking at images again", 1, len(self))
        self._note_found()
        self._catalogue.looked()

    def _note_found(self) -> tuple[int, int]:
        """Keep what decoding told since the last time: how many images lack their end, and show one colour."""
        cut_short, self._cut_short = self._cut_short, set()
        flat, self._flat = self._flat, set()
        return self._catalogue.cut_short(cut_short), self._catalogue.flat(flat)

    def __len__(self) -> int:
        return len(self._catalogue)

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Number and sha256 of every image that can be used."""
        return self._catalogue.entries()

    def digest(self, id: int) -> bytes:
        """As it was when the folder was looked through."""
        return self._catalogue.digest(id)

    def holding(self, sha256: bytes) -> tuple[int, ...]:
        """Ordered by number."""
        return self._catalogue.holding(sha256)

    def item(self, id: int) -> Item:
        """The path below the folder, and its first folder as label."""
        parts = visible(self._catalogue.path(id)).split("/")
        return Item("/".join(parts), parts[0] if len(parts) > 1 else "")

    def file(self, id: int) -> Path:
        """Where an image lies, as the file system spells it; raises SearchError for a number that is not there."""
        return self.root / self._catalogue.path(id)

    def at(self, path: Path) -> int | None:
        """The number of the image that lies at `path`, by whatever way it is named."""
        real = path.resolve()
        return self._catalogue.number(real.relative_to(self.root)) if real.is_relative_to(self.root) else None

    def read(self, id: int) -> bytes:
        """The file's bytes; raises ImageError."""
        return read_image_file(self.file(id), self.item(id).id)

    def decode(self, data: bytes, id: int) -> Image:
        """RGB pixels; a file that lacks its last bytes is counted, and one that shows one colour alone."""
        completed = whole(data)
        image = decode_image(completed, self.item(id).id)
        if completed is not data:
            self._cut_short.add(hashlib.sha256(data).digest())
        if is_flat(image):
            self._flat.add(hashlib.sha256(data).digest())
        return image

    def mark_broken(self, sha256: bytes, reason: str) -> None:
        """Leave this content out until the file changes; other files may hold it too, so the reason names none."""
        for id in self.holding(sha256):
            reason = reason.removeprefix(f"{self.item(id).id}: ")
        self._catalogue.mark_broken(sha256, reason)

    def skipped(self) -> Skipped:
        """Broken files, and folders that cannot be read."""
        count, first = self._catalogue.problems(SHOWN)
        folders = [(visible(text.rpartition(": ")[0]), text.rpartition(": ")[2]) for text in self._unreadable]
        files = [(visible(path), reason.removeprefix(f"{visible(path)}: ")) for path, reason in first]
        return Skipped(count + len(folders), (*files, *folders)[:SHOWN])

    def notes(self) -> tuple[str, ...]:
        """Files passed over, by kind; those that lack their last bytes and are read; that none shows anything."""
        count, flat = self._note_found()
        files = count_of(count, "file lacks its last bytes and is", "files lack their last bytes and are")
        return (
            *self._catalogue.passed_over.words(),
            *([f"{files} read with the rest grey"] if count else []),
            *([_ALL_FLAT.format(count_of(flat, "image shows", "images show"))] if flat and flat == len(self) else []),
        )

    def _refuse(self) -> None:
        skipped = self.skipped()
        if skipped.count:
            path, reason = skipped.first[0]
            raise SearchError(
                f"{self.title}: none of {count_of(skipped.count, 'image')} can be used (first: {path}: {reason})"
            )
        kinds = ", ".join(sorted(SUFFIXES))
        there = "".join(f"; {phrase}" for phrase in self.notes())
        raise SearchError(f"{self.title} holds no images: nothing in it or below it ends in {kinds}{there}")
