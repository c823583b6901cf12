"""Rows that `run` made of the same images with the same encoder: taken up instead of being made again."""

from pathlib import Path

import numpy as np

from benchmarks.core.embeddings import stored_shards
from benchmarks.core.staleness import encoder_key, method_inputs
from benchmarks.search.dataset_gallery import DatasetGallery
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.gallery import Gallery
from benchmarks.search.row_store import RowStore
from datasets.folder import Folder
from methods.spec import MethodSpec


def take_up(spec: MethodSpec, weights: str | None, gallery: Gallery, store: RowStore, runs: Path) -> None:
    """Add to `store` what lies below `runs`, a folder of `run --out`, of contents of the gallery that it lacks.

    A run's rows are kept under all that they depend on (code, weights, libraries, how pixels are decoded), so that only
    rows which would come out the same are found.
    """
    folder = runs / "cache" / "embeddings" / encoder_key(spec, method_inputs(spec, weights, source=_source(gallery)))
    if not folder.is_dir():
        return
    missing = {content for _, content in gallery.entries() if content not in store}
    for digests, rows in stored_shards(folder):
        contents = [bytes.fromhex(digest) for digest in digests]
        chosen = [place for place, content in enumerate(contents) if content in missing]
        if chosen:
            missing.difference_update(contents)
            with store.writing():
                new = [place for place in chosen if contents[place] not in store]
                store.append([contents[place] for place in new], np.ascontiguousarray(rows[new]))


def _source(gallery: Gallery) -> object:
    """What a run reads the gallery's images through: it decides how they are decoded."""
    if isinstance(gallery, DatasetGallery):
        return gallery.dataset
    return Folder(gallery.root) if isinstance(gallery, FolderGallery) else None
