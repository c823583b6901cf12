"""What a method's results depend on: its settings, its files, the code behind it and the libraries that it uses.

See `datasets.sources` for which code counts. All of it is by content: files that a plug-in names (`MethodSpec.files`,
parameters that are paths, file names among the literals of its source) as well.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Required, TypedDict

import methods.indexes
import methods.transforms
from datasets.imageset import ImageSet
from datasets.sources import function_digest, libraries, locate, module_digests, named_files
from methods.spec import MethodSpec, Part

PIXELS = ("datasets.decoding", "datasets.imageset")
"""Where encoded bytes become pixels for every method."""

_PATH = re.compile(r"(?=.*(/|\.\w))[^\0\n]{1,240}")

_DISTRIBUTIONS = {
    "cv2": "opencv-contrib-python-headless",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "dlib": "dlib-bin",
    "faiss": "faiss-cpu",
    "pywt": "PyWavelets",
}


def digest(value: object) -> str:
    """Sha256 hex digest of a JSON-able value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


class PartSettings(TypedDict):
    """A Part: where its class lives, and its settings."""

    target: str
    params: dict[str, object]


class MethodSettings(TypedDict, total=False):
    """The settings that define a method's results."""

    id: str
    method: PartSettings | None
    encoder: PartSettings | None
    transforms: list[PartSettings]
    index: PartSettings | None
    supervised: Required[bool]


def describe(part: Part | None) -> PartSettings | None:
    """The settings of a part that may not be there."""
    return None if part is None else settings_of(part)


def settings_of(part: Part) -> PartSettings:
    """A Part as JSON-able data."""
    target = part.target if isinstance(part.target, str) else f"{part.target.__module__}:{part.target.__qualname__}"
    # As JSON would give them back (a tuple as a list), so that what is stored compares equal to what is there.
    return {"target": target, "params": json.loads(json.dumps(dict(part.params), default=_named))}


def describe_method(spec: MethodSpec) -> MethodSettings:
    """The settings that define a method's results, JSON-able."""
    return {
        "id": spec.id,
        "method": describe(spec.method),
        "encoder": describe(spec.encoder),
        "transforms": [settings_of(part) for part in spec.transforms],
        "index": describe(spec.index),
        "supervised": spec.supervised,
    }


def method_code(spec: MethodSpec) -> dict[str, str]:
    """Digests of the code behind a method by module; how bytes become pixels is counted apart (`decoding`)."""
    return _apart(_modules(spec))


def encoder_code(spec: MethodSpec) -> dict[str, str]:
    """Digests of the code behind a composed method's encoder alone."""
    return _apart(_part_modules(spec.encoder))


def decoding(source: object = None) -> dict[str, str]:
    """Digests of the code that turns bytes into pixels, with the `decode` method of what the images come from."""
    own = getattr(type(source), "decode", None)
    digests = _cut(module_digests(PIXELS))
    return digests if own is None else {**digests, f"{own.__module__}:{own.__qualname__}": function_digest(own)[:12]}


def code_digest(modules: Sequence[str]) -> str:
    """Digest over the source of `modules` and all that they import."""
    return digest(module_digests(modules))


def made_of(
    modules: Sequence[str], settings: Mapping[str, object], images: ImageSet | None = None, packages: Iterable[str] = ()
) -> str:
    """Sha256 hex digest of all that decides what is computed: the key under which it may be kept for another cell.

    That is the code of `modules` with what it imports, and the versions of the libraries used there and of `packages`;
    `settings` (JSON-able); and of each image the content with its id and label, and how its pixels are decoded.
    """
    content = None if images is None else [_content(images), decoding(images.source), package_versions(("PIL",))]
    versions = package_versions((*packages, *libraries(modules)))
    return digest([dict(settings), content, code_digest(modules), versions])


def method_libraries(spec: MethodSpec) -> set[str]:
    """Top-level names of the libraries that the code behind a method imports, declared in its spec or not."""
    return libraries(_modules(spec))


def encoder_libraries(spec: MethodSpec) -> set[str]:
    """The same of its encoder alone."""
    return libraries(_part_modules(spec.encoder))


@cache
def index_libraries() -> frozenset[str]:
    """The same of all transforms and indexes of this project, which come after an encoder."""
    packages = (methods.transforms, methods.indexes)
    modules = [f"{each.__name__}.{found.name}" for each in packages for found in iter_modules(each.__path__)]
    return frozenset(libraries(modules))


def method_files(spec: MethodSpec) -> dict[str, str]:
    """Sha256 of every file that a method's spec, parameters or plug-in source name, by the name; "absent" for none."""
    homes = [path.parent for name in _modules(spec) if not _ours(name) and (path := locate(name))]
    found: dict[str, str] = {}
    for name in spec.files:
        path = next((path for path in _places(name, homes) if path.exists()), None)
        found[str(name)] = file_digest(path) if path else "absent"
    for part in _parts(spec):
        for value in _strings(part.params):
            path = next((path for path in _places(value, homes) if path.exists()), None)
            if path:
                found[str(value)] = file_digest(path)
    for path in named_files(name for name in _modules(spec) if not _ours(name)):
        found.setdefault(path.name, file_digest(path))
    return found


def file_digest(path: Path) -> str:
    """Sha256 hex digest of a file, or of all files of a folder with their names; read once unless it changes."""
    if path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file())
        return digest([(each.relative_to(path).as_posix(), file_digest(each)) for each in inside])
    known = path.stat()
    return _file_digest(path, (known.st_mtime_ns, known.st_ctime_ns, known.st_size, known.st_ino))


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """Installed versions of import packages, "absent" where one is not installed."""
    return {name: _version(name) for name in sorted({"numpy", *names})}


def distribution(package: str) -> str:
    """What an import package is called where it is installed from."""
    return _DISTRIBUTIONS.get(package, package)


def _named(value: object) -> str:
    """A setting that JSON has no form for: a path, a function or class."""
    return f"{value.__module__}:{value.__qualname__}" if hasattr(value, "__qualname__") else str(value)


def _parts(spec: MethodSpec) -> list[Part]:
    return [part for part in (spec.method, spec.encoder, *spec.transforms, spec.index) if part is not None]


def _modules(spec: MethodSpec) -> tuple[str, ...]:
    modules = tuple(module for part in _parts(spec) for module in _part_modules(part))
    return (*modules, "methods.vector_method") if spec.encoder else modules


def _part_modules(part: Part | None) -> tuple[str, ...]:
    """Where a Part's class lives, and where functions and classes among its settings do."""
    if part is None:
        return ()
    target: str | Callable[..., Any] = part.target
    module = target.partition(":")[0] if isinstance(target, str) else target.__module__
    return (module, *(value.__module__ for value in part.params.values() if callable(value)))


def _apart(modules: tuple[str, ...]) -> dict[str, str]:
    return _cut({name: each for name, each in module_digests(modules).items() if name not in PIXELS})


def _cut(digests: dict[str, str]) -> dict[str, str]:
    """Twelve digits tell two versions of one module apart."""
    return {name: each[:12] for name, each in digests.items()}


def _ours(module: str) -> bool:
    return module.partition(".")[0] in ("datasets", "methods")


def _places(name: object, homes: Sequence[Path]) -> list[Path]:
    return [home / str(name) for home in (*homes, Path.cwd())]


def _strings(value: object) -> Iterator[str | Path]:
    """Paths among settings, and texts that might be paths: with a folder or an ending."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, Path) or (isinstance(value, str) and _PATH.fullmatch(value)):
        yield value


def _content(images: ImageSet) -> list[tuple[str, str, str]]:
    digests = images.digests or [hashlib.sha256(images.read(place)).hexdigest() for place in range(len(images))]
    return sorted(zip((item.id for item in images.items), images.labels.tolist(), digests, strict=True))


@cache
def _file_digest(path: Path, stamp: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _version(package: str) -> str:
    try:
        return version(distribution(package))
    except PackageNotFoundError:
        if find_spec(package) is None:
            return "absent"
    # Slow, and only for what a plug-in imports under another name than it is installed by.
    names = packages_distributions().get(package, ())
    return ", ".join(f"{name} {version(name)}" for name in sorted(set(names))) or "unknown"
