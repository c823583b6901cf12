"""Figures that a document quotes from published tables, each followed by a comment that names its source.

    MTCNN + FaceNet finds 0.990<!-- figure: lfw-standard-retrieval mtcnn-facenet hit@1 --> of them

says that the number before the comment is the column `hit@1` of the row `mtcnn-facenet` in
`lfw-standard-retrieval.csv`. Rendered markdown hides the comment, in tables too; bold or code marks may close
between number and comment. The row is a method, or the one row that answers all of `column=value,column=value`
(`network=mtcnn,engine=openvino`); spaces in a value are written `_`. The number is kept to as many decimals as it is
written with, and its unit says what of the column it is: `%` of a share, KiB, MiB or GiB of bytes, s, ms or µs of a
time.

`report --figures DOCS` puts the published figures in their places, `report --figures DOCS --check` exits with 1
where one is stale.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.system.files import write_text
from datasets.errors import BenchmarkError, suggest
from datasets.reading import require_regular

_QUOTED = re.compile(
    r"(?P<sign>(?:(?<![\w.])[-+−])?)(?P<number>\d[\d,]*(?:\.\d+)?)(?P<space>[ \u00a0]?)(?P<unit>%|×|[KMG]iB|[mµ]?s)?"
    r"(?P<marks>[*_`]*)(?P<comment><!-- figure: (?P<table>\S+) (?P<row>\S+) (?P<column>\S+) -->)"
)
_COMMENT = re.compile(r"<!--\s*figure\b.*?-->")
_FACTORS = {"%": 100.0, "KiB": 2**-10, "MiB": 2**-20, "GiB": 2**-30}
_SECONDS = {"s": 1.0, "ms": 1e3, "µs": 1e6}


def stale_figures(paths: Sequence[Path], tables: Path) -> list[str]:
    """Every figure in documents that is not the one in `tables`: "docs/a.md: 0.843, published 0.853 (…)".

    `paths` are markdown files, or folders of them. Raises BenchmarkError as `fresh_text`.
    """
    found = []
    for path in documents(paths):
        text = _read(path)
        lines, fresh = text.splitlines(), fresh_text(text, tables, str(path)).splitlines()
        for number, (old, new) in enumerate(zip(lines, fresh, strict=True), 1):
            pairs = zip(_QUOTED.finditer(old), _QUOTED.finditer(new), strict=True)
            found += [
                f"{path}:{number}: {_said(quoted)}, published {_said(published)} ({' '.join(quoted.group(*_SOURCE))})"
                for quoted, published in pairs
                if quoted.group() != published.group()
            ]
    return found


_SOURCE = ("table", "row", "column")


def update_figures(paths: Sequence[Path], tables: Path) -> list[Path]:
    """Put the published figures into documents; returns those that changed. Raises BenchmarkError as `fresh_text`."""
    changed = []
    for path in documents(paths):
        text = _read(path)
        fresh = fresh_text(text, tables, str(path))
        if fresh != text:
            write_text(path, fresh)
            changed.append(path)
    return changed


def fresh_text(text: str, tables: Path, name: str) -> str:
    """`text` of the document `name` with every quoted figure as it stands in `tables`.

    Raises BenchmarkError for a comment without a number before it, and for a source that is not there.
    """
    read: dict[str, list[dict[str, str]]] = {}

    def fresh(match: re.Match[str]) -> str:
        table = match["table"]
        try:
            if table not in read:
                read[table] = _rows(tables / f"{table}.csv")
            value = _value(read[table], match["row"], match["column"])
        except BenchmarkError as error:
            raise BenchmarkError(f"{name}: {match['comment']}: {error}") from error
        return f"{_written(value, match)}{match['space']}{match['unit'] or ''}{match['marks']}{match['comment']}"

    understood = sum(1 for _ in _QUOTED.finditer(text))
    if understood != sum(1 for _ in _COMMENT.finditer(text)):
        known = {match["comment"] for match in _QUOTED.finditer(text)}
        odd = next((c for c in _COMMENT.findall(text) if c not in known), "a figure's comment")
        raise BenchmarkError(f"{name}: {odd} follows no number, or is not <!-- figure: TABLE ROW COLUMN -->")
    return _QUOTED.sub(fresh, text)


def documents(paths: Sequence[Path]) -> list[Path]:
    """The files of `paths`, folders replaced by the markdown files in them."""
    return [file for path in paths for file in (sorted(path.glob("*.md")) if path.is_dir() else [path])]


def _said(match: re.Match[str]) -> str:
    return f"{match['sign']}{match['number']}{match['space']}{match['unit'] or ''}"


def _written(value: float, match: re.Match[str]) -> str:
    """The value in the unit, with the decimals, and with the kind of sign that it was written with."""
    unit, column = match["unit"] or "", match["column"]
    if unit in _SECONDS:
        value *= _SECONDS[unit] / (1e3 if re.search(r"(^|_)ms(_|$)", column) else 1.0)
    places = len(match["number"].partition(".")[2])
    text = f"{value * _FACTORS.get(unit, 1.0):{'+' if match['sign'] == '+' else ''},.{places}f}"
    return text.replace("-", "−") if match["sign"] == "−" else text


def _value(rows: list[dict[str, str]], row: str, column: str) -> float:
    wanted = dict(part.split("=", 1) for part in row.split(",")) if "=" in row else {"method": row}
    for name in (*wanted, column):
        if name not in rows[0]:
            raise BenchmarkError(suggest("column", name, rows[0]))
    found = [each for each in rows if all(each[key].replace(" ", "_") == value for key, value in wanted.items())]
    if len(found) != 1:
        raise BenchmarkError(f"{len(found)} rows are {row}; one has to be")
    try:
        return float(found[0][column])
    except ValueError as error:
        raise BenchmarkError(f"{column} of {row} is {found[0][column]!r}, no number") from error


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        require_regular(path)
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read ({error.strerror or error})") from error
    if not rows:
        raise BenchmarkError(f"{path} holds no row")
    return rows


def _read(path: Path) -> str:
    try:
        require_regular(path)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path} cannot be read ({error})") from error
