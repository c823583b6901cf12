"""Writes the claims table: each report's figure, ours under the protocol, and why they differ."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.core.store import Store
from benchmarks.reporting.claims.claim import Claim, Figure
from benchmarks.reporting.claims.claims_data import CLAIMS
from benchmarks.reporting.claims.evidence import Evidence
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import Column, Table
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import write_text
from datasets.safe_text import code, markdown

INTRODUCTION = (
    "What the source reports (R0 to R4) claim, and what the same systems do under the shared protocol. A report's "
    "figure cannot be laid beside another report's; ours can. [..]: 95% interval over queries (of a "
    "time: of the median over timed calls). Percentages are of queries, points are differences of percentages over "
    "the same queries. A word stands where a cell has not run or has no figure; each figure names the stored cell it "
    "was read from, and the tables of that data set say on which machine. Verdict: *confirmed* or *contradicted* by "
    "a rule over our figures and their intervals (`rule` in the CSV), *untrained* where the deciding figure wants "
    "weights that are not here, *not run* where its cell is missing, *not comparable* where no figure of ours asks "
    "the same."
)

_COLUMNS = (
    Column("report", "report", is_text=True),
    Column("system", "systems", is_text=True, is_markdown=True),
    Column("the report says", "says", is_text=True),
    Column("verdict", "verdict", is_text=True, is_markdown=True),
    Column("ours, and the cell it comes from", "ours", is_text=True, is_markdown=True),
    Column("why they differ", "because", is_text=True),
)

_LINE = "<br>"
"""Several figures stand below one another in one cell of the table."""


def write_claims(store: Store, out: Path, claims: Sequence[Claim] = CLAIMS) -> list[Path]:
    """Write `claims.md` and `claims.csv`; neither where the store holds no cell that any claim is about."""
    figures = claim_figures(store, claims)
    if all(figure.word == "not run" for row in figures for figure in row):
        return []
    table = Table("Claims", _COLUMNS, [_shown(claim, row) for claim, row in zip(claims, figures, strict=True)])
    heading, _, body = to_markdown(table).partition("\n\n")
    write_text(out / "claims.md", f"{heading}\n\n{INTRODUCTION}\n\n{body}")
    write_csv(out / "claims.csv", claims_frame(claims, figures))
    return [out / "claims.md", out / "claims.csv"]


def claim_figures(store: Store, claims: Sequence[Claim] = CLAIMS) -> list[list[Figure]]:
    """Our figures for each claim, in the claims' order."""
    evidence = Evidence(store)
    return [[measure.read(evidence) for measure in claim.ours] for claim in claims]


def claims_frame(claims: Sequence[Claim], figures: Sequence[Sequence[Figure]]) -> pd.DataFrame:
    """One row a figure, with the claim it stands beside; `claimed_low` and `_high` differ for a claimed range."""
    return pd.DataFrame(
        [
            {
                "report": claim.report,
                "systems": " ".join(claim.systems),
                "claim": claim.says,
                "claimed_low": min(claim.values, default=None),
                "claimed_high": max(claim.values, default=None),
                "claimed_unit": claim.unit,
                "verdict": claim.rule.verdict(row),
                "rule": claim.rule.text,
                "method": figure.method,
                "figure": figure.name,
                "ours": figure.value,
                "low": figure.interval and figure.interval.low,
                "high": figure.interval and figure.interval.high,
                "unit": figure.unit,
                "word": figure.word,
                "cells": "; ".join(figure.cells),
                "because": claim.because,
            }
            for claim, row in zip(claims, figures, strict=True)
            for figure in row
        ]
    )


def figure_text(figure: Figure) -> str:
    """As the table shows it: "hit@1: 3.6% [1.9, 5.5]", "hit@1: not run"."""
    if figure.value is None:
        return f"{figure.name}: {figure.word}"
    signed = figure.unit == "points"
    interval = f" [{', '.join(_number(end, signed) for end in figure.interval)}]" if figure.interval else ""
    unit = figure.unit if figure.unit in ("", "%") else f" {figure.unit}"
    word = f" ({figure.word})" if figure.word else ""
    return f"{figure.name}: {_number(figure.value, signed)}{unit}{interval}{word}"


def _shown(claim: Claim, figures: Sequence[Figure]) -> dict[str, object]:
    return {
        "method": claim.systems[0],
        "report": claim.report,
        "systems": _LINE.join(map(markdown, claim.systems)),
        "says": claim.says,
        "ours": _LINE.join(f"{markdown(figure_text(figure))} {_cited(figure)}" for figure in figures),
        "because": claim.because,
        "verdict": f"*{claim.rule.verdict(figures)}*",
    }


def _cited(figure: Figure) -> str:
    """The figure's cells, as code; of two methods in one place the second by its id alone."""
    first, *others = figure.cells
    return " ".join(code(cell) for cell in (first, *(cell.rpartition("/")[2] for cell in others)))


def _number(value: float, signed: bool = False) -> str:
    """Whole from 100 on, else three significant digits, never in exponent form."""
    if isinstance(value, int):
        return f"{value:,}"
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:{'+' if signed else ''},.{places}f}"
