"""The version of this project that is imported: of its installed metadata, or of the checkout it lies in."""

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from benchmarks.system.own_packages import PROJECT

_ROOT = Path(__file__).resolve().parents[2]


def version() -> str:
    """As "0.1.0"; "unknown" for files that were copied without their metadata."""
    checkout = _ROOT / "pyproject.toml"
    if checkout.is_file():  # an editable install's metadata is that of the day it was made
        return str(tomllib.loads(checkout.read_text(encoding="utf-8"))["project"]["version"])
    try:
        return distribution(PROJECT).version
    except PackageNotFoundError:
        return "unknown"
