"""The data sets by name, and the stand-ins for those that are not here."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

from datasets.cifar10 import Cifar10
from datasets.dataset import Dataset
from datasets.errors import DataError, UnknownNameError, suggest
from datasets.folder import Folder
from datasets.imdb_wiki import ImdbWiki
from datasets.lfw import Lfw
from datasets.reading import expanded
from datasets.selection import check_subset

_OWN: tuple[type[Dataset], ...] = (Lfw, Cifar10, ImdbWiki)
_CLASSES: dict[str, type[Dataset]] = {kind.name: kind for kind in _OWN}
DATASETS = _CLASSES.keys()
"""The registered data sets, in order, those of plug-ins last; a user's images are "folder:PATH"."""

FOLDER_PREFIX = "folder:"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40


def add_dataset(kind: object) -> None:
    """Register a class of data sets from outside, which is opened with its folder; the same one again does nothing.

    Raises ValueError, in words that follow its name, for what is none or has a name that is taken.
    """
    if not isinstance(kind, type) or not issubclass(kind, Dataset):
        raise ValueError("expected a subclass of datasets.dataset.Dataset")
    if missing := sorted(kind.__abstractmethods__):
        raise ValueError(f"it lacks {', '.join(missing)}")
    name = getattr(kind, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise ValueError(f"its name must have small letters, digits and single hyphens, {_LONGEST} at most")
    if getattr(kind, "content", None) not in ("faces", "objects", "any"):
        raise ValueError('its content must be "faces", "objects" or "any"')
    if _CLASSES.setdefault(name, kind) is not kind:
        raise ValueError("the name is taken; give yours another")


def open_dataset(name: str, data_dir: Path | None, drawings: Path | None = None) -> Dataset:
    """The data set `name` below `data_dir`, or its synthetic stand-in where it is not there.

    "Not there" means that `data_dir` is None, or its folder of that name is absent or empty. One that is there but
    broken is an error, never replaced. A stand-in keeps the images it draws below the folder `drawings`, if given.

    Raises:
        UnknownNameError: neither one of DATASETS nor "folder:PATH".
        DataError: the data set, or `data_dir` itself, is broken or missing; or a plug-in's is not there.
    """
    if name.startswith(FOLDER_PREFIX):
        return Folder(expanded(name.removeprefix(FOLDER_PREFIX)))
    _check_name(name)
    if data_dir is not None and not data_dir.is_dir():
        raise DataError(
            f"{data_dir} is no folder: say where the data sets lie, or leave it out to use synthetic images"
        )
    if data_dir is not None and _is_filled(data_dir / name):
        return cast(Callable[[Path], Dataset], _CLASSES[name])(data_dir / name)
    if _CLASSES[name] not in _OWN:
        where = "no data folder was named" if data_dir is None else f"{data_dir / name} is empty or not there"
        raise DataError(f"{name}: {where}, and there are no synthetic images of a plug-in's data set")
    from datasets.synthetic import stand_in

    return stand_in(name, drawings)


def absolute(name: str) -> str:
    """A data set's name for a process that may work in another folder."""
    if not name.startswith(FOLDER_PREFIX):
        return name
    return f"{FOLDER_PREFIX}{Path(name.removeprefix(FOLDER_PREFIX)).expanduser().absolute()}"


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
    return expanded(path).is_dir()


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
