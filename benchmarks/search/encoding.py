"""Making the rows that a gallery lacks: decoded on several threads, encoded in batches that cannot grow too large."""

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from benchmarks.search.gallery import Advance, Gallery, NotNowError, pixels
from benchmarks.search.row_store import RowStore
from datasets.errors import ImageError
from datasets.imageset import Image
from methods.answers import check_finite, check_rows
from methods.contracts import Encoder

THREADS = 2
AHEAD = 4
"""Images decoded at once: a camera's take 150 MB each."""
BATCH_PIXELS = 24_000_000
"""Pixels in one batch (384 images of 250 x 250, or two photographs): bounds memory, whatever the encoder asks for."""
SAVE_SECONDS = 20.0
"""What an interruption costs at most."""

Entry = tuple[int, bytes]


class Decodable:
    """The least an Encoder can say of images: that there are pixels. Rows (n, 1) uint8."""

    batch_size = 64

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """A one for each."""
        return np.ones((len(images), 1), dtype=np.uint8)


def encode_missing(encoder: Encoder, gallery: Gallery, store: RowStore, advance: Advance) -> None:
    """Store a row for each content of the gallery that has none; what cannot be decoded is marked as broken."""
    if all(content in store for _, content in gallery.entries()):
        return
    with store.writing():
        missing = list({content: id for id, content in gallery.entries() if content not in store}.items())
        digests: list[bytes] = []
        rows: list[np.ndarray] = []
        saved = time.monotonic()
        for batch in _batches(gallery, [(id, content) for content, id in missing], encoder.batch_size, advance):
            digests += [content for content, _ in batch]
            rows.append(rows_of(encoder, [image for _, image in batch]))
            advance("encoding", len(batch), len(missing))
            if time.monotonic() - saved > SAVE_SECONDS:
                store.append(digests, np.concatenate(rows))
                digests, rows, saved = [], [], time.monotonic()
        if rows:
            store.append(digests, np.concatenate(rows))


def rows_of(encoder: Encoder, images: Sequence[Image]) -> np.ndarray:
    """Rows (n, d) of images, which are nobody else's: an encoder may fill the same array again at its next call.

    Raises AnswerError for what are no rows of these images.
    """
    name = type(encoder).__name__
    rows = np.array(check_rows(name, encoder.encode(images), len(images)))
    check_finite(name, rows)
    return rows


def _batches(
    gallery: Gallery, entries: Iterable[Entry], size: int, advance: Advance
) -> Iterator[list[tuple[bytes, Image]]]:
    """Decoded images with their contents, at most `size` and BATCH_PIXELS (but at least one) at a time."""
    batch: list[tuple[bytes, Image]] = []
    held = 0
    for content, image in _decoded(gallery, entries):
        if isinstance(image, ImageError):
            if not isinstance(image, NotNowError):
                gallery.mark_broken(content, str(image))
            advance("encoding", 1, None)
            continue
        if batch and (len(batch) == size or held + image.shape[0] * image.shape[1] > BATCH_PIXELS):
            yield batch
            batch, held = [], 0
        batch.append((content, image))
        held += image.shape[0] * image.shape[1]
    if batch:
        yield batch


def _decoded(gallery: Gallery, entries: Iterable[Entry]) -> Iterator[tuple[bytes, Image | ImageError]]:
    def one(entry: Entry) -> tuple[bytes, Image | ImageError]:
        id, content = entry
        try:
            return content, pixels(gallery, id, content)
        except ImageError as error:
            return content, error

    waiting = iter(entries)
    with ThreadPoolExecutor(THREADS) as pool:
        while some := list(islice(waiting, AHEAD)):
            yield from pool.map(one, some)
