"""A folder's own split and pairs: what its lists, or folders named for the two sides, say is used as given."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.dataset import Pairs
from datasets.errors import DataError
from datasets.imageset import Item
from datasets.words import count_of

QUERIES, PAIRS = "queries.csv", "pairs.csv"
SIDES = (("gallery", "query"), ("gallery", "queries"), ("train", "test"))
"""Names of folders, or of lists (with .txt), of what is searched in and of what is searched for."""
LIST_FILES = frozenset((QUERIES, PAIRS, *(f"{name}.txt" for side in SIDES for name in side)))
_FOLDS = 10
_ANSWERS = {"1": True, "true": True, "yes": True, "same": True, "0": False, "false": False, "no": False}
_ANSWERS["different"] = False


@dataclass(frozen=True)
class OwnSplit:
    """Ids of the queries and of the gallery, and the labels that a list gave to some of them."""

    gallery: frozenset[str]
    queries: frozenset[str]
    labels: Mapping[str, str]


def own_split(root: Path, labels: Mapping[str, str]) -> OwnSplit | None:
    """The split that `root` brings, or None; `labels` are those of its images by id, before any list is read.

    queries.csv comes first, then two lists of paths, then two folders that hold all images.
    Raises DataError for a list that cannot be read, or names what is not there.
    """
    if (root / QUERIES).is_file():
        return _from_csv(root / QUERIES, labels)
    for gallery, query in SIDES:
        lists = root / f"{gallery}.txt", root / f"{query}.txt"
        if all(path.is_file() for path in lists):
            return _from_lists(lists, labels)
    tops = {id.partition("/")[0] for id in labels}
    for gallery, query in SIDES:
        if tops == {gallery, query}:
            first, second = (frozenset(id for id in labels if id.startswith(f"{name}/")) for name in (gallery, query))
            return OwnSplit(first, second, {})
    return None


def side_label(parts: Sequence[str], sides: bool) -> str:
    """The label of an image at `parts` below the root: its first folder (below that of its side), else its own id."""
    first = parts[int(sides) :]
    return first[0] if len(first) > 1 else "/".join(parts)


def are_sides(tops: set[str]) -> bool:
    """Whether the folders below the root are the two sides of a split, rather than labels."""
    return any(tops == set(side) for side in SIDES)


def own_pairs(root: Path, items: Mapping[str, Item]) -> Pairs | None:
    """The pairs of pairs.csv (left, right, same, and fold if it likes), or None where there is none.

    Pairs of an image that is not there are counted as missing. Folds that are not given are dealt out in turn.
    Raises DataError for a list that cannot be read, or has not two usable pairs of each kind.
    """
    path = root / PAIRS
    if not path.is_file():
        return None
    rows: list[tuple[Item, Item, bool, int]] = []
    missing = 0
    for where, row in _rows(path, ("left", "right", "same")):
        answer = _ANSWERS.get(row["same"].lower())
        if answer is None:
            raise DataError(f"{where}: same is {row['same'][:40]!r}; write 1 (the same) or 0 (different)")
        fold = row.get("fold", "") or "-1"
        if not fold.lstrip("-").isdecimal():
            raise DataError(f"{where}: fold is {fold[:40]!r}; write a whole number, or leave the column out")
        left, right = items.get(row["left"]), items.get(row["right"])
        if left is None or right is None:
            missing += 1
        else:
            rows.append((left, right, answer, int(fold)))
    same = np.array([row[2] for row in rows], dtype=bool)
    fewest = int(min(same.sum(), (~same).sum())) if len(rows) else 0
    if fewest < 2:
        lack = f" ({count_of(missing, 'pair')} of images that are not there)" if missing else ""
        raise DataError(f"{path}: verification needs two usable pairs of each kind, same and different{lack}")
    folds = np.array([row[3] for row in rows], dtype=np.int64)
    if (folds < 0).any() or len(np.unique(folds)) < 2:
        folds = _dealt(same, min(_FOLDS, fewest))
    return Pairs(tuple(row[0] for row in rows), tuple(row[1] for row in rows), same, folds, missing)


def _dealt(same: np.ndarray, folds: int) -> np.ndarray:
    """Folds in turn within each kind, so that each holds as many of both."""
    dealt = np.empty(len(same), dtype=np.int64)
    for kind in (True, False):
        positions = np.flatnonzero(same == kind)
        dealt[positions] = np.arange(len(positions)) % folds
    return dealt


def _from_csv(path: Path, labels: Mapping[str, str]) -> OwnSplit:
    """Rows (query, original, label): originals of one query, and all of one label, are the same thing."""
    parent: dict[str, str] = {}
    queries: set[str] = set()
    originals: set[str] = set()
    for where, row in _rows(path, ("query",)):
        query, original, label = row["query"], row.get("original", ""), row.get("label", "")
        for id in filter(None, (query, original)):
            if id not in labels:
                raise DataError(f"{where}: no image {id[:80]!r} in {path.parent}; paths are those below it")
        queries.add(query)
        thing = f"query {query}"
        if original:
            originals.add(original)
            _join(parent, thing, labels[original])
        if label:
            _join(parent, thing, label)
    if both := queries & originals:
        raise DataError(f"{path}: {min(both)[:80]!r} is a query and an original; an image is one of them")
    if not queries:
        raise DataError(f"{path} names no query: give rows of query, original (or label)")
    named = {id: _root(parent, f"query {id}" if id in queries else label) for id, label in labels.items()}
    return OwnSplit(frozenset(labels.keys() - queries), frozenset(queries), named)


def _join(parent: dict[str, str], one: str, other: str) -> None:
    """Make two names one thing, which goes by the latter's."""
    first, second = _root(parent, one), _root(parent, other)
    if first != second:
        parent[first] = second


def _root(parent: Mapping[str, str], name: str) -> str:
    while name in parent:
        name = parent[name]
    return name


def _from_lists(paths: tuple[Path, Path], labels: Mapping[str, str]) -> OwnSplit:
    """Two lists, a path a line, with its label behind it if there is one."""
    given: dict[str, str] = {}
    sides: list[frozenset[str]] = []
    for path in paths:
        ids = set()
        for number, line in enumerate(_text(path).splitlines(), start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            id, _, label = (text, "", "") if text in labels else text.rpartition(" ")
            if (id := id.strip()) not in labels:
                raise DataError(
                    f"{path}, line {number}: no image {text[:80]!r} in {path.parent}; paths are those below it"
                )
            ids.add(id)
            if label:
                given[id] = label
        if not ids:
            raise DataError(f"{path} names no image: give a path a line")
        sides.append(frozenset(ids))
    if both := sides[0] & sides[1]:
        raise DataError(f"{paths[1]}: {min(both)[:80]!r} stands in {paths[0].name} as well; an image is on one side")
    return OwnSplit(sides[0], sides[1], given)


def _rows(path: Path, needs: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Where a row stands, and its values without spaces around them; raises DataError where it is no such table."""
    reader = csv.DictReader(_text(path).splitlines())
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if lacking := [name for name in needs if name not in names]:
            raise DataError(f"{path}: no column {lacking[0]!r}; its first line must name {', '.join(needs)}")
        reader.fieldnames = names
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row or any(value is None for value in row.values()):
                raise DataError(f"{where}: {len(names)} values are expected, as in the first line")
            yield where, {name: value.strip() for name, value in row.items()}
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as CSV ({error})") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise DataError(f"{path} cannot be read ({reason})") from error
