"""Robustness: does the method still find the original of a distorted copy? Relevance is the picture, not the label."""

from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.ground_truth import read_ground_truth
from benchmarks.judged.relevance import of_originals
from benchmarks.protocol import ROBUSTNESS_ORIGINALS, SEED, size_class
from benchmarks.store import Store
from benchmarks.tasks.context import CellContext
from datasets.distortions import DISTORTIONS, distorted_copies
from datasets.manifest import Manifest
from methods.progress import watched


def run(context: CellContext, manifest: Manifest, store: Store) -> dict[str, Any]:
    """Rank the gallery for ten copies of each of a sample of its own images; only the original is right."""
    gallery = manifest.gallery
    wanted = min(ROBUSTNESS_ORIGINALS[size_class(manifest.subset)], len(gallery))
    chosen = np.sort(np.random.default_rng(SEED).choice(len(gallery), wanted, replace=False))
    copies = distorted_copies(gallery.take(chosen))
    baseline = memory.resident_bytes()
    method = context.build(context.embed())
    method.fit(watched(gallery, "images learned from"))
    method.index(watched(gallery, "images indexed"))
    originals = np.repeat(chosen, len(DISTORTIONS)).astype(np.int32)
    truth = read_ground_truth(store.manifest_path(manifest.hash))
    undetected = context.answer(method, copies, of_originals(truth, originals), store, "copies searched for")
    context.save_arrays(
        "copies",
        original=originals,
        distortion=np.tile(np.arange(len(DISTORTIONS), dtype=np.int8), wanted),
    )
    peak = memory.peak_bytes()
    return {
        "counts": {
            "gallery": len(gallery),
            "queries": len(copies),
            "originals": wanted,
            "undetected_queries": int(undetected.sum()),
        },
        "memory": {"baseline": baseline, "peak": None if peak is None or baseline is None else max(0, peak - baseline)},
    }
