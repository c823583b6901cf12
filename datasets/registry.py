"""The data sets by name, and the stand-ins for those that are not here."""

import os
from pathlib import Path

from datasets.cifar10 import Cifar10
from datasets.dataset import Dataset
from datasets.errors import DataError, UnknownNameError, suggest
from datasets.folder import Folder
from datasets.imdb_wiki import ImdbWiki
from datasets.lfw import Lfw
from datasets.selection import check_subset

_CLASSES: dict[str, type[Lfw] | type[Cifar10] | type[ImdbWiki]] = {kind.name: kind for kind in (Lfw, Cifar10, ImdbWiki)}
DATASETS = tuple(_CLASSES)
"""The registered data sets; a user's images are "folder:PATH"."""

FOLDER_PREFIX = "folder:"


def open_dataset(name: str, data_dir: Path | None, drawings: Path | None = None) -> Dataset:
    """The data set `name` below `data_dir`, or its synthetic stand-in where it is not there.

    "Not there" means that `data_dir` is None, or its folder of that name is absent or empty. One that is there but
    broken is an error, never replaced. A stand-in keeps the images it draws below the folder `drawings`, if given.

    Raises:
        UnknownNameError: neither one of DATASETS nor "folder:PATH".
        DataError: the data set, or `data_dir` itself, is broken or missing.
    """
    if name.startswith(FOLDER_PREFIX):
        return Folder(Path(name.removeprefix(FOLDER_PREFIX)).expanduser())
    _check_name(name)
    if data_dir is not None and not data_dir.is_dir():
        raise DataError(
            f"{data_dir} is no folder: say where the data sets lie, or leave it out to use synthetic images"
        )
    if data_dir is not None and _is_filled(data_dir / name):
        return _CLASSES[name](data_dir / name)
    from datasets.synthetic import stand_in

    return stand_in(name, drawings)


def parse_dataset(text: str) -> tuple[str, str | None]:
    """Name and subset of "lfw", "lfw:s3-1508", "folder:PATH" or "folder:PATH:smoke"; subset None where not said.

    Raises UnknownNameError with the nearest names.
    """
    if text.startswith(FOLDER_PREFIX):
        path, colon, subset = text.removeprefix(FOLDER_PREFIX).rpartition(":")
        if colon and subset in Folder.subsets:
            return f"{FOLDER_PREFIX}{path}", subset
        if colon and _is_folder(path) and not _is_folder(f"{path}:{subset}"):
            check_subset(f"{FOLDER_PREFIX}{path}", subset, Folder.subsets)
        return text, None
    name, colon, subset = text.partition(":")
    _check_name(name)
    if not colon:
        return name, None
    check_subset(name, subset, _CLASSES[name].subsets)
    return name, subset


def _is_folder(path: str) -> bool:
    return Path(path).expanduser().is_dir()


def _check_name(name: str) -> None:
    if name not in _CLASSES:
        raise UnknownNameError(suggest("data set", name, [*DATASETS, "folder:PATH"]))


def _is_filled(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(True for _ in entries)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror})") from error
