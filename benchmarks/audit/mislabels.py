"""Images whose label is likely wrong: by an encoder, nearly all that is most like them bears one other label."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.audit.findings import Audit, AuditRow
from benchmarks.core.inventory import can_run
from benchmarks.system.failing import answering_for
from datasets.errors import BenchmarkError
from methods.building import Surroundings, build_encoder
from methods.registry import Registry
from methods.vector_method import embed_in_batches
from methods.weights import find_weights

NEIGHBOURS = 5
AGREE = 4
"""Of the NEIGHBOURS nearest images of other pictures, so many bear one other label, and none the image's own."""
_ROWS = 512
USUAL = {"faces": ("mtcnn-facenet", "dlib-resnet"), "objects": ("efficientnet-lite0", "mobilenetv2")}
"""Encoders whose neighbours tell labels apart, by what images show. Hashes and histograms would call chance a doubt."""
MOST = 5_000
"""Images encoded where no method is named: of faces, a few minutes."""


def usual_method(audit: Audit, registry: Registry, weights_dir: Path | None) -> str | None:
    """The method to look for mislabels with where none is named; None without labels or weights, and beyond MOST."""
    if not audit.of.labelled or len(audit.of.roles) > MOST:
        return None
    names = USUAL["faces" if audit.of.dataset.content == "faces" else "objects"]
    return next((name for name in names if can_run(registry.get(name), weights_dir)[0] == "yes"), None)


def with_mislabels(audit: Audit, method: str, registry: Registry, weights_dir: object = None) -> Audit:
    """The audit with likely mislabels, found by the encoder of `method`; copies of an image do not vote on its label.

    Raises BenchmarkError for a method without an encoder, or one whose weights are not here.
    """
    spec = registry.get(method)
    if spec.encoder is None:
        raise BenchmarkError(f"{spec.id} has no encoder to compare images with; name another method with -m")
    found = next(
        (found for name in spec.weights if (found := find_weights(name, weights_dir))),  # type: ignore[arg-type]
        None,
    )
    if spec.weights and found is None:
        raise BenchmarkError(f"{spec.id}: no weights here: fetch {spec.weights[0]}, or name another method with -m")
    if not audit.of.labelled:
        return audit
    usable = np.flatnonzero(audit.usable)
    with answering_for(spec.id):
        encoder = build_encoder(spec, Surroundings(found.path if found else None))
        rows = embed_in_batches(encoder, audit.of.images.take(usable))
    return replace(audit, mislabels=_disagreements(audit, usable, _unit(rows)), mislabels_by=spec.id)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Unit rows whose products order images as the encoder's own distance does; NaN where it found nothing."""
    if rows.dtype == np.uint8:
        rows = np.unpackbits(rows, axis=1).astype(np.float32) * 2 - 1
    rows = rows.reshape(len(rows), -1).astype(np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _disagreements(audit: Audit, usable: np.ndarray, rows: np.ndarray) -> list[AuditRow]:
    labels = audit.of.labels[usable]
    seen = ~np.isnan(rows).any(axis=1)
    known = np.flatnonzero(seen)
    place = np.full(len(audit.of.labels), -1)
    place[usable[known]] = np.arange(len(known))
    copies = place[np.concatenate([audit.identical, audit.near])]
    copies = copies[(copies >= 0).all(axis=1)]
    copies = np.concatenate([copies, copies[:, ::-1], np.repeat(np.arange(len(known))[:, None], 2, axis=1)])
    rows, labels = rows[known], labels[known]
    others = np.unique(labels, return_inverse=True)[1]
    alone = np.bincount(others)[others] == 1
    found: list[AuditRow] = []
    for start in range(0, len(rows), _ROWS):
        similarity = rows[start : start + _ROWS] @ rows.T
        own = copies[(copies[:, 0] >= start) & (copies[:, 0] < start + _ROWS)]
        similarity[own[:, 0] - start, own[:, 1]] = -np.inf
        k = min(NEIGHBOURS, similarity.shape[1] - 1)
        nearest = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        for number, near in enumerate(nearest):
            position = start + number
            names, votes = np.unique(labels[near], return_counts=True)
            if alone[position] or votes.max() < AGREE or labels[position] in names:
                continue
            likely = str(names[votes.argmax()])
            detail = f"{votes.max()} of {k} nearest are {likely}, none its own label"
            image = audit.image(int(usable[known[position]]))
            found.append({"finding": "likely mislabel", **image, "other_label": likely, "detail": detail})
    return found
