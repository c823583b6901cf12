"""Writes docs/licences.md from the metadata of what is installed: run it in an environment made by `make install`."""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_OF_A_RUN = ("full", "dev", "peers", "mutation")
"""Extras that are a sum of others, or for developers alone."""


def licence(name: str) -> str:
    """What the installed distribution says of its licence, in one short line; "not installed" where it is absent."""
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        return "not installed"
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [text.split(" :: ")[-1] for text in metadata.get_all("Classifier", []) if "License ::" in text]
    stated = (metadata.get("License") or "").strip().splitlines()
    short = stated[0] if stated and len(stated[0]) < 40 else ""
    short = "" if short == "UNKNOWN" else short
    return ", ".join(classifiers) or short or "not stated in its metadata"


def table(requirements: Iterable[str]) -> list[str]:
    """Rows of a markdown table: package, licence."""
    names = [re.split(r"[\[<>=]", text)[0] for text in requirements]
    return ["| package | licence |", "|:--|:--|", *(f"| {name} | {licence(name)} |" for name in names)]


def text() -> str:
    """The whole page."""
    lines = ["# Licences of the dependencies", ""]
    lines += ["This project is under the MIT licence. What it needs is installed beside it, not part of it.", ""]
    lines += ["Written by `python docs/licences.py` from the packages' own metadata.", ""]
    lines += ["## Every install", "", *table(PROJECT["dependencies"])]
    for extra, requirements in PROJECT["optional-dependencies"].items():
        if extra not in NOT_OF_A_RUN:
            lines += ["", f"## Extra `{extra}`", "", *table(requirements)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "licences.md").write_text(text(), encoding="utf-8")
