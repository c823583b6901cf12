"""Writes the page of growth: laws, points measured at each size, a plot, and both tables as CSV."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.core.store import Store
from benchmarks.experiments.rows import ScalingStore
from benchmarks.experiments.scaling.galleries import SHARE
from benchmarks.experiments.scaling.growth import QUANTITIES, Curves, Growth, curves
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import Column, Table, count, mebibytes, milliseconds, rate
from benchmarks.reporting.tables.notes import machine_note, rerun_notes, version_note
from benchmarks.reporting.tables.scaling.law_table import law_rows, law_table
from benchmarks.reporting.tables.scaling.plot import growth_plot
from benchmarks.rows.experiments import PointRow
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import write_text
from methods.registry import Registry

_COLUMNS = (
    Column("method", "method", is_text=True),
    Column("gallery", "size", count),
    Column("real", "real", count),
    Column("jittered", "jittered", count),
    Column("building ms", "build_ms", milliseconds),
    Column("search p50 ms", "search_ms", milliseconds),
    Column("p95 ms", "search_p95_ms", milliseconds),
    Column("batched queries/s", "queries_per_s", rate),
    Column("peak MiB", "peak_bytes", mebibytes),
    Column("index MiB", "index_bytes", mebibytes),
    Column("index B/image", "index_bytes_per_image", count),
)


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


def _write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    plain = [{key: value for key, value in row.items() if not key.endswith("_interval")} for row in rows]
    write_csv(path, pd.DataFrame(plain))


def point_table(each: Curves) -> Table:
    """One row a method and size that has figures; those without are named below, with the reason."""
    rows = [row for growth in each.members for row in point_rows(growth, each) if row["status"] == "ok"]
    return Table("What was measured", _COLUMNS, rows, _notes(each))


def point_rows(growth: Growth, each: Curves) -> list[dict[str, object]]:
    """Every point of a method, as the table and the CSV show it."""
    return [_row(growth, row, each) for row in growth.rows]


def _row(growth: Growth, row: PointRow, each: Curves) -> dict[str, object]:
    shown: dict[str, object] = {
        "dataset": each.title,
        "subset": each.subset,
        "method": growth.method,
        "size": row["size"],
        "status": row["status"],
        "reason": row["reason"],
    }
    if row["status"] != "ok":
        return shown
    search, batch, build = (QUANTITIES[name](row) for name in ("search", "batch", "build"))
    return shown | {
        "real": row["real"],
        "jittered": row["size"] - row["real"],
        "build_ms": 1e3 * build.value,
        "build_ms_low": 1e3 * build.low,
        "build_ms_high": 1e3 * build.high,
        "builds": len(row["fit_s"]),
        "search_ms": 1e3 * search.value,
        "search_ms_low": 1e3 * search.low,
        "search_ms_high": 1e3 * search.high,
        "search_ms_interval": (1e3 * search.low, 1e3 * search.high),
        "search_p95_ms": 1e3 * float(np.quantile(row["search_s"], 0.95)),
        "searches": len(row["search_s"]),
        "batch": row["batch"],
        "queries_per_s": 1 / batch.value,
        "peak_bytes": row["memory"]["peak"],
        **{f"{name}_peak_bytes": peak for name, peak in row["memory"]["stages"].items()},
        "index_bytes": row["index_bytes"],
        "index_bytes_per_image": row["index_bytes"] / row["size"],
        "wall_s": row["wall_s"],
    }


def _notes(each: Curves) -> list[str]:
    rows = each.rows
    newest = max(rows, key=lambda row: row["started"])
    batch = next((row["batch"] for row in rows if row["status"] == "ok"), None)
    lines = [
        f"Data: {newest['images']:,} distinct images to fill galleries with ({newest['completeness']}) and "
        f"{newest['queries']:,} queries, none of them in a gallery; a smaller gallery is part of every larger one. "
        "Beyond the real images, galleries hold real embeddings jittered: Gaussian noise as long as "
        f"{SHARE:g} times the median distance of nearest neighbours (in hashes, so many flipped bits).",
        f"[..]: 95% bootstrap interval of the median over the queries timed, one at a time. Batches are of {batch}.",
    ]
    bad = [f"{row['cell']['method']} at {row['size']:,}: {row['status']} ({row['reason']})" for row in rows]
    bad = [text for text, row in zip(bad, rows, strict=True) if row["status"] != "ok"]
    if bad:
        lines.append("Without a figure: " + "; ".join(bad) + ".")
    lines += rerun_notes((f"{row['cell']['method']} at {row['size']:,}", row) for row in rows)
    threads = ", ".join(sorted({str(row["inputs"]["threads"]) for row in rows}))
    return [
        *lines,
        f"{machine_note([row['provenance'] for row in rows])} {threads} threads.",
        version_note(rows, newest["inputs"]["manifest"]),
    ]
