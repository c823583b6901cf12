"""From what a cell stored to its metrics: values per query, means, intervals; canaries against theory."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.judged.first_result import hit_at_1
from benchmarks.core.judged.relevance import Relevance, of_labels, of_originals
from benchmarks.core.judged.statistics import NAME as STATISTICS
from benchmarks.core.judged.statistics import StoredStatistics
from benchmarks.core.store import Store
from benchmarks.metrics.chance import chance, chance_standard_error
from benchmarks.metrics.index_recall import index_recall
from benchmarks.metrics.intervals import Interval
from benchmarks.metrics.judgement import Judgement
from benchmarks.metrics.means import macro, micro
from benchmarks.metrics.registry import METRICS, evaluate
from benchmarks.metrics.statistics import bootstrap_intervals, clustered_intervals
from benchmarks.metrics.verification import Verification, verify
from benchmarks.protocol import SEED
from benchmarks.rows.cell import CellRow
from datasets.distortions import DISTORTIONS
from methods.answers import AnswerError, check_ranking, check_similarity
from methods.ranking import Ranking

CANARIES = ("random", "constant", "oracle")
"""Methods whose figures are known by theory."""
CANARY_METRICS = {"hit@1": "hit@1", "mAP": "mAP", "kNN-vote@1": "hit@1"}
"""What canaries are held against, and the metric whose chance level it has."""
CANARY_STANDARD_ERRORS = 4.0


@dataclass(frozen=True)
class Estimate:
    """A metric's mean over queries with its 95% interval (see metrics.intervals), and its mean over classes."""

    mean: float
    low: float
    high: float
    macro: float
    clustered: Interval | None = None
    """The interval where clusters are the sample (see metrics.clusters); None where no queries share one."""


@dataclass(frozen=True, eq=False)
class RetrievalScore:
    """All metrics of one retrieval cell; `values` (q,) per query, NaN for queries without a positive."""

    estimates: dict[str, Estimate]
    values: dict[str, np.ndarray]
    judgement: Judgement
    classes: np.ndarray
    """(q,) what the mean over classes groups queries by."""
    clusters: np.ndarray
    """(q,) what queries share, so that they are no independent sample: a class, or the original they are edits of."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A cell's stored answers held against its manifest."""

    judgement: Judgement
    """Of all queries; only its head (see `Judgement.whole`) where whole rankings were too large to keep."""
    classes: np.ndarray
    clusters: np.ndarray
    """(q,) both are those of RetrievalScore."""
    stored: StoredStatistics | None = None
    """Where the rest of such a judgement is read from, some queries at a time."""
    only: np.ndarray | None = None
    """(q,) int: the stored queries that these are; all unless given."""

    def evaluate(self, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Values (q,) of the metrics `names` (default: all), by name; NaN for queries left out."""
        if self.stored is None:
            return evaluate(self.judgement, names)
        values = _stored_values(self.stored.path, self.stored.path.stat().st_mtime_ns, tuple(names or METRICS))
        rows = slice(None) if self.only is None else self.only
        return {name: column[rows] for name, column in values.items()}


@lru_cache(maxsize=4)
def _statistics(path: Path, mtime: int) -> StoredStatistics:
    """Kept for its head's sake."""
    return StoredStatistics(path)


@lru_cache(maxsize=16)
def _stored_values(path: Path, mtime: int, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Of all queries; kept, since tables, pages and claims ask for the same again and unpacking takes seconds."""
    parts = [evaluate(judgement, names) for _, judgement in StoredStatistics(path).slabs()]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def stored_fault(store: Store, cell: Cell, row: CellRow) -> str:
    """Why what a cell stored cannot be scored, "" where it can (or where it stored nothing): one row's own trouble."""
    name = "pairs" if cell.task == "verification" else "ranking"
    counts = row.get("counts", {})
    asked, gallery = counts.get("pairs" if name == "pairs" else "queries"), counts.get("gallery")
    beside = sorted(store.folder(cell).glob("*.npz"))
    if not (store.folder(cell) / f"{name}.npz").exists():
        asked = gallery = None
    elif not all(isinstance(count, int | None) for count in (asked, gallery)):  # of a row without a checksum
        return f"{cell.method}: stored file damaged; run it again with --force"
    elif asked is None or (name == "ranking" and gallery is None):
        return ""
    return _fault(store, cell, asked, gallery, tuple(map(_stamp, beside)))


def _stamp(path: Path) -> tuple[object, ...]:
    """Tells versions of a file apart, those that lead nowhere too."""
    known = path.stat() if path.exists() else path.lstat()
    return path.name, known.st_mtime_ns, known.st_size, known.st_ino


def as_scored(store: Store, cell: Cell, row: CellRow) -> CellRow:
    """The row, as an error with its reason where it is "ok" but what it stored cannot be scored."""
    fault = stored_fault(store, cell, row) if row["status"] == "ok" else ""
    return {**row, "status": "error", "reason": fault} if fault else row


@lru_cache(maxsize=4096)
def _fault(store: Store, cell: Cell, asked: int | None, gallery: int | None, stamps: tuple[object, ...]) -> str:
    damaged = f"{cell.method}: stored file damaged"
    try:
        if asked is not None and gallery is None:
            pairs = store.arrays(cell, "pairs") or {}
            check_similarity(cell.method, pairs["scores"], asked)
        elif asked is not None:
            check_ranking(cell.method, store.ranking(cell), asked, gallery or 0)
        reason = damaged if store.damage(cell) else ""
    except Exception as error:  # whatever a damaged file makes numpy and zipfile stumble over
        reason = str(error) if isinstance(error, AnswerError) else damaged
    return f"{reason}; run it again with --force" if reason else ""


def score_retrieval(store: Store, cell: Cell, row: CellRow, only: np.ndarray | None = None) -> RetrievalScore | None:
    """Metrics of a retrieval or unseen-classes cell's ranking, or None where it has none (failed or untrained).

    `only` (m,) int keeps those queries of a retrieval cell alone.
    """
    judged = judge_retrieval(store, cell, row, only)
    return None if judged is None else score_judged(judged)


def judge_retrieval(store: Store, cell: Cell, row: CellRow, only: np.ndarray | None = None) -> Judged | None:
    """What `score_retrieval` scores: cheaper where a few metrics are wanted."""
    if stored_fault(store, cell, row):
        return None
    truth, asked = read_ground_truth(store.manifest_path(row["inputs"]["manifest"])), store.arrays(cell, "asked")
    rows = np.arange(len(truth.query_ids)) if asked is None else asked["positions"]
    labels = truth.query_labels[rows]
    return _judged(store, cell, of_labels(truth, rows), labels, labels, only)


def hit_at_1_without(store: Store, cell: Cell, row: CellRow, junk: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """hit@1 (q,) of a retrieval cell with the pairs `junk` (m, 2) in place of `GroundTruth.junk`, and open queries.

    See `judged.first_result`: open, (q,) bool, are those that the stored beginning of a ranking does not decide. None
    where nothing is stored.
    """
    judged, ranking = judge_retrieval(store, cell, row), store.ranking(cell)
    if judged is None or ranking is None:
        return None
    relevance = of_labels(read_ground_truth(store.manifest_path(row["inputs"]["manifest"])))
    if judged.stored is None:
        return hit_at_1(ranking, relevance, junk)
    return hit_at_1(ranking, relevance, junk, judged.stored.results, judged.evaluate(["hit@1"])["hit@1"])


def score_robustness(store: Store, cell: Cell, row: CellRow) -> RetrievalScore | None:
    """Metrics of a robustness cell's ranking: only the original is right; classes are the distortions.

    Gallery images that are the original byte by byte are neither right nor wrong.
    """
    judged = judge_robustness(store, cell, row)
    return None if judged is None else score_judged(judged)


def judge_robustness(store: Store, cell: Cell, row: CellRow) -> Judged | None:
    """What `score_robustness` scores."""
    copies = None if stored_fault(store, cell, row) else store.arrays(cell, "copies")
    if copies is None:
        return None
    truth = read_ground_truth(store.manifest_path(row["inputs"]["manifest"]))
    classes = np.array(list(DISTORTIONS))[copies["distortion"]]
    return _judged(store, cell, of_originals(truth, copies["original"]), classes, copies["original"])


def _judged(
    store: Store,
    cell: Cell,
    relevance: Relevance,
    classes: np.ndarray,
    clusters: np.ndarray,
    only: np.ndarray | None = None,
) -> Judged | None:
    """The stored answers of queries judged: now where whole rankings are stored, else as the cell did."""
    rows = slice(None) if only is None else only
    if store.statistics(cell):
        path = store.folder(cell) / STATISTICS
        stored = _statistics(path, path.stat().st_mtime_ns)
        head = stored.head if only is None else stored.head.take(only)
        return Judged(head, classes[rows], clusters[rows], stored, only)
    ranking = store.ranking(cell)
    if ranking is None:
        return None
    if only is not None:
        ranking = Ranking(ranking.ids[only], ranking.scores[only], ranking.undetected[only])
        relevance = relevance.take(only)
    return Judged(relevance.judge(ranking), classes[rows], clusters[rows])


def score_judged(judged: Judged) -> RetrievalScore:
    """Every ranking metric of a judged ranking, with its interval and its mean over classes."""
    values, classes = judged.evaluate(), judged.classes
    shares = _shares(values)
    intervals = bootstrap_intervals(values, seed=SEED, shares=shares)
    clustered = clustered_intervals(values, judged.clusters, seed=SEED, shares=shares)
    estimates = {
        name: Estimate(micro(column), *intervals[name], macro(column, classes), clustered.get(name))
        for name, column in values.items()
    }
    return RetrievalScore(estimates, values, judged.judgement, classes, judged.clusters)


def _shares(values: dict[str, np.ndarray]) -> set[str]:
    """Metrics that are successes or failures; and any that happens to be 0 or 1 for every query, 170 of 170 say."""
    return {
        name
        for name, column in values.items()
        if name.startswith(("hit@", "kNN-vote@")) or np.isin(column[~np.isnan(column)], (0.0, 1.0)).all()
    }


def score_index(store: Store, cell: Cell, exact: Cell, k: int = 20) -> float | None:
    """Mean recall of an index against the exact search of another cell; None where either has no ranking."""
    if any((row := store.row(each)) and stored_fault(store, each, row) for each in (cell, exact)):
        return None
    ours, reference = store.ranking(cell), store.ranking(exact)
    if ours is None or reference is None:
        return None
    return micro(index_recall(ours, reference, k, cut=store.statistics(exact) is not None))


def score_verification(store: Store, cell: Cell) -> Verification | None:
    """View 2 figures of a cell's stored pair similarities, or None where it has none."""
    row = store.row(cell)
    if row is None or stored_fault(store, cell, row):
        return None
    pairs = scored_pairs(store, cell, row)
    return verify(pairs["scores"], pairs["same"], pairs["fold"]) if pairs else None


def scored_pairs(store: Store, cell: Cell, row: CellRow) -> dict[str, np.ndarray] | None:
    """`scores`, `same` and `fold` of the pairs a verification cell is judged by, and their `place` among all pairs.

    Pairs of two files with the same bytes are left out: nothing can tell them apart. None where no pairs are stored.
    """
    pairs = store.arrays(cell, "pairs")
    if pairs is None:
        return None
    identical = read_ground_truth(store.manifest_path(row["inputs"]["manifest"])).identical_pairs
    place = np.flatnonzero(~identical) if identical.any() else np.arange(len(pairs["scores"]))
    return {"place": place, **{name: pairs[name][place] for name in ("scores", "same", "fold")}}


def canary_findings(method: str, score: RetrievalScore) -> list[str]:
    """What is wrong with the protocol if a canary is not where theory puts it; empty when all is well."""
    if method not in CANARIES:
        return []
    findings, levels = [], chance(score.judgement)
    for name, level in CANARY_METRICS.items():
        got, expected = score.estimates[name].mean, levels[level]
        if method == "constant" and abs(got - expected) > 1e-9:
            findings.append(f"constant has {name} {got:.6f}, theory says exactly {expected:.6f}")
        if method == "random":
            error = chance_standard_error(score.judgement)[level]
            if abs(got - expected) > CANARY_STANDARD_ERRORS * error:
                findings.append(f"random has {name} {got:.4f}, theory says {expected:.4f} ± {error:.4f}")
        if method == "oracle" and got < 1 - 1e-9:
            findings.append(f"oracle has {name} {got:.6f}, theory says 1")
    return findings


def verification_findings(store: Store, cell: Cell) -> list[str]:
    """The same of a verification cell: what is wrong if a canary cannot be where it is by theory."""
    row = store.row(cell)
    pairs = scored_pairs(store, cell, row) if row else None
    if cell.method not in CANARIES or not pairs:
        return []
    score, same, fold = verify(pairs["scores"], pairs["same"], pairs["fold"]), pairs["same"], pairs["fold"]
    alike, other = int(same.sum()), int((~same).sum())
    if not alike or not other:
        return []
    if cell.method == "oracle":
        level, bounds = 1.0, {"AUC": 1e-9, "accuracy": 1e-9}
    else:
        # A fold that holds more of one kind is judged better by whoever answers that kind alone.
        uneven = max(abs(same[fold == number].mean() - 0.5) for number in np.unique(fold))
        level, bounds = 0.5, {"AUC": 1e-9, "accuracy": uneven + 1e-9}
        if cell.method == "random":  # Mann & Whitney 1947; a coin for each pair
            bounds["AUC"] = CANARY_STANDARD_ERRORS * float(np.sqrt((alike + other + 1) / (12 * alike * other)))
            bounds["accuracy"] += CANARY_STANDARD_ERRORS * 0.5 / float(np.sqrt(len(same)))
    got = {"AUC": score.auc, "accuracy": score.accuracy}
    return [
        f"{cell.method} has a verification {name} of {got[name]:.4f}, theory says {level:g} ± {bound:.4f}"
        for name, bound in bounds.items()
        if abs(got[name] - level) > bound
    ]
