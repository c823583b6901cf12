"""The table of hot paths beside their peers, from the JSON that pytest-benchmark leaves of tests/perf."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

from benchmarks.core.store import Store
from benchmarks.reporting.overhead import between_cells
from benchmarks.reporting.tables.formats import document
from benchmarks.reporting.tables.model import Column, Table
from benchmarks.reporting.tables.notes import machine_note
from benchmarks.rows.cell import Provenance
from benchmarks.rows.schema import misfit, missing
from benchmarks.system.files import DamagedFile, if_intact, read_json, read_record, write_record, write_text
from datasets.errors import BenchmarkError
from datasets.reading import require_regular

INTRODUCTION = (
    "Rounds of ours and of the peer's alternate in one process. Times are medians over rounds; the ratio of medians "
    "has a 95% bootstrap interval over pairs of rounds. It says how many times as fast ours is; beside a limit, how "
    "many times the limit ours takes. Made by `make bench`."
)


def duration(seconds: float) -> str:
    """Seconds with three significant digits in the unit that suits them."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}" if seconds * factor < 100 else f"{seconds * factor:.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def times(ratio: float) -> str:
    """A ratio with three significant digits: 4.71×."""
    return f"{ratio:.3g}×" if ratio < 100 else f"{ratio:,.0f}×"


COMPARED = (
    Column("hot path", "method", is_text=True),
    Column("per", "unit", is_text=True),
    Column("ours", "ours_s", duration),
    Column("peer or limit", "peer", is_text=True),
    Column("its time", "peer_s", duration),
    Column("ratio", "ratio", times),
    Column("target", "bound", is_text=True),
    Column("met", "met", is_text=True),
)


class Comparison(TypedDict):
    """A path beside its peer or limit; times in seconds."""

    path: str
    peer: str
    ours_s: float
    peer_s: float | None
    ratio: float
    low: float
    high: float
    """Ends of its 95% interval."""
    rounds: int
    target: float | None
    at_most: bool


class Alone(TypedDict):
    """A path that was timed by itself."""

    path: str
    ours_s: float


class ExtraInfo(TypedDict, total=False):
    """What a test of tests/perf leaves."""

    comparison: Comparison
    alone: Alone
    overhead: float
    """Share of a run's wall clock."""


class Timed(TypedDict):
    """One of pytest-benchmark's entries."""

    extra_info: ExtraInfo


class PeerResults(TypedDict):
    """What is kept of a file of results."""

    provenance: Provenance
    datetime: str
    peers: dict[str, str | None]
    """Version by library."""
    benchmarks: list[Timed]
    not_measured: list[str]


class _Stored(TypedDict):
    parts: list[PeerResults]


_STORED = Path("peers", "results.json")

ALONE = (COMPARED[0], COMPARED[1], Column("median", "ours_s", duration))


def keep_peers(files: Sequence[Path], store: Store) -> None:
    """Store files of `pytest tests/perf --benchmark-only --benchmark-json FILE`, in the place of what was stored.

    Raises BenchmarkError for a file that is none, and where none holds a comparison.
    """
    parts = [_read(file) for file in files]
    if not any("comparison" in entry["extra_info"] for part in parts for entry in part["benchmarks"]):
        raise BenchmarkError(f"{files[-1]} holds no comparison of tests/perf; make it with `make bench`")
    kept: list[PeerResults] = [
        {
            "provenance": part["provenance"],
            "datetime": part["datetime"],
            "peers": part["peers"],
            "benchmarks": [{"extra_info": entry["extra_info"]} for entry in part["benchmarks"]],
            "not_measured": part["not_measured"],
        }
        for part in parts
    ]
    write_record(store.root / _STORED, {"parts": kept})


def stored_peers(store: Store) -> list[PeerResults]:
    """What `keep_peers` stored of each file."""
    return if_intact(_stored, store.root / _STORED) or []


def _stored(path: Path) -> list[PeerResults] | None:
    parts = read_json(path)  # an older version stored the list alone
    if isinstance(parts, dict):
        record = read_record(path, _Stored)
        parts = record["parts"] if record else None
    if parts is None:
        return None
    if not isinstance(parts, list) or any(missing(part, PeerResults) or misfit(part, PeerResults) for part in parts):
        raise DamagedFile(path, "it holds no results of tests/perf")
    return parts


def write_stored_peers(store: Store, out: Path) -> list[Path]:
    """Write `peers.md` of the results that are stored; nothing where none are."""
    parts = stored_peers(store)
    if not parts:
        return []
    earlier = [note for part in parts[:-1] for note in _earlier(part, parts[-1])]
    results: PeerResults = {
        **parts[-1],
        "benchmarks": [entry for part in parts for entry in part["benchmarks"]],
        "not_measured": [line for part in parts for line in part["not_measured"]],
    }
    tables = peer_tables(results, overhead_notes(store) + earlier)
    write_text(out / "peers.md", document("Hot paths beside their peers", INTRODUCTION, tables))
    return [out / "peers.md"]


def peer_tables(results: PeerResults, more_notes: list[str]) -> list[Table]:
    """What was compared, and what was timed alone; `results` is the benchmarks' JSON."""
    found = [entry["extra_info"] for entry in results["benchmarks"]]
    compared = [_compared(extra["comparison"]) for extra in found if "comparison" in extra]
    alone = [{"method": extra["alone"]["path"], **extra["alone"]} for extra in found if "alone" in extra]
    overheads = [extra["overhead"] for extra in found if "overhead" in extra]
    notes = [f"Harness overhead of the run above: {share:.1%} of its wall clock." for share in overheads] + more_notes
    missing = list(dict.fromkeys(results["not_measured"]))
    if missing:
        notes.append("Not measured: " + "; ".join(missing) + ".")
    tables = [Table("Beside peers and limits", COMPARED, compared, [*notes, *_provenance(results)])]
    return [*tables, Table("By themselves", ALONE, alone)] if alone else tables


def overhead_notes(store: Store) -> list[str]:
    """What the longest stored run spent outside its cells' processes, in words."""
    found = between_cells(store)
    if found is None:
        return []
    return [
        f"The longest stored run ({found.cells} cells, {found.wall_s:,.0f} s) spent {found.share:.1%} of its time "
        "outside the cells' processes."
    ]


def _compared(entry: Comparison) -> dict[str, object]:
    row: dict[str, object] = {"method": entry["path"], **entry}
    if entry["rounds"] > 1:
        row["ratio_interval"] = (entry["low"], entry["high"])
    if (target := entry["target"]) is not None:
        row["bound"] = f"{'≤' if entry['at_most'] else '≥'} {times(target)}"
        met = entry["ratio"] <= target if entry["at_most"] else entry["ratio"] >= target
        unsure = " (target within the interval)" if entry["low"] < target < entry["high"] else ""
        row["met"] = ("yes" if met else "no") + unsure
    return row


def _earlier(part: PeerResults, last: PeerResults) -> list[str]:
    """Which rows come of another commit than the one that is named for the page, in words."""
    if _commit(part) == _commit(last):
        return []
    facts = [entry["extra_info"] for entry in part["benchmarks"]]
    paths = [path for extra in facts for path in _paths(extra)]
    return [f"Of commit {_commit(part)}, {part['datetime'][:10]}: {'; '.join(paths)}."]


def _paths(extra: ExtraInfo) -> list[str]:
    compared = [extra["comparison"]["path"]] if "comparison" in extra else []
    return [*compared, extra["alone"]["path"]] if "alone" in extra else compared


def _commit(results: PeerResults) -> str:
    git = results["provenance"]["git"]
    return (git["commit"] or "unknown")[:10] + (" (with changes)" if git["dirty"] else "")


def _provenance(results: PeerResults) -> list[str]:
    facts = results["provenance"]
    versions = {**facts["packages"], **{name: version or "absent" for name, version in results["peers"].items()}}
    packages = ", ".join(f"{name} {version}" for name, version in versions.items() if version != "absent")
    return [
        machine_note([facts]),
        f"Commit {_commit(results)}, {results['datetime'][:10]}; Python {facts['python']}, {packages}.",
    ]


def _read(file: Path) -> PeerResults:
    try:
        require_regular(file)
        results = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"{file} cannot be read as JSON ({error}); make it with `make bench`") from error
    if not isinstance(results, dict) or missing(results, PeerResults) or misfit(results, PeerResults):
        raise BenchmarkError(f"{file} is no result of tests/perf; make it with `make bench`")
    return cast(PeerResults, results)
