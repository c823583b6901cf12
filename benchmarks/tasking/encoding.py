"""Rows that are not stored yet are made in a process of their own: what a cell measures is the same, cold or warm."""

import os
import traceback

from benchmarks.embeddings import EmbeddingStore
from benchmarks.tasking.context import CellContext
from datasets.imageset import ImageSet
from methods.progress import watched
from methods.vector_method import VectorMethod


def encode_apart(context: CellContext, *sets: ImageSet) -> None:
    """Have a child of this process encode those of the images whose rows are not stored; what it holds ends with it.

    To be called before the method is built here. Where the child fails, this process meets the same fault when it wants
    the rows, and reports it.
    """
    store = EmbeddingStore(context.embeddings)
    if not context.trained or context.spec.encoder is None or not any(store.lacks(images) for images in sets):
        return
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        method = context.build(store)
        if isinstance(method, VectorMethod):
            for images in sets:
                store(method.encoder, watched(images, "images encoded"))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)  # nothing else of this process is to run twice
