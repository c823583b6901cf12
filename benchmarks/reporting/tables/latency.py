"""The latency tables of a session: quantiles with intervals, stages that add up, batches, cold starts."""

from pathlib import Path

from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.store import Store
from benchmarks.experiments.latency.records import LatencyRecord, LatencyStore
from benchmarks.experiments.latency.summary import quantiles, stage_means
from benchmarks.experiments.rounds import NOISY
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import Column, Table, count, milliseconds, rate
from benchmarks.reporting.tables.notes import machine_note, rerun_notes
from benchmarks.system.files import write_text
from methods.registry import Registry
from methods.stages import STAGES

_METHOD = Column("method", "shown_method", is_text=True)
_THREADS = Column("threads", "threads", count)

LATENCY = (
    _METHOD,
    _THREADS,
    Column("p50 ms", "p50_ms", milliseconds),
    Column("p95 ms", "p95_ms", milliseconds),
    Column("p99 ms", "p99_ms", milliseconds),
    Column("samples", "samples", count),
    Column("best batch", "batch", count),
    Column("queries/s at it", "queries_per_s", rate),
    Column("import s", "import_s", milliseconds),
    Column("load s", "load_s", milliseconds),
    Column("first call ms", "first_call_ms", milliseconds),
)

_TIMED_STAGES = tuple(name for name in STAGES if name != "build")

STAGE = (
    _METHOD,
    _THREADS,
    *(Column(f"{name} ms", f"stage_{name}_ms", milliseconds) for name in (*_TIMED_STAGES, "other")),
    Column("mean ms", "mean_ms", milliseconds),
    Column("in stages", "accounted", lambda share: f"{share:.1%}"),
)

INTRODUCTION = (
    "One query at a time, from encoded bytes in memory to a ranking of 20. The methods took turns, round by round, in "
    "a new order each time; intervals (95%) are over rounds. Import, load and first call are the cold start, apart. "
    "Batches: the number of queries asked at once with the most queries a second."
)


def write_latency_tables(store: Store, registry: Registry, out: Path) -> list[Path]:
    """Write `<data set>-<subset>-latency.md` for each data set and subset that a session has measured."""
    order = {spec.id: place for place, spec in enumerate(registry)}
    groups: dict[tuple[str, str], list[LatencyRecord]] = {}
    for record in LatencyStore(out).records():
        if record.cell.method_id in order:
            groups.setdefault((record.cell.dataset, record.cell.subset), []).append(record)
    written = []
    for (_, subset), members in groups.items():
        manifest = max(members, key=lambda record: record.facts["started"]).facts["manifest"]
        current = [record for record in members if record.facts["manifest"] == manifest]
        current.sort(key=lambda record: (order[record.cell.method_id], record.facts["threads"], record.cell.device))
        truth = read_ground_truth(store.manifest_path(manifest)).asked_as(subset)
        rows = [_row(record) for record in current]
        notes = [*_notes(current), machine_note([record.facts["provenance"] for record in current])]
        tables = (
            Table(f"{truth.where}, latency", LATENCY, rows, [INTRODUCTION]),
            Table("Stages of a query, mean", STAGE, rows, notes),
        )
        path = out / f"{truth.page('latency')}.md"
        write_text(path, "\n".join(to_markdown(table, 1 + place) for place, table in enumerate(tables)))
        written.append(path)
    return written


def _row(record: LatencyRecord) -> dict[str, object]:
    facts = record.facts
    untrained = "" if facts["trained"] else " (untrained)"
    device = "" if record.cell.device == "cpu" else f" ({record.cell.device})"
    row: dict[str, object] = {
        "method": record.cell.method,
        "shown_method": f"{record.cell.method}{device}{untrained}",
        "threads": facts["threads"],
        "word": "error" if facts["error"] else "",
        "word_in": ("p50_ms",),
    }
    if not record.samples:
        return row
    total = record.samples["total"]
    for name, quantile in quantiles(total).items():
        row |= {f"{name}_ms": 1e3 * quantile.value, f"{name}_ms_interval": (1e3 * quantile.low, 1e3 * quantile.high)}
    stages = stage_means(record.samples)
    row |= {f"stage_{name}_ms": 1e3 * seconds for name, seconds in stages.items()}
    row |= {
        "mean_ms": 1e3 * float(total.mean()),
        "accounted": 1 - stages["other"] / float(total.mean()),
        "samples": total.size,
        "import_s": facts["import_s"],
        "load_s": facts["load_s"],
        "first_call_ms": 1e3 * facts["first_call_s"],
    }
    if sweep := facts.get("seconds_by_batch"):
        batch, seconds = min(sweep, key=lambda entry: entry[1])
        row |= {"batch": batch, "queries_per_s": 1 / seconds}
    return row


def _notes(records: list[LatencyRecord]) -> list[str]:
    strayed = {record.cell.method: record.facts["strayed"] for record in records}
    noisy = [name for name, share in strayed.items() if share > NOISY]
    quiet = (
        f"Pace of the machine, by a fixed piece of work timed after every turn: its slowest tenth was at most "
        f"{max(strayed.values()):.1%} behind its median."
    )
    notes = [
        f"**The machine was noisy** (its pace strayed by more than {NOISY:.0%}) while these were measured: "
        + ", ".join(noisy)
        if noisy
        else quiet
    ]
    failed = [f"{record.cell.method} ({record.facts['error']})" for record in records if record.facts["error"]]
    notes += ["Without a figure: " + "; ".join(failed) + "."] if failed else []
    return notes + rerun_notes((record.cell.method, record.facts) for record in records)
