"""Open-set retrieval: the queried labels were not there when the method learned; then they were put in the gallery."""

from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.ground_truth import read_ground_truth
from benchmarks.judged.relevance import of_labels
from benchmarks.store import Store
from benchmarks.tasks.context import CellContext
from datasets.errors import DataError
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.selection import hash_order
from methods.progress import watched


def run(context: CellContext, manifest: Manifest, store: Store) -> dict[str, Any]:
    """Fit without half of the queried labels, index the whole gallery, search for the queries of those labels."""
    gallery, queries = manifest.gallery, manifest.queries
    unseen = unseen_labels(gallery, queries)
    seen_rows = np.flatnonzero(~np.isin(gallery.labels, unseen))
    asked = np.flatnonzero(np.isin(queries.labels, unseen))
    if not len(seen_rows) or not len(asked):
        raise DataError(f"{manifest.dataset}:{manifest.subset} has too few labels to leave some out of fitting")
    baseline = memory.resident_bytes()
    method = context.build(context.embed())
    method.fit(watched(gallery.take(seen_rows), "images learned from"))
    method.index(watched(gallery, "images indexed"))
    truth = read_ground_truth(store.manifest_path(manifest.hash))
    undetected = context.answer(method, queries.take(asked), of_labels(truth, asked), store)
    context.save_arrays("asked", positions=asked.astype(np.int32))
    peak = memory.peak_bytes()
    return {
        "counts": {
            "gallery": len(gallery),
            "fitted_on": len(seen_rows),
            "unseen_labels": len(unseen),
            "queries": len(asked),
            "undetected_queries": int(undetected.sum()),
        },
        "memory": {"baseline": baseline, "peak": None if peak is None or baseline is None else max(0, peak - baseline)},
    }


def unseen_labels(gallery: ImageSet, queries: ImageSet) -> np.ndarray:
    """Every other label that has both queries and gallery images, in an order no data set decides."""
    both = np.intersect1d(queries.labels, gallery.labels).tolist()
    return np.array(sorted(both, key=hash_order)[::2], dtype=np.str_)
