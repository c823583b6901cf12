"""Who takes part where a gallery is filtered or changes: a few settings of each index that offers it."""

from collections.abc import Sequence

from benchmarks.experiments.indexes.sweep import (
    LARGE,
    Build,
    binary_builds,
    exact_builds,
    families_known,
    hnsw_build,
    ivf_build,
    ivf_pq_build,
    usearch_build,
)
from datasets.errors import BenchmarkError, UnknownNameError, suggest
from methods.distances import Metric
from methods.spec import Part

PROBES, WIDTHS = (8, 32), (80, 320)
"""Lists searched, and candidates kept by a graph."""

MILVUS = ("pymilvus", "milvus_lite")
MILVUS_TYPES = ("FLAT", "IVF_FLAT", "HNSW")


def filtered_builds(metric: Metric, rows: int, dimension: int, families: Sequence[str] = ()) -> list[Build]:
    """All that search among some rows of a gallery (rows, dimension), or those of `families`; the first is exact."""
    if metric == "hamming":
        return _chosen(binary_builds()[:1], families)
    lists = _lists(rows)
    codes = (
        ivf_pq_build(metric, lists, 8, dimension, PROBES[1:]),
        ivf_pq_build(metric, lists, 8, dimension, PROBES[1:], (8,)),
    )
    return _chosen([*exact_builds(metric), *_common(metric, rows), *filter(None, codes)], families)


def changing_builds(metric: Metric, rows: int, families: Sequence[str] = ()) -> list[Build]:
    """All whose rows may come and go, or those of `families`; the first is exact, built anew at every change."""
    exact = Build(
        "hamming" if metric == "hamming" else "exact",
        Part("methods.indexes.rebuilt:RebuiltIndex", {"metric": metric}),
        scan=True,
    )
    return _chosen([exact] if metric == "hamming" else [exact, *_common(metric, rows)], families)


def filtered_families() -> list[str]:
    """Every family that can search among some of its rows."""
    return _families([*filtered_builds("cosine", 1, 8), *filtered_builds("hamming", 1, 8)])


def changing_families() -> list[str]:
    """Every family whose rows may come and go."""
    return _families([*changing_builds("cosine", 1), *changing_builds("hamming", 1)])


def require_offered(families: Sequence[str], offered: Sequence[str], what: str) -> None:
    """Raises UnknownNameError for a name that is no index's, BenchmarkError for one that cannot do `what`."""
    known = dict.fromkeys((*offered, *families_known()))
    for family in families:
        if family not in known:
            raise UnknownNameError(suggest("index", family, known))
        if family not in offered:
            raise BenchmarkError(f"{family} cannot {what}; these can: {', '.join(offered)}")


def _common(metric: str, rows: int) -> list[Build]:
    repeatable = rows < LARGE  # as in the sweep: one thread would take minutes over more
    milvus = "methods.indexes.milvus:MilvusIndex"
    return [
        ivf_build(metric, _lists(rows), PROBES),
        hnsw_build(metric, 16, WIDTHS, repeatable=repeatable),
        usearch_build(metric, 16, "f16", WIDTHS, repeatable=repeatable),
        *(
            Build("milvus", Part(milvus, {"metric": metric, "index_type": kind}), requires=MILVUS)
            for kind in MILVUS_TYPES
        ),
    ]


def _lists(rows: int) -> int:
    return 1024 if rows >= LARGE else 64


def _chosen(builds: Sequence[Build], families: Sequence[str]) -> list[Build]:
    return [build for build in builds if not families or build is builds[0] or build.family in families]


def _families(builds: Sequence[Build]) -> list[str]:
    return list(dict.fromkeys(build.family for build in builds))
