"""What takes part: every index of the family over a range of its settings, never at its defaults alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from datasets.errors import UnknownNameError, suggest
from methods.distances import Metric
from methods.installed import needs
from methods.spec import Part

LARGE = 100_000
"""Rows from which on an index takes minutes to build: fewer are built, each by all threads."""

Settings = Mapping[str, int]


@dataclass(frozen=True)
class Build:
    """One index built one way, and the settings of a search that are tried on it (attributes of the index)."""

    family: str
    part: Part
    settings: Sequence[Settings] = ({},)
    scan: bool = False
    """It looks at every row: what an index has to beat."""
    requires: tuple[str, ...] = field(default=())

    @property
    def obstacle(self) -> str:
        """Why it cannot be built here, or ""."""
        return needs(self.requires)


def make_sweep(metric: Metric, rows: int, dimension: int, families: Sequence[str] = ()) -> list[Build]:
    """All builds for a gallery (rows, dimension); the first is the exact index that the others are held against.

    `families` names those wanted beside it, all unless given; those that do not search such vectors are left out.
    Raises UnknownNameError for one that there is not.
    """
    require_known(families)
    if metric == "hamming":
        every = binary_builds()
    else:
        every = [*exact_builds(metric), *(_large(metric, dimension) if rows >= LARGE else _small(metric, dimension))]
    return [build for build in every if not families or build is every[0] or build.family in families]


def require_known(families: Sequence[str]) -> None:
    """Raises UnknownNameError for a name that is no index's."""
    known = dict.fromkeys(families_known())
    for family in families:
        if family not in known:
            raise UnknownNameError(suggest("index", family, known))


def families_known() -> list[str]:
    """Every family of the sweep, once."""
    every = (*exact_builds("cosine"), *_small("cosine", 16), *binary_builds())
    return list(dict.fromkeys(build.family for build in every))


def binary_builds() -> list[Build]:
    """Indexes of packed codes; the first is the exact one that the others are held against."""
    return [
        Build("hamming", Part("methods.indexes.hamming:HammingIndex"), scan=True),
        Build("faiss-binary", Part("methods.indexes.faiss_binary:FaissBinaryIndex"), scan=True),
        Build("multi-index-hashing", Part("methods.indexes.multi_index_hashing:MultiIndexHashing")),
    ]


def exact_builds(metric: str) -> list[Build]:
    """Scans of float rows; the first is the one that the others are held against."""
    return [
        Build("exact", Part("methods.indexes.exact:ExactIndex", {"metric": metric}), scan=True),
        Build("faiss-flat", Part("methods.indexes.faiss_flat:FaissFlatIndex", {"metric": metric}), scan=True),
    ]


def _small(metric: str, dimension: int) -> list[Build]:
    trees = [
        Build(name, _part("neighbours:NearestNeighboursIndex", algorithm=algorithm, leaf_size=leaf))
        for (name, algorithm), leaf in product((("ball-tree", "ball_tree"), ("kd-tree", "kd_tree")), (30, 300))
    ]
    clusters = [
        Build("kmeans", _part("kmeans:KMeansIndex", clusters=lists), _probes(lists, (1, 2, 4, 8, 16, 32)))
        for lists in (6, 32)
    ]
    ivf = [ivf_build(metric, lists, (1, 2, 4, 8, 16, 32, 64)) for lists in (64, 256)]
    codes = [ivf_pq_build(metric, 64, size, dimension, (1, 4, 16, 64)) for size in (8, 16)]
    ranked = ivf_pq_build(metric, 64, 16, dimension, (4, 16, 64), (2, 8))
    hnsw = [hnsw_build(metric, links, (20, 40, 80, 160, 320)) for links in (8, 16, 32)]
    usearch = [usearch_build(metric, 16, kind, (20, 40, 80, 160, 320)) for kind in _precisions(metric)]
    return [*trees, *clusters, *ivf, *filter(None, (*codes, ranked)), *hnsw, *usearch, *_rows_on_disk(metric)]


def _large(metric: str, dimension: int) -> list[Build]:
    codes = [
        ivf_pq_build(metric, 1024, 8, dimension, (4, 16, 64)),
        ivf_pq_build(metric, 1024, 8, dimension, (4, 16, 64), (2, 8)),
    ]
    return [
        ivf_build(metric, 1024, (1, 4, 16, 64, 256)),
        *filter(None, codes),
        hnsw_build(metric, 16, (20, 40, 80, 160, 320, 640), repeatable=False, ef_construction=64),
        hnsw_build(metric, 48, (80, 160, 320, 640, 1280), repeatable=False, ef_construction=128),
        usearch_build(metric, 16, "f16", (20, 40, 80, 160, 320, 640), repeatable=False, ef_construction=64),
        *_rows_on_disk(metric),
    ]


def ivf_build(metric: str, lists: int, probes: Sequence[int]) -> Build:
    """Lists of whole rows, so many of them searched."""
    part = _part("faiss_ivf:FaissIvfFlatIndex", metric=metric, nlist=lists, nprobe=1)
    return Build("faiss-ivf", part, _probes(lists, probes))


def ivf_pq_build(
    metric: str, lists: int, size: int, dimension: int, probes: Sequence[int], ranked: Sequence[int] = ()
) -> Build | None:
    """Codes of 8 bits for every `size` numbers; None where these do not divide a row."""
    if dimension % size:
        return None
    settings = _probes(lists, probes)
    part = {"metric": metric, "nlist": lists, "nprobe": 1, "subvectors": dimension // size}
    if not ranked:
        return Build("faiss-ivfpq", _part("faiss_ivf:FaissIvfPqIndex", **part), settings)
    both = [{**probe, "rerank": rerank} for probe, rerank in product(settings, ranked)]
    return Build("faiss-ivfpq-reranked", _part("faiss_ivf:FaissIvfPqIndex", **part, rerank=ranked[0]), both)


def hnsw_build(metric: str, links: int, widths: Sequence[int], **settings: Any) -> Build:
    """A graph of faiss, with so many candidates kept in a search."""
    part = _part("faiss_hnsw:FaissHnswIndex", metric=metric, links=links, **settings)
    return Build("faiss-hnsw", part, [{"ef_search": width} for width in widths])


def usearch_build(metric: str, links: int, precision: str, widths: Sequence[int], **settings: Any) -> Build:
    """A graph of usearch, with so many candidates kept in a search."""
    part = _part("usearch_hnsw:UsearchHnswIndex", metric=metric, links=links, precision=precision, **settings)
    return Build("usearch-hnsw", part, [{"ef_search": width} for width in widths], requires=("usearch",))


def _rows_on_disk(metric: str) -> list[Build]:
    """Codes in memory; the rows that re-rank what these find are in a file."""
    settings = [{"rerank": rows} for rows in (40, 100, 200, 400)]
    return [
        Build(family, _part("faiss_codes:FaissCodesIndex", metric=metric, codes=codes), settings)
        for family, codes in (("sq8", "sq8"), ("rabitq", "rabitq"), ("sign-bits", "signs"))
    ]


def _precisions(metric: str) -> tuple[str, ...]:
    return ("f32", "f16", "i8") if metric == "cosine" else ("f32", "f16")


def _probes(lists: int, probes: Sequence[int]) -> list[Settings]:
    return [{"nprobe": probe} for probe in probes if probe <= lists]


def _part(target: str, **params: Any) -> Part:
    return Part(f"methods.indexes.{target}", params)
