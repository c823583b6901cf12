"""What tables say of identical images, which no figure counts (see `GroundTruth.junk`), and of near-identical ones.

Of these: how many there are, and hit@1 without them, beside hit@1."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.core.judged.statistics import KEPT
from benchmarks.core.near_copies import keep_near_copies, stored_near_copies
from benchmarks.core.scoring import hit_at_1_without
from benchmarks.core.store import Store
from benchmarks.metrics.means import micro
from benchmarks.reporting.tables.groups import Group, images_of, make_groups
from benchmarks.reporting.tables.model import Column, fraction
from datasets.errors import BenchmarkError
from datasets.words import count_of
from methods.registry import Registry

KEY = "identical_left_out"
"""In the rows of a table, and so in its CSV file: how many were left out."""
NEAR = "near_copies"
WITHOUT = "hit@1_without_near"
COLUMN = Column("hit@1 without near copies", WITHOUT, fraction)
"""Shown where there are near copies."""
_CIFAIR = (
    " ciFAIR (Barz and Denzler, J. Imaging 6(6), 41, 2020) counts 3.3% of CIFAR-10's test images with a duplicate, "
    "exact or not, among those of training."
)


def identical_left_out(store: Store, group: Group) -> tuple[int, str]:
    """How many byte-identical images (pairs, for verification) the group's figures leave out, and a sentence on them.

    The sentence is "" where there are none.
    """
    truth = group.truth
    if group.task == "verification":
        found = int(truth.identical_pairs.sum())
        return found, f"{count_of(found, 'pair')} of two byte-identical images left out" if found else ""
    if group.task == "robustness":
        originals = _first(store, group, "copies", "original")
        twins = truth.twins(np.unique(originals).astype(np.int64))
        what = count_of(len(twins), "byte-identical copy", "byte-identical copies")
        return len(twins), f"{what} of originals left out of the rankings" if len(twins) else ""
    asked = _first(store, group, "asked", "positions") if group.task == "unseen-classes" else None
    pairs = truth.identical(asked)
    queries = count_of(len(np.unique(pairs[:, 0])), "query", "queries")
    what = count_of(len(pairs), "byte-identical copy", "byte-identical copies")
    return len(pairs), f"{what} of {queries} left out of the rankings" if len(pairs) else ""


def counted(rows: Iterable[Mapping[str, object]], number: int) -> list[dict[str, object]]:
    """The rows of a table, each with the number left out."""
    return [{**row, KEY: number} for row in rows]


def _first(store: Store, group: Group, name: str, array: str) -> np.ndarray:
    """An array that all cells of the group store alike."""
    found = (arrays[array] for cell, _, _ in group.entries if (arrays := store.arrays(cell, name)))
    return next(found, np.empty(0, dtype=np.int64))


def find_near_copies(
    store: Store,
    registry: Registry,
    data_dir: Any,
    manifests: Collection[str],
    on_progress: Callable[[str], None] = lambda text: None,
) -> None:
    """Look once for near copies among the images of stored retrieval cells of `manifests`, where they are here."""
    for group in make_groups(store, registry):
        if group.task != "retrieval" or group.manifest not in manifests:
            continue
        try:
            images = images_of(store, group, data_dir)
        except BenchmarkError:
            continue
        where = f"looking for near copies in {group.where}"
        keep_near_copies(store, images, lambda text, where=where: on_progress(f"{where}: {text}"))  # type: ignore[misc]


def near_copies(store: Store, group: Group) -> tuple[np.ndarray | None, str]:
    """Pairs (k, 2) of query row and gallery position that are near copies, and a note; None where nobody looked."""
    found = stored_near_copies(store, group.manifest)
    if found is None:
        return None, ""
    pairs = found.across
    if not len(pairs):
        return pairs, ""
    queries = np.unique(pairs[:, 0])
    share = len(queries) / max(1, len(group.truth.query_ids))
    copies = count_of(len(pairs), "near-identical copy", "near-identical copies")
    text = f"Near copies: the gallery holds {copies} of {count_of(len(queries), 'query', 'queries')} ({share:.1%}); "
    cited = _CIFAIR if group.truth.title == "cifar10" and group.truth.completeness == "complete" else ""
    return pairs, f"{text}hit@1 without near copies leaves these out as well.{cited}"


def flat_images(store: Store, group: Group) -> str:
    """A note on images that show next to nothing; "" where there are none, or nobody looked."""
    found = stored_near_copies(store, group.manifest)
    if found is None or not found.flat:
        return ""
    every = len(group.truth.gallery_ids) + len(group.truth.query_ids)
    what = count_of(found.flat, "image shows", "images show")
    return f"Flat images: {what} one colour or little more, of {every:,}; nothing but colour tells these apart."


def add_near(
    store: Store, group: Group, rows: Sequence[Mapping[str, object]], pairs: np.ndarray | None
) -> tuple[list[dict[str, object]], str]:
    """The rows with NEAR, the number of near copies (None where nobody looked), and WITHOUT, where there are any.

    And a note on queries that WITHOUT leaves out, for what is stored of their rankings does not decide them.
    """
    found, most = [], 0
    for shown, (cell, row, _) in zip(rows, group.entries, strict=True):
        value = None
        if pairs is not None and len(pairs) and "hit@1" in shown:
            junk = np.concatenate([group.truth.junk(), pairs])
            if (without := hit_at_1_without(store, cell, row, junk)) is not None:
                value, most = micro(without[0]), max(most, int(without[1].sum()))
        found.append({**shown, NEAR: None if pairs is None else len(pairs), WITHOUT: value})
    if not most:
        return found, ""
    left_out = f"leaves out up to {count_of(most, 'query', 'queries')} a method whose first result is not decided"
    return found, f"hit@1 without near copies {left_out}: it ties beyond the {KEPT} results that are stored."
