"""Rows that rank again what another row found: query expansion, augmentation, k-reciprocal neighbours, a cascade."""

from collections.abc import Sequence
from dataclasses import replace

from methods.spec import MethodSpec, Part

_VARIANTS = {
    "qe": (
        "with query expansion: 5 nearest, alpha 3",
        "Radenović 2019",
        Part("methods.indexes.expansion:ExpandedIndex", {"query_neighbours": 5, "alpha": 3.0}),
    ),
    "dba": (
        "with database-side augmentation: 5 nearest, alpha 3",
        "Turcot & Lowe 2009; Gordo 2017",
        Part("methods.indexes.expansion:ExpandedIndex", {"gallery_neighbours": 5, "alpha": 3.0}),
    ),
    "kreciprocal": (
        "re-ranked by k-reciprocal neighbours: 20, 6, 0.3",
        "Zhong 2017",
        Part("methods.indexes.reciprocal:ReciprocalIndex", {"near": 20, "close": 6, "share": 0.3}),
    ),
}
"""By what the id ends with: summary, source, index. Settings are those of the papers, tuned on none of our data."""
RERANKED = ("mobilenetv2", "sscd-distilled", "mtcnn-facenet")
"""Rows that have these variants, which share their embeddings."""
CASCADE = "cascade"
BASES = {f"{base}-{ending}": base for base in RERANKED for ending in _VARIANTS} | {CASCADE: "sscd-distilled"}
"""By id the row whose ranking a row starts from: tables show its gain over that."""


def reranked(catalogue: Sequence[MethodSpec]) -> tuple[MethodSpec, ...]:
    """The variants of RERANKED among `catalogue`, then the cascade."""
    by_id = {spec.id: spec for spec in catalogue}
    variants = tuple(
        replace(
            by_id[base],
            id=f"{base}-{ending}",
            summary=f"{base} {summary}",
            source=source,
            index=index,
            tasks=("retrieval", "robustness"),
            requires=(*by_id[base].requires, "scipy"),
        )
        for base in RERANKED
        for ending, (summary, source, index) in _VARIANTS.items()
    )
    network = by_id[BASES[CASCADE]]
    settings = {} if network.encoder is None else dict(network.encoder.params)
    cascade = replace(
        network,
        id=CASCADE,
        summary="pHash, then the distilled SSCD where SIFT does not confirm it, the best of it checked by SIFT",
        source="this project; Philbin 2007 (the check)",
        encoder=None,
        index=None,
        method=Part("methods.cascade:HashEmbeddingSift", {"network": settings}),
        requires=(*network.requires, "imagehash", "PIL", "faiss"),
    )
    return (*variants, cascade)
