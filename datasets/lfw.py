"""Labeled Faces in the Wild (Huang et al. 2007): 13,233 photos of 5,749 people, and the View 2 verification pairs."""

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.dataset import Pairs, Split
from datasets.errors import DataError
from datasets.files import FileDataset
from datasets.imageset import Item
from datasets.origin_note import DataOrigin, altered_files, origin_of
from datasets.origins import LFW_PAIRS_SHA256
from datasets.passed_over import PassedOver
from datasets.reading import require_regular
from datasets.selection import check_subset, require_queries, split_of

ARCHIVES = ("lfw-deepfunneled", "lfw_funneled", "lfw")
"""Folders the official archives unpack to; the first that is there is used."""

OFFICIAL_IMAGES = 13_233
FIRST_250_IMAGES = 572
"""Images of the first 250 people by name, as in lfw-names.txt."""

QUERY_PEOPLE = (
    "Albert_Costa",
    "Angela_Bassett",
    "Arminio_Fraga",
    "Billy_Crystal",
    "Bob_Graham",
    "Boris_Becker",
    "Bulent_Ecevit",
    "Calista_Flockhart",
    "Cameron_Diaz",
    "Carmen_Electra",
)
"""The ten query people of reports R0, R2 and R4, six photos each; _0001 is the query."""

QUERY_IMAGES = frozenset(f"{name}/{name}_0001" for name in QUERY_PEOPLE)
SMOKE_PAIRS = 10
"""Pairs of each kind (same, different) and fold in `smoke`."""


class _Pair(NamedTuple):
    left: str
    right: str
    same: bool
    fold: int


class Lfw(FileDataset):
    """LFW in its official layout, `root/lfw-deepfunneled/<Name>/<Name>_NNNN.jpg`, complete or partial.

    Ids are "<Name>/<Name>_0001", labels the names. `root` also holds `pairs.txt`, and `s3-1508.txt` (one
    "<Name>/<Name>_NNNN.jpg" a line) for the subset of that name.
    """

    name = "lfw"
    content = "faces"
    subsets = ("smoke", "standard", "full", "s3-1508", "first-250")

    def __init__(self, root: Path) -> None:
        """Raises DataError if no archive's folder is under `root`."""
        self.root = root
        self._passed_over = PassedOver()
        self._people: dict[str, dict[str, str]] = {}
        """By person, the files of the photos by id: of those who were asked for."""
        self.images = next((root / name for name in ARCHIVES if (root / name).is_dir()), None)
        if self.images is None:
            raise DataError(f"{root} holds none of the folders {', '.join(ARCHIVES)}: unpack the LFW archive there")

    def list_files(self) -> dict[str, tuple[Item, str]]:
        """Every photo by id; raises DataError if there is none."""
        found = {item.id: (item, path) for item, path in _photos(str(self.images), self._passed_over)}
        if not found:
            raise DataError(f"{self.images} holds no <Name>/<Name>_NNNN.jpg: unpack the LFW archive there")
        return dict(sorted(found.items()))

    def path_of(self, id: str) -> str | None:
        """The file of a photo, looked for among its person's where they were not listed: listing all takes long."""
        if "_files" in self.__dict__:
            return super().path_of(id)
        name = id.partition("/")[0]
        if name not in self._people:
            self._people[name] = _photos_by_id(str(self.images), name)
        return self._people[name].get(id)

    def split(self, subset: str) -> Split:
        """Gallery and queries; raises UnknownNameError, or DataError if images the subset is made of are missing."""
        check_subset(self.name, subset, self.subsets)
        items = {"s3-1508": self._listed, "first-250": self._first_250}.get(subset, self.items)()
        return require_queries(split_of(items, subset, QUERY_IMAGES), f"lfw:{subset}")

    def pairs(self, subset: str) -> Pairs | None:
        """View 2: all pairs for `standard` and `full`, 20 a fold for `smoke`, None for the subsets made elsewhere.

        Pairs of which this copy lacks an image are left out and counted. Raises DataError if pairs.txt is absent or
        malformed.
        """
        check_subset(self.name, subset, self.subsets)
        if subset not in ("smoke", "standard", "full"):
            return None
        present = [pair for pair in self._view2 if pair.left in self._files and pair.right in self._files]
        missing = len(self._view2) - len(present)
        if subset == "smoke":
            present = _thin_out(present)
        return Pairs(
            left=tuple(self._files[pair.left][0] for pair in present),
            right=tuple(self._files[pair.right][0] for pair in present),
            same=np.array([pair.same for pair in present], dtype=bool),
            fold=np.array([pair.fold for pair in present], dtype=np.int64),
            missing=missing,
        )

    def completeness(self) -> str:
        """ "complete" or "8,329 of 13,233 images"."""
        count = len(self._files)
        return "complete" if count == OFFICIAL_IMAGES else f"{count:,} of {OFFICIAL_IMAGES:,} images"

    def ignored_files(self) -> list[str]:
        """What lies in people's folders and is no <Name>/<Name>_NNNN.jpg, by kind."""
        self.items()
        return self._passed_over.words()

    @cached_property
    def origin(self) -> DataOrigin:
        """The note in `root`; the photos themselves have no published checksums, the pairs do."""
        pairs = [self.root / "pairs.txt"] if (self.root / "pairs.txt").exists() else []
        altered = altered_files(pairs, {"pairs.txt": LFW_PAIRS_SHA256}, "sha256")
        deviation = "pairs.txt is not the published file" if altered else ""
        if not deviation and len(self._files) > OFFICIAL_IMAGES:
            deviation = f"there are {len(self._files):,} photos, {OFFICIAL_IMAGES:,} were published"
        return origin_of(self.root, completeness=self.completeness(), deviation=deviation)

    def _listed(self) -> list[Item]:
        """The images of s3-1508.txt, all of them."""
        path = self.root / "s3-1508.txt"
        ids = [line.removesuffix(".jpg") for line in _read_lines(path, "the list of the subset s3-1508")]
        absent = [id for id in ids if id not in self._files]
        if absent:
            raise DataError(f"s3-1508: {len(absent)} of its {len(ids)} images are missing, first {absent[0]}.jpg")
        return [self._files[id][0] for id in sorted(set(ids))]

    def _first_250(self) -> list[Item]:
        """The images of the first 250 people by name."""
        people = set(sorted({item.label for item in self.items()})[:250])
        items = [item for item in self.items() if item.label in people]
        if len(items) != FIRST_250_IMAGES:
            raise DataError(
                f"first-250: the first 250 people of LFW have {FIRST_250_IMAGES} images, of which this copy lacks some "
                f"(its first {len(people)} people have {len(items)}); unpack the whole archive"
            )
        return items

    @cached_property
    def _view2(self) -> list[_Pair]:
        path = self.root / "pairs.txt"
        return _parse_pairs(_read_lines(path, "LFW's View 2 pairs"), path)


def _photos(root: str, passed_over: PassedOver) -> Iterator[tuple[Item, str]]:
    with os.scandir(root) as people:
        names = [entry.name for entry in people if entry.is_dir()]
    for name in names:
        yield from _photos_of(root, name, passed_over)


def _photos_by_id(root: str, name: str) -> dict[str, str]:
    """The files of one person's photos; none for what is no folder right below `root`."""
    if name in ("", os.curdir, os.pardir):
        return {}
    try:
        return {item.id: path for item, path in _photos_of(root, name, PassedOver())}
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return {}


def _photos_of(root: str, name: str, passed_over: PassedOver) -> Iterator[tuple[Item, str]]:
    with os.scandir(f"{root}/{name}") as photos:
        for photo in photos:
            stem, _, extension = photo.name.rpartition(".")
            if extension == "jpg" and stem.startswith(f"{name}_"):
                yield Item(f"{name}/{stem}", name), photo.path
            else:
                passed_over.count(photo.name)


def _read_lines(path: Path, what: str) -> list[str]:
    try:
        require_regular(path)
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise DataError(f"{path} is missing: put {what} there") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text file: put {what} there") from error


def _parse_pairs(lines: list[str], path: Path) -> list[_Pair]:
    """pairs.txt: folds and pairs a kind and fold ("10 300"), then per fold 300 same and 300 different pairs."""
    header = lines[0].split() if lines else []
    if len(header) != 2 or not all(field.isdecimal() and int(field) for field in header):
        raise DataError(f'{path}: the first line must be two numbers like "10 300"; fetch the file again')
    folds, half = (int(field) for field in header)
    if len(lines) - 1 != folds * half * 2:
        raise DataError(
            f"{path}: has {len(lines) - 1} pairs, its first line promises {folds * half * 2}; fetch it again"
        )
    return [
        _parse_pair(line.split(), number // (2 * half), f"{path}:{number + 2}") for number, line in enumerate(lines[1:])
    ]


def _parse_pair(fields: list[str], fold: int, where: str) -> _Pair:
    same = len(fields) == 3
    if same:
        fields = [fields[0], fields[1], fields[0], fields[2]]
    if len(fields) != 4 or not (fields[1].isdecimal() and fields[3].isdecimal()):
        raise DataError(f'{where}: not "name n n" or "name n name n"; fetch the file again')
    left, right = (f"{name}/{name}_{int(number):04d}" for name, number in (fields[:2], fields[2:]))
    return _Pair(left, right, same, fold)


def _thin_out(pairs: list[_Pair]) -> list[_Pair]:
    """SMOKE_PAIRS of each kind and fold, evenly spaced (the file is sorted by name)."""
    kept = []
    for key in dict.fromkeys((pair.fold, pair.same) for pair in pairs):
        group = [pair for pair in pairs if (pair.fold, pair.same) == key]
        positions = np.linspace(0, len(group) - 1, min(SMOKE_PAIRS, len(group))).astype(int)
        kept += [group[position] for position in positions]
    return kept
