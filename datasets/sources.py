"""The source behind modules, as digests: what decides figures counts, what cannot change one does not.

Followed are the imports of a module within the project, and from a plug-in to whatever lies outside the standard
library and site-packages: helpers beside it, packages next to it. Installed libraries count by their version instead
(`libraries` names them). Nothing is imported to find out. Not followed are NO_FIGURES, and imports for type checkers.

A digest is taken from the syntax tree without docstrings, the texts of errors and what is printed; so comments,
formatting, documentation and messages never make a result stale.
"""

import ast
import gc
import hashlib
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT_PACKAGES = ("benchmarks", "datasets", "methods")

NO_FIGURES = frozenset(
    {
        *(f"datasets.{name}" for name in ("archives", "checksums", "dataset", "download", "errors", "origins")),
        *(f"datasets.{name}" for name in ("origin_note", "registry", "sources", "words")),
        *(f"methods.{name}" for name in ("catalogue", "conformance", "contracts", "fingerprint", "installed")),
        *(
            f"methods.{name}"
            for name in ("answers", "progress", "registry", "spec", "stages", "trial", "validation", "weights")
        ),
    }
)
"""What is only said, asked or looked up there: errors, types, progress, names. A digest that starts there has them."""

QUIET = frozenset({"psutil", "threadpoolctl"})
"""Libraries that look at the machine and compute nothing."""

_ROOT = Path(__file__).parents[1]
_Stamp = tuple[int, ...]
_Reached = tuple[tuple[str, Path], ...]
_STANDARD = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
_FILE_NAME = re.compile(r"[\w ./+-]{0,180}\.\w{1,10}")


@dataclass(frozen=True)
class Source:
    """One module's file: its digest, the modules it may import (as written), and file names among its literals."""

    digest: str
    imports: tuple[str, ...]
    file_names: tuple[str, ...]


def module_digests(modules: Iterable[str], leave_out: Collection[str] = NO_FIGURES) -> dict[str, str]:
    """The digest of each module reached from `modules`, themselves included, by name; a package stands for all in it.

    `leave_out` is not followed into. Modules without a source of ours are not there.
    """
    return {name: read_source(path).digest for name, path in _reached(modules, leave_out)}


def libraries(modules: Iterable[str], leave_out: Collection[str] = NO_FIGURES) -> set[str]:
    """Top-level names of the installed libraries that the modules reached from `modules` import."""
    modules = tuple(modules)
    reached = dict(_reached(modules, leave_out))
    names = {name.partition(".")[0] for path in reached.values() for name in read_source(path).imports}
    ours = {name.partition(".")[0] for name in reached}
    return {
        name
        for name in names - {""} - ours - QUIET - sys.stdlib_module_names - set(PROJECT_PACKAGES)
        if locate(name) is None or _installed(locate(name))  # type: ignore[arg-type]
    }


def named_files(modules: Iterable[str]) -> Iterator[Path]:
    """Files beside the modules of a plug-in (and beside what they import) that string literals in them name."""
    for name, path in _reached(modules, NO_FIGURES):
        if name.partition(".")[0] not in PROJECT_PACKAGES:
            for text in read_source(path).file_names:
                beside = path.with_suffix(text) if re.fullmatch(r"\.\w+", text) else path.parent / text
                if beside.is_file() and beside.suffix not in (".py", ".pyc"):
                    yield beside


def function_digest(function: object) -> str:
    """Digest of one function's or method's source; "" where it has none."""
    name, module = getattr(function, "__qualname__", ""), getattr(function, "__module__", "")
    path = locate(module) if module else None
    nodes = _definitions(path, _stamp(path)) if path else {}
    return nodes.get(name, "")


def read_source(path: Path) -> Source:
    """A module's source, read once unless the file changes."""
    return _read(path, _stamp(path))


@cache
def locate(module: str) -> Path | None:
    """The file of a module; None for a name that is none (`from module import name`), and for built-in ones."""
    top, *below = module.split(".")
    if top in PROJECT_PACKAGES:
        return _file_of(_ROOT.joinpath(top, *below))
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded:
        return Path(loaded)
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # ValueError: a module without a spec, such as __main__
        return None
    if found is None:
        return None
    if below:
        places = (Path(folder).joinpath(*below) for folder in found.submodule_search_locations or ())
        return next(filter(None, map(_file_of, places)), None)
    return Path(found.origin) if found.origin and Path(found.origin).is_file() else None


def _file_of(place: Path) -> Path | None:
    files = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    compiled = place.parent.glob(f"{place.name}.*.so") if place.parent.is_dir() else ()
    return next((path for path in (*files, *compiled) if path.is_file()), None)


_known: dict[tuple[tuple[str, ...], frozenset[str]], tuple[_Reached, list[_Stamp]]] = {}


def _reached(modules: Iterable[str], leave_out: Collection[str]) -> _Reached:
    """Every module that counts with its file, by name; followed again only when one of the files has changed."""
    key = (tuple(modules), frozenset(leave_out))
    if key in _known:
        found, stamps = _known[key]
        if all(path.exists() and _stamp(path) == stamp for (_, path), stamp in zip(found, stamps, strict=True)):
            return found
    found = _follow(*key)
    _known[key] = found, [_stamp(path) for _, path in found]
    return found


def _follow(modules: tuple[str, ...], leave_out: Collection[str]) -> _Reached:
    tops = {name.partition(".")[0] for name in modules}  # a plug-in that is installed still counts by its source
    found: dict[str, Path] = {}
    waiting = [(name, True) for name in modules]
    while waiting:
        name, asked_for = waiting.pop()
        # The floors' own __init__.py offer things to users and decide nothing.
        if name in found or name in PROJECT_PACKAGES or (not asked_for and _left_out(name, leave_out)):
            continue
        path = locate(name)
        if path is None or (name.partition(".")[0] not in tops and _installed(path)):
            continue
        found[name] = path
        waiting += [(each, False) for each in _imports(name, path)]
    return tuple(sorted(found.items()))


def _left_out(name: str, leave_out: Collection[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:length]) in leave_out for length in range(1, len(parts) + 1))


def _imports(module: str, path: Path) -> Iterator[str]:
    """Absolute names of what a module may import; with the packages that importing them runs, in a plug-in."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for name in read_source(path).imports:
        level = len(name) - len(name.lstrip("."))
        base = package.split(".")[: len(package.split(".")) - level + 1] if level else []
        full = ".".join([*base, *filter(None, name.lstrip(".").split("."))])
        top = full.partition(".")[0]
        yield full
        if top not in PROJECT_PACKAGES and top not in sys.stdlib_module_names:
            parts = full.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts)))


def _installed(path: Path) -> bool:
    if {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in _STANDARD) and not path.is_relative_to(_ROOT)


def _stamp(path: Path) -> _Stamp:
    known = path.stat()
    return known.st_mtime_ns, known.st_ctime_ns, known.st_size, known.st_ino


@cache
def _read(path: Path, stamp: _Stamp) -> Source:
    content = path.read_bytes()
    if path.suffix != ".py":
        return Source(hashlib.sha256(content).hexdigest(), (), ())
    with _no_collecting():
        try:
            tree = _Essence().visit(ast.parse(content))
        except SyntaxError:  # it cannot be run either, which its cell says
            return Source(hashlib.sha256(content).hexdigest(), (), ())
        nodes = list(ast.walk(tree))
        literals = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        files = sorted(text for text in literals if len(text) < 200 and _FILE_NAME.fullmatch(text))
        return Source(_digest(tree), tuple(dict.fromkeys(_imported(nodes))), tuple(files))


@contextmanager
def _no_collecting() -> Iterator[None]:
    """No garbage collection meanwhile: a syntax tree is some ten thousand objects, and half its time would go there."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()


@cache
def _definitions(path: Path, stamp: _Stamp) -> dict[str, str]:
    """Digests of the functions of a file and of its classes, by qualified name."""
    found: dict[str, str] = {}
    waiting = [("", node) for node in _Essence().visit(ast.parse(path.read_bytes())).body]
    while waiting:
        prefix, node = waiting.pop()
        if isinstance(node, ast.ClassDef):
            waiting += [(f"{prefix}{node.name}.", child) for child in node.body]
        elif isinstance(node, ast.FunctionDef):
            found[prefix + node.name] = _digest(node)
    return found


def _digest(tree: ast.AST) -> str:
    return hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest()


def _imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names as written; relative ones with their dots."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            joint = "." if node.module else ""
            yield base
            yield from (f"{base}{joint}{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and _called(node) in ("import_module", "__import__"):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", "") or getattr(call.func, "id", "")


class _Essence(ast.NodeTransformer):
    """A tree without what changes no figure: docstrings, error texts, what is printed, imports for type checkers."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        # Statements alone lie deeper in statements, handlers and cases: no expression is looked into.
        return node if isinstance(node, ast.expr) else super().generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        prints = isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "print"
        return None if isinstance(node.value, ast.Constant) or prints else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        name = getattr(node.test, "id", "") or getattr(node.test, "attr", "")
        return None if name == "TYPE_CHECKING" and not node.orelse else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc.args = [each for each in node.exc.args if not isinstance(each, ast.Constant | ast.JoinedStr)]
        return self.generic_visit(node)
