"""What a plug-in file brings beside methods and tasks: DATASETS, METRICS, and COLUMNS of the retrieval tables.

Once its plug-ins are loaded, the whole process knows them; they stand beside the project's own everywhere.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.core.columns import DERIVED, add_column, is_missing
from benchmarks.metrics.registry import add_metric
from datasets.registry import add_dataset
from datasets.safe_text import REASON, one_line
from methods.registry import PluginError, Registry, load_registry

_KINDS: Mapping[str, tuple[str, Callable[[object], None]]] = {
    "DATASETS": ("data set", add_dataset),
    "METRICS": ("metric", add_metric),
    "COLUMNS": ("column", add_column),
}


def load_plugins(paths: Sequence[Path] = ()) -> Registry:
    """The catalogue and all plug-ins, as `load_registry`, with everything else that they bring.

    Raises PluginError, naming the plug-in and what it offers, for an addition that is malformed or has a name that is
    taken.
    """
    registry = load_registry(paths)
    for where, module in registry.modules.items():
        for offered, (kind, add) in _KINDS.items():
            for one in _listed(module, offered, where):
                try:
                    add(one)
                except ValueError as error:
                    raise PluginError(f"plug-in {where}: {kind} {_named(one)!r}: {error}") from error
    return registry


def derived_figures(row: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of plug-ins' columns for a row of retrieval that has a result.

    Raises PluginError, naming the column and the method, where one fails.
    """
    found: dict[str, float | None] = {}
    for key, column in DERIVED.items():
        try:
            value = column.of(row)
            found[key] = None if is_missing(value) else float(value)  # type: ignore[arg-type]
        except Exception as error:
            said = one_line(f"{type(error).__name__}: {error}", REASON)
            raise PluginError(f"the plug-in's column {column.title!r} failed on {row['method']}: {said}") from error
    return found


def _named(one: object) -> str:
    """What an addition, well made or not, goes by in an error."""
    names = [getattr(one, attribute, None) for attribute in ("name", "title", "__name__")]
    return next((name for name in names if isinstance(name, str)), str(one))[:80]


def _listed(module: ModuleType, offered: str, where: str) -> Iterator[object]:
    values = getattr(module, offered, ())
    if not isinstance(values, list | tuple):
        raise PluginError(f"plug-in {where}: {offered} is a {type(values).__name__}, expected a list")
    yield from values
