"""Finding methods by id: the catalogue, installed plug-ins (entry points) and `--plugin FILE.py`."""

import importlib.util
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import entry_points
from pathlib import Path

from datasets.errors import BenchmarkError, UnknownNameError, suggest
from methods.spec import MethodSpec

ENTRY_POINT_GROUP = "reverse_image_search.methods"
"""A package offers methods by an entry point in this group that names a sequence of MethodSpec."""


class PluginError(BenchmarkError):
    """A plug-in that cannot be loaded or offers something that is no MethodSpec."""


class Registry:
    """All methods known in this process, in catalogue order, plug-ins last."""

    def __init__(self, specs: Iterable[MethodSpec]) -> None:
        self._specs: dict[str, MethodSpec] = {}
        self.plugins: tuple[Path, ...] = ()
        """Files that some of the methods come from, as they were named."""
        for spec in specs:
            self.register(spec)

    def register(self, spec: MethodSpec) -> None:
        """Add one method; its id must be new."""
        if spec.id in self._specs:
            raise PluginError(f"method {spec.id!r} is already registered; give yours another id")
        self._specs[spec.id] = spec

    def __iter__(self):  # type: ignore[no-untyped-def]
        """The specs, in order."""
        return iter(self._specs.values())

    def get(self, method_id: str) -> MethodSpec:
        """The spec of `method_id`; raises UnknownNameError with the nearest ids."""
        if method_id not in self._specs:
            raise UnknownNameError(suggest("method", method_id, self._specs))
        return self._specs[method_id]


def load_registry(plugins: Sequence[Path] = ()) -> Registry:
    """The catalogue, then installed plug-ins, then the given plug-in files."""
    from methods.catalogue import CATALOGUE

    registry = Registry(CATALOGUE)
    for point in entry_points(group=ENTRY_POINT_GROUP):
        _register_all(registry, point.load(), f"entry point {point.name}")
    for path in plugins:
        module = import_plugin(path)
        _register_all(registry, getattr(module, "METHODS", None), str(path))
    registry.plugins = tuple(plugins)
    return registry


def import_plugin(path: Path):  # type: ignore[no-untyped-def]
    """Import a plug-in file under its own name, so that its Parts may say "name:Class" from any process.

    As of a script, what lies beside it can be imported from it (the search path ends with its folder).
    """
    name = path.stem
    if not path.is_file():
        raise PluginError(f"plug-in {path} does not exist; --plugin takes a Python file that defines METHODS")
    if name in sys.modules:
        if Path(getattr(sys.modules[name], "__file__", None) or "") == path.resolve():
            return sys.modules[name]
        raise PluginError(f"plug-in {path}: a module called {name!r} is already imported; rename the file")
    module_spec = importlib.util.spec_from_file_location(name, path.resolve())
    if module_spec is None or module_spec.loader is None:
        raise PluginError(f"plug-in {path} is no Python file; --plugin takes a .py file that defines METHODS")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    if (folder := str(path.resolve().parent)) not in sys.path:
        sys.path.append(folder)
    try:
        module_spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PluginError(f"plug-in {path} failed to import: {type(error).__name__}: {error}") from error
    return module


def _register_all(registry: Registry, offered: object, where: str) -> None:
    specs = list(offered) if isinstance(offered, list | tuple) else []
    if not specs or not all(isinstance(spec, MethodSpec) for spec in specs):
        raise PluginError(f"plug-in {where} must define METHODS, a non-empty list of methods.spec.MethodSpec")
    for spec in specs:
        registry.register(spec)
