"""Whether all that a store holds is of one commit without changes, one machine and finished runs, one a table."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from benchmarks.core.cells import Cell
from benchmarks.core.store import Store
from benchmarks.experiments.engines.kept import kept_last
from benchmarks.experiments.latency.records import LatencyStore
from benchmarks.experiments.rows import IndexStore, ScalingStore, ShardingStore, StreamingStore
from benchmarks.protocol import PROTOCOL_VERSION
from benchmarks.reporting.publishing.provenance_file import Part
from benchmarks.reporting.tables.notes import machine_text
from benchmarks.reporting.tables.peers import stored_peers
from benchmarks.rows.cell import CellRow, Provenance, RunRecord
from datasets.errors import BenchmarkError
from methods.registry import Registry
from methods.spec import OLD_TASKS

BESIDE = "what is measured beside cells"
"""Engines, growth, indexes, latency, streams."""
_NAMED = 3
"""Results that an error names; of the others it gives the number."""


class PublishError(BenchmarkError):
    """What is stored cannot be published as one piece, or the folder cannot take it."""


@dataclass(frozen=True)
class Result:
    """One stored result: its name for people, its provenance, and when it was measured."""

    name: str
    provenance: Provenance
    date: str

    @property
    def commit(self) -> str:
        """All of it, or that it is not known."""
        return self.provenance["git"]["commit"] or "unknown"

    @property
    def machine(self) -> str:
        """In one line."""
        return machine_text(self.provenance["machine"])


def publication_parts(store: Store, registry: Registry) -> list[Part]:
    """The provenance of all stored results: a part for each run, the one of most cells first, and one for all else.

    All are of one commit without changes and of one machine, and the cells of one task on one subset (standard,
    first-250) of one finished run. Raises PublishError, which names the results that differ.
    """
    rows = list(store.rows())
    beside = list(_beside(store))
    results = [*(Result(str(cell.path), row["provenance"], row["started"]) for cell, row in rows), *beside]
    if not results:
        raise PublishError(f"nothing is stored in {store.root}: `run --all --subset standard --out {store.root}` first")
    known = {spec.id for spec in registry}
    _refuse(
        [str(cell.path) for cell, _ in rows if cell.method_id not in known], "of a method unknown here: name --plugin"
    )
    _require_one(results, "commit", lambda result: result.commit, lambda commit: commit[:10])
    _refuse([one.name for one in results if one.provenance["git"]["dirty"]], "of a tree with uncommitted changes")
    _require_one(results, "machine", lambda result: result.machine, str)
    parts = [_part_of_run(results[0], record, cells) for record, cells in _runs(store, rows)]
    if beside:
        begun, ended = min(one.date for one in beside), max(one.date for one in beside)
        parts.append(_part(results[0], BESIDE, begun, ended))
    return parts


def _part_of_run(any_result: Result, record: RunRecord, cells: Sequence[Cell]) -> Part:
    begun, ended = (datetime.fromisoformat(record[key]) for key in ("started", "ended"))
    subsets = list(dict.fromkeys(f"{cell.dataset}:{cell.subset}" for cell in cells))
    names = list(dict.fromkeys(cell.subset for cell in cells))
    what = f"{names[0]} subsets" if len(subsets) > 1 and len(names) == 1 else " and ".join(subsets)
    tasks = list(dict.fromkeys(cell.task for cell in cells))
    part = _part(any_result, f"{what} ({', '.join(tasks)})", record["started"], record["ended"])
    wall = (ended - begun).total_seconds()
    return replace(part, command=record["command"], subsets=subsets, tasks=tasks, wall_s=wall)


def _part(any_result: Result, what: str, started: str, ended: str) -> Part:
    return Part(
        what=what,
        commit=any_result.commit,
        machine=any_result.machine,
        started=started,
        ended=ended,
        command="",
        protocol=PROTOCOL_VERSION,
    )


def _beside(store: Store) -> Iterator[Result]:
    """Every stored result that is no cell."""
    for point in ScalingStore(store.root).points():
        name = f"scaling of {point['cell']['method']} at {point['size']}"
        yield Result(name, point["provenance"], point["started"])
    for record in (*IndexStore(store.root).records(), *IndexStore(store.root, "filtered").records()):
        name = f"indexes over {record['vectors']['gallery']} vectors"
        yield Result(name, record["provenance"], record["started"])
    for changing in IndexStore(store.root, "changing").changing():
        name = f"indexes over {changing['vectors']['gallery']} vectors that change"
        yield Result(name, changing["provenance"], changing["started"])
    for row in StreamingStore(store.root).rows():
        yield Result(f"stream of {row['cell']['method']} over {row['size']}", row["provenance"], row["started"])
    for cut in ShardingStore(store.root).rows():
        name = f"{cut['cell']['method']} in {cut['shards']} shards"
        yield Result(name, cut["provenance"], cut["started"])
    for facts in kept_last(store.root):
        yield Result(f"engines of {facts['name']}", facts["provenance"], facts["measured"])
    for timed in LatencyStore(store.root).records():
        yield Result(f"latency of {timed.cell.title}", timed.facts["provenance"], timed.facts["started"])
    for part in stored_peers(store):
        yield Result("hot paths", part["provenance"], part["datetime"])


def _runs(store: Store, rows: Sequence[tuple[Cell, CellRow]]) -> list[tuple[RunRecord, Sequence[Cell]]]:
    """The records of the finished runs, each with the cells it made, most cells first; raises PublishError for others.

    The cells of one task on one subset are of one run, so that no table compares figures of two.
    """
    records = store.run_records()
    made = {cell: _run_of(str(cell.path), row, records) for cell, row in rows}
    cells_of: dict[int, list[Cell]] = {}
    for table in dict.fromkeys((cell.subset, cell.task) for cell in made):
        runs = {cell: run for cell, run in made.items() if (cell.subset, cell.task) == table}
        most, _ = Counter(runs.values()).most_common(1)[0]
        if most is None:
            raise PublishError(f"{store.root} has no record of the run that made its cells; run again with --force")
        _refuse([str(cell.path) for cell, run in runs.items() if run != most], "of another run")
        cells_of.setdefault(most, []).extend(runs)
    for number in cells_of:
        record = records[number]
        if record["finished"] < record["planned"]:
            raise PublishError(
                f"the run of {record['started']} was interrupted ({record['finished']} of {record['planned']} cells); "
                "run everything again with --force"
            )
    return [(records[run], cells) for run, cells in sorted(cells_of.items(), key=lambda entry: -len(entry[1]))]


def _run_of(name: str, row: CellRow, records: Sequence[RunRecord]) -> int | None:
    """Which record is of the run that made a cell: the last that lists it and was under way when it started."""
    held = [
        number
        for number, record in enumerate(records)
        if name in _cells_of(record) and record["started"] <= row["started"] <= record["ended"]
    ]
    return held[-1] if held else None


def _cells_of(record: RunRecord) -> set[str]:
    """The run's cells under the names that their tasks have today."""
    return {"/".join(OLD_TASKS.get(part, part) for part in cell.split("/")) for cell in record["cells"]}


def _require_one(
    results: Sequence[Result], what: str, of: Callable[[Result], str], shown: Callable[[str], str]
) -> None:
    """Raise PublishError where results differ in `of`: the most frequent one, and those that differ from it."""
    most, *others = [value for value, _ in Counter(map(of, results)).most_common()]
    if others:
        odd = [result.name for result in results if of(result) != most]
        _refuse(odd, f"of another {what} ({', '.join(map(shown, others))}; most are of {shown(most)})")


def _refuse(names: Sequence[str], why: str) -> None:
    """Raise PublishError if there are `names`."""
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise PublishError(
            f"cannot publish: {', '.join(names[:_NAMED])}{more} {'is' if len(names) == 1 else 'are'} {why}; "
            "publish from one run into a fresh --out"
        )
