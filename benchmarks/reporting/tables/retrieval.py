"""The retrieval tables of one group: accuracy in full, and the figures that stand beside it in the overview."""

from collections.abc import Sequence
from typing import cast

from benchmarks.core.additions import derived_figures
from benchmarks.core.columns import DERIVED
from benchmarks.core.scoring import Estimate, RetrievalScore, canary_findings, score_index, score_retrieval
from benchmarks.core.store import Store
from benchmarks.metrics.intervals import Interval, differ
from benchmarks.metrics.registry import METRICS, added_metrics
from benchmarks.metrics.statistics import tied_with_best
from benchmarks.protocol import SEED
from benchmarks.reporting.tables.groups import Group, rankable
from benchmarks.reporting.tables.identical import COLUMN as NEAR_COLUMN
from benchmarks.reporting.tables.identical import add_near, counted, flat_images, identical_left_out, near_copies
from benchmarks.reporting.tables.model import Column, MethodRow, Table, count, fraction, mebibytes, milliseconds, rate
from benchmarks.reporting.tables.notes import machine_text, retrieval_notes
from benchmarks.rows.cell import CellRow
from methods.spec import MethodSpec

_SHOWN = ("hit@1", "hit@5", "P@5", "recall@20", "mAP", "MAP@R", "nDCG@10", "MRR", "kNN-vote@5")
_VOTES = ("kNN-vote@1", "kNN-vote@5", "kNN-vote@10", "kNN-vote@20", "kNN-vote@25")
_WITH_INTERVAL = ("hit@1", "mAP", "kNN-vote@1", "kNN-vote@5")

METHOD = Column("method", "shown_method", is_text=True)

ACCURACY = (
    METHOD,
    Column("family", "family", is_text=True),
    *(Column(name, name, fraction) for name in _SHOWN),
    Column("macro hit@1", "hit@1_macro", fraction),
    Column("tie_rate@1", "tie_rate@1", fraction),
    Column("undetected", "undetected_queries", count),
)

COST = (
    METHOD,
    Column("hit@1", "hit@1", fraction),
    Column("mAP", "mAP", fraction),
    Column("query p50 ms", "p50_ms", milliseconds),
    Column("p95 ms", "p95_ms", milliseconds),
    Column("p99 ms", "p99_ms", milliseconds),
    Column("batched queries/s", "queries_per_s", rate),
    Column("indexed images/s", "gallery_images_per_s", rate),
    Column("cold start ms", "cold_start_ms", milliseconds),
    Column("peak MiB", "peak_bytes", mebibytes),
    Column("recall@20 of exact", "index_recall@20", fraction),
    Column("index B/image", "index_bytes_per_image", count),
)

STAGES = ("decode", "detect", "encode", "transform", "search", "rerank", "other")


VOTES = (
    METHOD,
    Column("family", "family", is_text=True),
    *(Column(name, name, fraction) for name in _VOTES),
    *(Column(f"macro {name}", f"{name}_macro", fraction) for name in _VOTES[:2]),
)


class RetrievalTables:
    """The tables of a retrieval group, scored once."""

    def __init__(self, store: Store, group: Group) -> None:
        self.group = group
        scores = {cell.method: score_retrieval(store, cell, row) for cell, row, _ in group.entries}
        self.scores: dict[str, RetrievalScore] = {name: score for name, score in scores.items() if score is not None}
        rows = [_row(cell.method, row, spec, self.scores.get(cell.method)) for cell, row, spec in group.entries]
        self._add_index_recall(store, rows)
        self.findings = [text for name, score in self.scores.items() for text in canary_findings(name, score)]
        ranked = [name for name in rankable(group.entries) if name in self.scores]
        self.best, self.tied = marks({name: self.scores[name] for name in ranked}, (*_SHOWN, *_VOTES, *added_metrics()))
        number, identical = identical_left_out(store, group)
        pairs, near = near_copies(store, group)
        more, undecided = add_near(store, group, counted(rows, number), pairs)
        self.rows = cast(list[MethodRow], more)
        self._columns = (*ACCURACY[:3], NEAR_COLUMN, *ACCURACY[3:]) if near else ACCURACY
        self._columns += tuple(Column(name, name, fraction) for name in added_metrics())
        self._notes = retrieval_notes(group, self.scores, self.findings, identical)
        self.flat = flat_images(store, group)
        """A note on images that show nothing, "" where there are none."""
        self._notes[1:1] = [note for note in (near, undecided, self.flat) if note]

    def _add_index_recall(self, store: Store, rows: Sequence[MethodRow]) -> None:
        """How much of the exact top 20 each row keeps whose index approximates another row's exact search."""
        cells = {cell.method: cell for cell, _, _ in self.group.entries}
        for shown, (cell, _, spec) in zip(rows, self.group.entries, strict=True):
            if spec.reference in cells:
                shown["index_recall@20"] = score_index(store, cell, cells[spec.reference])

    def unanswered(self) -> str:
        """Why no method has an accuracy, where no query has a right answer; else ""."""
        judgements = (score.judgement for score in self.scores.values())
        if not any(judgement.without_positive == len(self.group.truth.query_ids) for judgement in judgements):
            return ""
        return "no query's label has another image in the gallery, but for byte-identical copies"

    def accuracy(self) -> Table:
        """Every displayed metric."""
        title = f"{self.group.heading}: accuracy"
        return Table(title, self._columns, self.rows, self._notes, self.best, self.tied)

    def cost(self) -> Table:
        """Accuracy, latency and memory side by side."""
        return Table(self.group.heading, (*COST, *DERIVED.values()), self.rows, self._notes, self.best, self.tied)

    def classification(self) -> Table:
        """What the source reports call accuracy: does a vote of the nearest name the query's label?

        A classifier's images tie by label, so its kNN-vote@1 is the accuracy of its prediction.
        """
        title = f"{self.group.where}, classification"
        return Table(title, VOTES, self.rows, self._notes, self.best, self.tied)

    def stages(self) -> Table:
        """Where a query's mean time goes; the stages add up to the whole."""
        columns = (
            METHOD,
            *(Column(f"{name} ms", f"stage_{name}_ms", milliseconds) for name in STAGES),
            Column("mean ms", "mean_ms", milliseconds),
        )
        return Table(f"{self.group.heading}: stages of a query", columns, self.rows)


def _row(method: str, row: CellRow, spec: MethodSpec, score: RetrievalScore | None) -> MethodRow:
    word = row["status"] if row["status"] != "ok" else "untrained" if not row["trained"] else ""
    memory, latency = row.get("memory", {}), row.get("latency", {})
    counts, throughput, noise = row.get("counts", {}), row.get("throughput", {}), row.get("noise", {})
    shown: dict[str, object] = {
        "method": method,
        "shown_method": shown_method(method, spec.family, spec.supervised),
        "family": spec.family,
        "supervised": spec.supervised,
        "reference": spec.reference,
        "status": row["status"],
        "trained": row["trained"],
        "device": row["cell"]["device"],
        "reason": row["reason"],
        "word": word,
        "word_in": ("hit@1", "mAP", "kNN-vote@1") if word == "untrained" else ("hit@1", "mAP", "kNN-vote@1", "p50_ms"),
        **{name: latency.get(name) for name in ("p50_ms", "p95_ms", "p99_ms", "mean_ms", "samples")},
        "cold_start_ms": row.get("cold_start_ms"),
        **{name: throughput.get(name) for name in ("batch", "queries_per_s", "gallery_images_per_s")},
        "peak_bytes": memory.get("peak"),
        "query_peak_bytes": memory.get("query_peak"),
        "index_bytes": row.get("index_bytes"),
        "index_bytes_per_image": row["index_bytes"] / counts["gallery"] if "index_bytes" in row else None,
        **{name: counts.get(name) for name in ("gallery", "queries", "undetected_queries", "undetected_gallery")},
        **{f"stage_{name}_ms": value for name, value in row.get("stages_ms", {}).items()},
        **{f"noise_{name}": noise.get(name) for name in ("strayed", "others", "load", "attempts")},
        "disturbed": noise.get("disturbed"),
        "wall_s": row["wall_s"],
        "engine": engine_text(row),
        "threads": row["inputs"]["threads"],
        "jobs": row["jobs"],
        "machine": machine_text(row["provenance"]["machine"]),
    }
    for name in METRICS if score else ():
        estimate = score.estimates[name]  # type: ignore[union-attr]
        shown |= {name: estimate.mean, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        shown[f"{name}_macro"] = estimate.macro
        if name in _WITH_INTERVAL:
            shown |= intervals(name, estimate, "class")
    return cast(MethodRow, shown | derived_figures(shown) if score else shown)


def intervals(name: str, estimate: Estimate, clustered_by: str) -> dict[str, object]:
    """What a row shows of a metric's uncertainty; the interval over clusters where it says something else."""
    over_queries = Interval(estimate.low, estimate.high)
    shown: dict[str, object] = {f"{name}_interval": tuple(over_queries)}
    if estimate.clustered:
        low, high = estimate.clustered
        shown |= {f"{name}_clustered_low": low, f"{name}_clustered_high": high, "clustered_by": clustered_by}
        if differ(over_queries, estimate.clustered):
            shown[f"{name}_clustered_interval"] = (low, high)
    return shown


def shown_method(method: str, family: str, supervised: bool) -> str:
    """A system's name as tables print it: † learns from labels."""
    return method + (" †" if supervised and family != "canary" else "")


def engine_text(row: CellRow) -> str:
    """What a row's networks ran on; empty where it has none to put on an engine.

    Rows of older versions may hold two: accuracy from one engine beside the latency of another.
    """
    engine = row.get("engine")
    if engine is None:
        return ""
    if "name" in engine:
        return str(engine["name"])
    timed, embedded = engine["timed"], engine["embeddings"]
    return str(timed) if timed == embedded else f"{timed}; accuracy: {embedded}"


def marks(scores: dict[str, RetrievalScore], names: Sequence[str]) -> tuple[dict[str, str], dict[str, set[str]]]:
    """For each metric of `names`: the best method, and those whose paired difference to it may be 0."""
    best: dict[str, str] = {}
    tied: dict[str, set[str]] = {}
    for name in names if scores else ():
        best[name] = max(scores, key=lambda method: scores[method].estimates[name].mean)
        clusters = scores[best[name]].clusters
        values = {method: score.values[name] for method, score in scores.items()}
        tied[name] = tied_with_best(values, seed=SEED, clusters=clusters) - {best[name]}
    return best, tied
