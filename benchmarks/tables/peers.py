"""The table of hot paths beside their peers, from the JSON that pytest-benchmark leaves of tests/perf."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.files import DamagedFile, if_intact, read_json, read_record, write_record, write_text
from benchmarks.overhead import between_cells
from benchmarks.store import Store
from benchmarks.tables.formats import document
from benchmarks.tables.model import Column, Table
from benchmarks.tables.notes import machine_note
from datasets.errors import BenchmarkError

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

_LISTS = ("benchmarks", "not_measured")
"""What the results of several files are strung together of; all else is the last one's."""

_KEPT = ("provenance", "datetime", "peers", *_LISTS)
_STORED = Path("peers", "results.json")

ALONE = (COMPARED[0], COMPARED[1], Column("median", "ours_s", duration))


def keep_peers(files: Sequence[Path], store: Store) -> None:
    """Store files of `pytest tests/perf --benchmark-only --benchmark-json FILE`, in the place of what was stored.

    Raises BenchmarkError for a file that is none, and where none holds a comparison.
    """
    parts = [_read(file) for file in files]
    if not any("comparison" in entry["extra_info"] for part in parts for entry in part["benchmarks"]):
        raise BenchmarkError(f"{files[-1]} holds no comparison of tests/perf; make it with `make bench`")
    kept = [{key: part[key] for key in _KEPT} for part in parts]
    for part in kept:
        part["benchmarks"] = [{"extra_info": entry["extra_info"]} for entry in part["benchmarks"]]
    write_record(store.root / _STORED, {"parts": kept})


def stored_peers(store: Store) -> list[dict[str, Any]]:
    """What `keep_peers` stored of each file."""
    return if_intact(_stored, store.root / _STORED) or []


def _stored(path: Path) -> list[dict[str, Any]] | None:
    parts = read_json(path)  # an older version stored the list alone
    if isinstance(parts, dict):
        parts = (read_record(path, needs=("parts",)) or {})["parts"]
    whole = isinstance(parts, list) and all(isinstance(part, dict) and set(_KEPT) <= part.keys() for part in parts)
    if parts is not None and not whole:
        raise DamagedFile(path, "it holds no results of tests/perf")
    return parts


def write_stored_peers(store: Store, out: Path) -> list[Path]:
    """Write `peers.md` of the results that are stored; nothing where none are."""
    parts = stored_peers(store)
    if not parts:
        return []
    earlier = [note for part in parts[:-1] for note in _earlier(part, parts[-1])]
    results = {**parts[-1], **{key: [entry for part in parts for entry in part[key]] for key in _LISTS}}
    tables = peer_tables(results, overhead_notes(store) + earlier)
    write_text(out / "peers.md", document("Hot paths beside their peers", INTRODUCTION, tables))
    return [out / "peers.md"]


def peer_tables(results: dict[str, Any], more_notes: list[str]) -> list[Table]:
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


def _compared(entry: dict[str, Any]) -> dict[str, Any]:
    row = {"method": entry["path"], **entry}
    if entry["rounds"] > 1:
        row["ratio_interval"] = (entry["low"], entry["high"])
    if (target := entry["target"]) is not None:
        row["bound"] = f"{'≤' if entry['at_most'] else '≥'} {times(target)}"
        row["met"] = "yes" if (entry["ratio"] <= target if entry["at_most"] else entry["ratio"] >= target) else "no"
        if entry["low"] < target < entry["high"]:
            row["met"] += " (target within the interval)"
    return row


def _earlier(part: dict[str, Any], last: dict[str, Any]) -> list[str]:
    """Which rows come of another commit than the one that is named for the page, in words."""
    if _commit(part) == _commit(last):
        return []
    facts = [entry["extra_info"] for entry in part["benchmarks"]]
    paths = [extra[kind]["path"] for extra in facts for kind in ("comparison", "alone") if kind in extra]
    return [f"Of commit {_commit(part)}, {part['datetime'][:10]}: {'; '.join(paths)}."]


def _commit(results: dict[str, Any]) -> str:
    git = results["provenance"]["git"]
    return (git["commit"] or "unknown")[:10] + (" (with changes)" if git["dirty"] else "")


def _provenance(results: dict[str, Any]) -> list[str]:
    facts = results["provenance"]
    versions = {**facts["packages"], **{name: version or "absent" for name, version in results["peers"].items()}}
    packages = ", ".join(f"{name} {version}" for name, version in versions.items() if version != "absent")
    return [
        machine_note([facts]),
        f"Commit {_commit(results)}, {results['datetime'][:10]}; Python {facts['python']}, {packages}.",
    ]


def _read(file: Path) -> dict[str, Any]:
    try:
        results = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"{file} cannot be read as JSON ({error}); make it with `make bench`") from error
    if not isinstance(results, dict) or not set(_KEPT) <= results.keys():
        raise BenchmarkError(f"{file} is no result of tests/perf; make it with `make bench`")
    return results
