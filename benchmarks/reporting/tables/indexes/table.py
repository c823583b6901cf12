"""The tables of a set of vectors: who is on a Pareto front, then every setting."""

from collections.abc import Iterable, Sequence
from typing import Final, TypedDict, cast

from benchmarks.experiments.indexes.figures import CUTOFFS
from benchmarks.experiments.rounds import NOISY
from benchmarks.experiments.scaling.galleries import SHARE
from benchmarks.reporting.tables.model import Column, Table, count, figure_of, fraction, mebibytes, milliseconds, rate
from benchmarks.reporting.tables.notes import machine_note
from benchmarks.reporting.tables.plot import pareto_front
from benchmarks.rows.cell import FAILED_RERUN
from benchmarks.rows.comparisons import ChangingFigures, ChangingRecord, IndexFigures, IndexRecord, Recalls, Vectors

DEEPEST: Final = "recall@20"
"""At the last of CUTOFFS."""

_COLUMNS = (
    Column("index", "method", is_text=True),
    *(Column(f"recall@{k}", f"recall@{k}", lambda value: f"{value:.4f}") for k in CUTOFFS),
    Column("p50 ms", "p50_ms", milliseconds),
    Column("p95 ms", "p95_ms", milliseconds),
    Column("p99 ms", "p99_ms", milliseconds),
    Column("x scan", "of_scan", fraction),
    Column("queries/s", "queries_per_s", rate),
    Column("batched queries/s", "batched_queries_per_s", rate),
    Column("build s", "build_s", milliseconds),
    Column("B/vector", "bytes_per_vector", count),
    Column("disk B/vector", "disk_bytes_per_vector", count),
    Column("build peak MiB", "build_peak_bytes", mebibytes),
    Column("resident MiB", "resident_bytes", mebibytes),
)
_FRONT = Column("front", "front", is_text=True)
_UNTOLD = ("metric", "repeatable", "codes")
"""Parameters that the vectors or the family tell, or that nobody asks for."""


class Ending(TypedDict, total=False):
    """An index with its settings, and how it went."""

    method: str
    status: str
    reason: str


class IndexLine(Ending, Recalls, total=False):
    """One index with one setting, as tables and the CSV show it; without figures where it failed."""

    dataset: str
    subset: str
    gallery: int
    real: int
    dimension: int
    metric: str
    vectors: str
    """The method that made them."""
    family: str
    settings: str
    front: str
    """The fronts it is on."""
    p50_ms: float
    p50_ms_interval: tuple[float, float]
    p95_ms: float
    p99_ms: float
    of_scan: float | None
    of_scan_interval: tuple[float, ...] | None
    queries_per_s: float
    batched_queries_per_s: float
    samples: int
    build_s: float
    bytes_per_vector: float
    disk_bytes_per_vector: float | None
    """None of older rows."""
    build_peak_bytes: int | None
    resident_bytes: int | None


def index_tables(record: IndexRecord) -> list[Table]:
    """The front and the whole sweep of a stored record."""
    rows = index_rows(record)
    figured = [row for row in rows if row["status"] == "ok"]
    front = sorted((row for row in figured if row["front"]), key=lambda row: row["p50_ms"])
    return [
        Table(heading(record["vectors"]), (_COLUMNS[0], _FRONT, *_COLUMNS[1:]), front, [_FRONT_NOTE]),
        Table("Every setting", (*_COLUMNS, _FRONT), figured, _notes(record, rows)),
    ]


def heading(vectors: Vectors) -> str:
    """Whose vectors, of what, and how many."""
    return f"{vectors['method']} on {vectors['dataset']}:{vectors['subset']}, {vectors['gallery']:,} vectors"


def index_rows(record: IndexRecord) -> list[IndexLine]:
    """Every row of a record as the tables and the CSV show it; `front` names the fronts it is on."""
    rows = index_lines(record)
    figured = [row for row in rows if row["status"] == "ok"]
    for name, cost in (("time", "p50_ms"), ("memory", "bytes_per_vector")):
        best = pareto_front([(figure_of(row, cost) or 0.0, row[DEEPEST]) for row in figured])
        for row in figured:
            if (figure_of(row, cost) or 0.0, row[DEEPEST]) in best:
                row["front"] = ", ".join(filter(None, (row.get("front"), name)))
    return rows


def index_lines(record: IndexRecord) -> list[IndexLine]:
    """Every row of a record with its figures, of whatever kind of gallery."""
    vectors = record["vectors"]
    shared: IndexLine = {
        "dataset": vectors["dataset"],
        "subset": vectors["subset"],
        "gallery": vectors["gallery"],
        "real": vectors["real"],
        "dimension": vectors["dimension"],
        "metric": vectors["metric"],
        "vectors": vectors["method"],
    }
    return [{**shared, **_shown(row)} for row in record["rows"]]


def settings_text(row: IndexFigures | ChangingFigures) -> str:
    """How an index was built and set: "links=16 ef_search=80"."""
    settings = {**row["build"]["params"], **row["settings"]}
    return " ".join(f"{name}={value}" for name, value in settings.items() if name not in _UNTOLD)


def _shown(row: IndexFigures) -> IndexLine:
    text = settings_text(row)
    shown: IndexLine = {
        "method": f"{row['family']} {text}".strip(),
        "family": row["family"],
        "settings": text,
        "front": "",
        "status": row["status"],
        "reason": row["reason"],
    }
    if row["status"] != "ok":
        return shown
    low, high = (1e3 * value for value in row["p50_s"][1:])
    recalls = {name: value for name, value in row.items() if name.startswith("recall@")}
    return {
        **shown,
        **cast(Recalls, recalls),
        "p50_ms": 1e3 * row["p50_s"][0],
        "p95_ms": 1e3 * row["p95_s"][0],
        "p99_ms": 1e3 * row["p99_s"][0],
        "p50_ms_interval": (low, high),
        "of_scan": row["of_scan"][0] if row["of_scan"] else None,
        "of_scan_interval": tuple(row["of_scan"][1:]) if row["of_scan"] else None,
        "queries_per_s": 1 / row["p50_s"][0],
        "batched_queries_per_s": 1 / row["batch_s"],
        "samples": row["samples"],
        "build_s": row["build_s"],
        "bytes_per_vector": row["bytes_per_vector"],
        "disk_bytes_per_vector": row.get("disk_bytes_per_vector"),
        "build_peak_bytes": row["build_peak_bytes"],
        "resident_bytes": row["resident_bytes"],
    }


_FRONT_NOTE = (
    f"On a front: no other setting has both a higher {DEEPEST} and a lower median query (time), or fewer bytes a "
    "vector (memory)."
)


def _notes(record: IndexRecord, rows: Sequence[IndexLine]) -> list[str]:
    budget = record["budget"]
    samples = [row["samples"] for row in rows if row["status"] == "ok"]
    lines = [
        data_note(record["vectors"]),
        f"Recall: share of its answer that belongs to the exact one, ties included; in brackets its 95% bootstrap "
        "interval over queries. x scan: median query over that of the fastest index that looks at every vector "
        f"({record['scan']}), with the interval of that ratio over rounds. Queries a second: 1 / p50, and for "
        f"{record['batch']} queries at once.",
        f"Every setting had a turn in each of {budget['rounds']} rounds, in a new order each; "
        f"{min(samples):,} to {max(samples):,} single queries a setting. Each index has a process of its own, with the "
        "vectors mapped from a file: build peak is what building took beyond those, resident what is left once they "
        f"are let go and {record['batch']} queries were answered, pages of files included. B/vector is the index's own "
        "count of memory, disk B/vector what it reads from a file instead. One build each.",
    ]
    return [*lines, *without_figure(rows), origin_note(record, _MORE_THREADS)]


def data_note(vectors: Vectors) -> str:
    """Which vectors were searched, and for what."""
    unit = "bits" if vectors["metric"] == "hamming" else "numbers"
    made_up = vectors["gallery"] - vectors["real"]
    jitter = f" and {made_up:,} of them jittered by {SHARE:g} times the median distance of nearest neighbours"
    return (
        f"Data: {vectors['real']:,} real vectors{jitter if made_up else ''}, {vectors['dimension']:,} {unit} each "
        f"({vectors['metric']}); {vectors['queries']:,} queries, of images that are not in the gallery "
        f"({vectors['completeness']})."
    )


def without_figure(rows: Iterable[Ending]) -> list[str]:
    """A note of the rows that have no figures, and why; none where all have."""
    failed = [f"{row['method']}: {row['status']} ({row['reason']})" for row in rows if row["status"] != "ok"]
    return ["Without a figure: " + "; ".join(dict.fromkeys(failed)) + "."] if failed else []


def failure_notes(record: IndexRecord | ChangingRecord) -> list[str]:
    """Why a set of vectors has no rows, or only earlier ones; nothing where all went well."""
    vectors = record["vectors"]
    name = f"{vectors.get('method')} on {vectors.get('dataset')}:{vectors.get('subset')}"
    if later := record.get(FAILED_RERUN):
        return [
            f"Rerun without a result, so the rows before it are shown: {name}: {later['status']} ({later['reason']})."
        ]
    if record["rows"]:
        return []
    return [f"Without a figure: {name}: {record['status']} ({record['reason']})."]


_MORE_THREADS = "more than one of which a single query takes only in a large scan (exact, kmeans)"
FEW_THREADS = "more than one of which a single query takes only in exact search; Milvus Lite has threads of its own"


def origin_note(record: IndexRecord | ChangingRecord, threads: str) -> str:
    """Where and when it was measured; `threads` says who uses how many of them."""
    facts = record["provenance"]
    git = facts["git"]
    commit = (git["commit"] or "unknown")[:10] + (" (with changes)" if git["dirty"] else "")
    packages = ", ".join(f"{name} {version}" for name, version in facts["indexes"].items())
    noisy = " (noisy)" if record["strayed"] > NOISY else ""
    return (
        f"{machine_note([facts])} {record['threads']} threads, {threads}. The machine's pace strayed by "
        f"{record['strayed']:.0%}{noisy}. Manifest "
        f"{record['vectors']['manifest'][:12]}, commit {commit}, run {record['started'][:10]}; {packages}."
    )
