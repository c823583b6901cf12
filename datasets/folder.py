"""A user's own images: root/label/image."""

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from datasets.dataset import Split
from datasets.errors import DataError
from datasets.files import FileDataset
from datasets.imageset import Item
from datasets.origin_note import DataOrigin, own_images
from datasets.safe_text import visible
from datasets.selection import check_subset, require_queries, split_of
from datasets.words import count_of

SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"))


class Folder(FileDataset):
    """Any folder of labelled images: the first folder below the root is the label, images lie anywhere below it.

    Ids are paths below the root, with "/" between the names (bytes that are no UTF-8 written as `\\xff`). Hidden files
    are passed over; links are followed only to files inside the root, never to folders, and counted otherwise.
    """

    name = "folder"
    content = "any"

    def __init__(self, root: Path) -> None:
        """Raises DataError if `root` is no folder."""
        if not root.is_dir():
            raise DataError(f"{root} is no folder: give a folder of images, one folder a label, as folder:PATH")
        self.root = root.resolve()
        self.ignored_links = 0
        self.linked_folders = 0
        """Links to folders: of `ignored_links`, those that may each have been a label."""

    @property
    def title(self) -> str:
        """ "folder:holiday"."""
        return f"folder:{visible(self.root.name)}"

    @cached_property
    def origin(self) -> DataOrigin:
        """The note beside the label folders, if there is one: a user need not explain his own images."""
        return own_images(self.root)

    def list_files(self) -> dict[str, tuple[Item, str]]:
        """Every image below a label folder; raises DataError for a flat or an empty folder."""
        found: dict[str, tuple[Item, str]] = {}
        for path in self._images:
            parts = [visible(part) for part in Path(path).relative_to(self.root).parts]
            if len(parts) > 1:
                found["/".join(parts)] = (Item("/".join(parts), parts[0]), path)
        if not found and self.linked_folders:
            raise DataError(
                f"{self.root}: {count_of(self.linked_folders, 'label folder is a link', 'label folders are links')}, "
                "and links to folders are not followed: move or copy the folders there"
            )
        if not found and self._images:
            raise DataError(f"{self.root} holds images but no label folders: move them to {self.root}/<label>/")
        if not found:
            raise DataError(f"{self.root} holds no images: expected {self.root}/<label>/<image>.jpg, .png, ...")
        return dict(sorted(found.items()))

    def split(self, subset: str) -> Split:
        """Gallery and queries; raises UnknownNameError, or DataError where no label has two images."""
        check_subset(self.title, subset, self.subsets)
        return require_queries(split_of(self.items(), subset), self.title)

    def completeness(self) -> str:
        """What was found: "240 images of 12 labels", and what was passed over."""
        labels = {item.label for item in self.items()}
        text = f"{count_of(len(self.items()), 'image')} of {count_of(len(labels), 'label')}"
        unlabelled = len(self._images) - len(self.items())
        if unlabelled:
            text += f", {unlabelled:,} without a label folder ignored"
        if self.ignored_links:
            text += f", {count_of(self.ignored_links, 'link')} ignored"
        return text

    @cached_property
    def _images(self) -> list[str]:
        return [path for path in self._walk() if self._inside(path)]

    def _walk(self) -> Iterator[str]:
        for folder, subfolders, files in os.walk(self.root, onerror=_unreadable):
            links = [name for name in subfolders if Path(folder, name).is_symlink()]
            self.ignored_links += len(links)
            self.linked_folders += len(links)
            subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in links)
            for name in sorted(files):
                if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                    yield f"{folder}/{name}"

    def _inside(self, path: str) -> bool:
        """False for a link that leads out of the root, or nowhere."""
        if not Path(path).is_symlink():
            return True
        target = Path(os.path.realpath(path))
        inside = target.is_file() and target.is_relative_to(self.root)
        self.ignored_links += not inside
        return inside


def _unreadable(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be read ({error.strerror}): fix its permissions or move it away")
