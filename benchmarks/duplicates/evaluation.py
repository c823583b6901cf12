"""How good is what was found? Precision, recall and F1 over thresholds, against pairs that somebody knows."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.duplicates.finding import Finding
from benchmarks.search.errors import SearchError
from datasets.reading import require_regular

COLUMNS = ("one", "other")
VERDICT = "copy"
_TRUE, _FALSE = ("1", "true", "yes"), ("0", "false", "no")
MOST_THRESHOLDS = 20

Pair = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """Pairs of paths, the lower first: copies, and, where the file says them, pairs that are none."""

    copies: frozenset[Pair]
    others: frozenset[Pair] | None
    """None: every pair of the folder that is not listed is no copy."""


@dataclass(frozen=True)
class Quality:
    """Of the pairs at one threshold. Precision is nan where no pair was found, F1 then as well."""

    threshold: float
    found: int
    right: int
    wrong: int
    copies: int
    others: int | None
    """Listed pairs that are no copies; None where all that are not listed are none."""

    @property
    def precision(self) -> float:
        """Of the pairs found, the share that are copies."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else math.nan

    @property
    def recall(self) -> float:
        """Of the copies, the share found."""
        return self.right / self.copies

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / (self.right + self.wrong + self.copies)

    @property
    def false_merges(self) -> float:
        """Of the listed pairs that are no copies, the share found; nan where none are listed."""
        return self.wrong / self.others if self.others else math.nan


def read_pairs(path: Path, paths: frozenset[str]) -> Known:
    """Pairs from a CSV file with columns one and other (paths below the folder), and perhaps copy (1 or 0).

    Raises SearchError, which names the line, for what is no such file or names a picture that is not in `paths`.
    """
    copies: set[Pair] = set()
    others: set[Pair] = set()
    judged = False
    try:
        require_regular(path)
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise SearchError(f"{path}: no column {' or '.join(missing)}: its first line must be one,other[,copy]")
            judged = VERDICT in (reader.fieldnames or ())
            for row in reader:
                pair, is_copy = _pair(row, f"{path}, line {reader.line_num}", paths)
                (copies if is_copy else others).add(pair)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SearchError(f"{path} cannot be read as a list of pairs ({error}); write one,other[,copy]") from error
    if not copies:
        raise SearchError(f"{path} lists no pair of copies: there is nothing to recall")
    if contradicted := sorted(copies & others):
        raise SearchError(
            f"{path} says of {contradicted[0][0]} and {contradicted[0][1]} both that they are copies and not"
        )
    return Known(frozenset(copies), frozenset(others) if judged else None)


def _pair(row: Mapping[str, str | None], where: str, paths: frozenset[str]) -> tuple[Pair, bool]:
    one, other = (str(row[name] or "").removeprefix("./") for name in COLUMNS)
    for name in (one, other):
        if name not in paths:
            raise SearchError(f"{where}: {name!r} is no picture of the folder (paths are below it, as in its CSV)")
    if one == other:
        raise SearchError(f"{where}: {one!r} is paired with itself")
    verdict = str(row.get(VERDICT) or "1").strip().lower()
    if verdict not in (*_TRUE, *_FALSE):
        raise SearchError(f"{where}: copy is {verdict!r}; write 1 or 0")
    return (min(one, other), max(one, other)), verdict in _TRUE


def evaluate(finding: Finding, known: Known) -> tuple[list[Quality], Quality]:
    """Qualities over thresholds by falling threshold, that of the finding among them; and that of its groups.

    Files of one content are found at every threshold.
    """
    scored = sorted(_scored(finding), key=lambda each: -each[1])
    used = finding.compared.threshold.score
    scores = sorted({score for _, score in scored if math.isfinite(score)}, reverse=True)
    step = max(1, len(scores) // MOST_THRESHOLDS)
    thresholds = sorted({*scores[::step], used}, reverse=True)
    qualities = [
        _quality(threshold, [pair for pair, score in scored if score >= threshold], known) for threshold in thresholds
    ]
    grouped = {
        (min(one.path, other.path), max(one.path, other.path))
        for group in finding.groups
        for place, one in enumerate(group)
        for other in group[place + 1 :]
    }
    return qualities, _quality(used, sorted(grouped), known)


def _quality(threshold: float, found: list[Pair], known: Known) -> Quality:
    right = sum(pair in known.copies for pair in found)
    wrong = len(found) - right if known.others is None else sum(pair in known.others for pair in found)
    others = None if known.others is None else len(known.others)
    return Quality(threshold, len(found), right, wrong, len(known.copies), others)


def _scored(finding: Finding) -> Iterator[tuple[Pair, float]]:
    """Every pair of paths that was compared, with its score; of one content, infinite."""
    names = finding.names

    def pairs(left: tuple[int, ...], right: tuple[int, ...]) -> Iterator[Pair]:
        for one in left:
            for other in right:
                yield min(names[one], names[other]), max(names[one], names[other])

    for ids in finding.files.values():
        for place, one in enumerate(ids):
            yield from ((pair, math.inf) for pair in pairs((one,), ids[place + 1 :]))
    contents = finding.compared.contents
    for link in finding.compared.links:
        files = finding.files[contents[link.one]], finding.files[contents[link.other]]
        yield from ((pair, link.score) for pair in pairs(*files))
