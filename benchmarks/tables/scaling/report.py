"""Writes the page of growth: laws, points, a plot, and both tables as CSV."""

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.csv_files import write_csv
from benchmarks.files import write_text
from benchmarks.scaling.growth import curves
from benchmarks.scaling.results import ScalingStore
from benchmarks.store import Store
from benchmarks.tables.markdown import to_markdown
from benchmarks.tables.scaling.law_table import law_rows, law_table
from benchmarks.tables.scaling.plot import growth_plot
from benchmarks.tables.scaling.point_table import point_rows, point_table
from methods.registry import Registry


def write_scaling(store: Store, registry: Registry, out: Path) -> list[Path]:
    """Write `scaling.md`, `scaling.csv`, `scaling-fits.csv` and `scaling.png`; nothing where nothing is stored."""
    found = curves(ScalingStore(store.root).points(), registry)
    if not found:
        return []
    picture = growth_plot(found, out / "scaling.png")
    image = ["![time and memory against gallery size](scaling.png)\n"] if picture else []
    tables = [to_markdown(law_table(each), 2) + "\n" + to_markdown(point_table(each), 3) for each in found]
    write_text(out / "scaling.md", "\n".join(["# Growth with the gallery\n", *image, *tables]))
    members = [(growth, each) for each in found for growth in each.members]
    _write_csv(out / "scaling.csv", [row for growth, each in members for row in point_rows(growth, each)])
    _write_csv(out / "scaling-fits.csv", [row for growth, each in members for row in law_rows(growth, each)])
    written = [out / name for name in ("scaling.md", "scaling.csv", "scaling-fits.csv")]
    return written + ([picture] if picture else [])


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    plain = [{key: value for key, value in row.items() if not key.endswith("_interval")} for row in rows]
    write_csv(path, pd.DataFrame(plain))
