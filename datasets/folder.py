"""A user's own images: root/label/image, without labels, or with a split and pairs of its own."""

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from datasets.dataset import Pairs, Split
from datasets.errors import DataError
from datasets.files import FileDataset
from datasets.folder_lists import LIST_FILES, OwnSplit, are_sides, own_pairs, own_split, side_label
from datasets.imageset import Item
from datasets.origin_note import DataOrigin, own_images
from datasets.passed_over import PassedOver, is_output, is_output_in
from datasets.reading import obstacle
from datasets.safe_text import visible
from datasets.selection import check_subset, given_split, require_queries, split_of, unlabelled_split
from datasets.words import count_of


class Folder(FileDataset):
    """Any folder of images: the first folder below the root is the label, images lie anywhere below it.

    Images that lie in the root alone have no labels: each is a label of its own, and what asks for labels is left out.
    A split and pairs that the folder brings are used as given (see `folder_lists`).
    Ids are paths below the root, with "/" between the names (bytes that are no UTF-8 written as `\\xff`). Hidden files
    are passed over; links are followed only to files inside the root, never to folders, and counted otherwise. So are
    files that are no images by their suffix; what this tool itself wrote there is left out.
    """

    name = "folder"
    content = "any"

    def __init__(self, root: Path) -> None:
        """Raises DataError if `root` is no folder."""
        if not root.is_dir():
            raise DataError(f"{root} is no folder: give a folder of images as folder:PATH")
        self.root = root.resolve()
        self.passed_over = PassedOver()
        self.lists = sorted(name for name in LIST_FILES if (self.root / name).is_file())
        """Names of the lists that it brings."""
        self._own: OwnSplit | None = None
        self.unusable_files = 0
        """Named pipes, devices and the like, and files that are too large."""

    @property
    def title(self) -> str:
        """ "folder:holiday"."""
        return f"folder:{visible(self.root.name)}"

    @cached_property
    def origin(self) -> DataOrigin:
        """The note beside the label folders, if there is one: a user need not explain his own images."""
        return own_images(self.root)

    @cached_property
    def labelled(self) -> bool:
        """Whether two images share a label: what asks for labels can be asked."""
        labels = [item.label for item in self.items()]
        return len(set(labels)) < len(labels)

    def list_files(self) -> dict[str, tuple[Item, str]]:
        """Every image, in its label folder where there are any; raises DataError for an empty folder."""
        paths = {path: [visible(part) for part in Path(path).relative_to(self.root).parts] for path in self._images}
        listed = bool(self.lists)
        deep = {path: parts for path, parts in paths.items() if len(parts) > 1}
        sides = are_sides({parts[0] for parts in deep.values()})
        found: dict[str, tuple[Item, str]] = {}
        for path, parts in (paths if listed or not deep else deep).items():
            found["/".join(parts)] = (Item("/".join(parts), side_label(parts, sides)), path)
        if not found and (links := self.passed_over.linked_folders):
            raise DataError(
                f"{self.root}: {count_of(links, 'label folder is a link', 'label folders are links')}, "
                "and links to folders are not followed: move or copy the folders there"
            )
        if not found:
            there = "".join(f"; {phrase}" for phrase in self.passed_over.words())
            raise DataError(f"{self.root} holds no images: expected .jpg, .png, ... in it or below it{there}")
        found = dict(sorted(found.items()))
        self._own = own_split(self.root, {id: item.label for id, (item, _) in found.items()})
        if self._own:
            found = {
                id: (Item(id, self._own.labels.get(id, item.label)), path)
                for id, (item, path) in found.items()
                if id in self._own.gallery or id in self._own.queries
            }
        return found

    def split(self, subset: str) -> Split:
        """Gallery and queries, the folder's own if it brings some; raises UnknownNameError, or DataError.

        Without labels that two images share, some images are held out: nothing answers them.
        """
        check_subset(self.title, subset, self.subsets)
        items = self.items()
        if self._own:
            return given_split(items, self._own.queries, subset)
        if not self.labelled:
            return unlabelled_split(items, subset, self.title)
        return require_queries(split_of(items, subset), self.title)

    def pairs(self, subset: str) -> Pairs | None:
        """Those of pairs.csv, in every subset; raises DataError for a list that cannot be used."""
        check_subset(self.title, subset, self.subsets)
        return own_pairs(self.root, {item.id: item for item in self.items()})

    def completeness(self) -> str:
        """What was found: "240 images of 12 labels", and what was passed over."""
        text = count_of(len(self.items()), "image")
        if any(item.label != item.id for item in self.items()):
            text += f" of {count_of(len({item.label for item in self.items()}), 'label')}"
        else:
            text += " without labels"
        if left_out := len(self._images) - len(self.items()):
            text += f", {left_out:,} {'that no list names' if self._own else 'without a label folder'} ignored"
        passed = self.passed_over
        if ignored := passed.links + passed.linked_folders:
            text += f", {count_of(ignored, 'link')} ignored"
        if self.unusable_files:
            text += f", {count_of(self.unusable_files, 'file')} that cannot be read, too large or not regular ignored"
        rest = PassedOver(passed.kinds, outputs=passed.outputs).words()
        return "; ".join([text, *rest])

    @cached_property
    def _images(self) -> list[str]:
        return [path for path in self._walk() if self._inside(path) and self._readable(path)]

    def _walk(self) -> Iterator[str]:
        for folder, subfolders, files in os.walk(self.root, onerror=_unreadable):
            below = Path(folder).relative_to(self.root)
            output = is_output(Path(folder))
            if output and Path(folder) != self.root:
                self.passed_over.outputs.append(visible(below.as_posix()))
                subfolders.clear()
                continue
            links = [name for name in subfolders if Path(folder, name).is_symlink()]
            self.passed_over.linked_folders += len(links)
            own = [name for name in subfolders if output and is_output_in(name, directory=True)]
            own += [name for name in files if output and is_output_in(name, directory=False)]
            self.passed_over.outputs += sorted(own)
            left_out = {*links, *own}
            subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in left_out)
            for name in sorted(files):
                if name not in left_out and not self.passed_over.takes_no_file(name):
                    yield f"{folder}/{name}"

    def _inside(self, path: str) -> bool:
        """False for a link that leads out of the root, or nowhere."""
        if not Path(path).is_symlink():
            return True
        target = Path(os.path.realpath(path))
        inside = target.is_file() and target.is_relative_to(self.root)
        self.passed_over.links += not inside
        return inside

    def _readable(self, path: str) -> bool:
        """False for what is no regular file, or a file that no image needs to be as large as."""
        try:
            readable = not obstacle(Path(path).stat())
        except OSError:
            readable = False
        self.unusable_files += not readable
        return readable


def _unreadable(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be read ({error.strerror}): fix its permissions or move it away")
