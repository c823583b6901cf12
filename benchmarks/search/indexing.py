"""A gallery made searchable: from the rows on disk for a composed method, from its images for any other."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.core.inventory import can_run
from benchmarks.core.staleness import encoder_key, method_inputs
from benchmarks.experiments.scaling.galleries import has_row
from benchmarks.search.encoding import Decodable, encode_missing
from benchmarks.search.errors import SearchError
from benchmarks.search.gallery import Advance, Gallery, whole_imageset
from benchmarks.search.kept.keeping import SAMPLE
from benchmarks.search.known_rows import KnownRows
from benchmarks.search.row_store import RowStore
from benchmarks.search.run_rows import take_up
from benchmarks.search.vector_store.kept_index import kept_index
from datasets.errors import WeightsError
from datasets.imageset import Image
from datasets.words import count_of
from methods.contracts import Method, Reusing
from methods.local_features.kept_features import MOST_IMAGES
from methods.onnx_check import require_sound
from methods.spec import MethodSpec
from methods.vector_method import VectorMethod
from methods.weights import Found, find_weights

_NOTHING = {"faces": "no face", "any": "nothing"}
"""What an image without a row lacks, by what its method looks for."""


@dataclass(frozen=True, eq=False)
class Indexed:
    """What a method can find: the images' numbers, in the order of the positions it answers with."""

    ids: np.ndarray
    rows: np.ndarray | None
    """Their rows, for a composed method."""
    notes: tuple[str, ...] = ()


def require_usable(spec: MethodSpec, gallery: Gallery, weights_dir: Path | None) -> Found | None:
    """The method's weights, None where it needs none.

    Raises WeightsError or SearchError where the method cannot run here or does not suit the gallery.
    """
    state, reason = can_run(spec, weights_dir)
    if state == "untrained":
        raise WeightsError(f"{spec.id} finds nothing without weights ({reason}); `list methods` shows what runs here")
    if state == "no":
        raise SearchError(f"{spec.id} cannot run here: {reason}")
    if spec.content == "faces" and gallery.content == "objects":
        raise SearchError(f"{spec.id} looks for faces, and {gallery.title} shows none")
    require_sound(spec)
    return next((found for name in spec.weights if (found := find_weights(name, weights_dir))), None)


def row_key(spec: MethodSpec, weights: str | None) -> str:
    """Names all that rows of the method's encoder depend on; `weights` is the sha256 of its file."""
    return encoder_key(spec, method_inputs(spec, weights)) if spec.encoder else ""


def sample(gallery: Gallery, ids: np.ndarray) -> list[Image]:
    """A few images of the gallery."""
    return [gallery.decode(gallery.read(int(id)), int(id)) for id in ids[:SAMPLE]]


def index_composed(
    spec: MethodSpec,
    method: VectorMethod,
    weights: str | None,
    gallery: Gallery,
    folder: Path,
    advance: Advance,
    vector_store: str | None = None,
    runs: Path | None = None,
) -> Indexed:
    """Encode what `folder` has no row of yet, then fit and index the rows. `weights` is the sha256 of the file.

    With `vector_store`, a URI, the rows are searched there instead of in this process. Rows that a run below `runs` has
    stored are used.
    """
    store = RowStore(folder / row_key(spec, weights))
    if runs is not None:
        take_up(spec, weights, gallery, store, runs)
    encode_missing(method.encoder, gallery, store, advance)
    entries = [(id, content) for id, content in gallery.entries() if content in store]
    _require_some(gallery, len(entries))
    rows = store.gather(content for _, content in entries)
    known = KnownRows(rows)
    notes = left_out(len(gallery) - len(entries))
    if vector_store:
        if getattr(method.ann, "own_comparison", False):
            raise SearchError(f"{spec.id} compares rows as no vector store does; leave the store out for it")
        names = [f"{content.hex()}-{id}" for (id, content), there in zip(entries, has_row(rows), strict=True) if there]
        where = (row_key(spec, weights), gallery.key)
        method.ann = kept_index(vector_store, spec, *where, names, method.ann.metric)
        notes.append(f"searched in the vector store {vector_store}")
    method.fit(known)
    method.index(known)
    if blank := len(entries) - method.indexed:
        notes.append(
            f"{blank:,} of {count_of(len(entries), 'image')} have {_NOTHING[spec.content]} that {spec.id} can see, "
            "and cannot be found"
        )
    if _all_equal(rows[has_row(rows)]):
        notes.append(f"{spec.id} cannot tell these {count_of(method.indexed, 'image')} apart: their rows are equal")
    return Indexed(np.array([id for id, _ in entries], dtype=np.int64), rows, tuple(notes))


def _all_equal(rows: np.ndarray) -> bool:
    """Whether there are several rows, and no two of them differ."""
    return len(rows) > 1 and np.array_equal(rows[0], rows[-1]) and bool((rows == rows[0]).all())


def index_whole(spec: MethodSpec, method: Method, gallery: Gallery, folder: Path, advance: Advance) -> Indexed:
    """Show a method that composes nothing all images; local features that it extracts are kept, all else is not."""
    # It would stop at an image that cannot be decoded, so those are found before, once.
    usable = RowStore(folder / "decodable")
    encode_missing(Decodable(), gallery, usable, advance)
    ids, images = whole_imageset(gallery, usable, lambda: advance(f"{spec.id} reads the gallery", 1, None))
    _require_some(gallery, len(ids))
    if spec.supervised and len(np.unique(images.labels)) < 2:
        raise SearchError(f"{spec.id} learns from labels, and this gallery has fewer than two: lay it out label/image")
    notes = left_out(len(gallery) - len(ids))
    if isinstance(method, Reusing) and len(images) <= MOST_IMAGES:
        method.reuse(folder / "features")
    else:
        notes.append(f"{spec.id} keeps no index on disk: it read {count_of(len(ids), 'image')} when it was opened")
    method.fit(images)
    method.index(images)
    return Indexed(np.array(ids, dtype=np.int64), None, tuple(notes))


def _require_some(gallery: Gallery, count: int) -> None:
    if not count:
        raise SearchError(f"{gallery.title}: no image can be decoded, so there is nothing to search in")


def left_out(count: int) -> list[str]:
    """A note on so many images that went or changed since the gallery was looked through; none for 0."""
    return [f"left out: {count_of(count, 'image')} that could not be read just now"] if count else []
