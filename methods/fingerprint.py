"""What a method's results depend on: its settings and the code behind them, as digests.

The code digest covers the module a Part names and every project module that it imports, directly or not. It is taken
from the syntax tree without docstrings, so comments, formatting and documentation never make a result stale.
"""

import ast
import hashlib
import importlib.util
import json
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from methods.spec import MethodSpec, Part

PROJECT_PACKAGES = ("datasets", "methods")
_ROOT = Path(__file__).parents[1]

_DISTRIBUTIONS = {
    "cv2": "opencv-contrib-python-headless",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "dlib": "dlib-bin",
    "faiss": "faiss-cpu",
}


def digest(value: object) -> str:
    """Sha256 hex digest of a JSON-able value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def describe(part: Part | None) -> dict[str, Any] | None:
    """A Part as JSON-able data: where its class lives and its settings."""
    if part is None:
        return None
    target = part.target if isinstance(part.target, str) else f"{part.target.__module__}:{part.target.__qualname__}"
    # As JSON would give them back (a tuple as a list), so that what is stored compares equal to what is there.
    return {"target": target, "params": json.loads(json.dumps(dict(part.params)))}


def describe_method(spec: MethodSpec) -> dict[str, Any]:
    """The settings that define a method's results, JSON-able."""
    return {
        "id": spec.id,
        "method": describe(spec.method),
        "encoder": describe(spec.encoder),
        "transforms": [describe(part) for part in spec.transforms],
        "index": describe(spec.index),
        "supervised": spec.supervised,
    }


def method_code(spec: MethodSpec) -> str:
    """Digest of the project code behind a method."""
    parts = [spec.method, spec.encoder, *spec.transforms, spec.index]
    modules = [described["target"].partition(":")[0] for part in parts if (described := describe(part))]
    return code_digest((*modules, "methods.vector_method") if spec.encoder else tuple(modules))


def encoder_code(spec: MethodSpec) -> str:
    """Digest of the project code behind a composed method's encoder alone."""
    described = describe(spec.encoder)
    return code_digest((described["target"].partition(":")[0],)) if described else ""


def package_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Installed versions of import packages, "absent" where one is not installed."""
    return {name: _version(name) for name in sorted({"numpy", *names})}


@cache
def code_digest(modules: tuple[str, ...]) -> str:
    """Digest over the syntax trees of `modules` and all project modules they import."""
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _source(name)
        if name in seen or path is None:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        waiting.extend(_project_imports(tree))
        _strip_docstrings(tree)
        seen[name] = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return digest(seen)


def _source(module: str) -> Path | None:
    """The file of a module; None for a name that is none (`from module import name`). Nothing is imported."""
    if module.partition(".")[0] in PROJECT_PACKAGES:
        place = _ROOT.joinpath(*module.split("."))
        return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)
    loaded = sys.modules.get(module)
    found = loaded.__spec__ if loaded else importlib.util.find_spec(module)
    return Path(found.origin) if found and found.origin and found.origin.endswith(".py") else None


def _project_imports(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.partition(".")[0] in PROJECT_PACKAGES]


def _strip_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                item for item in body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
            ]


@cache
def _version(package: str) -> str:
    try:
        return version(_DISTRIBUTIONS.get(package, package))
    except PackageNotFoundError:
        return "absent"
