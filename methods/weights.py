"""Weights files on this machine: where they are found, and whether they are the published ones."""

import hashlib
import importlib.util
import os
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from datasets.checksums import Checksums, file_checksums
from datasets.errors import UnknownNameError, WeightsError, suggest
from methods.h5_probe import crashes
from methods.layer_weights import load_layer_weights
from methods.spec import MethodSpec
from methods.weights_catalogue import WEIGHTS, WeightsFile

__all__ = ["WEIGHTS", "Found", "WeightsFile", "file_obstacle", "find_weights", "load_layer_weights", "require_weights"]


@dataclass(frozen=True)
class Found:
    """A weights file that is here and is what it claims to be; `origin` and `sha256` go into the results."""

    path: Path
    origin: str
    sha256: str


def find_weights(name: str, weights_dir: Path | None) -> Found | None:
    """The verified file for `name` in `weights_dir`, else in Keras' own cache; None where it is in neither.

    Raises UnknownNameError, and WeightsError for a file with the wrong checksum.
    """
    if name not in WEIGHTS:
        raise UnknownNameError(suggest("weights", name, WEIGHTS))
    weights = WEIGHTS[name]
    if weights.package:
        return _in_package(weights)
    for folder in (weights_dir, keras_cache()):
        if folder is not None and all((folder / name).is_file() for name in (weights.file, *weights.beside)):
            for name, sha256 in weights.beside.items():
                part = replace(weights, file=name, sha256=sha256, md5=None, copies={}, beside={})
                _verified(folder / name, part)
            return _verified(folder / weights.file, weights)
    return None


def require_weights(name: str, weights_dir: Path | None) -> Found:
    """As `find_weights`, but raises WeightsError with what to do where the file is absent."""
    found = find_weights(name, weights_dir)
    if found is None:
        file = WEIGHTS[name].file
        where = weights_dir or keras_cache()
        raise WeightsError(f"weights {name!r}: {file} is not in {where}; `fetch {name}` says how to get it")
    return found


def file_obstacle(spec: MethodSpec, found: Found | None) -> str:
    """Why a method whose weights file holds the network itself cannot run, and what to do; empty where it can."""
    if found is not None or not spec.network_in_file:
        return ""
    name = spec.weights[0]
    return f"no network: {WEIGHTS[name].file} is not here; `fetch {name}` brings it, or says how"


def keras_cache() -> Path:
    """Where keras.applications keeps the files that it downloads."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def _verified(path: Path, weights: WeightsFile) -> Found:
    try:
        status = path.stat()
        actual = _checksums_of(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise WeightsError(f"cannot read weights {path}: {error.strerror}; check its permissions") from error
    sha256 = str(actual.sha256)
    if sha256 in weights.copies:
        return Found(path, weights.copies[sha256], sha256)
    wrong = weights.checksums.mismatch(actual)
    if wrong:
        raise WeightsError(f"weights {path} are not the published file: {wrong}; delete and `fetch {weights.name}`")
    if not weights.checksums.known and path.suffix == ".h5" and (end := _probed(path, status.st_size, sha256)):
        raise WeightsError(
            f"weights {path} end their reader ({end}): no weights file; delete and `fetch {weights.name}`"
        )
    source = weights.url or (weights.archive and weights.archive.url) or weights.note
    origin = source if weights.checksums.known else f"{source} (unverified: no published checksum)"
    return Found(path, origin, sha256)


@cache
def _checksums_of(path: Path, size: int, mtime_ns: int) -> Checksums:
    """Checksums, computed once a process for a file that has not changed."""
    return file_checksums(path)


@cache
def _probed(path: Path, size: int, sha256: str) -> str:
    """How reading a file ended its process, tried once a process; "" where all is well."""
    return crashes(path)


def _in_package(weights: WeightsFile) -> Found | None:
    """A file inside an installed package, or a folder; a folder's digest covers each file's name and content."""
    spec = importlib.util.find_spec(str(weights.package))
    if spec is None or not spec.submodule_search_locations:
        return None
    place = Path(spec.submodule_search_locations[0]) / weights.file
    origin = f"inside the {weights.package} package {version(str(weights.package))}"
    if place.is_file():
        return replace(_verified(place, weights), origin=origin)
    files = sorted(path for path in place.glob("*") if path.is_file())
    if not files:
        return None
    digest = hashlib.sha256("".join(f"{path.name} {file_checksums(path).sha256}\n" for path in files).encode())
    return Found(place, origin, digest.hexdigest())
