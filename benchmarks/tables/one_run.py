"""Whether all that a store holds is of one commit without changes, one machine and one finished run."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.cells import Cell
from benchmarks.engines.kept import kept_last
from benchmarks.indexes.results import IndexStore
from benchmarks.latency.records import LatencyStore
from benchmarks.protocol import PROTOCOL_VERSION
from benchmarks.scaling.results import ScalingStore
from benchmarks.store import Store
from benchmarks.streaming.results import StreamingStore
from benchmarks.tables.notes import machine_text
from benchmarks.tables.peers import stored_peers
from benchmarks.tables.provenance_file import Part
from datasets.errors import BenchmarkError
from methods.registry import Registry

_NAMED = 3
"""Results that an error names; of the others it gives the number."""


class PublishError(BenchmarkError):
    """What is stored cannot be published as one piece, or the folder cannot take it."""


@dataclass(frozen=True)
class Result:
    """One stored result: its name for people, its provenance, and when it was measured."""

    name: str
    provenance: dict[str, Any]
    date: str

    @property
    def commit(self) -> str:
        """All of it, or that it is not known."""
        return self.provenance["git"]["commit"] or "unknown"

    @property
    def machine(self) -> str:
        """In one line."""
        return machine_text(self.provenance["machine"])


def one_part(store: Store, registry: Registry) -> Part:
    """The provenance that all stored results share; raises PublishError, which names those that differ."""
    rows = list(store.rows())
    results = [*(Result(str(cell.path), row["provenance"], row["started"]) for cell, row in rows), *_beside(store)]
    if not results:
        raise PublishError(f"nothing is stored in {store.root}: `run --all --subset standard --out {store.root}` first")
    known = {spec.id for spec in registry}
    _refuse(
        [str(cell.path) for cell, _ in rows if cell.method_id not in known], "of a method unknown here: name --plugin"
    )
    _require_one(results, "commit", lambda result: result.commit, lambda commit: commit[:10])
    _refuse([one.name for one in results if one.provenance["git"]["dirty"]], "of a tree with uncommitted changes")
    _require_one(results, "machine", lambda result: result.machine, str)
    run = _one_run(store, rows) if rows else {}
    begun, ended = (datetime.fromisoformat(run[key]) if run else None for key in ("started", "ended"))
    return Part(
        what="all pages",
        commit=results[0].commit,
        machine=results[0].machine,
        started=min(result.date for result in results),
        ended=max([*(result.date for result in results), run.get("ended", "")]),
        command=run.get("command", ""),
        protocol=PROTOCOL_VERSION,
        subsets=list(dict.fromkeys(f"{cell.dataset}:{cell.subset}" for cell, _ in rows)),
        wall_s=(ended - begun).total_seconds() if begun and ended else None,
    )


def _beside(store: Store) -> Iterator[Result]:
    """Every stored result that is no cell."""
    for point in ScalingStore(store.root).points():
        name = f"scaling of {point['cell']['method']} at {point['size']}"
        yield Result(name, point["provenance"], point["started"])
    for record in IndexStore(store.root).records():
        name = f"indexes over {record['vectors']['gallery']} vectors"
        yield Result(name, record["provenance"], record["started"])
    for row in StreamingStore(store.root).rows():
        yield Result(f"stream of {row['cell']['method']} over {row['size']}", row["provenance"], row["started"])
    for facts in kept_last(store.root):
        yield Result(f"engines of {facts['name']}", facts["provenance"], facts["measured"])
    for timed in LatencyStore(store.root).records():
        yield Result(f"latency of {timed.cell.title}", timed.facts["provenance"], timed.facts["started"])
    for part in stored_peers(store):
        yield Result("hot paths", part["provenance"], part["datetime"])


def _one_run(store: Store, rows: Sequence[tuple[Cell, dict[str, Any]]]) -> dict[str, Any]:
    """The record of the finished run that made all cells; raises PublishError where there is none."""
    records = store.run_records()
    made = {str(cell.path): _run_of(str(cell.path), row, records) for cell, row in rows}
    most, _ = Counter(made.values()).most_common(1)[0]
    if most is None:
        raise PublishError(f"{store.root} has no record of the run that made its cells; run again with --force")
    _refuse([name for name, run in made.items() if run != most], "of another run")
    record = records[most]
    if record["finished"] < record["planned"]:
        raise PublishError(
            f"the run of {record['started']} was interrupted ({record['finished']} of {record['planned']} cells); "
            "run everything again with --force"
        )
    return dict(record)


def _run_of(name: str, row: dict[str, Any], records: Sequence[dict[str, Any]]) -> int | None:
    """Which record is of the run that made a cell: the last that lists it and was under way when it started."""
    held = [
        number
        for number, record in enumerate(records)
        if name in record["cells"] and record["started"] <= row["started"] <= record["ended"]
    ]
    return held[-1] if held else None


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
