"""IMDB-WIKI (Rothe, Timofte, Van Gool 2015): faces of celebrities, with name, age and gender."""

import os
import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from datasets.dataset import Split
from datasets.errors import DataError
from datasets.files import FileDataset
from datasets.imageset import Item
from datasets.mat_reader import UnreadableError, read_struct
from datasets.origin_note import DataOrigin, origin_of
from datasets.selection import check_subset, full_split, require_queries, split_of

FACE_SCORE = 1.0
"""Least detector score of a usable face, the bound in common use (e.g. in age estimation); -inf means no face."""

AGES = (0, 100)
OFFICIAL_ROWS = 460_723
"""Rows of the official imdb.mat."""

FIELDS = ("dob", "photo_taken", "full_path", "gender", "face_score", "second_face_score")
MATLAB_EPOCH = 719_529
"""Matlab's day number of 1970-01-01."""

GENDERS = {0.0: "female", 1.0: "male"}

_ID = re.compile(r"(imdb|wiki)/(\d\d/[^/\0]+)")


class ImdbWiki(FileDataset):
    """`root/imdb_crop/imdb.mat` with its crops and, where its crops are here too, `root/wiki_crop/wiki.mat`.

    Identity is the IMDb celebrity. Wikipedia has about one photo a person: those whose name is no IMDb celebrity's join
    the gallery as distractors. Ids are "imdb/<full_path>" and "wiki/<full_path>"; meta holds age (years) and gender.
    `filtered` counts the rows that each filter took out (a row counts once, for the first that applies).
    """

    name = "imdb-wiki"
    content = "faces"
    subsets = ("smoke", "standard", "full", "celebs-10", "celebs-100")

    def __init__(self, root: Path) -> None:
        """Raises DataError if imdb.mat is absent; what needs its rows does if it is unreadable or lacks fields."""
        self.root = root
        self.filtered: Counter[str] = Counter()
        self._mat = _present(root / "imdb_crop" / "imdb.mat", "imdb")

    @cached_property
    def _imdb(self) -> dict[str, np.ndarray]:
        """Its rows, read when they are first asked for: a cell of a run, which reads pictures by id, never does."""
        return _load(self._mat, "imdb", (*FIELDS, "celeb_names", "celeb_id"))

    def list_files(self) -> dict[str, tuple[Item, str]]:
        """Every crop that passes the filters, by id; raises DataError if none does."""
        names = _celebrity_names(self._imdb["celeb_names"])
        found = self._usable("imdb", self._imdb, _celebrities(self._imdb["celeb_id"], names))
        if not found:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.filtered.items())
            raise DataError(
                f"{self.root}/imdb_crop: no usable image ({reasons or 'no rows'}); unpack imdb_crop.tar there"
            )
        if _has_crops(self.root / "wiki_crop"):
            wiki = _load(_present(self.root / "wiki_crop" / "wiki.mat", "wiki"), "wiki", (*FIELDS, "name"))
            found |= self._usable("wiki", wiki, _wiki_people(wiki, names))
        return dict(sorted(found.items()))

    def path_of(self, id: str) -> str | None:
        """The file of a crop, looked for by itself where they were not listed: reading all rows takes long."""
        if "_files" in self.__dict__:
            return super().path_of(id)
        if not (named := _ID.fullmatch(id)):
            return None
        path = self.root / f"{named[1]}_crop" / named[2]
        return str(path) if path.is_file() else None

    def split(self, subset: str) -> Split:
        """Gallery and queries; `celebs-N` are the N celebrities with most photos, or as many as there are."""
        check_subset(self.name, subset, self.subsets)
        where = f"{self.name}:{subset}"
        if not subset.startswith("celebs-"):
            return require_queries(split_of(self.items(), subset), where)
        photos = Counter(item.label for item in self.items() if item.id.startswith("imdb/"))
        ranked = sorted(photos, key=lambda label: (-photos[label], label))
        chosen = set(ranked[: int(subset.removeprefix("celebs-"))])
        return require_queries(full_split([item for item in self.items() if item.label in chosen]), where)

    def completeness(self) -> str:
        """ "complete", or "695 of 460,723 rows of imdb.mat, 682 usable images of 12 people"."""
        rows = len(self._imdb["dob"])
        if rows == OFFICIAL_ROWS and not self.filtered["file missing"]:
            return "complete"
        people = len({item.label for item in self.items()})
        return (
            f"{rows:,} of {OFFICIAL_ROWS:,} rows of imdb.mat, {len(self.items()):,} usable images of {people:,} people"
        )

    @cached_property
    def origin(self) -> DataOrigin:
        """The note in `root`; nothing has published checksums, but another number of rows is another file."""
        rows = len(self._imdb["dob"])
        deviation = f"imdb.mat has {rows:,} rows, the published one {OFFICIAL_ROWS:,}" if rows != OFFICIAL_ROWS else ""
        return origin_of(self.root, completeness=self.completeness(), deviation=deviation)

    def _usable(self, part: str, rows: Mapping[str, np.ndarray], people: np.ndarray) -> dict[str, tuple[Item, str]]:
        """Items of the rows that pass every filter; `people` holds each row's label, "" where there is none."""
        folder = self.root / f"{part}_crop"
        ages, scores = _ages(rows["dob"], rows["photo_taken"]), rows["face_score"]
        keep = np.ones(len(ages), dtype=bool)
        for reason, passes in (
            ("no face", np.isfinite(scores)),
            ("low face score", scores >= FACE_SCORE),
            ("second face", np.isnan(rows["second_face_score"])),
            ("age out of range", (ages >= AGES[0]) & (ages <= AGES[1])),
            ("gender unknown", np.isin(rows["gender"], list(GENDERS))),
            ("identity unknown", people != ""),
            ("file missing", np.isin(rows["full_path"], _crops(folder))),
        ):
            self.filtered[reason] += int((keep & ~passes).sum())
            keep &= passes
        found = {}
        for row in np.flatnonzero(keep):
            path = str(rows["full_path"][row])
            meta = {"age": int(ages[row]), "gender": GENDERS[float(rows["gender"][row])]}
            found[f"{part}/{path}"] = (Item(f"{part}/{path}", str(people[row]), meta), f"{folder}/{path}")
        return found


def _present(path: Path, name: str) -> Path:
    if not path.is_file():
        raise DataError(f"{path} is missing: unpack {name}_crop.tar into {path.parent.parent}")
    return path


def _load(path: Path, name: str, fields: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The fields of the struct `name` in a Matlab file, each flattened: numbers as float64, text as str."""
    try:
        rows = read_struct(path, name, fields)
    except UnreadableError as error:
        raise DataError(f"{path}: no readable Matlab file with a struct {name!r} ({error}); unpack it again") from error
    absent = [field for field in fields if field not in rows]
    if absent:
        raise DataError(
            f"{path}: the struct {name!r} lacks {', '.join(absent)}; unpack the official {name}_crop.tar again"
        )
    lengths = {field: len(column) for field, column in rows.items() if field != "celeb_names"}
    if len(set(lengths.values())) != 1:
        raise DataError(f"{path}: the fields differ in length ({lengths}); unpack the official {name}_crop.tar again")
    return rows


def _ages(birth: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Age in whole years at the photo, taken to be shot in the middle of its year, as the data set's authors do."""
    days = np.clip(birth, 1, 10**6).astype(np.int64) - MATLAB_EPOCH
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    years, month = months // 12 + 1970, months % 12 + 1
    return np.where(np.isfinite(birth) & np.isfinite(taken), taken - years - (month > 6), -1)


def _celebrity_names(names: np.ndarray) -> np.ndarray:
    """One name a celebrity; namesakes are told apart by their number."""
    counts = Counter(names.tolist())
    return np.array(
        [name if counts[name] == 1 else f"{name} ({number})" for number, name in enumerate(names.tolist(), 1)]
    )


def _celebrities(ids: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Each row's celebrity, "" where the (1-based) id is unknown."""
    known = np.isfinite(ids) & (ids >= 1) & (ids <= len(names))
    return np.where(known, np.append(names, "")[np.where(known, ids, 0).astype(np.int64) - 1], "")


def _wiki_people(wiki: Mapping[str, np.ndarray], celebrities: np.ndarray) -> np.ndarray:
    """Each row's name and page number; "" for a name IMDb has too, as it may be the same person or another."""
    celebrity = np.isin(wiki["name"], celebrities) | (wiki["name"] == "")
    pages = [Path(path).name.partition("_")[0] for path in wiki["full_path"]]
    return np.array(
        [
            "" if skip else f"{name} (wiki {page})"
            for skip, name, page in zip(celebrity, wiki["name"], pages, strict=True)
        ]
    )


def _has_crops(folder: Path) -> bool:
    return folder.is_dir() and any(entry.is_dir() for entry in folder.iterdir())


def _crops(folder: Path) -> list[str]:
    """Every "<two digits>/<file>" below a crop folder: a path that is not among them is never opened."""
    crops = []
    for shelf in sorted(entry.name for entry in folder.iterdir() if entry.is_dir()):
        with os.scandir(folder / shelf) as files:
            crops += [f"{shelf}/{file.name}" for file in files]
    return crops
