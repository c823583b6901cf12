"""What is printed and documented is plain technical English: words that have crept in before do not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from benchmarks.cli.app import app

ROOT = Path(__file__).parents[1]
AVOIDED = {
    r"fore(told|tells?|telling|sees?)": "predicted, predicts",
    r"mend(s|ed|ing)?": "fix",
    r"contestants?": "method, candidate",
    r"moods?": "noise, load",
    r"proofs?": "equivalence check",
    r"(proves?|proven?) (itself|themselves)": "passes its check",
    r"let pass": "allowed",
    r"dies that": "if that … dies",
    r"stand-ins?": "synthetic images, synthetic data",
    r"thereof|wherein|whoever": "plainer words",
    r"\d+ %": "95%, without a space",
}
"""Pattern: what to write instead."""
_AVOIDED = re.compile("|".join(rf"(?<![\w-])({pattern})(?!\w)" for pattern in AVOIDED), re.IGNORECASE)
_WORD_OF_IDENTIFIERS = re.compile(r"^[\w.:/-]+$")
_QUOTES_OF_SOURCES = ("claims_data.py",)
_SAID_OF_THE_DATA = re.compile(r"(a )?stand-in(s)?\b[^.]*(celebrities|imdb)|imdb-wiki[^.]*stand-in", re.IGNORECASE)


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """String literals of a module that could be printed: no docstrings, no names of things."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        id(statement.value)
        for node in ast.walk(tree)
        for statement in (getattr(node, "body", None) if isinstance(getattr(node, "body", None), list) else [])
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
        if is_text and not _WORD_OF_IDENTIFIERS.match(node.value):
            yield node.lineno, node.value


def help_texts() -> Iterator[tuple[str, str]]:
    """What `--help` prints of each command."""
    for command in get_command(app).commands.values():
        yield f"help of {command.name}", command.help or ""


def printed() -> Iterator[tuple[str, str]]:
    yield from help_texts()
    for floor in ("benchmarks", "methods", "datasets"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            if path.name not in _QUOTES_OF_SOURCES:
                yield from ((f"{path.relative_to(ROOT)}:{line}", text) for line, text in literals(path))
        for suffix in ("html", "j2"):
            for path in sorted((ROOT / floor).rglob(f"*.{suffix}")):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        yield from (
            (f"{path.relative_to(ROOT)}:{number}", line)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        )


def test_no_avoided_word_is_printed():
    found = [
        f"{where}: {match[0]!r} in {text[max(0, match.start() - 40) : match.end() + 40]!r}"
        for where, text in printed()
        for match in _AVOIDED.finditer(text)
        if not _SAID_OF_THE_DATA.search(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text", ["a law foretold it", "mend this first", "95 % interval", "Dies that worker", "the machine's mood"]
)
def test_an_avoided_word_is_seen(text):
    assert _AVOIDED.search(text)
