"""Finding methods by id: the catalogue, installed plug-ins (entry points) and `--plugin FILE.py`."""

import contextlib
import logging
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from datasets.errors import BenchmarkError, UnknownNameError, suggest
from datasets.sources import locate
from methods.onnx_methods import is_onnx, onnx_method
from methods.spec import MethodSpec
from methods.trial import PluginError, import_file, try_import
from methods.validation import problem_of, without_joiners

__all__ = ["ENTRY_POINT_GROUP", "PluginError", "Registry", "import_plugin", "load_registry"]

ENTRY_POINT_GROUP = "reverse_image_search.methods"
"""A package offers methods by an entry point in this group that names a sequence of MethodSpec."""


OTHERS = ("TASKS", "DATASETS", "METRICS", "COLUMNS")
"""What a plug-in file may define beside METHODS, or instead (see benchmarks.core.tasking and .additions)."""


class Registry:
    """All methods known in this process, in catalogue order, plug-ins last."""

    def __init__(self, specs: Iterable[MethodSpec]) -> None:
        self._specs: dict[str, MethodSpec] = {}
        self._alike: dict[str, str] = {}
        """The id of each, by what it shares with those that read like it."""
        self.plugins: tuple[Path, ...] = ()
        """Files that some of the methods come from, as they were named."""
        self.modules: dict[str, ModuleType] = {}
        """Plug-ins by what errors call them: they may offer more than methods (OTHERS)."""
        for spec in specs:
            self.register(spec)

    def register(self, spec: MethodSpec) -> None:
        """Add one method; raises PluginError where it is malformed, or its id reads like that of another."""
        if problem := problem_of(spec, self.offered_tasks):
            raise PluginError(f"method {str(spec.id)[:80]!r}: {problem}")
        if spec.id in self._specs:
            raise PluginError(f"method {spec.id!r} is already registered; give yours another id")
        first = self._alike.setdefault(_read_alike(spec.id), spec.id)
        if first != spec.id:
            raise PluginError(
                f"method {spec.id!r} reads like {first!r}, which is already registered; give yours another id"
            )
        self._specs[spec.id] = spec

    @property
    def offered_tasks(self) -> tuple[str, ...]:
        """Names of the tasks that plug-ins bring; what each is, the harness finds out."""
        offered = [getattr(module, "TASKS", ()) for module in self.modules.values()]
        tasks = [task for each in offered if isinstance(each, list | tuple) for task in each]
        return tuple(str(getattr(task, "name", "")) for task in tasks)

    def __iter__(self):  # type: ignore[no-untyped-def]
        """The specs, in order."""
        return iter(self._specs.values())

    def known(self, method_id: str) -> MethodSpec:
        """As `get`, but reads no file: for ids that come from outside, as from a browser."""
        if method_id not in self._specs:
            raise UnknownNameError(suggest("method", method_id, self._specs))
        return self._specs[method_id]

    def recall(self, method_ids: Iterable[str]) -> None:
        """Make the `onnx:` methods of stored rows known again; those without their file stay unknown."""
        for method_id in dict.fromkeys(method_ids):
            with contextlib.suppress(BenchmarkError):
                self.get(method_id)

    def get(self, method_id: str) -> MethodSpec:
        """The spec of `method_id`; raises UnknownNameError with the nearest ids.

        "onnx:FILE" is made when it is first asked for (see methods.onnx_methods), and known from then on.
        """
        if method_id not in self._specs and is_onnx(method_id):
            self.register(onnx_method(method_id))
        return self.known(method_id)


def _read_alike(method_id: str) -> str:
    """What ids share that people, or file systems that mind no case, would take for one another."""
    return unicodedata.normalize("NFKC", without_joiners(method_id)).casefold()


def load_registry(plugins: Sequence[Path] = ()) -> Registry:
    """The catalogue, then installed plug-ins, then the given plug-in files."""
    from methods.catalogue import CATALOGUE

    registry = Registry(CATALOGUE)
    for point in entry_points(group=ENTRY_POINT_GROUP):
        where = f"entry point {point.name} ({point.value})"
        try:
            offered = _load(point, where)
            _register_all(registry, offered, where)
            registry.modules |= {where: sys.modules[point.module]} if point.module in sys.modules else {}
        except PluginError as error:
            _warn(f"left out: {error}")
    files = {str(path): import_plugin(path) for path in plugins}
    registry.modules |= files
    for where, module in files.items():
        methods = getattr(module, "METHODS", None)
        if methods is not None or not any(hasattr(module, name) for name in OTHERS):
            _register_all(registry, methods, where)
    registry.plugins = tuple(plugins)
    return registry


def import_plugin(path: Path):  # type: ignore[no-untyped-def]
    """Import a plug-in file under its own name, so that its Parts may say "name:Class" from any process.

    As of a script, what lies beside it can be imported from it (the search path ends with its folder). It is tried in
    another process before. Raises PluginError, naming it, for one that fails, exits, crashes or hangs.
    """
    name = path.stem
    if not path.is_file():
        raise PluginError(f"plug-in {path} does not exist; --plugin takes a Python file that defines METHODS")
    if path.suffix != ".py":
        raise PluginError(f"plug-in {path} is no Python file; --plugin takes a .py file that defines METHODS")
    if name in sys.modules:
        if Path(getattr(sys.modules[name], "__file__", None) or "") == path.resolve():
            return sys.modules[name]
        raise PluginError(f"plug-in {path}: a module called {name!r} is already imported; rename the file")
    if (folder := str(path.resolve().parent)) not in sys.path:
        sys.path.append(folder)
    locate.cache_clear()
    try_import(name, f"plug-in {path}", path.resolve())
    try:
        return import_file(name, path.resolve())
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(f"plug-in {path} failed to import: {type(error).__name__}: {error}") from error


def _load(point: EntryPoint, where: str) -> object:
    """What an entry point names; raises PluginError whatever goes wrong."""
    try_import(point.module, where)
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(f"{where} failed to import: {type(error).__name__}: {error}") from error


@cache
def _warn(line: str) -> None:
    """Once a process, on standard error unless the caller has set up logging otherwise."""
    logging.getLogger("reverse_image_search").warning(line)


def _register_all(registry: Registry, offered: object, where: str) -> None:
    specs = list(offered) if isinstance(offered, list | tuple) else []
    if not specs or not all(isinstance(spec, MethodSpec) for spec in specs):
        raise PluginError(f"plug-in {where} must define METHODS, a non-empty list of methods.spec.MethodSpec")
    try:
        for spec in specs:
            registry.register(spec)
    except PluginError as error:
        raise PluginError(f"plug-in {where}: {error}") from error
