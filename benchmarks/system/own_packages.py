"""Whether `benchmarks`, `methods` and `datasets` are this project's own: asked before anything of theirs is imported.

The names are common ones. Hugging Face's `datasets` in the same environment writes its files over or among ours, and
`python -m` takes a package in the working folder for ours. Nothing is imported to find that out.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

PROJECT = "reverse-image-search-benchmark"
MARK = f"Part of {PROJECT}"
"""Stands in the docstring of each package's `__init__.py`: another package's has none."""
PACKAGES = ("benchmarks", "methods", "datasets")

_ROOT = Path(__file__).resolve().parents[2]
_INSTALL = f"install {PROJECT} into an environment of its own (uv tool install, pipx install, or make in a checkout)"


class CollisionError(ImportError):
    """Another package has the name of one of ours; the message is one line: what, where, what to do."""


def require_own_packages() -> None:
    """Raise CollisionError where a package of ours is hidden, overwritten, or mixed with another of its name."""
    for name in PACKAGES:
        if reason := _collision(name):
            raise CollisionError(reason)


def _collision(name: str) -> str:
    place, ours = _place(name), _ROOT / name
    if place != ours:
        if place is None:
            return f"the package {name!r} is missing from {_ROOT}: {_INSTALL}"
        if place.parent == Path.cwd():
            return (
                f"{place} hides this project's package {name!r}: rename it, or start the command `ris` "
                "(or from another folder), which does not look there"
            )
        return f"{place} comes before this project's package {name!r}: {_INSTALL}"
    if MARK not in _text(ours / "__init__.py"):
        return f"{ours} is not this project's own: {_other(name)} has overwritten or removed files of it; {_INSTALL}"
    if foreign := _foreign(name):
        shown = f"{foreign[0]} and {len(foreign) - 1} more" if len(foreign) > 1 else foreign[0]
        return (
            f"{ours} also holds files of {_other(name)} ({shown}), which cannot work so; {_INSTALL}, "
            "and reinstall the other package"
        )
    return ""


def _place(name: str) -> Path | None:
    """The folder or file that an import of `name` would take (or took), None where there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    places = [*(spec.submodule_search_locations or ()), spec.origin] if spec else []
    return Path(places[0]).resolve() if places and places[0] else None


def _foreign(name: str) -> list[str]:
    """Modules and packages in our installed package that our wheel did not bring; none in a checkout."""
    brought = set(_recorded(f"{PROJECT.replace('-', '_')}-*.dist-info"))
    if f"{name}/__init__.py" not in brought:
        return []
    folder = _ROOT / name
    there = (str(path.relative_to(_ROOT)) for path in (*folder.glob("*.py"), *folder.glob("*/__init__.py")))
    return sorted(path for path in there if path not in brought)


def _other(name: str) -> str:
    """For people: the installed distribution that brought another package of this name."""
    for record in sorted(_ROOT.glob("*.dist-info")):
        if not record.name.startswith(PROJECT.replace("-", "_")) and f"{name}/__init__.py" in _recorded(record.name):
            return "the package " + record.name.removesuffix(".dist-info").replace("-", " ")
    return f"another package called {name!r}"


def _recorded(pattern: str) -> Iterator[str]:
    """Files that matching installed distributions brought, relative to where they are installed."""
    for folder in _ROOT.glob(pattern):
        for line in _text(folder / "RECORD").splitlines():
            yield line.rsplit(",", 2)[0].strip('"')


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
