"""Rows that are not stored yet are made in processes of their own: what a cell measures is the same, cold or warm."""

import os
import traceback
from collections.abc import Sequence

from benchmarks.core.embeddings import EmbeddingStore
from benchmarks.core.tasking.context import CellContext
from benchmarks.system.devices import set_threads
from datasets.imageset import ImageSet
from methods.progress import watched
from methods.vector_method import VectorMethod

BLOCK = 64
"""Images dealt to a process at a time: a multiple of most batch sizes, so that batches are cut as in one process."""

WORTH = 128
WORTH_OF_A_NETWORK = 1024
"""Images that a process has to encode for being started: loading a network with Keras takes seconds."""


def encode_apart(context: CellContext, *sets: ImageSet) -> None:
    """Have children of this process encode those of the images whose rows are not stored; they end with what they hold.

    To be called before the method is built here. Where a child fails, this process meets the same fault when it wants
    the rows, and reports it. There are up to `context.processes` of them, each on its share of the threads: an encoder
    that computes on one thread, or waits for one, takes that much less time.
    """
    _encode(context, sets, least=1)


def share_out(context: CellContext, *sets: ImageSet) -> None:
    """The same where more than one process is worth it; else this process encodes the images when it wants the rows."""
    _encode(context, sets, least=2)


def _encode(context: CellContext, sets: Sequence[ImageSet], least: int) -> None:
    if not context.trained or context.spec.encoder is None:
        return
    store = EmbeddingStore(context.embeddings)
    if not any(store.missing(images) for images in sets):
        return
    worth = WORTH_OF_A_NETWORK if "keras" in context.spec.requires else WORTH
    with store.locked():
        lacking = [images.take(places) for images in sets if (places := store.missing(images))]
        processes = max(1, min(context.processes, sum(map(len, lacking)) // worth))
        if processes < least:
            return
        children = [_started(context, store, lacking, number, processes) for number in range(processes)]
        for child in children:
            os.waitpid(child, 0)


def _started(
    context: CellContext, store: EmbeddingStore, lacking: Sequence[ImageSet], number: int, processes: int
) -> int:
    """The id of a process that encodes the `number`-th share of what is lacking."""
    child = os.fork()
    if child:
        return child
    try:
        if processes > 1:
            set_threads(max(1, context.processes // processes))
        method = context.build(store)
        if isinstance(method, VectorMethod):
            for images in lacking:
                share = images.take([p for p in range(len(images)) if p // BLOCK % processes == number])
                store.add(method.encoder, watched(share, "images encoded", processes))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)  # nothing else of this process is to run twice
