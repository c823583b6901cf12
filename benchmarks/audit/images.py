"""What is audited: every image of a subset (or of a folder, with labels or without), and what part it plays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.dataset import Dataset
from datasets.errors import DataError
from datasets.folder import Folder
from datasets.imageset import ImageSet, Item
from datasets.passed_over import PassedOver
from datasets.reading import expanded
from datasets.registry import DATASETS, FOLDER_PREFIX, open_dataset, parse_dataset
from datasets.safe_text import visible

ALL = "full"
"""The subset audited where none is named: everything."""


class FlatFolder(Folder):
    """A folder of images without label folders: every image has the label ""."""

    def list_files(self) -> dict[str, tuple[Item, str]]:
        """Every image; raises DataError for an empty folder."""
        found = {}
        for path in self._images:
            name = "/".join(visible(part) for part in Path(path).relative_to(self.root).parts)
            found[name] = (Item(name, ""), path)
        return dict(sorted(found.items())) if found else super().list_files()


@dataclass(frozen=True, eq=False)
class Audited:
    """Images in one order: the gallery first, then the queries; all are "image" where there is nothing to search."""

    name: str
    """As commands name it: lfw, folder:PATH."""
    subset: str
    heading: str
    dataset: Dataset
    images: ImageSet
    roles: np.ndarray
    """(n,) gallery, query or image."""

    @property
    def labels(self) -> np.ndarray:
        """(n,); all "" without labels."""
        return self.images.labels

    @property
    def labelled(self) -> bool:
        """Whether there are at least two labels."""
        return len(np.unique(self.labels)) > 1

    @property
    def gallery(self) -> int:
        """How many images, from the first, are searched in."""
        return int(np.count_nonzero(self.roles == "gallery"))

    def passed_over(self) -> list[str]:
        """Files that are no images, or lie where none is looked for, in phrases."""
        passed = getattr(self.dataset, "passed_over", None)
        phrases = passed.words() if isinstance(passed, PassedOver) else []
        return [*self.dataset.ignored_files(), *phrases]


def open_audited(text: str, data_dir: Path | None, drawings: Path) -> Audited:
    """The images of a data set with an optional :SUBSET, of folder:PATH, or of a path.

    Raises BenchmarkError for an unknown name, and for data without images or with a single one.
    """
    is_named = text.partition(":")[0] in DATASETS or text.startswith(FOLDER_PREFIX)
    if not is_named and (expanded(text).is_dir() or "/" in text):
        text = f"{FOLDER_PREFIX}{text}"
    name, subset = parse_dataset(text)
    dataset = _folder(name) if name.startswith(FOLDER_PREFIX) else open_dataset(name, data_dir, drawings)
    subset = subset or ALL
    gallery, queries = _split(dataset, subset)
    if len(gallery) + len(queries) < 2:
        raise DataError(f"{dataset.title} holds one image: there is nothing to compare it with; add more")
    roles = ["gallery" if queries else "image"] * len(gallery) + ["query"] * len(queries)
    images = dataset.imageset([*gallery, *queries])
    return Audited(name, subset, dataset.heading, dataset, images, np.array(roles))


def _folder(name: str) -> Folder:
    root = expanded(name.removeprefix(FOLDER_PREFIX))
    labelled = Folder(root)
    try:
        labelled.items()
        if labelled.labelled:
            return labelled
    except DataError:
        pass
    flat = FlatFolder(root)
    flat.items()  # its own words where there is no image at all
    return flat


def _split(dataset: Dataset, subset: str) -> tuple[Sequence[Item], Sequence[Item]]:
    """Gallery and queries; all images and none where no label has two."""
    if isinstance(dataset, FlatFolder):
        return dataset.items(), ()
    try:
        split = dataset.split(subset)
    except DataError:
        if not isinstance(dataset, Folder):
            raise
        return dataset.items(), ()
    return split.gallery, split.queries
