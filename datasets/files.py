"""A data set of image files: what LFW, IMDB-WIKI and a user's folder have in common."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from datasets.cut_short import whole
from datasets.dataset import Dataset
from datasets.decoding import decode_image
from datasets.errors import ImageError
from datasets.imageset import Image, Item
from datasets.reading import read_image_file


class FileDataset(Dataset):
    """Each item is one image file. A subclass lists them; only listed ids can be read."""

    @abstractmethod
    def list_files(self) -> Mapping[str, tuple[Item, str]]:
        """Item and path of every usable image by id, ordered by id; called once at most. Raises DataError."""

    @cached_property
    def _files(self) -> Mapping[str, tuple[Item, str]]:
        return self.list_files()

    def items(self) -> Sequence[Item]:
        """Every usable image, ordered by id."""
        return self._items

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        return tuple(item for item, _ in self._files.values())

    def read(self, id: str) -> bytes:
        """The file's bytes, completed where they lack a JPEG's end (see cut_short).

        Raises ImageError if it is not (or no longer) to be had, not regular, or too large.
        """
        path = self.path_of(id)
        if path is None:
            raise ImageError(f"{id}: no such image in {self.name}")
        return whole(read_image_file(path, id))

    def path_of(self, id: str) -> str | None:
        """The file of a usable image; None for an id that is none.

        A subclass whose ids say where the file lies need not list all of them: each cell of a run reads a few hundred.
        """
        return self._files[id][1] if id in self._files else None

    def decode(self, data: bytes, id: str) -> Image:
        """Pixels of an encoded image file (see decoding.decode_image)."""
        return decode_image(data, id)

    def fingerprint(self, items: Sequence[Item]) -> str:
        """Changes when a file of `items` does (see stat_fingerprint); costs one stat each."""
        return stat_fingerprint(self._files[item.id][1] for item in items)


def stat_fingerprint(paths: Iterable[str | Path]) -> str:
    """sha256 over path, size, inode, and times of modification and of change of each file.

    The last two show what a size and a modification time that were set back hide.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            status = Path(path).stat()
            line = f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ctime_ns}\0{status.st_ino}\n"
        except OSError:
            line = f"{path}\0absent\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
