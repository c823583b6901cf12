"""Writes the page of projections: how well the laws predict, and what larger galleries would take."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict

import pandas as pd

from benchmarks.core.store import Store
from benchmarks.experiments.projection.costs import NEAR, Check, Costs, costs_of
from benchmarks.experiments.projection.fleet import USABLE, Fleet, Machine, fleet_for
from benchmarks.experiments.rows import ScalingStore
from benchmarks.experiments.scaling.growth import curves
from benchmarks.reporting.tables.formats import document
from benchmarks.reporting.tables.model import Column, Table, count, milliseconds, rate
from benchmarks.reporting.tables.notes import machine_note
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import DamagedFile, if_intact, read_record, write_record, write_text
from methods.registry import Registry

_UNITS = {"search": (1e3, "ms"), "batch": (1e3, "ms"), "build": (1.0, "s"), "peak": (2**-20, "MiB")}
_INDEX = (2**-20, "MiB")
_NAMES = {
    "search": "search, one query",
    "batch": "search, a query of a batch",
    "build": "building",
    "peak": "peak memory",
    "index": "index",
}

_CHECKS = (
    Column("method", "method", is_text=True),
    Column("data", "dataset", is_text=True),
    Column("cost", "cost", is_text=True),
    Column("fitted up to", "fitted_to", count),
    Column("predicted for", "size", count),
    Column("predicted", "predicted", is_text=True),
    Column("measured", "measured", is_text=True),
    Column("off by", "error", lambda error: f"{100 * error:+.0f}%"),
    Column(f"within {100 * NEAR:.0f}%", "near", is_text=True),
)

_FLEETS = (
    Column("method", "method", is_text=True),
    Column("images", "images", count),
    Column("machines", "machines", count),
    Column("vectors a machine", "shard", count),
    Column("bound by", "bound", is_text=True),
    Column("query ms", "search_ms", milliseconds),
    Column("index GiB", "index_gib", rate),
    Column("extraction, machine hours", "extraction_hours", rate),
    Column("building, machine hours", "build_hours", rate),
    Column("machine hours a million images, once", "hours_per_million", rate),
    Column("machines a million images, kept on", "machines_per_million", rate),
)

INTRODUCTION = (
    "Every cost of one machine is modelled as affine in the vectors that it holds: a floor, and so much a vector, "
    "fitted to the sizes that `scaling` measured (least squares of relative errors). Indexes that grow slower than "
    "that are made out dearer than they are. A larger gallery is cut into shards, one a machine, all searched at once."
)


class _Kept(TypedDict):
    """`Asked` as it is stored."""

    images: list[float]
    memory_gib: float
    latency_ms: float


@dataclass(frozen=True)
class Asked:
    """What `project` was asked: kept beside what was measured, so that the page can be made again."""

    images: tuple[float, ...]
    """Gallery sizes."""
    memory_gib: float
    latency_ms: float

    def keep(self, out: Path) -> None:
        """Store it below the `--out` folder, in the place of what was asked before."""
        write_record(out / _ASKED, asdict(self))

    @classmethod
    def kept(cls, out: Path) -> "Asked | None":
        """What was asked last, or None."""
        return if_intact(cls._read, out / _ASKED)

    @classmethod
    def _read(cls, path: Path) -> "Asked | None":
        known = read_record(path, _Kept)
        try:
            return cls(tuple(known["images"]), known["memory_gib"], known["latency_ms"]) if known else None
        except TypeError as error:
            raise DamagedFile(path, error) from error


_ASKED = Path("projection", "asked.json")


def write_stored_projection(store: Store, registry: Registry, out: Path, asked: Asked | None = None) -> list[Path]:
    """Write `projection.md` and `.csv` as `asked`, or as `project` was last; nothing where nothing is measured."""
    asked = asked or Asked.kept(store.root)
    found = curves(ScalingStore(store.root).points(), registry) if asked else []
    costs = costs_of(found)
    if asked is None or not costs:
        return []
    machine = Machine(asked.memory_gib * 2**30, asked.latency_ms / 1e3)
    note = machine_note([row["provenance"] for each in found for row in each.rows])
    return [write_projection(costs, asked.images, machine, note, out), out / "projection.csv"]


def write_projection(costs: Sequence[Costs], images: Sequence[float], machine: Machine, note: str, out: Path) -> Path:
    """Write `projection.md` and `projection.csv` into `out`; returns the page."""
    fleets = [(each, size, fleet_for(each, size, machine)) for each in costs for size in images]
    rows = [_fleet_row(each, size, fleet) for each, size, fleet in fleets]
    checks = Table("Predicted and measured", _CHECKS, [_check_row(check) for each in costs for check in each.checks])
    near = [check.is_near for each in costs for check in each.checks]
    checks.notes = [
        f"Each law was fitted without the largest size measured, and asked for it: {sum(near)} of {len(near)} costs "
        f"came within {100 * NEAR:.0f}%.",
        note,
    ]
    text = document("What larger galleries would take", INTRODUCTION, [checks, _fleet_table(rows, costs, machine)])
    write_text(out / "projection.md", text)
    write_csv(out / "projection.csv", pd.DataFrame(rows).drop(columns=["word", "word_in"]))
    return out / "projection.md"


def _fleet_table(rows: list[dict[str, object]], costs: Sequence[Costs], machine: Machine) -> Table:
    largest = max(each.largest for each in costs)
    return Table(
        "Larger galleries",
        _FLEETS,
        rows,
        [
            f"Machines as fast as the one measured, of {machine.memory_bytes / 2**30:g} GiB, {100 * USABLE:.0f}% of "
            f"it for vectors and searches. A shard is no larger than lets one query be answered in "
            f"{1e3 * machine.longest_search_s:g} ms, and no larger than memory lets it be. Sending the query to the "
            "shards and merging their results is not counted.",
            f"Nothing above {largest:,} vectors was measured here: beyond that the figures are extrapolated, not "
            "measured. Extraction is counted once for each image, at the pace of one machine; it divides by the "
            "workers (docs/fan-out.md).",
        ],
    )


def _check_row(check: Check) -> dict[str, object]:
    scale, unit = _UNITS.get(check.quantity, _INDEX)
    return {
        "method": check.method,
        "dataset": check.dataset,
        "cost": _NAMES[check.quantity],
        "fitted_to": check.fitted_to,
        "size": check.size,
        "predicted": f"{milliseconds(scale * check.predicted)} {unit}",
        "measured": f"{milliseconds(scale * check.measured)} {unit}",
        "error": check.error,
        "near": "yes" if check.is_near else "no",
    }


def _fleet_row(costs: Costs, images: float, fleet: Fleet | None) -> dict[str, object]:
    row: dict[str, object] = {"method": costs.method, "images": images, "word": "cannot", "word_in": ("machines",)}
    if fleet is None:
        return row
    return row | {
        "machines": fleet.machines,
        "shard": fleet.shard,
        "bound": fleet.bound,
        "search_ms": 1e3 * fleet.search_s,
        "index_gib": fleet.index_bytes / 2**30,
        "extraction_hours": fleet.extraction_hours,
        "build_hours": fleet.build_hours,
        "hours_per_million": fleet.hours_per_million,
        "machines_per_million": fleet.machines_per_million,
    }
