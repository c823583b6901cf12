"""The table of laws: how each cost of each method grows."""

import numpy as np

from benchmarks.experiments.scaling.fitting import SIGNIFICANT, Fit
from benchmarks.experiments.scaling.growth import Curves, Growth
from benchmarks.reporting.tables.model import Column, Table, count, mebibytes, milliseconds
from benchmarks.rows.experiments import ExtractionFigures

_COLUMNS = (
    Column("method", "method", is_text=True),
    Column("search, one query", "search", is_text=True),
    Column("search, a query of a batch", "batch", is_text=True),
    Column("building", "build", is_text=True),
    Column("peak memory", "peak", is_text=True),
    Column("index bytes", "index", is_text=True),
    Column("extraction ms/image", "extraction_ms", milliseconds),
    Column("encoder peak MiB", "encoder_bytes", mebibytes),
    Column("embedding B/image", "embedding_bytes", count),
)

_UNITS = {
    "search": (1e3, "ms"),
    "batch": (1e3, "ms"),
    "build": (1e3, "ms"),
    "peak": (2**-20, "MiB"),
    "index": (1.0, "B"),
}

_LEAST_P = 0.001
"""Smaller ones are all the same."""

_NOTES = (
    "n^c: the cost grows with the gallery's size n to the power c, in brackets its 95% interval: the t-interval of a "
    "least-squares regression of logarithms over the sizes, each measured in a process of its own. A floor before it "
    "(a + n^c) is what does not grow; it is taken where an F-test finds that it explains the points better than "
    f"chance would (p < {SIGNIFICANT:g}), and c is then the exponent of what grows. Neither law holds beyond the sizes "
    "measured. Exponents of the plain law, and every p, are in scaling-fits.csv.",
    "Times are without extraction (decoding, detecting, encoding), which costs the same for every image: looking at a "
    "gallery is linear by construction, so it was measured once. Building: fitting what is learned, and the index.",
    "Memory is the peak over what the process held before it had any image. A method of encoder and index is handed "
    "embeddings there: its encoder runs in another process, whose peak is the encoder's. What a method without "
    "embeddings holds to look at images is in its peak. See docs/memory.md.",
)


def law_table(each: Curves) -> Table:
    """One row a method."""
    return Table(f"{each.title}:{each.subset}", _COLUMNS, [_row(growth) for growth in each.members], list(_NOTES))


def law_rows(growth: Growth, each: Curves) -> list[dict[str, object]]:
    """The same in full, for the CSV: one row a quantity, in seconds and bytes."""
    return [
        {
            "dataset": each.title,
            "subset": each.subset,
            "method": growth.method,
            "quantity": name,
            "unit": "bytes" if name in ("peak", "index") else "s",
            "model": fit.model,
            "floor": fit.floor,
            "factor": fit.factor,
            "exponent": fit.exponent,
            "low": fit.interval.low,
            "high": fit.interval.high,
            "p_floor": fit.p,
            "plain_exponent": fit.plain,
            "plain_low": fit.plain_interval.low,
            "plain_high": fit.plain_interval.high,
            "sizes": fit.sizes,
        }
        for name, fit in growth.fits.items()
        if fit is not None
    ]


def _row(growth: Growth) -> dict[str, object]:
    texts = {name: law_text(fit, *_UNITS[name]) for name, fit in growth.fits.items()}
    last = growth.measured[-1] if growth.measured else None
    extraction: ExtractionFigures = last.get("extraction", {}) if last else {}
    samples = extraction.get("extraction_s")
    seconds = (last and last.get("extraction_s")) or (float(np.median(samples)) if samples else None)
    return {
        "method": growth.method,
        "word": growth.rows[-1]["status"] if not growth.measured else "",
        "word_in": ("search",),
        **texts,
        "extraction_ms": seconds * 1e3 if seconds else None,
        "encoder_bytes": (extraction.get("memory") or {}).get("peak"),
        "embedding_bytes": extraction.get("embedding_bytes_per_image"),
    }


def law_text(fit: Fit | None, scale: float, unit: str) -> str | None:
    """ "n^0.98 [0.93, 1.02]", with a floor "0.031 ms + n^1.02 [0.97, 1.08] (p = 0.004)"; None without a fit."""
    if fit is None:
        return None
    floor = f"{milliseconds(fit.floor * scale)} {unit} + " if fit.floor else ""
    low, high = (f"{end + 0.0:.2f}" for end in fit.interval)
    interval = f" [{low}, {high}]" if np.isfinite(fit.interval.low) else ""
    reason = f" (p = {fit.p:.2g})" if fit.floor and fit.p >= _LEAST_P else f" (p < {_LEAST_P:g})" if fit.floor else ""
    return f"{floor}n^{fit.exponent + 0.0:.2f}{interval}{reason}"
